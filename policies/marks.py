"""The marks by which Pulumi tells secret values from others: taken off the data, and kept as property paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from policies.model import UNKNOWN
from policies.node import Node

# Pulumi encodes a secret as a mapping with this key and value (sdk/go/common/resource, `SigKey` and `SecretSig`).
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"

# What stands for a text that is not known yet (sdk/go/common/resource/plugin, `UnknownStringValue`).
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def is_marked(value: Any) -> bool:
    """Whether a value is an encoded secret."""
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET


def separate(value: Any) -> tuple[Any, frozenset[str]]:
    """Data without its marks, and the property paths of what was marked.

    What is marked but encrypted, as in a state file, is `UNKNOWN` in the data.
    """
    paths: set[str] = set()
    return _walk(value, "", paths), frozenset(paths)


def _walk(value: Any, path: str, paths: set[str]) -> Any:
    if is_marked(value):
        paths.add(path)
        return _walk(value.get("value", UNKNOWN), path, paths)
    if isinstance(value, Mapping):
        # Paths as rules see them, so that the two can be compared.
        above = Node(None, path)
        return {str(key): _walk(child, above[str(key)].path, paths) for key, child in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_walk(child, f"{path}[{index}]", paths) for index, child in enumerate(value)]
    return value
