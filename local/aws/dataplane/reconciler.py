"""Keeps what runs equal to what is declared: after every change, after a crash, and every few seconds anyway."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from local.aws.dataplane.context import NotReady
from local.aws.dataplane.desired import Server

_log = logging.getLogger("local.aws")

INTERVAL = 5.0
"""Seconds between looks when nothing was changed: whoever changes something, and whatever ends, says so."""

FIRST_RETRY, LAST_RETRY = 0.5, 5.0
"""Seconds before a server that did not get ready is tried again: doubling from the first to the last."""

FAILED_AFTER = 8
"""Attempts after which a resource that was never available is reported as failed."""


Remembered = tuple[Server, Server | None, float]
"""What is known of a server when the endpoint begins: `Actual`'s `latest`, `applied` and `since`."""


class Driver(Protocol):
    """Runs one kind of server.

    A driver may find servers that run from before its own process began. `ensure` has to take such a server over as it
    is if it can: whatever of it a client is connected to must not end for that. So a driver decides from what it finds
    (files, the server itself, `Context.purpose_of`), not from fields that a new process does not have; and a server is
    plain data that can be pickled, of a class in a module that `memory.version.kept_sources` names.
    """

    def ensure(self, server: Any) -> None:
        """Bring the server to what is declared and return when it is; raise NotReady if it is not yet."""

    def is_alive(self, server: Any) -> bool:
        """Whether it runs."""

    def remove(self, server: Any) -> None:
        """End it and remove everything of it."""


@dataclass
class Actual:
    """What is known of one server.

    Attributes:
        latest: What it was last told to be.
        applied: What it is known to be; None until it was ready once.
        certain: It is that still, as far as this process knows: no work on it has failed or is under way.
        busy: A worker is at it.
    """

    latest: Server
    applied: Server | None = None
    certain: bool = False
    busy: bool = False
    leaving: bool = False
    failures: int = 0
    retry_at: float = 0.0
    problem: str = ""
    since: float = field(default_factory=time.time)


Known = Mapping[str, Actual]
"""What the reconciler knows, by server name."""


def is_ready(server: Server, known: Known) -> bool:
    """Whether the server is what it should be, as far as is known."""
    actual = known.get(server.name)
    return actual is not None and actual.applied == server and actual.certain


def has_failed(server: Server, known: Known) -> bool:
    """Whether the server did not get ready for so long that the API has to say so."""
    actual = known.get(server.name)
    return actual is not None and actual.applied is None and actual.failures >= FAILED_AFTER


class Reconciler:
    """The loop between the API's models and the servers.

    Args:
        drivers: By the kind of server.
        desired: Reads every server that should run, by name.
        report: Told after every pass what is known of every server; brings the API's statuses up to date.
        wake: Set to have it look now.
        remember: Told in every pass, before any work begins, what has to be known after a crash.
        remembered: What `remember` was told last before this process began.
        workers: Do the work; six threads by default.
        clock: Seconds, from anywhere.
    """

    def __init__(
        self,
        drivers: Mapping[type, Driver],
        desired: Callable[[], dict[str, Server]],
        report: Callable[[Mapping[str, Actual]], None],
        wake: threading.Event,
        remember: Callable[[dict[str, Remembered]], None] = lambda _: None,
        remembered: Mapping[str, Remembered] = MappingProxyType({}),
        workers: Executor | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._drivers = drivers
        self._desired = desired
        self._report = report
        self._remember = remember
        # Nothing is certain: each server is looked after once, and those that nobody wants any more are removed.
        self._actual = {
            name: Actual(latest, applied, since=since) for name, (latest, applied, since) in remembered.items()
        }
        self._on_record = set(remembered)
        self._lock = threading.Lock()
        self._wake = wake
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)
        self._workers = workers or ThreadPoolExecutor(max_workers=6, thread_name_prefix="server")
        self._clock = clock

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking and wait for work under way; the servers are left as they are."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self.pause())
            self._wake.clear()
            if not self._stopping.is_set():
                try:
                    self.look()
                except Exception:  # noqa: BLE001  # nothing may end this loop: the next pass tries again
                    _log.exception("the data plane could not be looked at")

    def pause(self) -> float:
        """Seconds until the next look is due if nobody asks for one: sooner when something is to be tried again."""
        with self._lock:
            waiting = [actual for actual in self._actual.values() if actual.failures and not actual.busy]
            retries = [actual.retry_at - self._clock() for actual in waiting]
        return max(0.0, min([INTERVAL, *retries]))

    def look(self) -> None:
        """One pass: start the work that is due, report what is known."""
        wanted = self._desired()
        with self._lock:
            for name, server in wanted.items():
                self._actual.setdefault(name, Actual(server))
            told = {name: _to_remember(actual, wanted.get(name)) for name, actual in self._actual.items()}
        try:
            self._remember(told)
            self._on_record = set(told)
        except OSError as error:
            # A full disk is no reason to let known servers down; new ones have to wait.
            _log.error("the servers could not be put on record: %s", error)
        with self._lock:
            for name, actual in list(self._actual.items()):
                if name in self._on_record:
                    self._consider(name, actual, wanted.get(name))
            known = dict(self._actual)
        self._report(known)
        if self._desired() != wanted:
            # What became of some servers asks for others: a group that is complete for somebody to watch over it.
            self._wake.set()

    def _consider(self, name: str, actual: Actual, wanted: Server | None) -> None:
        if actual.busy or self._clock() < actual.retry_at:
            return
        actual.leaving = wanted is None
        if wanted is None:
            self._submit(name, actual, actual.latest, self._remove)
            return
        actual.latest = wanted
        if actual.applied != wanted or not actual.certain or not self._driver(wanted).is_alive(wanted):
            self._submit(name, actual, wanted, self._ensure)

    def _submit(self, name: str, actual: Actual, server: Server, work: Callable[[str, Server], None]) -> None:
        actual.busy = True
        actual.certain = False
        self._workers.submit(self._guarded, name, actual, server, work)

    def _guarded(self, name: str, actual: Actual, server: Server, work: Callable[[str, Server], None]) -> None:
        problem = ""
        try:
            work(name, server)
        except NotReady as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001  # one server's trouble must not end the others' care
            _log.exception("%s", name)
            problem = f"{type(error).__name__}: {error}"
        with self._lock:
            actual.busy = False
            if problem and problem != actual.problem:
                _log.warning("%s: %s", name, problem)
            actual.problem = problem
            actual.failures = actual.failures + 1 if problem else 0
            if problem:
                actual.retry_at = self._clock() + min(LAST_RETRY, FIRST_RETRY * 2 ** (actual.failures - 1))
            elif actual.leaving:
                self._actual.pop(name, None)
            else:
                actual.applied = server
                actual.certain = True
        self._wake.set()

    def _ensure(self, _name: str, server: Server) -> None:
        self._driver(server).ensure(server)

    def _remove(self, _name: str, server: Server) -> None:
        self._driver(server).remove(server)

    def _driver(self, server: Server) -> Driver:
        return self._drivers[type(server)]


def _to_remember(actual: Actual, wanted: Server | None) -> Remembered:
    return (actual.latest if actual.busy or wanted is None else wanted, actual.applied, actual.since)
