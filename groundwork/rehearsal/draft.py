"""A stack's settings while they are being changed, with a record of each change."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.settings.problems import shown


@dataclass(frozen=True)
class Change:
    """What differs from the stack file, and why it has to.

    Attributes:
        key: Dotted path with its namespace.
        was: What the stack file says, None where it says nothing.
        becomes: What the rehearsal says, None where it says nothing.
        why: One clause for a person.
    """

    key: str
    was: Any
    becomes: Any
    why: str

    def line(self) -> str:
        """The change for a person; nothing of it that sounds like a secret."""
        before = "not set" if self.was is None else shown(self.was, self.key, False)
        after = "left out" if self.becomes is None else shown(self.becomes, self.key, False)
        return f"{self.key}: {before} -> {after} ({self.why})"


class Draft:
    """Settings of a stack file, by keys such as `groundwork:database`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config: dict[str, Any] = copy.deepcopy(dict(config))
        self.changes: list[Change] = []

    def get(self, *path: str) -> Any:
        """What stands there, None if nothing does."""
        place: Any = self.config
        for key in path:
            if not isinstance(place, Mapping) or key not in place:
                return None
            place = place[key]
        return place

    def names(self, *path: str) -> Iterator[str]:
        """The keys of the map there, if there is one."""
        found = self.get(*path)
        yield from list(found) if isinstance(found, Mapping) else ()

    def set(self, *path: str, to: Any, why: str) -> None:
        """Write a value; parents that are missing are made. What is the same already is no change."""
        was = self.get(*path)
        if was == to:
            return
        place = self.config
        for key in path[:-1]:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]
        place[path[-1]] = to
        self.changes.append(Change(".".join(path), was, to, why))

    def drop(self, *path: str, why: str) -> None:
        """Take a value away, null too; what is not there is no change."""
        parent = self.get(*path[:-1])
        if isinstance(parent, dict) and path[-1] in parent:
            was = parent.pop(path[-1])
            self.changes.append(Change(".".join(path), was, None, why))
