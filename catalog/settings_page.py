"""The reference of stack files, from the settings' models."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from catalog.markdown import code, prose, table
from catalog.model import fields, find
from catalog.pages import NOTICE
from components.lean import to_camel
from components.settings.model import Settings

_INTRODUCTION = """What may stand under `groundwork:` in `stacks/Pulumi.<stack>.yaml`. An unknown key, a value of
another type or out of its range, and a [refused combination](README.md) are told together, with file, key, value and
what would be right, before anything is registered."""


_ANYBODYS = frozenset({"name", "region", "zones"})
_ENOUGH = 3
"""Names in common that make a component the one that a part of the stack file is about."""


@dataclass(frozen=True)
class Key:
    """One key of a stack file.

    Attributes:
        path: Where it stands, with `<name>` for names of the user's and `[]` for items of lists.
        type: What may be written.
        default: What counts when nothing is written.
        meaning: What it is for.
    """

    path: str
    type: str
    default: str
    meaning: str


def all_keys(model: type[BaseModel] = Settings, path: str = "") -> Iterator[Key]:
    """All keys of a model, those of nested models right after their own."""
    for name, info in model.model_fields.items():
        place = f"{path}{to_camel(name)}"
        hint, limits = _plain(info.annotation, list(info.metadata))
        yield Key(place, _type(hint, limits), _default(info), info.description or "")
        inner, ending = _nested(hint)
        if inner is not None:
            yield from all_keys(inner, f"{place}{ending}.")


def settings_page() -> str:
    """The page."""
    return "\n".join(_page()).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield "# Settings"
    yield NOTICE.format(source="components/settings/")
    yield ""
    yield _INTRODUCTION
    yield ""
    for name in Settings.model_fields:
        first = to_camel(name)
        rows = [each for each in all_keys() if each.path.split(".")[0].partition("[")[0] == first]
        yield f"## {first}"
        if component := _component(rows):
            yield f"What the inputs do to the resources, and what is refused: [{component}]({component}.md)."
            yield ""
        yield from table(
            ("key", "type and range", "default", "meaning"),
            [(code(each.path), each.type, each.default, prose(each.meaning)) for each in rows],
        )


def _component(rows: Sequence[Key]) -> str:
    """The component that some keys are about: the one most of whose inputs have their names; empty if none has."""
    names = {row.path.rpartition(".")[2] for row in rows}
    common = {
        each.name: len(names & {to_camel(item.name) for cls in each.records for item in fields(cls)} - _ANYBODYS)
        for each in find()
    }
    best = max(common, key=lambda name: common[name])
    return best if common[best] >= _ENOUGH else ""


def _plain(hint: Any, limits: list[Any]) -> tuple[Any, list[Any]]:
    """A hint without `Annotated` and None, and the limits that stood with it."""
    while True:
        if typing.get_origin(hint) is Annotated:
            hint, *more = typing.get_args(hint)
            limits = [*limits, *more]
        elif typing.get_origin(hint) in (typing.Union, types.UnionType):
            [hint] = [each for each in typing.get_args(hint) if each is not type(None)] or [hint]
        else:
            return hint, [each for limit in limits for each in _limits(limit)]


def _limits(limit: Any) -> list[Any]:
    return list(limit.metadata) if isinstance(limit, FieldInfo) else [limit]


def _nested(hint: Any) -> tuple[type[BaseModel] | None, str]:
    """The model that a value consists of, and what stands between its key and the model's."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint, ""
    if origin is Mapping or origin is dict:
        inner, ending = _nested(_plain(arguments[1], [])[0])
        return inner, f".<name>{ending}"
    if origin is tuple:
        inner, ending = _nested(_plain(arguments[0], [])[0])
        return inner, f"[]{ending}"
    return None, ""


_LEAST = ("ge", "min_length")
_MOST = ("le", "max_length")
_WORDS: Mapping[Any, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}


def _type(hint: Any, limits: list[Any]) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(code(value) for value in arguments)
    if origin is tuple:
        return f"list of {_type(*_plain(arguments[0], []))}{_range(limits, ' items')}"
    if origin in (Mapping, dict):
        return f"by name: {_type(*_plain(arguments[1], []))}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return "the keys below"
    return _WORDS.get(hint, "any value") + _range(limits, " characters" if hint is str else "")


def _range(limits: list[Any], unit: str) -> str:
    least, most = _bound(limits, _LEAST), _bound(limits, _MOST)
    if least is None and most is None:
        return ""
    if most is None:
        return f", {least} or more{unit}" if least != 1 or not unit else ", not empty"
    return f", {least} to {most}{unit}" if least is not None else f", up to {most}{unit}"


def _bound(limits: list[Any], names: Sequence[str]) -> Any:
    return next((getattr(limit, name) for limit in limits for name in names if hasattr(limit, name)), None)


def _default(info: FieldInfo) -> str:
    value = info.default
    if info.is_required() or value is PydanticUndefined:
        return "required"
    if value is None or value in ({}, ()):
        return "none"
    if isinstance(value, BaseModel):
        return "the defaults below"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(code(item) for item in value)
    return code(value)
