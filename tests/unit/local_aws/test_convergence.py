"""Random failures and repairs, each sequence reproducible: in the end what runs is what is declared (PV-REDISFAIL).

Servers are a driver's own book-keeping here; work is done in the order that the sequence says, or interrupted in the
middle by the end of the process that does it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from local.aws.dataplane.context import NotReady
from local.aws.dataplane.desired import RedisServer, Server
from local.aws.dataplane.reconciler import LAST_RETRY, Actual, Reconciler, Remembered

pytestmark = pytest.mark.unit

NAMES = st.sampled_from(["a", "b", "c"])


def server(name: str, port: int) -> RedisServer:
    return RedisServer(name, f"10.213.16.{ord(name)}", port, False, ("",), {}, None)


class Killed(BaseException):
    """The process that does the work ends here."""


class Queue(Executor):
    """Work that waits until the sequence has it done."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], object]] = []

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        self.jobs.append(lambda: fn(*arguments, **named))
        return Future()


class World:
    """What survives every process: servers, and what a server has on disk."""

    def __init__(self) -> None:
        self.running: dict[str, RedisServer] = {}
        self.files: set[str] = set()


class Driver:
    """Starts, changes and removes servers in two steps each; may be told to fail or to be killed between them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fate = ""

    def ensure(self, one: RedisServer) -> None:
        self.world.files.add(one.name)
        self._meet_fate()
        self.world.running[one.name] = one

    def is_alive(self, one: RedisServer) -> bool:
        return one.name in self.world.running

    def remove(self, one: RedisServer) -> None:
        self.world.running.pop(one.name, None)
        self._meet_fate()
        self.world.files.discard(one.name)

    def _meet_fate(self) -> None:
        fate, self.fate = self.fate, ""
        if fate == "fails":
            raise NotReady("not yet")
        if fate == "killed":
            raise Killed


class Platform(RuleBasedStateMachine):
    """One platform under a sequence of declarations, failures and repairs."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.wanted: dict[str, Server] = {}
        self.known: dict[str, Actual] = {}
        self.disk: dict[str, Remembered] = {}
        self.now = 0.0
        self._start()

    def _start(self) -> None:
        self.driver, self.queue = Driver(self.world), Queue()
        self.reconciler = Reconciler(
            {RedisServer: self.driver},
            lambda: dict(self.wanted),
            self._report,
            threading.Event(),
            self._remember,
            self.disk,
            self.queue,
            lambda: self.now,
        )

    def _report(self, known: Any) -> None:
        self.known = known

    def _remember(self, known: dict[str, Remembered]) -> None:
        self.disk = known

    @rule(name=NAMES, port=st.integers(7000, 7002))
    def declare(self, name: str, port: int) -> None:
        self.wanted[name] = server(name, port)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.wanted.pop(name, None)

    @rule(name=NAMES)
    def crash_a_server(self, name: str) -> None:
        self.world.running.pop(name, None)

    @rule(fate=st.sampled_from(["fails", "killed"]))
    def doom_the_next_work(self, fate: str) -> None:
        self.driver.fate = fate

    @rule()
    def look(self) -> None:
        self.reconciler.look()

    @rule(seconds=st.sampled_from([0.3, LAST_RETRY]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.queue.jobs)
    @rule(data=st.data())
    def do_some_work(self, data: st.DataObject) -> None:
        self._do(data.draw(st.integers(0, len(self.queue.jobs) - 1)))

    @rule()
    def kill_the_endpoint(self) -> None:
        """Work that had not begun is lost, and all that was known only to the process."""
        self._start()

    def _do(self, number: int) -> None:
        job = self.queue.jobs.pop(number)
        try:
            job()
        except Killed:
            self._start()

    @invariant()
    def whatever_exists_is_remembered(self) -> None:
        """A server or a file that the next process would not know of would stay for ever."""
        assert self.world.running.keys() | self.world.files <= self.disk.keys()

    def teardown(self) -> None:
        """Everything heals: after a while the declared servers run as declared, no other does, nothing else is left."""
        if not hasattr(self, "world"):
            return
        self.driver.fate = ""
        for _ in range(12):
            self.now += LAST_RETRY
            self.reconciler.look()
            while self.queue.jobs:
                self._do(0)
        self.reconciler.look()
        assert self.world.running == self.wanted
        assert self.world.files == self.wanted.keys()
        assert {name: each.applied for name, each in self.known.items()} == self.wanted
        assert all(each.certain and not each.leaving and not each.problem for each in self.known.values())


TestConvergence = Platform.TestCase
TestConvergence.settings = settings(max_examples=200, stateful_step_count=40, derandomize=True, deadline=None)
