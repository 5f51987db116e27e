"""Is what a program says of a resource legal, supported and sensible? Every failure names the path and the cure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from local.plugins.aws.declaration import Property, ResourceType, Values
from local.plugins.aws.schema import Field, Kind, ResourceSchema
from local.plugins.aws.structure import member_of
from local.plugins.provider import UNKNOWN, Asset, CheckFailure, contains_unknown, join

# Properties that every type may have, handled apart from the declarations.
COMMON = frozenset({"region", "tags", "tagsAll"})
_SHOWN = 80


def failures(declared: ResourceType, schema: ResourceSchema, inputs: Values, shape: Shape | None) -> list[CheckFailure]:
    """All that is wrong with a resource's inputs.

    Args:
        declared: What the stand-in supports.
        schema: What the official provider takes.
        inputs: The program's values with defaults filled in; unknown ones are passed over.
        shape: botocore's model of the create request, None when there is no single one.
    """
    found = list(_names(declared, schema, inputs))
    if found:
        return found
    for name, value in inputs.items():
        if name == "tagsAll":
            continue
        prop = declared.known(name) or Property()
        found.extend(_types(declared, name, name, value, schema.inputs[name].kind))
        found.extend(_values(prop, name, value))
        member = _member(declared, shape, name, prop)
        if member is not None and not prop.local:
            found.extend(_constraints(declared, name, name, value, member, prop.secret))
    if not found:
        for rule in declared.rules:
            found.extend(rule(inputs))
    return found


def request_failures(declared: ResourceType, request: Values, shape: Shape) -> list[CheckFailure]:
    """What in a request breaks the enumerations, patterns and ranges of botocore's model.

    botocore itself looks at types and required members alone, and leaves the rest to AWS.

    Args:
        declared: The type of the resource, for names that differ.
        request: Members as the API spells them.
        shape: The operation's request.
    """
    return list(_constraints(declared, "", "", request, shape, secret=False))


def _names(declared: ResourceType, schema: ResourceSchema, inputs: Values) -> Iterator[CheckFailure]:
    supported = set(declared.properties) | (COMMON & (set(schema.inputs) | {"tagsAll"}))
    for name in inputs:
        if name in supported:
            continue
        if name in schema.inputs:
            yield CheckFailure(
                name,
                f"the aws stand-in does not support {name!r} of {declared.token}: take it out for the local platform, "
                "or install the official plugin",
            )
        else:
            yield CheckFailure(name, _unknown(name, declared.token, schema.inputs))
    for name, known in schema.inputs.items():
        if known.required and inputs.get(name) is None:
            yield CheckFailure(name, f"missing required property {name!r} of {declared.token}")


def _unknown(name: str, of: str, legal: Mapping[str, Field]) -> str:
    close = difflib.get_close_matches(name, legal, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"legal are: {', '.join(sorted(legal))}"
    return f"{of} has no property {name!r}; {hint}"


def _types(declared: ResourceType, pattern: str, path: str, value: Any, kind: Kind) -> Iterator[CheckFailure]:
    if value is UNKNOWN or value is None or kind.name == "any":
        return
    if not _fits(value, kind):
        yield CheckFailure(path, f"{path} has to be {_a(kind)}, not {_show(value)}")
    elif kind.name == "list" and kind.item:
        for index, item in enumerate(value):
            yield from _types(declared, pattern, f"{path}[{index}]", item, kind.item)
    elif kind.name == "map" and kind.item:
        for key, item in value.items():
            yield from _types(declared, pattern, join(path, key), item, kind.item)
    elif kind.name == "object":
        yield from _object_types(declared, pattern, path, value, kind)


def _object_types(declared: ResourceType, pattern: str, path: str, value: Values, kind: Kind) -> Iterator[CheckFailure]:
    for key, item in value.items():
        if key not in kind.fields:
            yield CheckFailure(join(path, key), _unknown(key, path, kind.fields))
        else:
            yield from _types(declared, f"{pattern}.{key}", join(path, key), item, kind.fields[key].kind)
    for key, field in kind.fields.items():
        if field.required and value.get(key) is None:
            yield CheckFailure(join(path, key), f"missing required property {key!r} of {path}")


def _fits(value: Any, kind: Kind) -> bool:
    # The engine's protocol turns scalars into one another freely; the official bridge accepts what it can convert.
    if kind.name == "string":
        return isinstance(value, str | bool | int | float)
    if kind.name == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if kind.name in ("integer", "number"):
        return _number(value) is not None and (kind.name == "number" or float(_number(value) or 0).is_integer())
    if kind.name == "asset":
        return isinstance(value, Asset)
    return isinstance(value, list if kind.name == "list" else dict)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def converted(value: Any, kind: Kind) -> Any:
    """A legal value in its proper type: `"5"` becomes 5 where a number is asked for, and null fields are left out."""
    if value is UNKNOWN or value is None:
        return value
    if kind.name == "list" and isinstance(value, list) and kind.item:
        return [converted(item, kind.item) for item in value]
    if kind.name == "map" and isinstance(value, dict) and kind.item:
        return {key: converted(item, kind.item) for key, item in value.items()}
    if kind.name == "object" and isinstance(value, dict):
        return {
            k: converted(v, kind.fields[k].kind) if k in kind.fields else v for k, v in value.items() if v is not None
        }
    if kind.name == "string" and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind.name == "boolean" and value in ("true", "false"):
        return value == "true"
    number = _number(value) if kind.name in ("integer", "number") else None
    if number is not None:
        return int(number) if number.is_integer() else number
    return value


def _a(kind: Kind) -> str:
    return {"integer": "a whole number", "object": "a map", "boolean": "true or false"}.get(kind.name, f"a {kind.name}")


def _show(value: Any) -> str:
    if isinstance(value, Asset):
        return "an asset"
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _values(prop: Property, path: str, value: Any) -> Iterator[CheckFailure]:
    if contains_unknown(value):
        return
    shown = "the secret given" if prop.secret else _show(value)
    if prop.values and value not in prop.values:
        yield CheckFailure(path, f"{path} is {shown}; allowed: {', '.join(str(item) for item in prop.values)}")
    if prop.pattern and not re.fullmatch(prop.pattern[0], str(value)):
        yield CheckFailure(path, f"{path} is {shown}; it has to be {prop.pattern[1]}")
    if prop.document and not _is_json(value):
        yield CheckFailure(path, f"{path} has to be a JSON document")
    number = _number(value)
    if prop.minimum is not None and number is not None and number < prop.minimum:
        yield CheckFailure(path, f"{path} is {shown}; the least allowed is {prop.minimum:g}")
    if prop.maximum is not None and number is not None and number > prop.maximum:
        yield CheckFailure(path, f"{path} is {shown}; the most allowed is {prop.maximum:g}")


def _is_json(value: Any) -> bool:
    try:
        json.loads(value)
    except (TypeError, ValueError):
        return False
    return True


def _member(declared: ResourceType, shape: Shape | None, name: str, prop: Property) -> Shape | None:
    if not isinstance(shape, StructureShape):
        return None
    if prop.member:
        current: Shape = shape
        for step in prop.member.split("."):
            if not isinstance(current, StructureShape) or step not in current.members:
                return None
            current = current.members[step]
        return current
    member = member_of(shape, name, declared.names)
    return shape.members[member] if member else None


def _constraints(
    declared: ResourceType, pattern: str, path: str, value: Any, shape: Shape, secret: bool
) -> Iterator[CheckFailure]:
    if value is UNKNOWN or value is None:
        return
    if isinstance(shape, StructureShape):
        yield from _structure_constraints(declared, pattern, path, value, shape, secret)
    elif isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        if isinstance(value, list):
            yield from _range(path, len(items), shape, "items")
        for index, item in enumerate(items):
            below = f"{path}[{index}]" if isinstance(value, list) else path
            yield from _constraints(declared, pattern, below, item, shape.member, secret)
    elif isinstance(shape, MapShape):
        for key, item in value.items() if isinstance(value, dict) else ():
            yield from _constraints(declared, pattern, join(path, key), item, shape.value, secret)
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _text(path, value, shape, secret)
    elif _number(value) is not None and shape.type_name in ("integer", "long", "float", "double"):
        yield from _range(path, _number(value) or 0, shape, "")


def _structure_constraints(
    declared: ResourceType, pattern: str, path: str, value: Any, shape: StructureShape, secret: bool
) -> Iterator[CheckFailure]:
    if isinstance(value, list):
        inner = shape.members.get("Items")
        if inner is not None:
            yield from _constraints(declared, pattern, path, value, inner, secret)
        return
    for key, item in value.items() if isinstance(value, dict) else ():
        member = member_of(shape, key, declared.names, f"{pattern}.{key}")
        if member:
            yield from _constraints(declared, f"{pattern}.{key}", join(path, key), item, shape.members[member], secret)


def _text(path: str, value: str, shape: StringShape, secret: bool) -> Iterator[CheckFailure]:
    shown = "the secret given" if secret else _show(value)
    if shape.enum and value not in shape.enum:
        yield CheckFailure(path, f"{path} is {shown}; allowed: {', '.join(shape.enum)}")
        return
    yield from _range(path, len(value), shape, "characters")
    pattern = _compiled(shape.metadata.get("pattern"))
    if pattern is not None and not pattern.fullmatch(value):
        yield CheckFailure(path, f"{path} is {shown}; AWS takes only what matches {pattern.pattern}")


def _compiled(pattern: Any) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.DOTALL) if pattern else None
    except re.error:  # Java's syntax is not quite Python's; AWS itself will judge.
        return None


def _range(path: str, number: float, shape: Shape, unit: str) -> Iterator[CheckFailure]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    what = f"{path} has {number:g} {unit}" if unit else f"{path} is {number:g}"
    if least is not None and number < least:
        yield CheckFailure(path, f"{what}; the least allowed is {least}")
    if most is not None and number > most:
        yield CheckFailure(path, f"{what}; the most allowed is {most}")
