"""YAML read as the engine reads it, so that a value means the same in every file."""

from __future__ import annotations

import re
from typing import Any

import yaml

_BOOLEAN = "tag:yaml.org,2002:bool"
_LEFT_OUT = (_BOOLEAN, "tag:yaml.org,2002:timestamp")


class _Loader(yaml.SafeLoader):
    """Of YAML 1.1's words, only true and false are booleans; dates stay texts; a key may be written once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands here a second time", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


# A copy, so that other users of PyYAML keep theirs.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in found if tag not in _LEFT_OUT]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def load(text: str) -> Any:
    """Parse one document.

    Raises:
        yaml.YAMLError: it is no YAML, or a key stands twice in one map.
    """
    return yaml.load(text, _Loader)
