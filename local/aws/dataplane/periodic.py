"""Something that is looked after once a second, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

INTERVAL = 1.0
"""Seconds between looks."""

_log = logging.getLogger("local.aws")


class Periodic:
    """A thread.

    Args:
        name: Of the thread.
        look: Called each time; what it raises is logged.
    """

    def __init__(self, name: str, look: Callable[[], None]) -> None:
        self._name = name
        self._look = look
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when it has."""
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.wait(INTERVAL):
            try:
                self._look()
            except Exception:  # noqa: BLE001  # what went wrong once must not end the looking
                _log.exception("%s", self._name)
