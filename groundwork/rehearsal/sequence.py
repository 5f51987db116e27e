"""The order of a rehearsal: one promise after the other, the first broken one ends it, cleaning up is always done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What became of a step."""

    KEPT = "kept"
    BROKEN = "broken"
    INTERRUPTED = "interrupted"
    NOT_REACHED = "not reached"


class Broken(Exception):
    """Raised by a step whose promise is not kept; the message says what was seen instead."""


@dataclass(frozen=True)
class Step:
    """One step, to be done.

    Attributes:
        name: One or two words.
        promise: What holds afterwards.
        act: Does it and returns what was seen, in a line.
        cleans: Whether it is part of cleaning up, and so is done whatever happened before.
    """

    name: str
    promise: str
    act: Callable[[], str]
    cleans: bool = False


@dataclass(frozen=True)
class Done:
    """What a step came to.

    Attributes:
        seconds: How long it took; 0 for one that was not reached.
        detail: What was seen, or why the promise is broken.
    """

    name: str
    promise: str
    outcome: Outcome
    seconds: float
    detail: str


def perform(
    steps: Sequence[Step],
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> list[Done]:
    """Do the steps in their order.

    A broken promise or an interruption ends the rehearsal, and then only what cleans up is done. If that fails too, the
    rest is not reached.

    Args:
        steps: Those that clean up last.
        tell: Told each step as it begins.
        clock: Seconds.
    """
    done: list[Done] = []
    ended = stuck = False
    for step in steps:
        if stuck or (ended and not step.cleans):
            done.append(Done(step.name, step.promise, Outcome.NOT_REACHED, 0.0, ""))
            continue
        tell(step.name)
        began = clock()
        outcome, detail = _attempt(step)
        done.append(Done(step.name, step.promise, outcome, clock() - began, detail))
        if outcome is not Outcome.KEPT:
            ended, stuck = True, step.cleans
    return done


def _attempt(step: Step) -> tuple[Outcome, str]:
    try:
        return Outcome.KEPT, step.act()
    except Broken as broken:
        return Outcome.BROKEN, str(broken)
    except KeyboardInterrupt:
        return Outcome.INTERRUPTED, "interrupted"


def exit_code(done: Sequence[Done]) -> int:
    """0 when every promise was kept, 130 when somebody interrupted, 1 otherwise."""
    outcomes = {each.outcome for each in done}
    if outcomes == {Outcome.KEPT}:
        return 0
    return 1 if Outcome.BROKEN in outcomes else 130
