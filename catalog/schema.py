"""The package's schema: what the components take and give, for programs in other languages.

The names are the engine's (`nodeType`). What Python takes as a plain value may be an output here, of another stack for
example, but one that is known in a preview: names and the number of resources follow from it.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi

from catalog import docstrings
from catalog.model import PACKAGE, Component, Field, fields, find, python_only
from catalog.shapes import Choice, Either, ListOf, MapOf, Record, Reference, Scalar, Shape, Typed
from components.lean import to_camel

Spec = dict[str, Any]
_KNOWN = "Inputs have to be known in a preview, unless they say that they may come from another resource."
_LATER = "May come from another resource."

WITHOUT = "without"
"""The input that names others which are to be none although their default is something: only Python tells an input that
is none from one that is not given."""


class SameName(Exception):
    """Two types of the components would have one name in the package."""


def schema() -> Spec:
    """The schema, as the engine asks for it.

    Raises:
        SameName: two classes or choices have the same name; the message names both.
    """
    types: dict[str, tuple[object, Spec]] = {}
    resources = {component.token: _resource(component, types) for component in find()}
    return {
        "name": PACKAGE,
        "displayName": "groundwork",
        "version": version(),
        "description": "The ground that stateless services stand on: components for AWS and Kubernetes",
        "keywords": ["category/infrastructure", "kind/component"],
        "license": "MIT",
        "meta": {"moduleFormat": "(.*)", "supportPack": True},
        "language": {
            "go": {"generateResourceContainerTypes": True, "respectSchemaVersion": True},
            "nodejs": {"respectSchemaVersion": True},
            "python": {"respectSchemaVersion": True, "pyproject": {"enabled": True}},
            "csharp": {"respectSchemaVersion": True},
        },
        "types": {token: spec for token, (_, spec) in sorted(types.items())},
        "resources": resources,
    }


def text() -> str:
    """The schema the way it is checked in."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def version() -> str:
    """The package's version: the distribution's."""
    return importlib.metadata.version(PACKAGE)


def alternatives(component: Component) -> Mapping[str, type]:
    """Where a component takes one of several classes: the input of each, for example `created`."""
    ending = f"{component.name}Args"
    return {cls.__name__.removesuffix(ending).lower(): cls for cls in component.arguments}


def can_be_none(fields_of: Iterable[Field]) -> list[Field]:
    """The inputs that may be none and are something by default."""
    return [each for each in fields_of if each.typed.optional and not each.required and each.default is not None]


def given(component: Component) -> list[Field]:
    """The outputs that other languages have."""
    return [each for each in component.outputs if not python_only(each)]


def _resource(component: Component, types: dict[str, tuple[object, Spec]]) -> Spec:
    if len(component.arguments) == 1:
        inputs = fields(component.arguments[0])
        takes = {to_camel(each.name): _property(each, types) for each in inputs}
        required = _required(inputs)
        if none := can_be_none(inputs):
            takes[WITHOUT] = _without(none)
    else:
        takes = {
            name: {**_shape(Record(cls), types), "description": docstrings.summary(cls)}
            for name, cls in alternatives(component).items()
        }
        required = []
    outputs = given(component)
    return {
        "isComponent": True,
        "description": f"{docstrings.summary(component.cls)}\n\n{_KNOWN}",
        "inputProperties": takes,
        "requiredInputs": required,
        "properties": {to_camel(each.name): _property(each, types, given=False) for each in outputs},
        "required": sorted(to_camel(each.name) for each in outputs if not each.typed.optional),
    }


def _required(inputs: Sequence[Field]) -> list[str]:
    return sorted(to_camel(each.name) for each in inputs if each.required and not each.typed.optional)


def _without(none: Sequence[Field]) -> Spec:
    names = ", ".join(f"`{to_camel(each.name)}`" for each in none)
    return {
        "type": "array",
        "items": {"type": "string"},
        "description": f"Inputs that are to be none although their default is something: of {names}.",
    }


def _property(each: Field, types: dict[str, tuple[object, Spec]], *, given: bool = True) -> Spec:
    """An input (`given`) or an output."""
    spec = _shape(each.typed.shape, types)
    notes = [each.meaning, f"Unit: {each.unit}." if each.unit else "", _LATER if given and _later(each.typed) else ""]
    spec["description"] = " ".join(note for note in notes if note)
    if given and isinstance(each.default, str | int) and isinstance(each.typed.shape, Scalar | Choice):
        spec["default"] = each.default
    if each.secret:
        spec["secret"] = True
    return spec


def _later(typed: Typed) -> bool:
    """Whether a value, or its items, may be known only once other resources exist."""
    return typed.output or (isinstance(typed.shape, ListOf | MapOf) and _later(typed.shape.item))


def _shape(shape: Shape, types: dict[str, tuple[object, Spec]]) -> Spec:
    match shape:
        case Scalar("any"):
            return {"$ref": "pulumi.json#/Any"}
        case Scalar(name):
            return {"type": name}
        case Choice(name, values, meaning):
            enum = [{"name": _member(value), "value": value} for value in values]
            return _named(name, values, {"type": shape.scalar, "description": meaning, "enum": enum}, types)
        case ListOf(item):
            return {"type": "array", "items": _shape(item.shape, types)}
        case MapOf(item):
            return {"type": "object", "additionalProperties": _shape(item.shape, types)}
        case Record(cls):
            return _record(cls, types)
        case Reference(cls) if cls is pulumi.Resource:
            return {"type": "string"}
        case Reference(cls):
            return {"$ref": f"#/resources/{PACKAGE}:index:{cls.__name__}"}
        case Either(kinds):
            return {"oneOf": [_shape(kind.shape, types) for kind in kinds]}


def _record(cls: type, types: dict[str, tuple[object, Spec]]) -> Spec:
    inside = fields(cls)
    name = cls.__name__.removesuffix("Args")
    token = f"{PACKAGE}:index:{name}"
    if token not in types:
        types[token] = (cls, {})  # A record may hold itself.
        spec = {
            "type": "object",
            "description": docstrings.summary(cls),
            "properties": {to_camel(each.name): _property(each, types) for each in inside},
            "required": _required(inside),
        }
        types[token] = (cls, spec)
    elif types[token][0] is not cls:
        raise SameName(f"{cls!r} and {types[token][0]!r} would both be {token}: rename one of them")
    return {"$ref": f"#/types/{token}"}


def _named(name: str, thing: object, spec: Spec, types: dict[str, tuple[object, Spec]]) -> Spec:
    token = f"{PACKAGE}:index:{name}"
    known, _ = types.setdefault(token, (thing, spec))
    if known != thing:
        raise SameName(f"{thing!r} and {known!r} would both be {token}: rename one of them")
    return {"$ref": f"#/types/{token}"}


def _member(value: str | int) -> str:
    """The name of a choice's value, in the form that every language takes."""
    words = str(value).replace("_", "-").replace(".", "-").split("-")
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"Value{name}"
