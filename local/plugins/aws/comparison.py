"""What differs between two sets of inputs, and whether a description still agrees with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from local.plugins.aws.declaration import ABSENT, Property, ResourceType, Values
from local.plugins.provider import UNKNOWN, ChangeKind, contains_unknown, join

Changes = dict[str, ChangeKind]
_MAPS = ("tags", "tagsAll", "metadata")  # Free keys: a key that the program did not set is drift.


def compare(declared: ResourceType, old: Values, new: Values, outputs: Values) -> Changes:
    """Changes by property path, those that force a replacement marked so.

    Args:
        declared: The type.
        old: Inputs of the last deployment, as refresh left them.
        new: Checked inputs.
        outputs: The last known state; what the program newly says of a computed property is held against it.
    """
    forced = declared.replace_if(old, new) if declared.replace_if else {}
    found: Changes = {}
    for name in sorted(old.keys() | new.keys()):
        prop = declared.known(name) or Property()
        before = old.get(name, ABSENT)
        after = new.get(name, ABSENT)
        if before is ABSENT and prop.computed:
            before = outputs.get(name, ABSENT)
        if after is ABSENT and prop.computed:
            continue
        for path, kind in _differences(declared, prop, name, name, before, after):
            found[path] = kind.replacing() if prop.replace or name in forced else kind
    return found


def _differences(
    declared: ResourceType, prop: Property, pattern: str, path: str, old: Any, new: Any
) -> Iterator[tuple[str, ChangeKind]]:
    if same(declared, prop, pattern, old, new):
        return
    if old is ABSENT or old is None:
        yield path, ChangeKind.ADD
    elif new is ABSENT or new is None:
        yield path, ChangeKind.DELETE
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(
                declared, prop, f"{pattern}.{key}", join(path, key), old.get(key, ABSENT), new.get(key, ABSENT)
            )
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(declared, prop, pattern, path, old, new)
    else:
        yield path, ChangeKind.UPDATE


def _list_differences(
    declared: ResourceType, prop: Property, pattern: str, path: str, old: list[Any], new: list[Any]
) -> Iterator[tuple[str, ChangeKind]]:
    pairs = _pairs(declared, prop, pattern, old, new)
    for index_old, index_new in pairs:
        before = ABSENT if index_old is None else old[index_old]
        after = ABSENT if index_new is None else new[index_new]
        index = index_old if index_new is None else index_new
        yield from _differences(declared, prop, pattern, f"{path}[{index}]", before, after)


def _pairs(
    declared: ResourceType, prop: Property, pattern: str, old: list[Any], new: list[Any]
) -> list[tuple[int | None, int | None]]:
    """Which items belong together: by position, or, where order does not count, equals first."""
    left, right = list(range(len(old))), list(range(len(new)))
    pairs: list[tuple[int | None, int | None]] = []
    if not _is_ordered(declared, prop, pattern, [*old, *new]):
        for index in list(left):
            match = next((i for i in right if same(declared, prop, pattern, old[index], new[i])), None)
            if match is not None:
                left.remove(index)
                right.remove(match)
    for position in range(max(len(left), len(right))):
        pairs.append(
            (left[position] if position < len(left) else None, right[position] if position < len(right) else None)
        )
    return pairs


def _is_ordered(declared: ResourceType, prop: Property, pattern: str, items: list[Any]) -> bool:
    if any(isinstance(item, dict) for item in items):
        return pattern not in declared.unordered
    return prop.ordered or pattern in declared.ordered


def same(declared: ResourceType, prop: Property, pattern: str, old: Any, new: Any) -> bool:
    """Whether two values mean the same."""
    if old is UNKNOWN or new is UNKNOWN:
        return False
    if _empty(old) and _empty(new):
        return True
    if isinstance(old, dict) and isinstance(new, dict):
        return all(
            same(declared, prop, f"{pattern}.{key}", old.get(key, ABSENT), new.get(key, ABSENT))
            for key in old.keys() | new.keys()
        )
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and _same_items(declared, prop, pattern, old, new)
    if isinstance(old, str) and isinstance(new, str):
        if prop.document:
            return bool(document(old) == document(new))
        return old.lower() == new.lower() if prop.lower else old == new
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(old == new)


def _same_items(declared: ResourceType, prop: Property, pattern: str, old: list[Any], new: list[Any]) -> bool:
    if _is_ordered(declared, prop, pattern, [*old, *new]):
        return all(same(declared, prop, pattern, a, b) for a, b in zip(old, new, strict=True))
    rest = list(new)
    for item in old:
        match = next((i for i, other in enumerate(rest) if same(declared, prop, pattern, item, other)), None)
        if match is None:
            return False
        del rest[match]
    return True


def _empty(value: Any) -> bool:
    return value is ABSENT or value is None or (isinstance(value, (str, list, dict)) and len(value) == 0)


def document(text: str) -> Any:
    """JSON text as data with the order of policy lists taken out; other text as it is."""
    try:
        return _canonical(json.loads(text))
    except ValueError:
        return text


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((_canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 and not isinstance(items[0], dict) else items
    return value


def project(declared: ResourceType, inputs: Values, state: Values) -> Values:
    """The inputs as they would have to be to describe the resource as it is now.

    Only what the inputs mention is looked at: a value that AWS chose by itself is no drift.
    """
    found: Values = {}
    for name, value in inputs.items():
        prop = declared.known(name)
        if prop is None or prop.local or prop.unread or name == "region":
            found[name] = value
            continue
        actual = _project(declared, prop, name, value, state.get(name))
        if actual is not None:
            found[name] = actual
    return found


def _project(declared: ResourceType, prop: Property, pattern: str, value: Any, actual: Any) -> Any:
    if contains_unknown(value):
        return actual
    if actual is None:
        return value if value in (None, "", [], {}) or value is False or value == 0 else None
    if isinstance(value, dict) and isinstance(actual, dict):
        if pattern in _MAPS:
            return actual
        inner = {
            key: _project(declared, prop, f"{pattern}.{key}", item, actual.get(key)) for key, item in value.items()
        }
        return {key: item for key, item in inner.items() if item is not None}
    if isinstance(value, list) and isinstance(actual, list):
        return _project_list(declared, prop, pattern, value, actual)
    if prop.version and str(actual).startswith(f"{value}."):
        return value
    return value if same(declared, prop, pattern, value, actual) else actual


def _project_list(
    declared: ResourceType, prop: Property, pattern: str, value: list[Any], actual: list[Any]
) -> list[Any]:
    rest = list(actual)
    found: list[Any] = [ABSENT] * len(value)
    if not _is_ordered(declared, prop, pattern, [*value, *actual]):
        for position, item in enumerate(value):
            for candidate in rest:
                projected = _project(declared, prop, pattern, item, candidate)
                if same(declared, prop, pattern, item, projected):
                    found[position] = projected
                    rest.remove(candidate)
                    break
    for position, item in enumerate(value):
        if found[position] is ABSENT and rest:
            found[position] = _project(declared, prop, pattern, item, rest.pop(0))
    return [item for item in found if item is not ABSENT] + rest
