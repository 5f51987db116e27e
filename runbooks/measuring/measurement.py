"""Recovery time and lost data of a run, from what its journal has of outages and canaries. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbooks.chain import Record
from runbooks.clock import read
from runbooks.history import Event
from runbooks.measuring.canary import Loss
from runbooks.measuring.prober import Turn


@dataclass(frozen=True)
class Times:
    """Where the time of an outage went; each in seconds.

    Attributes:
        rto: From the first failed request to the first of so many good ones, of the last outage if there were several;
            0 if no request failed; `None` if the outage is not over.
        detection: From the first failure until it was noticed; `None` if it was over before.
        decision: From then until the first change was begun; `None` if the change came first, as in a drill.
        repair: The rest.
        outages: How many there were.
        interrupted: The process that measured was killed and resumed meanwhile: what it did not see counts as outage,
            so that RTO is an upper bound.
    """

    rto: float | None
    detection: float | None
    decision: float | None
    repair: float | None
    outages: int
    interrupted: bool

    def as_data(self) -> dict[str, Any]:
        """As the journal has it."""
        return {
            "rtoSeconds": _rounded(self.rto),
            "detectionSeconds": _rounded(self.detection),
            "decisionSeconds": _rounded(self.decision),
            "repairSeconds": _rounded(self.repair),
            "outages": self.outages,
            "interrupted": self.interrupted,
        }


def times(records: Sequence[Record]) -> Times:
    """The times that a journal tells."""
    began = _moments(records, Turn.BEGAN)
    if not began:
        return Times(0.0, None, None, None, 0, _interrupted(records))
    ended, detected = _moments(records, Turn.ENDED), _moments(records, Turn.DETECTED)
    acting = [read(record.at).timestamp() for record in records if record.event == Event.ACTING]
    first = began[0]
    over = ended[-1] if ended and ended[-1] >= began[-1] else None
    noticed = min((moment for moment in detected if moment >= first), default=None)
    changed = acting[0] if acting else None
    decision = changed - noticed if changed is not None and noticed is not None and changed >= noticed else None
    rto = None if over is None else over - first
    detection = None if noticed is None else noticed - first
    return Times(
        rto=rto,
        detection=detection,
        decision=decision,
        repair=None if rto is None else rto - (detection or 0.0) - (decision or 0.0),
        outages=len(began),
        interrupted=_interrupted(records),
    )


def first_failure(records: Sequence[Record]) -> float | None:
    """When the first outage began (seconds since the epoch)."""
    return min(_moments(records, Turn.BEGAN), default=None)


def is_down(records: Sequence[Record]) -> bool:
    """Whether an outage has begun that is not over."""
    return len(_moments(records, Turn.BEGAN)) > len(_moments(records, Turn.ENDED))


def measured(found: Times, loss: Loss | None) -> Mapping[str, Any]:
    """Both, as the journal has them."""
    return {
        **found.as_data(),
        "acknowledgedWrites": loss.acknowledged if loss else None,
        "lostWrites": loss.lost if loss else None,
        "rpoSeconds": _rounded(loss.rpo_seconds) if loss else None,
    }


def _moments(records: Sequence[Record], turn: Turn) -> list[float]:
    return [read(record.data["moment"]).timestamp() for record in records if record.event == turn.value]


def _interrupted(records: Sequence[Record]) -> bool:
    """Whether a resume came after the first turn of an outage, or after the first change."""
    seen = False
    for record in records:
        if record.event in (Turn.BEGAN.value, Event.ACTING):
            seen = True
        elif record.event == Event.RESUMED and seen:
            return True
    return False


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
