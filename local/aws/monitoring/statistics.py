"""Statistics of data points: what CloudWatch makes of the values in a period."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from local.aws.monitoring.store import Point

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")

_SIMPLE: Mapping[str, Callable[[Sequence[Point]], float]] = {
    "SampleCount": lambda points: sum(point.samples for point in points),
    "Sum": lambda points: sum(point.total for point in points),
    "Average": lambda points: sum(point.total for point in points) / sum(point.samples for point in points),
    "Minimum": lambda points: min(point.low for point in points),
    "Maximum": lambda points: max(point.high for point in points),
}
STATISTICS = frozenset(_SIMPLE)
"""The statistics that are no percentiles."""


class NoStatistic(Exception):
    """The local platform does not compute this statistic; the message is its name."""


def is_statistic(name: str) -> bool:
    """Whether it is one that is computed here."""
    return name in _SIMPLE or _PERCENTILE.fullmatch(name) is not None


def statistic(name: str, points: Sequence[Point]) -> float | None:
    """The statistic of a period's points; None if there are none, or it cannot be told from them.

    Args:
        name: As CloudWatch names it: `Average`, `p99`, `p99.9`.
        points: Of the period.

    Raises:
        NoStatistic: it is not computed here.
    """
    if not is_statistic(name):
        raise NoStatistic(name)
    counted = [point for point in points if point.samples > 0]
    if not counted:
        return None
    if name in _SIMPLE:
        return _SIMPLE[name](counted)
    return _percentile(float(name[1:]), counted)


def _percentile(percent: float, points: Sequence[Point]) -> float | None:
    """The smallest value that at least this share of the values does not exceed.

    A statistic set has percentiles only if its values are one and the same, or there is only one (CloudWatch User
    Guide, Percentiles).
    """
    if any(point.low != point.high for point in points):
        return None
    ordered = sorted(points, key=lambda point: point.low)
    rank = max(1, math.ceil(percent / 100 * sum(point.samples for point in ordered)))
    seen = 0.0
    for point in ordered:
        seen += point.samples
        if seen >= rank:
            return point.low
    return ordered[-1].low
