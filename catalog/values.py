"""Values between the engine and the components: inputs become arguments, attributes become outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pulumi
from pulumi.output import Unknown, contains_unknowns
from pulumi.resource import DependencyResource

from catalog.hosted import Existing
from catalog.model import Field, fields
from catalog.schema import WITHOUT, can_be_none
from catalog.shapes import Choice, Either, ListOf, MapOf, Record, Reference, Scalar, ScalarName, Shape, Typed
from components.lean import to_camel

_KINDS: Mapping[ScalarName, str] = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_NOTHING: Any = object()


@dataclass(frozen=True)
class Misfit:
    """An input that is not accepted.

    Attributes:
        path: Where it stands, as the program spells it.
        reason: What it has to be; never the value.
    """

    path: str
    reason: str


@dataclass
class Reading:
    """Reads inputs, and keeps what is wrong with them.

    Attributes:
        misfits: What is not accepted; what was read is of no use if there is any.
    """

    misfits: list[Misfit] = field(default_factory=list)

    async def record(self, cls: type, given: Mapping[str, Any], path: str = "") -> Any:
        """An instance of a class of arguments from a map of its inputs; None if one of them is not accepted."""
        wanted = {to_camel(each.name): each for each in fields(cls)}
        none = {to_camel(each.name) for each in can_be_none(wanted.values())}
        left_out = self._left_out(given, none, path) if not path and none else frozenset()
        for name in given:
            if name not in wanted and not (name == WITHOUT and not path and none):
                close = get_close_matches(name, wanted, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(wanted))}"
                self._refuse(_under(path, name), f"is no input; {hint}")
        before, values = len(self.misfits), {}
        for name, each in wanted.items():
            value = await self._field(each, given.get(name), _under(path, name))
            if name in left_out:
                value = None
            if value is not _NOTHING:
                values[each.name] = value
        return cls(**values) if len(self.misfits) == before else None

    async def value(self, typed: Typed, value: Any, path: str) -> Any:
        """A value of a type, read; what may be an output stays one."""
        if isinstance(value, pulumi.Output | Unknown):
            output: pulumi.Output[Any] = pulumi.Output.from_input(value)
            if typed.output:
                return output
            return await self._known(typed, output, path)
        return await self._shaped(typed.shape, value, path)

    def _left_out(self, given: Mapping[str, Any], none: set[str], path: str) -> frozenset[str]:
        names = given.get(WITHOUT) or ()
        if not isinstance(names, list | tuple) or any(name not in none for name in names):
            self._refuse(_under(path, WITHOUT), f"has to name inputs that may be none: of {', '.join(sorted(none))}")
            return frozenset()
        return frozenset(names)

    async def _field(self, each: Field, value: Any, path: str) -> Any:
        if value is None:
            if each.required and not each.typed.optional:
                self._refuse(path, "is missing")
            return None if each.required else _NOTHING
        return await self.value(each.typed, value, path)

    async def _known(self, typed: Typed, output: pulumi.Output[Any], path: str) -> Any:
        """What is inside an output where the component needs the value itself."""
        inside = await output.future(with_unknowns=True)
        if await output.is_known() and not contains_unknowns(inside):
            if await output.is_secret():
                return self._refuse(path, "is a secret, and would be shown: it takes what everybody may read")
            return await self._shaped(typed.shape, inside, path)
        if isinstance(typed.shape, ListOf) and typed.shape.item.output:
            # How many there will be is not known before the deployment: one stands for all in the preview.
            return [output.apply(lambda items: items[0])]
        return self._refuse(path, "has to be known beforehand, and comes from a resource that does not exist yet")

    async def _shaped(self, shape: Shape, value: Any, path: str) -> Any:
        match shape:
            case Scalar():
                return self._scalar(shape, value, path)
            case Choice(_, values):
                written = _whole(value)
                if written in values and not isinstance(written, bool):
                    return written
                return self._refuse(path, f"has to be one of {', '.join(str(each) for each in values)}")
            case ListOf(item):
                if not isinstance(value, list | tuple):
                    return self._refuse(path, "has to be a list")
                return [await self.value(item, each, f"{path}[{index}]") for index, each in enumerate(value)]
            case MapOf(item):
                if not isinstance(value, Mapping):
                    return self._refuse(path, "has to be a map")
                return {str(key): await self.value(item, each, _under(path, str(key))) for key, each in value.items()}
            case Record(cls):
                if not isinstance(value, Mapping):
                    return self._refuse(path, "has to be an object")
                return await self.record(cls, value, path)
            case Reference():
                return await self._reference(shape, value, path)
            case Either(kinds):
                return await self._either(kinds, value, path)

    def _scalar(self, shape: Scalar, value: Any, path: str) -> Any:
        whole = _whole(value)
        fits = {
            "string": isinstance(value, str),
            "integer": isinstance(whole, int) and not isinstance(whole, bool),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "boolean": isinstance(value, bool),
            "any": True,
        }
        if not fits[shape.name]:
            return self._refuse(path, f"has to be {_KINDS[shape.name]}")
        if shape.path:
            return Path(value)
        return _tidy(value) if shape.name == "any" else whole

    async def _reference(self, shape: Reference, value: Any, path: str) -> Any:
        if shape.cls is pulumi.Resource:
            return DependencyResource(value) if isinstance(value, str) else self._refuse(path, "has to be a URN")
        if not isinstance(value, Existing) or value.component.cls is not shape.cls:
            return self._refuse(path, f"has to be a {shape.cls.__name__}")
        await self.attributes(value, path)
        return value

    async def attributes(self, existing: Existing, path: str) -> None:
        """Give a component of another program the attributes that its class has in Python."""
        for each in existing.component.outputs:
            if (output := existing.output(each.name)) is None:
                continue
            inside = await output.future(with_unknowns=True)
            known = await output.is_known() and not contains_unknowns(inside)
            several = isinstance(each.typed.shape, ListOf) and each.typed.shape.item.output
            if known and inside is None and each.typed.optional:
                existing.set(each.name, None)
            elif each.typed.output:
                existing.set(each.name, output)
            elif known or several:
                existing.set(each.name, await self.value(each.typed, output, f"{path}.{to_camel(each.name)}"))

    async def _either(self, kinds: Sequence[Typed], value: Any, path: str) -> Any:
        for kind in kinds:
            attempt = Reading()
            found = await attempt.value(kind, value, path)
            if not attempt.misfits:
                return found
        return self._refuse(path, "is of none of the kinds that it may have")

    def _refuse(self, path: str, reason: str) -> None:
        self.misfits.append(Misfit(path, reason))


def written(typed: Typed, value: Any) -> Any:
    """An attribute of a component as an output of the package."""
    if value is None or isinstance(value, pulumi.Output):
        return value
    match typed.shape:
        case ListOf(item):
            return [written(item, each) for each in value]
        case MapOf(item):
            return {key: written(item, each) for key, each in value.items()}
        case Record(cls):
            return {
                to_camel(each.name): written(inner.typed, getattr(value, each.name))
                for each, inner in zip(dataclasses.fields(cls), fields(cls), strict=True)
            }
        case Reference():
            return value.urn
    return str(value) if isinstance(value, Path) else value


def _whole(value: Any) -> Any:
    """The engine has one kind of numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _tidy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _tidy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(item) for item in value]
    return _whole(value)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
