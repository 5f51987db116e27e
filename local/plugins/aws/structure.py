"""Between Pulumi's camelCase values and botocore's shapes, by name and without regard to case.

The official provider's names are the API's but for case and a few renames, so that a walk over both does most of the
work. CloudFront's `{Quantity, Items}` pairs are folded into plain lists on the way.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.plugins.aws.schema import Kind
from local.plugins.provider import ProviderError

Names = Mapping[str, str]
_COUNTED = {"Quantity", "Items"}


def to_api(value: Any, shape: Shape, names: Names, path: str = "") -> Any:
    """A property's value in the form that a botocore shape asks for.

    Raises:
        ProviderError: a nested property has no counterpart in the shape.
    """
    if value is None:
        return None
    if isinstance(shape, StructureShape):
        return _structure(value, shape, names, path)
    if isinstance(shape, ListShape):
        if isinstance(value, Mapping) and _is_pair(shape.member):
            return [{"Key": key, "Value": str(value[key])} for key in sorted(value)]
        items = value if isinstance(value, list) else [value]
        return [to_api(item, shape.member, names, path) for item in items]
    if isinstance(shape, MapShape):
        return {key: to_api(item, shape.value, names, path) for key, item in value.items()}
    return _scalar(value, shape)


def _is_pair(shape: Shape) -> bool:
    return isinstance(shape, StructureShape) and shape.members.keys() == {"Key", "Value"}


def _structure(value: Any, shape: StructureShape, names: Names, path: str) -> Any:
    members = shape.members
    if isinstance(value, list):
        if members.keys() >= _COUNTED:
            return {"Quantity": len(value), "Items": to_api(value, members["Items"], names, path)}
        value = value[0] if value else {}
    found: dict[str, Any] = {}
    for key, item in value.items():
        if item is None:
            continue
        below = f"{path}.{key}" if path else key
        member = member_of(shape, key, names, below)
        if member is None:
            raise ProviderError(f"the stand-in does not support the nested property {below}")
        found[member] = to_api(item, members[member], names, below)
    if members.keys() >= _COUNTED and "Quantity" not in found:
        found["Quantity"] = len(found.get("Items", []))
    return found


def member_of(shape: StructureShape, name: str, names: Names, path: str = "") -> str | None:
    """The shape's member for a property: a declared rename, else the same name in any case."""
    wanted = names.get(path) or names.get(name) or name
    if wanted in shape.members:
        return wanted
    lowered = wanted.lower()
    return next((member for member in shape.members if member.lower() == lowered), None)


def _scalar(value: Any, shape: Shape) -> Any:
    if shape.type_name == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    if shape.type_name in ("integer", "long"):
        return int(value)
    if shape.type_name in ("float", "double"):
        return float(value)
    if shape.type_name == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    return value


def from_api(value: Any, kind: Kind, names: Names, path: str = "") -> Any:
    """A value of a description as the property of the given type; absent parts are left out."""
    if value is None:
        return None
    if kind.name == "list":
        items = _items(value)
        return [from_api(item, kind.item or Kind("any"), names, path) for item in items]
    if kind.name == "map":
        if isinstance(value, list):
            return {item["Key"]: item["Value"] for item in value}
        return {key: from_api(item, kind.item or Kind("any"), names, path) for key, item in value.items()}
    if kind.name == "object":
        return _object(value, kind, names, path)
    return _plain(value, kind)


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping) and "Quantity" in value:
        return list(value.get("Items") or [])
    return list(value) if isinstance(value, list | tuple) else [value]


def _object(value: Any, kind: Kind, names: Names, path: str) -> Any:
    if isinstance(value, list):
        if not value:
            return None
        value = value[0]
    if not isinstance(value, Mapping):
        return value
    lowered = {key.lower(): key for key in value}
    found: dict[str, Any] = {}
    for name, field in kind.fields.items():
        below = f"{path}.{name}" if path else name
        wanted = names.get(below) or names.get(name) or name
        key = wanted if wanted in value else lowered.get(wanted.lower())
        if key is None or value[key] is None:
            continue
        inner = from_api(value[key], field.kind, names, below)
        if inner is not None:
            found[name] = inner
    return found


def _plain(value: Any, kind: Kind) -> Any:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind.name == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind.name == "integer" and isinstance(value, str | float):
        return int(value) if value != "" else None
    if kind.name == "boolean" and isinstance(value, str):
        return value.lower() in ("true", "enabled")
    return value


def place(request: dict[str, Any], path: str, value: Any) -> None:
    """Set a member by dotted path, making the structures on the way."""
    *parents, last = path.split(".")
    for parent in parents:
        request = request.setdefault(parent, {})
    request[last] = value
