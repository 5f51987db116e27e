"""The components, as they are found in the package `components`."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pulumi

import components
from catalog import docstrings, units
from catalog.shapes import Either, ListOf, MapOf, Record, Reference, Shape, Typed, Unspeakable, of_class

PACKAGE = "groundwork"
WHOLE = frozenset({"Platform"})
"""Components that are no building block: the platform takes a whole stack file, whose reference is of its own."""


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Final = _Required()


@dataclass(frozen=True)
class Field:
    """An input or an output.

    Attributes:
        name: As in Python.
        typed: Its type.
        default: What it is when it is not given; `REQUIRED` when it has to be. Outputs have none.
        meaning: What the docstring says; empty if it says nothing.
        unit: What its numbers count or its text is written in; empty if it has none.
        secret: Its value is never shown.
    """

    name: str
    typed: Typed
    default: Any
    meaning: str
    unit: str
    secret: bool

    @property
    def required(self) -> bool:
        """Whether it has to be given."""
        return self.default is REQUIRED


@dataclass(frozen=True)
class Component:
    """A component.

    Attributes:
        cls: Its class.
        arguments: Classes of its arguments: one, or several of which one is chosen.
        outputs: Its attributes.
    """

    cls: type[pulumi.ComponentResource]
    arguments: tuple[type, ...]
    outputs: tuple[Field, ...]

    @property
    def name(self) -> str:
        """The class's name."""
        return self.cls.__name__

    @property
    def module(self) -> str:
        """Where it is imported from."""
        return self.cls.__module__

    @property
    def token(self) -> str:
        """Its type in Pulumi."""
        return f"{PACKAGE}:index:{self.name}"

    @property
    def records(self) -> tuple[type, ...]:
        """Every record that its arguments consist of, in the order in which they are met."""
        found: dict[type, None] = {}
        for cls in self.arguments:
            _collect(cls, found)
        return tuple(found)

    @property
    def made(self) -> tuple[type, ...]:
        """Every record that its outputs consist of and its arguments do not."""
        found = dict.fromkeys(self.records)
        for each in self.outputs:
            for record in records_in(each.typed.shape):
                _collect(record, found)
        return tuple(found)[len(self.records) :]


@cache
def find() -> tuple[Component, ...]:
    """All components that can be used by themselves, by name."""
    found = [_component(cls) for cls in _classes() if cls.__name__ not in WHOLE]
    return tuple(sorted(found, key=lambda each: each.name))


def _classes() -> Iterator[type[pulumi.ComponentResource]]:
    for info in pkgutil.iter_modules(components.__path__, f"{components.__name__}."):
        module = importlib.import_module(info.name)
        for cls in vars(module).values():
            if (
                inspect.isclass(cls)
                and issubclass(cls, pulumi.ComponentResource)
                and cls.__module__ == info.name
                and not cls.__name__.startswith("_")
            ):
                yield cls


def _component(cls: type[pulumi.ComponentResource]) -> Component:
    hint = typing.get_type_hints(cls.__init__).get("args")
    if hint is None:
        raise Unspeakable(
            f"{cls.__name__} takes no `args`: give it a class of arguments, or name it in catalog/model.py"
        )
    arguments = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return Component(cls, arguments, tuple(_attributes(cls)))


def _attributes(cls: type) -> Iterator[Field]:
    meanings = docstrings.entries(cls)
    for name, typed in of_class(cls).items():
        yield _field(name, typed, None, meanings.get(name, ""))


@cache
def fields(cls: type) -> tuple[Field, ...]:
    """The fields of a record, with the meaning that its docstring gives them."""
    meanings, typed = docstrings.entries(cls), of_class(cls)
    return tuple(
        _field(each.name, typed[each.name], _default(each), meanings.get(each.name, ""))
        for each in dataclasses.fields(cls)
    )


def _field(name: str, typed: Typed, default: Any, meaning: str) -> Field:
    return Field(
        name, typed, default, meaning, units.unit(name, typed), "; secret" in meaning or "; marked secret" in meaning
    )


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default is not dataclasses.MISSING:
        return item.default
    return REQUIRED if item.default_factory is dataclasses.MISSING else item.default_factory()


def _collect(cls: type, found: dict[type, None]) -> None:
    if cls in found:
        return
    found[cls] = None
    for each in fields(cls):
        for record in records_in(each.typed.shape):
            _collect(record, found)


def records_in(shape: Shape) -> Iterator[type]:
    """The records that a value of a shape consists of, not looking into them."""
    for part in parts(shape):
        if isinstance(part, Record):
            yield part.cls


def parts(shape: Shape) -> Sequence[Shape]:
    """A shape and the shapes of its items."""
    match shape:
        case ListOf(item) | MapOf(item):
            return [shape, *parts(item.shape)]
        case Either(kinds):
            return [shape, *(part for kind in kinds for part in parts(kind.shape))]
    return [shape]


def python_only(field: Field) -> bool:
    """Whether an output is a Python object, which other languages get by other means."""
    return any(isinstance(part, Reference) for part in parts(field.typed.shape))
