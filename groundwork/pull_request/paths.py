"""Property paths as the engine writes them, such as `spec.ports[0].port` or `data["app.yaml"]`."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from policies.marks import UNKNOWN_TEXT, is_marked

_STEP: Final = re.compile(r'\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|([^.\[\]]+)')

SECRET: Final = "[secret]"
LATER: Final = "known after the update"


class Absent:
    """The value of a path that leads nowhere."""


ABSENT: Final = Absent()


def steps(path: str) -> list[str | int]:
    """The keys and indexes of a path, in order."""
    found: list[str | int] = []
    for quoted, index, name in _STEP.findall(path):
        found.append(json.loads(quoted) if quoted else int(index) if index else name)
    return found


def value_at(properties: Any, path: str) -> Any:
    """What a path leads to: `SECRET` at or below a secret, `LATER` at or below an unknown value, or `ABSENT`."""
    value = properties
    for step in steps(path):
        if (shown := _opaque(value)) is not None:
            return shown
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return _shown(value)


def _opaque(value: Any) -> str | None:
    if is_marked(value):
        return SECRET
    return LATER if value == UNKNOWN_TEXT else None


def _shown(value: Any) -> Any:
    """The value with its secret and unknown parts replaced, however deep."""
    if (opaque := _opaque(value)) is not None:
        return opaque
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else value
