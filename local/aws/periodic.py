"""Something that is looked after again and again, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger("local.aws")


class Periodic:
    """A thread.

    Args:
        name: Of the thread.
        look: Called each time; what it raises is logged.
        interval: Seconds between looks.
    """

    def __init__(self, name: str, look: Callable[[], None], interval: float = 1.0) -> None:
        self._name = name
        self._look = look
        self._interval = interval
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
        while not self._stopping.wait(self._interval):
            try:
                self._look()
            except Exception:  # noqa: BLE001  # what went wrong once must not end the looking
                _log.exception("%s", self._name)
