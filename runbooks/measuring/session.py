"""Measuring while a run goes on: a prober whose requests are canary writes, told to the journal as it goes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from checks.errors import describe
from runbooks.clock import Clock, written
from runbooks.history import Event, History, fold
from runbooks.journal import Journal
from runbooks.measuring import canary, measurement
from runbooks.measuring.canary import Canary
from runbooks.measuring.prober import OutageWatch, Prober, Told, Turn
from runbooks.model import Probe
from runbooks.objectives import breaches

_BASELINE_SECONDS: Final = 10.0
_RECOVERY_SECONDS: Final = 60.0
_KEEP_SECONDS: Final = 2.0
"""How often the journal is told which writes were confirmed: a killed process forgets no more than that."""
_POLL_SECONDS: Final = 0.05
_UNSEEN: Final = "nobody was looking: the run was interrupted during a change"


class Session:
    """The measurement of one run by one process."""

    def __init__(self, probe: Probe, journal: Journal, clock: Clock) -> None:
        """Use `measuring`."""
        history = fold(journal.records)
        self._probe, self._journal, self._clock = probe, journal, clock
        self._assume_outage(history)
        watch = OutageWatch(down=measurement.is_down(journal.records))
        self._canary = Canary(probe.write, clock, era=history.interruptions)
        self._prober = Prober(self._canary.next, clock, self._tell, watch=watch)
        self._kept = clock.monotonic()

    async def work(self) -> None:
        """Ask without end."""
        await self._prober.run(self._keep_sometimes)

    async def baseline(self) -> None:
        """Wait until it is known whether the store answers at all, so that a failure has a beginning."""
        await self._wait(lambda: self._prober.knows, _BASELINE_SECONDS)

    async def result(self, objective: Mapping[str, Any] | None) -> None:
        """Wait for the end of the outage, count what survived, and write down what was measured."""
        await self._wait(lambda: self._prober.knows and not self._prober.is_down, _RECOVERY_SECONDS)
        self._keep()
        records = self._journal.records
        kept = [record.data for record in records if record.event == Event.CANARY]
        acknowledged = canary.told(kept) | self._canary.acknowledged
        survivors = await self._survivors()
        loss = (
            None
            if survivors is None
            else canary.judge(acknowledged, survivors, measurement.first_failure(self._journal.records))
        )
        found = measurement.times(self._journal.records)
        self._journal.append(
            Event.MEASURED.value,
            **measurement.measured(found, loss),
            requests=self._prober.requests,
            failures=self._prober.failures,
            objective=objective,
            breaches=breaches(objective, found.rto, loss.rpo_seconds if loss else None),
        )

    async def _survivors(self) -> set[int] | None:
        """What is there; `None` if nobody tells within the time of a recovery."""
        deadline = self._clock.monotonic() + _RECOVERY_SECONDS
        while True:
            try:
                return set(await self._probe.survivors())
            except Exception as error:  # noqa: BLE001 - whatever it is, it is asked again for a while
                if self._clock.monotonic() >= deadline:
                    self._journal.append("survivors-unknown", error=describe(error))
                    return None
            await self._clock.sleep(_POLL_SECONDS * 10)

    async def _wait(self, condition: Any, seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while not condition() and self._clock.monotonic() < deadline:
            await self._clock.sleep(_POLL_SECONDS)

    def _tell(self, told: Told) -> None:
        age = timedelta(seconds=self._clock.monotonic() - told.moment)
        data = {"moment": written(self._clock.now() - age)}
        if told.turn is Turn.BEGAN:
            self._keep()
        self._journal.append(told.turn.value, **data, **({"error": told.error} if told.error else {}))

    def _keep_sometimes(self) -> None:
        if self._clock.monotonic() - self._kept >= _KEEP_SECONDS:
            self._keep()

    def _keep(self) -> None:
        self._kept = self._clock.monotonic()
        self._journal.append(Event.CANARY.value, **self._canary.as_data())

    def _assume_outage(self, history: History) -> None:
        """After an interruption in a change, what nobody saw counts as an outage, from the last line on."""
        changing = any(past.intended and not past.verified for past in history.steps.values())
        if history.interruptions and changing and not measurement.is_down(self._journal.records):
            before = [r for r in self._journal.records if r.event not in (Event.RESUMED, Event.LOCKED)]
            self._journal.append(Turn.BEGAN.value, moment=before[-1].at, error=_UNSEEN)


@asynccontextmanager
async def measuring(probe: Probe, journal: Journal, clock: Clock) -> AsyncIterator[Session]:
    """Measure while the block runs."""
    session = Session(probe, journal, clock)
    working = asyncio.create_task(session.work())
    try:
        await session.baseline()
        yield session
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
