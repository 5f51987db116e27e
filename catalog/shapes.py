"""Types of inputs and outputs, from Python's annotations to what every language has."""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any, Literal

import pulumi

from catalog import docstrings

ScalarName = Literal["string", "integer", "number", "boolean", "any"]
_SCALARS: Mapping[object, ScalarName] = {
    str: "string",
    Path: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    object: "any",
    Any: "any",
}


@dataclass(frozen=True)
class Scalar:
    """A single value. `path`: Python has it as a `Path`."""

    name: ScalarName
    path: bool = False


@dataclass(frozen=True)
class Choice:
    """One of some values.

    Attributes:
        name: Name of the type, one of its kind.
        values: What may be written, all of one kind.
        meaning: What stands below its definition.
    """

    name: str
    values: tuple[str | int, ...]
    meaning: str

    @property
    def scalar(self) -> ScalarName:
        """What the values are."""
        return "string" if isinstance(self.values[0], str) else "integer"


@dataclass(frozen=True)
class ListOf:
    """Several, in order."""

    item: Typed


@dataclass(frozen=True)
class MapOf:
    """Several, by name."""

    item: Typed


@dataclass(frozen=True)
class Record:
    """Named fields: a frozen dataclass."""

    cls: type


@dataclass(frozen=True)
class Reference:
    """A resource: one of our components, or (`cls` is `pulumi.Resource`) any."""

    cls: type


@dataclass(frozen=True)
class Either:
    """A value of one of several kinds."""

    kinds: tuple[Typed, ...]


Shape = Scalar | Choice | ListOf | MapOf | Record | Reference | Either


@dataclass(frozen=True)
class Typed:
    """A shape, and how it may come.

    Attributes:
        optional: It may be None.
        output: It may be known only once other resources exist.
    """

    shape: Shape
    optional: bool = False
    output: bool = False


class Unspeakable(TypeError):
    """An annotation that other languages have nothing for."""


def of_class(cls: type) -> Mapping[str, Typed]:
    """The type of each annotated public name of a class.

    Raises:
        Unspeakable: an annotation that the package cannot express; the message names class and field.
    """
    written: Mapping[str, str] = inspect.get_annotations(cls)
    # By themselves, without those of Pulumi's own base classes.
    own = types.SimpleNamespace(__annotations__=dict(written))
    hints = typing.get_type_hints(own, vars(sys.modules[cls.__module__]), {"Output": pulumi.Output, "T": Any})
    found: dict[str, Typed] = {}
    for name, text in written.items():
        if name.startswith("_"):
            continue
        reader = _Reader(cls, name, _choices(cls, str(text)))
        found[name] = reader.read(hints[name])
    return found


def _choices(cls: type, text: str) -> Mapping[object, tuple[str, str]]:
    """Name and meaning of each alias of `Literal` that an annotation uses."""
    namespace = vars(sys.modules[cls.__module__])
    found: dict[object, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(node, ast.Name) and typing.get_origin(namespace.get(node.id)) is Literal:
            found[namespace[node.id]] = (node.id, docstrings.of_constant(cls.__module__, node.id))
    return found


@dataclass(frozen=True)
class _Reader:
    cls: type
    field: str
    choices: Mapping[object, tuple[str, str]]

    def read(self, hint: Any) -> Typed:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self._union(arguments)
        if origin is pulumi.Output:
            inner = self.read(arguments[0])
            return Typed(inner.shape, inner.optional, output=True)
        return Typed(self._shape(hint, origin, arguments))

    def _union(self, arguments: Sequence[Any]) -> Typed:
        optional = type(None) in arguments
        output = any(typing.get_origin(each) in (Awaitable, pulumi.Output) for each in arguments)
        kinds = [
            each
            for each in arguments
            if each is not type(None) and typing.get_origin(each) not in (Awaitable, pulumi.Output)
        ]
        if not kinds:  # Output[…] | None
            [kind] = [typing.get_args(each)[0] for each in arguments if typing.get_origin(each) is pulumi.Output]
            kinds = [kind]
        if len(kinds) == 1:
            inner = self.read(kinds[0])
            return Typed(inner.shape, optional or inner.optional, output or inner.output)
        return Typed(Either(tuple(self.read(each) for each in kinds)), optional, output)

    def _shape(self, hint: Any, origin: Any, arguments: Sequence[Any]) -> Shape:
        if origin is Literal:
            name, meaning = self.choices.get(hint) or (self._own_name(), "")
            return Choice(name, tuple(arguments), meaning)
        if origin in (list, tuple, Sequence, Collection):
            return ListOf(self.read(arguments[0]))
        if origin in (dict, Mapping):
            return MapOf(self.read(arguments[1]))
        if hint in _SCALARS:
            return Scalar(_SCALARS[hint], path=hint is Path)
        if isinstance(hint, type) and issubclass(hint, pulumi.Resource):
            return Reference(hint)
        if isinstance(hint, type) and getattr(hint, "_is_protocol", False):
            # What a component needs to know of a value: written as the class of arguments beside it.
            hint = getattr(sys.modules[hint.__module__], f"{hint.__name__}Args", hint)
        if isinstance(hint, type) and is_dataclass(hint):
            return Record(hint)
        raise Unspeakable(f"{self.cls.__name__}.{self.field} is {hint!r}, which other languages have nothing for")

    def _own_name(self) -> str:
        """Of a choice that has none: its field's, below its class's."""
        return self.cls.__name__.removesuffix("Args") + "".join(part.capitalize() for part in self.field.split("_"))
