"""A client that asks without pause, and what its answers say of an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from checks.errors import describe
from runbooks.clock import Clock

INTERVAL_SECONDS: Final = 0.1
TIMEOUT_SECONDS: Final = 1.0
GOOD_ANSWERS: Final = 5
"""So many good answers in a row end an outage; it ended with the first of them."""
BAD_ANSWERS: Final = 3
"""With so many failures in a row an outage is noticed; it began with the first of them."""


class Turn(Enum):
    """What an answer changes."""

    BEGAN = "outage-began"
    DETECTED = "outage-detected"
    ENDED = "outage-ended"


@dataclass(frozen=True)
class Sample:
    """One request.

    Attributes:
        began: When it was sent (monotonic seconds).
        ended: When its answer came, or when it was given up.
        error: What went wrong; `None` for a good answer.
    """

    began: float
    ended: float
    error: str | None


@dataclass(frozen=True)
class Told:
    """A turn and its moment.

    Attributes:
        turn: What changed.
        moment: When it did, which may lie before the answer that told of it (monotonic seconds).
        error: The failure that began an outage.
    """

    turn: Turn
    moment: float
    error: str | None = None


class OutageWatch:
    """Finds outages in answers, given in their order. Pure: it neither waits nor looks at a clock."""

    def __init__(self, good_answers: int = GOOD_ANSWERS, bad_answers: int = BAD_ANSWERS, *, down: bool = False) -> None:
        """See `GOOD_ANSWERS` and `BAD_ANSWERS`.

        Args:
            down: An outage is going on that was told of before.
        """
        self._good_needed, self._bad_needed = good_answers, bad_answers
        self._bad = 0
        self._good: list[float] = []
        self._detected = False
        self.down = down
        self.settled = False

    def observe(self, sample: Sample) -> list[Told]:
        """What the next answer changes."""
        return self._failed(sample) if sample.error is not None else self._answered(sample)

    def _failed(self, sample: Sample) -> list[Told]:
        turns = []
        self._good.clear()
        self._bad += 1
        if not self.down:
            self.down, self._detected = True, False
            turns.append(Told(Turn.BEGAN, sample.began, sample.error))
        if self._bad >= self._bad_needed and not self._detected:
            self.settled = self._detected = True
            turns.append(Told(Turn.DETECTED, sample.ended))
        return turns

    def _answered(self, sample: Sample) -> list[Told]:
        self._bad = 0
        self._good.append(sample.ended)
        if len(self._good) < self._good_needed:
            return []
        first, self._good = self._good[0], self._good[-self._good_needed :]
        self.settled = True
        if not self.down:
            return []
        self.down = False
        return [Told(Turn.ENDED, first)]


class Prober:
    """Asks until it is stopped.

    Attributes:
        requests: How many were sent.
        failures: How many of them failed.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[None]],
        clock: Clock,
        tell: Callable[[Told], None],
        *,
        interval: float = INTERVAL_SECONDS,
        timeout: float = TIMEOUT_SECONDS,
        watch: OutageWatch | None = None,
    ) -> None:
        """A prober that does not ask yet.

        Args:
            ask: One request; raises unless the answer is good.
            tell: Told of every turn.
            interval: Seconds from an answer to the next request.
            timeout: Seconds that a request may take.
            watch: Finds the outages.
        """
        self.requests = 0
        self.failures = 0
        self._ask, self._clock, self._tell = ask, clock, tell
        self._interval, self._timeout = interval, timeout
        self._watch = watch or OutageWatch()

    @property
    def is_down(self) -> bool:
        """Whether the last answers were not all good."""
        return self._watch.down

    @property
    def knows(self) -> bool:
        """Whether there were enough answers to tell."""
        return self._watch.settled

    async def run(self, after_each: Callable[[], None]) -> None:
        """Ask without end; what is handed in is called after each answer."""
        while True:
            await self.once()
            after_each()
            await self._clock.sleep(self._interval)

    async def once(self) -> None:
        """Ask once."""
        began = self._clock.monotonic()
        self.requests += 1
        error: str | None = None
        try:
            async with asyncio.timeout(self._timeout):
                await self._ask()
        except TimeoutError:
            error = f"no answer within {self._timeout:g} s"
        except Exception as failure:  # noqa: BLE001 - the store may fail in any way; each is a bad answer
            error = describe(failure)
        self.failures += error is not None
        for turn in self._watch.observe(Sample(began, self._clock.monotonic(), error)):
            self._tell(turn)
