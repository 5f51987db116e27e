"""Checking inputs against a small table of properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from local.plugins.provider import UNKNOWN, CheckFailure, join


@dataclass(frozen=True)
class Property:
    """One input property.

    Attributes:
        kind: What it holds: "string", "integer", "boolean", "strings" (a list) or "map" (strings by name).
        required: Whether the program has to give it.
        default: What it is when it is not given; None leaves it out.
    """

    kind: str
    required: bool = False
    default: Any = None


_KINDS: Final = {
    "string": "a string",
    "integer": "a whole number",
    "boolean": "true or false",
    "strings": "a list of strings",
    "map": "a map of strings",
}


def check(properties: Mapping[str, Property], inputs: Mapping[str, Any]) -> list[CheckFailure]:
    """What is wrong with some inputs: unknown names, missing ones, values of another kind."""
    failures = []
    for name, value in inputs.items():
        if name.startswith("__"):
            continue
        if name not in properties:
            close = get_close_matches(name, properties, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(properties))}"
            failures.append(CheckFailure(join("", name), f"unknown property; {hint}"))
        elif not matches(properties[name].kind, value):
            failures.append(CheckFailure(name, f"must be {_KINDS[properties[name].kind]}, not {describe(value)}"))
    for name, declared in properties.items():
        if declared.required and inputs.get(name) is None:
            failures.append(CheckFailure(name, f"missing: give {_KINDS[declared.kind]}"))
    return failures


def matches(kind: str, value: Any) -> bool:
    """Whether a value is of the kind; an unknown one may be."""
    if value is UNKNOWN:
        return True
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "strings":
        return isinstance(value, list) and all(matches("string", item) for item in value)
    if kind == "map":
        return isinstance(value, dict) and all(matches("string", item) for item in value.values())
    return isinstance(value, str)


def describe(value: Any) -> str:
    """A value's kind in words; never the value, which may be secret."""
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a map"}
    return names.get(type(value), f"a {type(value).__name__}")


def filled(properties: Mapping[str, Property], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with defaults filled in, without internal members."""
    given = {name: value for name, value in inputs.items() if name in properties}
    defaults = {name: p.default for name, p in properties.items() if p.default is not None and name not in given}
    return {**given, **defaults}
