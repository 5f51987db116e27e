"""What a journal says has happened: folded from its records, so that a resume knows what the killed process knew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from runbooks.chain import Record
from runbooks.errors import RunbookError
from runbooks.journal import CLOSED


class Event(StrEnum):
    """What a record may say."""

    OPENED = "run-opened"
    LOCKED = "lock-taken"
    RESUMED = "run-resumed"
    ABORTING = "abort-started"
    STARTED = "step-started"
    FOUND = "step-found"
    ACTING = "action-started"
    ACTED = "action-done"
    VERIFIED = "step-verified"
    REVERIFIED = "step-reverified"
    FAILED = "step-failed"
    UNDOING = "undo-started"
    UNDO_ACTED = "undo-done"
    UNDONE = "undo-verified"
    NOT_UNDONE = "undo-impossible"
    UNDO_FAILED = "undo-failed"
    STOPPED = "run-stopped"
    CANARY = "canary"
    MEASURED = "measured"
    CLOSED = CLOSED


@dataclass(frozen=True)
class StepPast:
    """What happened to one step.

    Attributes:
        intended: Its change was begun at least once: it may have been made.
        acted: Its change was made, as far as the last call's answer tells, and no failure came after it.
        verified: It is finished.
        failed: It failed the last time; the failure's text.
        undone: It was taken back, or cannot be.
    """

    intended: bool = False
    acted: bool = False
    verified: bool = False
    failed: str | None = None
    undone: bool = False


@dataclass(frozen=True)
class History:
    """A run so far.

    Attributes:
        opened: The first record's data: the plan, who approved it, versions.
        steps: By name; a step that nothing happened to is not there.
        aborting: An abort was begun: there is no way back to going on.
        closed: The outcome; `None` while the run is open.
        interruptions: How often it was resumed.
        token: The last fencing token; 0 while there is none.
    """

    opened: Mapping[str, Any]
    steps: Mapping[str, StepPast] = field(default_factory=dict)
    aborting: bool = False
    closed: str | None = None
    interruptions: int = 0
    token: int = 0

    def step(self, name: str) -> StepPast:
        """What happened to a step."""
        return self.steps.get(name, StepPast())


def fold(records: Sequence[Record]) -> History:
    """The history that records tell.

    Raises:
        RunbookError: the first one does not open a run: the process was killed before anything was done.
    """
    if not records or records[0].event != Event.OPENED:
        raise RunbookError("the journal does not begin with a run: nothing was done; plan and apply again")
    history = History(opened=records[0].data)
    for record in records[1:]:
        history = _after(history, record)
    return history


def _after(history: History, record: Record) -> History:
    match record.event:
        case Event.RESUMED:
            return replace(history, interruptions=history.interruptions + 1)
        case Event.LOCKED:
            return replace(history, token=int(record.data["token"]))
        case Event.ABORTING:
            return replace(history, aborting=True)
        case Event.CLOSED:
            return replace(history, closed=str(record.data["outcome"]))
    name = record.data.get("step")
    if not isinstance(name, str):
        return history
    return replace(history, steps={**history.steps, name: _step_after(history.step(name), record)})


def _step_after(past: StepPast, record: Record) -> StepPast:
    match record.event:
        case Event.ACTING:
            return replace(past, intended=True, acted=False, failed=None)
        case Event.ACTED:
            return replace(past, acted=True)
        case Event.VERIFIED | Event.REVERIFIED:
            return replace(past, verified=True, failed=None)
        case Event.FAILED:
            # What failed after its change was made may have to be changed again.
            return replace(past, acted=False, failed=str(record.data["error"]))
        case Event.UNDONE | Event.NOT_UNDONE:
            return replace(past, undone=True)
    return past
