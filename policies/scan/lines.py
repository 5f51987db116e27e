"""On which line of its file a property stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.model import Resource

_STEP: Final = re.compile(r'\[(\d+)\]|\["((?:[^"]|"(?!\]))*)"\]|\.?([^.\[\]]+)')


def line_of(resource: Resource, path: str) -> int:
    """The line of a property, or of the deepest part of its path that is there; 0 without an origin."""
    origin = resource.origin
    if origin is None:
        return 0
    lines = origin.lines
    if lines is None:
        return origin.line
    value: Any = resource.properties
    place, line = -1, origin.line
    for step in _steps(path):
        # The lines are those of all keys and elements in the order of the text: skip what stands before.
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        at = place + 1
        for key, child in children:
            if key == step:
                break
            at += 1 + _below(child)
        else:
            return line
        if at >= len(lines):
            return line
        place, line, value = at, lines[at] + 1, child
    return line


def _steps(path: str) -> Iterator[str | int]:
    for match in _STEP.finditer(path):
        index, quoted, plain = match.groups()
        yield int(index) if index is not None else quoted if quoted is not None else plain


def _below(value: Any) -> int:
    """How many keys and elements a value has at all levels."""
    count, level = 0, [value]
    while level:
        one = level.pop()
        if isinstance(one, (dict, list)):
            count += len(one)
            level.extend(one.values() if isinstance(one, dict) else one)
    return count
