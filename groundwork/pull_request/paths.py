"""Property paths as the engine writes them, such as `spec.ports[0].port` or `data["app.yaml"]`."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_STEP: Final = re.compile(r'\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|([^.\[\]]+)')

# The engine marks a secret by a property of this name and value, and an unknown value by this text (sdk/go/common/
# resource/sig and sdk/go/common/resource/plugin of the engine).
_SECRET: Final = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

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
    if isinstance(value, dict) and value.get(_SECRET[0]) == _SECRET[1]:
        return SECRET
    return LATER if value == _UNKNOWN else None


def _shown(value: Any) -> Any:
    """The value with its secret and unknown parts replaced, however deep."""
    if (opaque := _opaque(value)) is not None:
        return opaque
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else value
