"""What CrossGuard's SDK does anew for every policy, done once for every request.

For each policy of a pack the SDK reads the properties of the resource, or of all resources of the stack, anew from the
engine's message. With a dozen policies that takes longer than the program's own preview.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

MOST_KEPT = 100_000
"""Values kept at most, should nobody say that a request has ended."""


class Once(threading.local):
    """Remembers what was made of what, by identity, until the request is over. Each request runs on one thread."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, tuple[int, ...]], tuple[tuple[Any, ...], Any]] = {}

    def of(self, what: str, make: Callable[[], _T], *sources: Any) -> _T:
        """What `make` gives, or gave before for the very same sources.

        Args:
            what: Which of the things that are made of these sources.
            sources: Not changed while the request lasts; they are kept, so that no other gets their identity.
        """
        key = what, tuple(map(id, sources))
        if key not in self._made:
            if len(self._made) >= MOST_KEPT:
                self.forget()
            self._made[key] = sources, make()
        made: _T = self._made[key][1]
        return made

    def forget(self) -> None:
        """The request is over."""
        self._made.clear()
