"""A system for runbooks to work on, a clock that nobody waits for, and a process that can be killed anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from runbooks.errors import NotYet
from runbooks.model import Act, Criticality, Progress, Step


class Killed(BaseException):
    """As kill -9 ends a process: nothing of ours may catch it."""


@dataclass
class FakeClock:
    """Time that passes when somebody waits."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Fuse:
    """Kills the process at the given moment of those at which it is asked; never, if that is None."""

    at: int | None = None
    asked: int = 0

    def burn(self) -> None:
        self.asked += 1
        if self.at is not None and self.asked == self.at:
            raise Killed


@dataclass
class World:
    """The live system.

    Attributes:
        lag: Seconds until it tells of a change that was made.
        work: Seconds that a change takes after that.
        made: How often each change was made.
        fails: Steps whose change fails once: before it is made, or after.
    """

    clock: FakeClock
    fuse: Fuse
    lag: float = 0.0
    work: float = 1.0
    made: dict[str, int] = field(default_factory=dict)
    undone: dict[str, int] = field(default_factory=dict)
    fails: dict[str, str] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def is_made(self, name: str) -> bool:
        return self.made.get(name, 0) > self.undone.get(name, 0)

    def progress(self, name: str) -> Progress:
        age = self.clock.seconds - self._since.get(name, 0.0)
        if not self.is_made(name) or age < self.lag:
            return Progress.OPEN
        return Progress.DONE if age >= self.lag + self.work else Progress.UNDERWAY

    def make(self, name: str) -> None:
        when = self.fails.pop(name, "")
        if when == "before":
            raise ConnectionError(f"{name} was refused")
        self.fuse.burn()
        self.made[name] = self.made.get(name, 0) + 1
        self.order.append(name)
        self._since[name] = self.clock.seconds
        self.fuse.burn()
        if when == "after":
            raise ConnectionError(f"the answer to {name} was lost")

    def undo(self, name: str) -> None:
        self.fuse.burn()
        self.undone[name] = self.undone.get(name, 0) + 1
        self.order.append(f"-{name}")
        self.fuse.burn()

    def step(
        self, name: str, *, back: bool = True, criticality: Criticality = Criticality.REQUIRED, gate: bool = False
    ) -> Step:
        async def progress(_scene: Any) -> Progress:
            self.fuse.burn()
            return self.progress(name)

        async def verify(_scene: Any) -> Mapping[str, Any]:
            self.fuse.burn()
            if not gate and self.progress(name) is not Progress.DONE:
                raise NotYet(f"{name} is not there")
            return {"there": name}

        async def run(_scene: Any) -> None:
            self.make(name)

        async def is_undone(_scene: Any) -> Progress:
            self.fuse.burn()
            return Progress.OPEN if self.is_made(name) else Progress.DONE

        async def gone(_scene: Any) -> Mapping[str, Any]:
            self.fuse.burn()
            if self.is_made(name):
                raise NotYet(f"{name} is still there")
            return {}

        async def undo(_scene: Any) -> None:
            self.undo(name)

        return Step(
            name=name,
            title=f"Make {name}",
            act=Act(progress=progress, verify=verify, run=None if gate else run, by_hand=(f"make {name}",)),
            undo=Act(progress=is_undone, verify=gone, run=undo, by_hand=(f"unmake {name}",)) if back else None,
            no_way_back="" if back else "it is harmless.",
            expected_seconds=1,
            timeout_seconds=30,
            settle_seconds=5,
            criticality=criticality,
        )
