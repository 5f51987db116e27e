"""The annotation `pulumi.com/waitFor`: what an object of any kind is awaited by.

Understood are `condition=TYPE`, `condition=TYPE=STATUS` and `jsonpath={PATH}=VALUE`, where a path has names, indices
and filters for one equal member, as in `{.status.parents[0].conditions[?(@.type=="Accepted")].status}`. The official
provider's further forms (several expressions, paths without a value) are an error here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Object = Mapping[str, Any]

_CONDITION = re.compile(r"condition=(?P<type>[A-Za-z][\w./-]*)(?:=(?P<status>\w+))?")
_JSON_PATH = re.compile(r"jsonpath=\{(?P<path>\..+)\}=(?P<value>.+)")
_STEP = re.compile(r'\.(?P<name>\w+)|\[(?P<index>\d+)\]|\[\?\(@\.(?P<member>\w+)\s*==\s*"(?P<equal>[^"]*)"\)\]')


def parse(expression: str) -> Callable[[Object], bool]:
    """The expression as a question to an object.

    Raises:
        ValueError: it is not one of the forms that are understood.
    """
    if match := _CONDITION.fullmatch(expression):
        kind, status = match["type"], match["status"] or "True"
        return lambda object: any(
            each.get("type") == kind and str(each.get("status")).lower() == status.lower()
            for each in (object.get("status") or {}).get("conditions") or []
        )
    if match := _JSON_PATH.fullmatch(expression):
        steps, value = _steps(match["path"]), match["value"]
        return lambda object: value in {_text(found) for found in _found(object, steps)}
    raise ValueError(
        f"{expression!r} is not understood: write condition=TYPE, condition=TYPE=STATUS or jsonpath={{PATH}}=VALUE"
    )


def _steps(path: str) -> list[re.Match[str]]:
    steps, position = [], 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise ValueError(f"the path {path!r} is not understood from {path[position:]!r} on")
        steps.append(step)
        position = step.end()
    return steps


def _found(object: Object, steps: list[re.Match[str]]) -> list[Any]:
    """What the path leads to: several values after a filter, none if it leads nowhere."""
    values: list[Any] = [object]
    for step in steps:
        values = [found for value in values for found in _next(value, step)]
    return values


def _next(value: Any, step: re.Match[str]) -> list[Any]:
    if step["name"] is not None:
        return [value[step["name"]]] if isinstance(value, Mapping) and step["name"] in value else []
    if not isinstance(value, list):
        return []
    if step["index"] is not None:
        return value[int(step["index"]) : int(step["index"]) + 1]
    return [item for item in value if isinstance(item, Mapping) and _text(item.get(step["member"])) == step["equal"]]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
