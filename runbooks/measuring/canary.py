"""Numbered writes: which of them were acknowledged, and which of those are still there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from runbooks.clock import Clock

ERA = 1_000_000
"""Numbers of one process. Whoever resumes a run goes on in the next era: nobody knows how far the last one came."""


@dataclass
class Canary:
    """Writes one number after the other.

    Attributes:
        acknowledged: Numbers whose write was confirmed, with the moment of that (seconds since the epoch).
    """

    write: Callable[[int], Awaitable[None]]
    clock: Clock
    era: int = 0
    acknowledged: dict[int, float] = field(default_factory=dict)
    _last: int = field(default=0, init=False)

    async def next(self) -> None:
        """Write the next number. One that failed is never used again: it may be there all the same."""
        self._last += 1
        number = self.era * ERA + self._last
        await self.write(number)
        self.acknowledged[number] = self.clock.now().timestamp()

    def as_data(self) -> dict[str, Any]:
        """What is known so far, for the journal."""
        moments = self.acknowledged.values()
        return {
            "era": self.era,
            "acknowledged": [list(pair) for pair in ranges(self.acknowledged)],
            "first": min(moments, default=None),
            "last": max(moments, default=None),
        }


@dataclass(frozen=True)
class Loss:
    """What a disaster cost.

    Attributes:
        acknowledged: How many writes were confirmed.
        lost: How many of those are gone.
        rpo_seconds: From the last confirmed write before which nothing is missing to the beginning of the outage, or to
            the last lost write if that was confirmed later; 0 if nothing is lost.
    """

    acknowledged: int
    lost: int
    rpo_seconds: float


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Numbers as ranges, first and last of each."""
    first = last = None
    for number in sorted(numbers):
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last


def told(records: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """Confirmed numbers from what journals have of them (`Canary.as_data`), the last word of each era.

    Their moments are not in a journal one by one: all of an era count from its first, so that a loss is never told
    smaller than it was.
    """
    eras = {record["era"]: record for record in records}
    return {
        number: record["first"]
        for record in eras.values()
        for first, last in record["acknowledged"]
        for number in range(first, last + 1)
    }


def judge(acknowledged: Mapping[int, float], survivors: Set[int], failed_at: float | None) -> Loss:
    """Hold what was confirmed against what is there.

    Args:
        acknowledged: Numbers and the moments of their confirmation.
        survivors: Numbers that are there; others than confirmed ones do not matter.
        failed_at: When the outage began; `None` if there was none: losses then count up to the last confirmed write.
    """
    lost = sorted(number for number in acknowledged if number not in survivors)
    if not lost:
        return Loss(len(acknowledged), 0, 0.0)
    before = [moment for number, moment in acknowledged.items() if number < lost[0]]
    point = max(before, default=min(acknowledged.values()))
    end = max(failed_at or 0.0, max(acknowledged[number] for number in lost))
    return Loss(len(acknowledged), len(lost), max(0.0, end - point))
