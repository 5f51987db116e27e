"""What is legal for a resource type, read from the installed official Python SDK.

The SDK's classes are generated from the official provider's schema, so the names, types and required properties found
here are the official ones, for exactly the version that programs are written against. Importing the SDK's modules is
slow (about half a second a service), hence the cache file.
"""

from __future__ import annotations

import collections.abc
import enum
import importlib
import inspect
import json
import re
import threading
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

SDK_VERSION = version("pulumi-aws")
# The SDK's modules import one another in circles: two threads that begin at different ends see half-made modules.
_IMPORTING = threading.RLock()
_SNAKE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Kind:
    """The type of a value.

    Attributes:
        name: string, integer, number, boolean, list, map, object, asset or any.
        item: The type of a list's items or a map's values.
        fields: An object's properties.
    """

    name: str
    item: Kind | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)

    @property
    def scalar(self) -> bool:
        return self.name in ("string", "integer", "number", "boolean")


@dataclass(frozen=True)
class Field:
    """A property: its type, and whether the official provider insists on it."""

    kind: Kind
    required: bool = False


@dataclass(frozen=True)
class ResourceSchema:
    """All that the official provider takes and gives for one type."""

    inputs: Mapping[str, Field]
    outputs: Mapping[str, Kind]


ANY = Kind("any")


def load(token: str, cache: Path | None = None) -> ResourceSchema:
    """The schema of a type token such as `aws:rds/instance:Instance`.

    Args:
        token: A token of the official provider.
        cache: Folder for cache files; None reads the SDK each time.

    Raises:
        LookupError: the installed SDK has no such type.
    """
    stored = cache / f"{SDK_VERSION}-{re.sub('[^a-zA-Z0-9]', '_', token)}.json" if cache else None
    if stored and stored.exists():
        try:
            return _schema_from(json.loads(stored.read_text()))
        except (ValueError, KeyError, TypeError):
            stored.unlink(missing_ok=True)  # written by an older form of this module, or cut short
    schema = from_sdk(token)
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        draft = stored.with_suffix(f".{id(schema):x}.tmp")
        draft.write_text(json.dumps(_schema_to(schema)))
        draft.replace(stored)
    return schema


def from_sdk(token: str) -> ResourceSchema:
    """Read a type's schema from the SDK's generated classes."""
    with _IMPORTING:
        return _from_sdk(token)


def _from_sdk(token: str) -> ResourceSchema:
    from pulumi import _types

    module_path, _, class_name = token.removeprefix("aws:").partition(":")
    package, _, _ = module_path.partition("/")
    module_name = f"pulumi_aws.{package}.{snake(class_name)}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError:
        module = importlib.import_module(f"pulumi_aws.{package}")
    resource = getattr(module, class_name, None)
    # `XArgs` is a nested value of another type where the resource itself takes `XInitArgs`.
    arguments = getattr(module, f"{class_name}InitArgs", None) or getattr(module, f"{class_name}Args", None)
    if resource is None or arguments is None:
        raise LookupError(f"pulumi-aws {SDK_VERSION} has no type {token}")
    outputs = {name: _kind(annotation) for name, annotation in _types.resource_types(resource).items()}
    return ResourceSchema(inputs=_fields(arguments), outputs=outputs)


def snake(name: str) -> str:
    """`BucketObjectv2` to `bucket_objectv2`, as the SDK names its modules."""
    return _SNAKE.sub("_", name).lower()


def _fields(arguments: type[Any]) -> dict[str, Field]:
    import pulumi
    from pulumi import _types

    init: Any = inspect.unwrap(arguments.__init__)
    module = importlib.import_module(arguments.__module__)
    # pulumi.Input mentions Output[T] by name only. The names are given as locals because typing remembers what a
    # forward reference led to as long as it has globals alone, and two services' classes may share a name.
    here = {"Output": pulumi.Output, "T": typing.TypeVar("T"), **vars(module)}
    annotations = typing.get_type_hints(init, globalns={}, localns=here)
    signature = inspect.signature(init)
    found: dict[str, Field] = {}
    for python_name, pulumi_name in _types.input_type_py_to_pulumi_names(arguments).items():
        parameter = signature.parameters.get(python_name)
        if parameter is None:
            continue
        found[pulumi_name] = Field(
            kind=_kind(annotations.get(python_name, Any)), required=parameter.default is inspect.Parameter.empty
        )
    return found


def _kind(annotation: Any) -> Kind:
    from pulumi import _types
    from pulumi.asset import Archive, Asset

    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(annotation))
    if origin in (list, collections.abc.Sequence):
        return Kind("list", item=_kind(typing.get_args(annotation)[0]))
    if origin in (dict, collections.abc.Mapping):
        return Kind("map", item=_kind(typing.get_args(annotation)[1]))
    if origin is not None:
        arguments = [a for a in typing.get_args(annotation) if a is not type(None)]
        return _kind(arguments[0]) if len(arguments) == 1 else ANY
    if not isinstance(annotation, type):
        return ANY
    if issubclass(annotation, (Asset, Archive)):
        return Kind("asset")
    if issubclass(annotation, bool):
        return Kind("boolean")
    if issubclass(annotation, int):
        return Kind("integer")
    if issubclass(annotation, float):
        return Kind("number")
    if issubclass(annotation, (str, enum.Enum)):
        return Kind("string")
    if _types.is_input_type(annotation) or _types.is_output_type(annotation):
        return _nested(annotation)
    return ANY


_OPEN: list[type[Any]] = []
"""Nested types that are being read, the innermost last: a web ACL's statements hold statements, without end."""


def _nested(annotation: type[Any]) -> Kind:
    from pulumi import _types

    if annotation in _OPEN:
        return ANY
    _OPEN.append(annotation)
    try:
        if _types.is_input_type(annotation):
            return Kind("object", fields=_fields(annotation))
        names = _types.output_type_types(annotation)
        return Kind("object", fields={name: Field(_kind(inner)) for name, inner in names.items()})
    finally:
        _OPEN.pop()


def _union(members: tuple[Any, ...]) -> Kind:
    import pulumi

    kinds = [
        _kind(member)
        for member in members
        if member is not type(None)
        and typing.get_origin(member) not in (collections.abc.Awaitable, pulumi.Output)
        and not typing.is_typeddict(member)
    ]
    known = [kind for kind in kinds if kind.name != "any"]
    return known[0] if known else ANY


def _kind_to(kind: Kind) -> dict[str, Any]:
    stored: dict[str, Any] = {"name": kind.name}
    if kind.item:
        stored["item"] = _kind_to(kind.item)
    if kind.fields:
        stored["fields"] = {n: [_kind_to(f.kind), f.required] for n, f in kind.fields.items()}
    return stored


def _kind_from(stored: dict[str, Any]) -> Kind:
    return Kind(
        name=stored["name"],
        item=_kind_from(stored["item"]) if "item" in stored else None,
        fields={n: Field(_kind_from(k), required) for n, (k, required) in stored.get("fields", {}).items()},
    )


def _schema_to(schema: ResourceSchema) -> dict[str, Any]:
    return {
        "inputs": {n: [_kind_to(f.kind), f.required] for n, f in schema.inputs.items()},
        "outputs": {n: _kind_to(k) for n, k in schema.outputs.items()},
    }


def _schema_from(stored: dict[str, Any]) -> ResourceSchema:
    return ResourceSchema(
        inputs={n: Field(_kind_from(k), required) for n, (k, required) in stored["inputs"].items()},
        outputs={n: _kind_from(k) for n, k in stored["outputs"].items()},
    )
