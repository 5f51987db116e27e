"""Killed anywhere and resumed, a run ends as if nothing had happened: nothing is done twice (RB-REDIS, RB-DB)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.redaction import Redactor
from runbooks import journal
from runbooks.chain import Record
from runbooks.clock import Clock
from runbooks.errors import LockLost, Refused, StepFailed
from runbooks.history import Event, fold
from runbooks.journal import Journal
from runbooks.model import Criticality, Step
from runbooks.runner import Runner
from tests.unit.runbooks.world import FakeClock, Fuse, Killed, World

pytestmark = pytest.mark.unit


class Fence:
    """A lock that is held until it is said to be lost."""

    def __init__(self) -> None:
        self.lost = False

    def check(self) -> None:
        if self.lost:
            raise LockLost("lost")

    async def prove(self) -> None:
        self.check()


class MortalJournal(Journal):
    """Whose process can be killed before and after each line."""

    fuse: Fuse

    def append(self, event: str, **data: Any) -> Record:
        self.fuse.burn()
        record = super().append(event, **data)
        self.fuse.burn()
        return record


@dataclass
class Run:
    """One run over as many processes as it takes."""

    path: Path
    world: World
    steps: Sequence[Step]
    fuse: Fuse
    fence: Fence = field(default_factory=Fence)

    @property
    def clock(self) -> FakeClock:
        return self.world.clock

    def begin(self) -> None:
        with Journal.begin(self.path, cast(Clock, self.clock), Redactor()) as made:
            made.append(Event.OPENED.value, run="r", plan={})
            made.append(Event.LOCKED.value, token=1)

    def process(self, kill_at: int | None, *, backward: bool = False) -> bool:
        """One process; tells whether it came to its end."""
        self.fuse.at, self.fuse.asked = kill_at, 0
        with MortalJournal.resume(self.path, cast(Clock, self.clock), Redactor()) as made:
            made.fuse = self.fuse
            runner = Runner(cast(Any, None), made, self.fence, cast(Clock, self.clock))
            try:
                way = runner.backward if backward else runner.forward
                asyncio.run(way(self.steps, fold(made.records)))
                made.append(Event.CLOSED.value, outcome="completed")
            except (Killed, StepFailed):
                return False
        return True

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(r.event, str(r.data.get("step", ""))) for r in journal.verify(self.path)]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    def made(names: str = "abc", lag: float = 0.0, **more: Any) -> Run:
        fuse = Fuse()
        world = World(FakeClock(), fuse, lag=lag)
        steps = [world.step(name, **more) for name in names]
        run = Run(tmp_path_factory.mktemp("run") / journal.FILE, world, steps, fuse)
        run.begin()
        return run

    return made


def test_steps_are_taken_in_order_and_written_down_before_and_after(make: Callable[..., Run]) -> None:
    run = make("ab")
    assert run.process(None)
    assert run.world.order == ["a", "b"]
    assert run.events[2:] == [
        *((event, "a") for event in ("step-started", "action-started", "action-done", "step-verified")),
        *((event, "b") for event in ("step-started", "action-started", "action-done", "step-verified")),
        ("run-closed", ""),
    ]


@settings(max_examples=80)
@given(
    kills=st.lists(st.integers(1, 40), max_size=6),
    lag=st.sampled_from([0.0, 2.0]),
    failing=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["before", "after"]), max_size=3),
)
def test_whatever_kills_or_fails_it_nothing_is_done_twice(
    make: Callable[..., Run], kills: list[int], lag: float, failing: dict[str, str]
) -> None:
    """RB-REDIS: kills at any moment, each step failing once, and a system that is slow to tell what was done."""
    run = make(lag=lag)
    run.world.fails = dict(failing)
    for kill in kills:
        if run.process(kill):
            break
    else:
        # Each failing step stops a process once.
        ended = any(run.process(None) for _ in range(len(failing) + 1))
        assert ended
    assert run.world.made == {"a": 1, "b": 1, "c": 1}
    assert run.world.order == ["a", "b", "c"]
    assert run.events[-1] == ("run-closed", "")


@settings(max_examples=80)
@given(
    forward=st.integers(1, 45), kills=st.lists(st.integers(1, 25), max_size=4), failing=st.sampled_from(["", "a", "c"])
)
def test_whatever_was_done_is_taken_back_the_last_first(
    make: Callable[..., Run], forward: int, kills: list[int], failing: str
) -> None:
    """An abort, killed at any moment and begun again, leaves nothing."""
    run = make()
    run.world.fails = {failing: "after"} if failing else {}
    if run.process(forward):
        return
    done = list(run.world.order)
    if not any(run.process(kill, backward=True) for kill in kills):
        assert run.process(None, backward=True)
    assert not any(run.world.is_made(name) for name in "abc")
    assert run.world.order == [*done, *(f"-{name}" for name in reversed(done))]


def test_what_cannot_be_taken_back_is_said(make: Callable[..., Run]) -> None:
    run = make("ab", back=False)
    run.world.fails = {"b": "after"}
    assert not run.process(None)
    assert run.process(None, backward=True)
    assert [each for each in run.events if each[0].startswith("undo")] == [
        ("undo-impossible", "b"),
        ("undo-impossible", "a"),
    ]


def test_a_change_that_is_there_already_is_not_made(make: Callable[..., Run]) -> None:
    run = make("a")
    run.world.make("a")
    assert run.process(None)
    assert run.world.made == {"a": 1}
    assert ("step-found", "a") in run.events
    assert ("action-started", "a") not in run.events


def test_what_was_finished_and_is_gone_stops_a_resume(make: Callable[..., Run]) -> None:
    """A resume verifies what was done; it does not do it once more."""
    run = make("ab")
    run.world.fails = {"b": "before"}
    assert not run.process(None)
    run.world.undo("a")
    assert not run.process(None)
    assert run.world.made == {"a": 1}
    assert run.events[-1] == ("step-failed", "a")


def test_the_failure_of_an_advisory_step_is_written_down_and_the_run_goes_on(make: Callable[..., Run]) -> None:
    run = make("ab", criticality=Criticality.ADVISORY)
    run.world.fails = {"a": "before"}
    assert run.process(None)
    assert ("step-failed", "a") in run.events and run.world.made == {"b": 1}


def test_a_precheck_that_refuses_changes_nothing_and_is_not_asked_twice(make: Callable[..., Run]) -> None:
    run = make("a")
    asked: list[str] = []

    async def refuse(_scene: Any) -> None:
        asked.append("a")
        raise Refused("not now")

    run.steps = [replace(run.steps[0], precheck=refuse)]
    assert not run.process(None)
    assert (asked, run.world.made) == (["a"], {})


def test_who_lost_the_lock_changes_nothing_more(make: Callable[..., Run]) -> None:
    """The fence is proven after the intention is on disk and before the change is made."""
    run = make("ab")
    verified = run.steps[0].act.verify

    async def lose(scene: Any) -> Any:
        run.fence.lost = True
        return await verified(scene)

    run.world.work = 0
    run.steps = [replace(run.steps[0], act=replace(run.steps[0].act, verify=lose)), run.steps[1]]
    with pytest.raises(LockLost):
        run.process(None)
    assert run.world.made == {"a": 1}


def test_what_does_not_become_true_in_time_fails(make: Callable[..., Run]) -> None:
    run = make("a")
    run.world.work = 100
    assert not run.process(None)
    assert run.clock.seconds == pytest.approx(30, abs=1)
