"""Between the engine's property values (protobuf structs) and plain Python values."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from google.protobuf import struct_pb2

from local.plugins.provider import UNKNOWN, Asset, FileArchive, FileAsset, ProviderError, Secret, StringAsset

# The protocol's own constants (sdk/go/common/resource/sig and plugin/rpc.go of the engine).
SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        _UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_EMPTY = sha256(b"").hexdigest()
_EXACT = 2**53  # The protocol's numbers are doubles.


def properties_from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Plain values; secrets lose their wrapper, whole numbers become `int`, null members are left out."""
    return {key: from_value(value) for key, value in struct.fields.items() if value.WhichOneof("kind") != "null_value"}


def struct_from_properties(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The engine's form of some properties.

    Raises:
        TypeError: a value has no such form; the message names its path.
    """
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _fill(struct.fields[key], value, key)
    return struct


def from_value(value: struct_pb2.Value) -> Any:
    """One value, plain."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) <= _EXACT else number
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _from_struct(value.struct_value)
    return None


def _from_struct(struct: struct_pb2.Struct) -> Any:
    if SIGNATURE not in struct.fields:
        return {key: from_value(item) for key, item in struct.fields.items()}
    signature = struct.fields[SIGNATURE].string_value
    if signature == _SECRET:
        return from_value(struct.fields["value"])
    if signature == _OUTPUT:
        return from_value(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    if signature == _RESOURCE:
        identity = struct.fields["id"] if "id" in struct.fields else struct.fields["urn"]
        return from_value(identity)
    if signature in (_ASSET, _ARCHIVE):
        return _asset({key: from_value(item) for key, item in struct.fields.items()}, signature == _ARCHIVE)
    raise ProviderError(f"the engine sent a kind of value that this stand-in does not know (signature {signature})")


def _asset(members: dict[str, Any], archive: bool) -> Asset:
    hash = members.get("hash") or ""
    if members.get("uri"):
        raise ProviderError(f"remote assets are not supported by the stand-in plugins: {members['uri']}")
    if archive and members.get("assets"):
        raise ProviderError("archives made of single assets are not supported by the stand-in plugins: give a path")
    if members.get("path"):
        return FileArchive(hash, members["path"]) if archive else FileAsset(hash, members["path"])
    if members.get("text") or hash == _EMPTY:
        return StringAsset(hash, members.get("text") or "")
    return Asset(hash)


def _fill(target: struct_pb2.Value, value: Any, path: str) -> None:
    """Write a value where it belongs: built apart, every level would be copied once for each level above it."""
    if isinstance(value, str):
        target.string_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        _fill_members(target, value, path)
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        target.string_value = _UNKNOWN
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        if isinstance(value, int) and abs(value) > _EXACT:
            raise TypeError(f"{path}: {value} is too large for the engine's numbers")
        target.number_value = value
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for index, item in enumerate(value):
            _fill(target.list_value.values.add(), item, f"{path}[{index}]")
    elif isinstance(value, Secret):
        target.struct_value.fields[SIGNATURE].string_value = _SECRET
        _fill(target.struct_value.fields["value"], value.value, path)
    elif isinstance(value, Asset):
        signature = _ARCHIVE if isinstance(value, FileArchive) else _ASSET
        target.struct_value.fields[SIGNATURE].string_value = signature
        _fill_members(target, _members(value), path)
    else:
        raise TypeError(f"{path}: a {type(value).__name__} has no form in the engine's protocol")


def _fill_members(target: struct_pb2.Value, members: Mapping[str, Any], path: str) -> None:
    fields = target.struct_value.fields
    for key, item in members.items():
        _fill(fields[key], item, f"{path}.{key}")


def _members(asset: Asset) -> dict[str, str]:
    if isinstance(asset, StringAsset):
        return {"hash": asset.hash, "text": asset.text}
    if isinstance(asset, FileAsset | FileArchive):
        return {"hash": asset.hash, "path": asset.path}
    return {"hash": asset.hash}
