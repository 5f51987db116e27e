"""Parameter groups: their services take parameters a few at a time, and have one operation to set and one to reset."""

from __future__ import annotations

from collections.abc import Iterator

from local.plugins.aws.declaration import Change, Values

_AT_ONCE = 20  # ElastiCache and RDS take no more parameters a call.


def batches(parameters: list[Values]) -> Iterator[list[Values]]:
    """As many as one call takes."""
    for start in range(0, len(parameters), _AT_ONCE):
        yield parameters[start : start + _AT_ONCE]


def differences(change: Change) -> tuple[list[Values], list[Values]]:
    """The parameters to reset, as they were, and those to set."""
    if "parameters" not in change.names:
        return [], []
    old = {item["name"]: item for item in change.old.get("parameters") or []}
    new = {item["name"]: item for item in change.new.get("parameters") or []}
    removed = [old[name] for name in sorted(old.keys() - new.keys())]
    return removed, [item for name, item in new.items() if old.get(name) != item]
