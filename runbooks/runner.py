"""Takes steps, one after the other, and takes them back: what is done is looked for first, and written down first.

Whatever kills the process, the journal and the live system together say what was done:

- a change is made only after the journal has on disk that it will be, under a lock that was just proven;
- a change whose answer nobody saw is looked for, for as long as the live system may take to tell of it, before it is
  made again;
- what was finished is verified again by every resume.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from checks.errors import describe
from runbooks.clock import Clock
from runbooks.cloud import Undeclared
from runbooks.errors import LockLost, NotYet, Refused, StepFailed
from runbooks.history import Event, History, StepPast
from runbooks.journal import Journal
from runbooks.model import Act, Criticality, Progress, Step
from runbooks.scene import Scene

POLL_SECONDS: Final = 0.25
_FINAL: Final = (LockLost, Refused, Undeclared)
"""What no second attempt cures."""

T = TypeVar("T")


class Fence(Protocol):
    """The lock, as the runner sees it."""

    def check(self) -> None:
        """Raise `LockLost` if it is known to be lost."""

    async def prove(self) -> None:
        """Raise `LockLost` unless it is still held, now."""


class Runner:
    """Runs the steps of one run."""

    def __init__(self, scene: Scene, journal: Journal, fence: Fence, clock: Clock) -> None:
        """A runner whose steps write to this journal, as long as the lock is held."""
        self._scene, self._journal, self._fence, self._clock = scene, journal, fence, clock

    async def forward(self, steps: Sequence[Step], history: History) -> None:
        """Take what is left of the steps.

        Raises:
            StepFailed: a required step failed; the run stays open.
            LockLost: somebody else has the stack.
        """
        for step in steps:
            past = history.step(step.name)
            try:
                async with asyncio.timeout(step.timeout_seconds):
                    if past.verified:
                        await self._again(step)
                    else:
                        await self._take(step, past)
            except LockLost:
                raise
            except Exception as error:  # noqa: BLE001 - systems may fail in any way; each is a failed step
                self._failed(step, error)

    async def backward(self, steps: Sequence[Step], history: History) -> None:
        """Take back what was begun, the last first.

        Raises:
            StepFailed: a step could not be taken back; the run stays open.
            LockLost: somebody else has the stack.
        """
        for step in reversed(steps):
            past = history.step(step.name)
            if not past.intended or past.undone:
                continue
            try:
                async with asyncio.timeout(step.timeout_seconds):
                    await self._take_back(step)
            except LockLost:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                text = _told(error, step)
                self._write(Event.UNDO_FAILED, step, error=text)
                raise StepFailed(f"step {step.name} could not be taken back: {text}") from None

    async def _take(self, step: Step, past: StepPast) -> None:
        began = self._clock.monotonic()
        self._write(Event.STARTED, step)
        if step.act.changes and not past.acted:
            progress = await self._progress(step, step.act, past.intended)
            if progress is Progress.OPEN:
                await self._change(step, step.act, Event.ACTING, Event.ACTED, step.precheck)
            else:
                self._write(Event.FOUND, step, progress=progress.value)
        elif step.precheck is not None and not step.act.changes:
            await step.precheck(self._scene)
        evidence = await self._until(step, lambda: step.act.verify(self._scene))
        seconds = round(self._clock.monotonic() - began, 3)
        self._write(Event.VERIFIED, step, evidence=dict(evidence), seconds=seconds)

    async def _again(self, step: Step) -> None:
        """Verify what was finished before an interruption; it is not done again."""
        evidence = await self._until(step, lambda: step.act.verify(self._scene))
        self._write(Event.REVERIFIED, step, evidence=dict(evidence))

    async def _take_back(self, step: Step) -> None:
        if step.undo is None:
            self._write(Event.NOT_UNDONE, step, reason=step.no_way_back)
            return
        if await self._progress(step, step.undo, False) is Progress.OPEN:
            await self._change(step, step.undo, Event.UNDOING, Event.UNDO_ACTED, None)
        undo = step.undo
        evidence = await self._until(step, lambda: undo.verify(self._scene))
        self._write(Event.UNDONE, step, evidence=dict(evidence))

    async def _progress(self, step: Step, act: Act, unanswered: bool) -> Progress:
        """How far a change has come; one that nobody saw answered gets time to show."""
        deadline = self._clock.monotonic() + (step.settle_seconds if unanswered else 0.0)
        while True:
            progress = await self._until(step, lambda: act.progress(self._scene))
            if progress is not Progress.OPEN or self._clock.monotonic() >= deadline:
                return progress
            await self._clock.sleep(POLL_SECONDS)

    async def _change(
        self,
        step: Step,
        act: Act,
        before: Event,
        after: Event,
        precheck: Callable[[Scene], Awaitable[None]] | None,
    ) -> None:
        if precheck is not None:
            await precheck(self._scene)
        self._write(before, step)
        # After the intention is on disk and as late as can be: from here to the change nothing waits.
        await self._fence.prove()
        if act.run is not None:
            await act.run(self._scene)
        for call in act.calls:
            await self._scene.cloud.ask(call.service, call.operation, call.region, **call.parameters)
        self._write(after, step)

    async def _until(self, step: Step, ask: Callable[[], Awaitable[T]]) -> T:
        """What a question gets answered with, asked again while it does not hold or cannot be asked."""
        deadline = self._clock.monotonic() + step.timeout_seconds
        while True:
            self._fence.check()
            try:
                return await ask()
            except _FINAL:
                raise
            except NotYet as error:
                why = str(error)
            except Exception as error:  # noqa: BLE001 - a system in repair may fail in any way, for a while
                why = describe(error)
            if self._clock.monotonic() >= deadline:
                raise StepFailed(f"not within {step.timeout_seconds:g} s: {why}")
            await self._clock.sleep(POLL_SECONDS)

    def _failed(self, step: Step, error: Exception) -> None:
        text = _told(error, step)
        self._write(Event.FAILED, step, error=text, criticality=step.criticality.value)
        if step.criticality is Criticality.REQUIRED:
            raise StepFailed(f"step {step.name} failed: {text}") from None

    def _write(self, event: Event, step: Step, **data: Any) -> Mapping[str, Any]:
        self._fence.check()
        return self._journal.append(event.value, step=step.name, **data).data


def _told(error: Exception, step: Step) -> str:
    if isinstance(error, TimeoutError):
        return f"not done within {step.timeout_seconds:g} s"
    return str(error) if isinstance(error, (StepFailed, *_FINAL)) else describe(error)
