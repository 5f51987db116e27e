"""When a metric alarm is in which state: M out of N data points, and what missing ones count for.

CloudWatch User Guide, Alarm evaluation, and Configuring how CloudWatch alarms treat missing data.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]

EXTRA = 2
"""Data points that are looked at beyond the evaluation periods, for the case that newer ones are missing. CloudWatch
leaves the number open; its examples have this one."""

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class Criteria:
    """What an alarm asks of its data points.

    Attributes:
        periods: N, of which `to_alarm` (M) have to breach.
        missing: What a data point that is not there counts for.
    """

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: Missing = "missing"

    @property
    def range(self) -> int:
        """Number of data points that are looked at."""
        return self.periods + EXTRA

    def breaches(self, value: float) -> bool:
        """Whether the value is on the bad side."""
        return OPERATORS[self.comparison](value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """What became of an evaluation.

    Attributes:
        state: The alarm's state; None: the one that it has.
        points: Places of the data points that decided, oldest first.
        filled: How many missing data points were treated as something.
    """

    state: State | None
    points: tuple[int, ...]
    filled: int


def judge(values: Sequence[float | None], criteria: Criteria) -> Verdict:
    """Judge the data points of the evaluation range.

    Args:
        values: One for each period, oldest first, None where there is none; `criteria.range` of them.
        criteria: The alarm's.
    """
    known = [place for place, value in enumerate(values) if value is not None]
    deciding = tuple(known[-criteria.periods :])
    filled = criteria.periods - len(deciding)
    breaching = sum(_breaches(values[place], criteria) for place in deciding)
    if criteria.missing == "breaching":
        breaching += filled
    if breaching >= criteria.to_alarm:
        return Verdict("ALARM", deciding, filled)
    if filled == 0 or criteria.missing in ("breaching", "notBreaching"):
        return Verdict("OK", deciding, filled)
    if not known:
        return Verdict(None if criteria.missing == "ignore" else "INSUFFICIENT_DATA", (), filled)
    if breaching < len(deciding):
        return Verdict("OK", deciding, filled)
    # All that is known is bad, and it is too little; but it may have begun long enough ago.
    early = criteria.missing == "missing" and len(values) - known[0] >= criteria.to_alarm
    return Verdict("ALARM" if early else None, deciding, filled)


def _breaches(value: float | None, criteria: Criteria) -> bool:
    return value is not None and criteria.breaches(value)
