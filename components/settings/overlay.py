"""One stack on top of what several have in common: a base, `stacks/base/<name>.yaml`, that a stack file names.

A base has the form of a stack file and holds settings only. What the stack file says goes before what the base says:

- maps merge, key by key, at every depth;
- lists and single values replace;
- `null` takes away what the base says. Where null is a value of the setting (`rpoMinutes: null`: no promise), it is
  that value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from components import yaml_file
from components.settings.problems import NAMESPACE, Problem, did_you_mean, dotted, shown
from components.settings.shape import inner, may_be_null, plain

FOLDER = "base"
"""Folder of the bases, below that of the stack files."""
KEY = "base"
"""The setting that names a base."""
_SECURE = "secure"
"""The engine's mark of an encrypted value: the only key of a map."""


class BaseProblems(Exception):
    """Raised when a base will not do.

    Attributes:
        problems: Each with the file that it is in.
    """

    def __init__(self, problems: Sequence[tuple[str, Problem]]) -> None:
        super().__init__("\n".join(problem.line(file) for file, problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Base:
    """What several stacks have in common.

    Attributes:
        file: Its name in messages.
        values: Its settings, by their names without the namespace.
    """

    file: str
    values: Mapping[str, Any] = field(default_factory=dict)


def read_base(name: object, stacks: Path, told_by: str) -> Base:
    """Read the base of this name.

    Args:
        name: As the stack file says.
        stacks: Folder of the stack files.
        told_by: The stack file, for messages.

    Raises:
        BaseProblems: there is no such base, or something in it does not belong there.
    """
    key = f"{NAMESPACE}:{KEY}"
    folder = stacks / FOLDER
    file = f"{stacks.name}/{FOLDER}/{name}.yaml"
    # The names are listed and not composed: no name leads out of the folder.
    known = {path.stem: path for path in folder.glob("*.yaml")}
    if not isinstance(name, str) or name not in known:
        raise BaseProblems([(told_by, Problem(key, f"is {shown(name, key, False)}", _no_base(name, known)))])
    try:
        document = yaml_file.load(known[name].read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BaseProblems([(file, Problem("the file", "cannot be read", " ".join(str(error).split())))]) from None
    if not isinstance(document, dict) or not isinstance(document.get("config"), dict):
        cure = "write a map of settings, such as `config: {groundwork:system: shop}`"
        raise BaseProblems([(file, Problem("config", "is missing", cure))])
    if problems := [(file, problem) for problem in _out_of_place(document)]:
        raise BaseProblems(problems)
    return Base(file, {key.partition(":")[2]: value for key, value in document["config"].items()})


def _no_base(name: object, known: Mapping[str, Path]) -> str:
    return f"there is no file {FOLDER}/<name>.yaml of this name; {did_you_mean(str(name), known)}"


def _out_of_place(document: Mapping[Any, Any]) -> Iterator[Problem]:
    """What a base must not hold."""
    for key in sorted(map(str, document.keys() - {"config"})):
        yield Problem(key, "does not belong into a base", "write it into the stack's own file")
    for key, value in document["config"].items():
        namespace, _, name = str(key).partition(":")
        if namespace != NAMESPACE or not name:
            yield Problem(
                str(key),
                "does not belong into a base",
                "the engine reads keys of other namespaces from the stack's own file only: write it there",
            )
        elif name == KEY:
            yield Problem(str(key), "does not belong into a base", "bases have no base: write the settings out")
        else:
            yield from _secrets((name,), value)


def _secrets(path: tuple[str, ...], value: Any) -> Iterator[Problem]:
    """Encrypted values, which only the stack that has their key could read, and secrets in the clear."""
    if _is_encrypted(value):
        cure = "a value is encrypted for one stack: write it into that stack's own file"
        yield Problem(dotted(path), "is encrypted", cure)
    elif len(path) > 2 and path[0] == "services" and path[2] == "secrets":
        command = f"pulumi config set --secret --path '{dotted(path)}.…'"
        cure = f"secrets are encrypted, each in its stack's own file: `{command}`"
        yield Problem(dotted(path), "is [secret]", cure)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets((*path, str(key)), item)


def merged(base: Any, own: Any) -> Any:
    """What a stack file comes to on its base: maps merge, everything else replaces. Nulls are still there."""
    if not (_is_map(base) and _is_map(own)):
        return own
    return {**base, **{key: merged(base[key], value) if key in base else value for key, value in own.items()}}


def without_nulls(value: Any, annotation: object) -> Any:
    """Take away keys that are null where the setting has no such value.

    Args:
        value: Merged values.
        annotation: Their type: a model, a mapping, or anything else, which is left alone.
    """
    if not _is_map(value):
        return value
    kept: dict[str, Any] = {}
    for key, item in value.items():
        expected = inner(annotation, key)
        if item is not None or expected is None or may_be_null(expected):
            kept[key] = without_nulls(item, plain(expected))
    return kept


def reach(values: Any, path: Sequence[str]) -> int:
    """How many parts of a dotted path lead to something in these values; names may have dots themselves."""
    if not path:
        return 0
    if isinstance(values, Mapping):
        for length in range(len(path), 0, -1):
            key = ".".join(path[:length])
            if key in values:
                return length + reach(values[key], path[length:])
    if (
        isinstance(values, Sequence)
        and not isinstance(values, str)
        and path[0].isdecimal()
        and int(path[0]) < len(values)
    ):
        return 1 + reach(values[int(path[0])], path[1:])
    return 0


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping) and not _is_encrypted(value)


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {_SECURE} and isinstance(value[_SECURE], str)
