"""Tells at once when the process of a server ends, so that nobody has to look whether it runs."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Iterable

from local.processes import Running, is_alive


class Endings:
    """A thread that sleeps until one of the processes that it follows has ended (pidfd_open(2)).

    Args:
        wake: Set then.
    """

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake
        self._selector = selectors.DefaultSelector()
        self._followed: dict[tuple[int, int], int] = {}
        self._stopping = os.eventfd(0)
        self._selector.register(self._stopping, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="endings", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when it has."""
        os.eventfd_write(self._stopping, 1)
        self._thread.join()
        with self._lock:
            for descriptor in (*self._followed.values(), self._stopping):
                os.close(descriptor)
        self._selector.close()

    def follow(self, processes: Iterable[Running]) -> None:
        """Follow these too; what is followed already goes on to be."""
        for process in processes:
            with self._lock:
                if (process.pid, process.started) not in self._followed:
                    self._add(process)

    def _add(self, process: Running) -> None:
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            self._wake.set()
            return
        # The process may have ended before, and its number have been given to another.
        if not is_alive(process.pid, process.started):
            os.close(descriptor)
            self._wake.set()
            return
        self._followed[process.pid, process.started] = descriptor
        self._selector.register(descriptor, selectors.EVENT_READ, (process.pid, process.started))

    def _loop(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fd == self._stopping:
                    return
                with self._lock:
                    self._selector.unregister(key.fd)
                    os.close(self._followed.pop(key.data))
                self._wake.set()
