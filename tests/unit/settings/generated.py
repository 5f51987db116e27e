"""Settings that nobody thought of: each value drawn from what the settings' own schema allows in its place."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from components.settings import Settings
from tests.unit.settings.conftest import VALID

_SCHEMA = Settings.model_json_schema(by_alias=True)
_LARGEST = 100_000
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """A place in the settings and what may stand there.

    Attributes:
        path: Keys from the top; those of maps are names that the valid configuration has.
    """

    path: tuple[str, ...]
    schema: Schema


def _resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = _SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Whatever the schema allows: the edges of ranges, every word of an enumeration, texts by their pattern."""
    schema = _resolved(schema)
    if "anyOf" in schema:
        return st.one_of(*(values(each) for each in schema["anyOf"]))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return _integers(schema)
        case "string":
            return _texts(schema)
        case "array":
            least = schema.get("minItems", 0)
            most = min(schema.get("maxItems", 3), max(least, 3))
            return st.lists(values(schema["items"]), min_size=least, max_size=most)
        case "object":
            return _objects(schema)
    return st.none() | st.integers() | st.text(max_size=8)


def _integers(schema: Schema) -> st.SearchStrategy[int]:
    least, most = schema.get("minimum", 0), schema.get("maximum", _LARGEST)
    return st.sampled_from([least, most]) | st.integers(least, most)


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    longest = schema.get("maxLength", 60)
    if "pattern" in schema:
        fitting = st.from_regex(schema["pattern"], fullmatch=True)
        return fitting.filter(lambda text: schema.get("minLength", 0) <= len(text) <= longest and "\n" not in text)
    return st.text(min_size=schema.get("minLength", 0), max_size=min(longest, 60))


def _objects(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" in schema:
        required = set(schema.get("required", ()))
        drawn = {name: values(each) for name, each in schema["properties"].items()}
        return st.fixed_dictionaries(
            {name: each for name, each in drawn.items() if name in required},
            optional={name: each for name, each in drawn.items() if name not in required},
        )
    names = values({"type": "string", "maxLength": 12, **schema.get("propertyNames", {})})
    if "patternProperties" in schema:
        [(pattern, inner)] = schema["patternProperties"].items()
        names = values({"type": "string", "pattern": pattern, "maxLength": 12})
    else:
        inner = schema["additionalProperties"]
    if inner is True:
        inner = {}
    return st.dictionaries(names, values(inner), min_size=schema.get("minProperties", 0), max_size=2)


def places(schema: Schema = _SCHEMA, path: tuple[str, ...] = (), there: Any = None) -> Iterator[Place]:
    """Every place below one: properties that may be left out too, and in maps, the names that are there."""
    there = _ours() if path == () else there
    if path:
        yield Place(path, schema)
    schema = _resolved(schema)
    for option in schema.get("anyOf", [schema]):
        option = _resolved(option)
        for name, inner in option.get("properties", {}).items():
            below = there.get(name) if isinstance(there, dict) else None
            yield from places(inner, (*path, name), below)
        inner = option.get("additionalProperties")
        inner = next(iter(option["patternProperties"].values())) if "patternProperties" in option else inner
        if isinstance(inner, dict) and isinstance(there, dict):
            for name, below in there.items():
                yield from places(inner, (*path, name), below)


def _ours() -> dict[str, Any]:
    return {key.removeprefix("groundwork:"): value for key, value in VALID.items()}


PLACES = sorted(places(), key=lambda place: place.path)


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """A valid configuration, with a few places set to something that is allowed there."""
    found = copy.deepcopy(VALID)
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        *parents, last = place.path
        at: Any = found
        for index, step in enumerate(parents):
            key = f"groundwork:{step}" if index == 0 else step
            if not isinstance(at.get(key), dict):
                at[key] = {}
            at = at[key]
        at[f"groundwork:{last}" if not parents else last] = draw(values(place.schema))
    return found
