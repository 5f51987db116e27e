"""Data points of metrics: what was put, kept for three hours.

CloudWatch keeps data points of a second for three hours and rolls them up after that (CloudWatch User Guide, Metrics
retention). Here they end with the three hours, and with the process: they are no state, so they are kept apart from
moto's models, which are.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from local.aws.errors import Refused

KEPT = 3 * 3600
"""Seconds that a data point is kept."""
MOST_METRICS = 10_000
"""Metrics of a region."""
MOST_POINTS = 20_000
"""Data points of a metric; with more, the oldest go."""

_FUTURE = 2 * 3600
"""Seconds that a data point may lie ahead (CloudWatch API Reference, PutMetricData)."""


@dataclass(frozen=True)
class Metric:
    """What a metric is known by."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


class Point(NamedTuple):
    """One data point: a value that was put once or more often, or a statistic set.

    Attributes:
        time: Seconds since the epoch.
        samples: How many values it stands for.
        total: Their sum.
    """

    time: float
    samples: float
    total: float
    low: float
    high: float

    @classmethod
    def of(cls, time: float, value: float, samples: float = 1.0) -> Point:
        """A value that was seen this often."""
        return cls(time, samples, value * samples, value, value)


@dataclass
class _Series:
    """Points in the order of their time, column by column: a tenth of what objects would take."""

    times: array[float] = field(default_factory=lambda: array("d"))
    columns: tuple[array[float], ...] = field(default_factory=lambda: tuple(array("d") for _ in range(4)))

    def add(self, point: Point) -> None:
        place = bisect_right(self.times, point.time)
        self.times.insert(place, point.time)
        for column, value in zip(self.columns, point[1:], strict=True):
            column.insert(place, value)

    def drop(self, before: float) -> None:
        gone = max(bisect_left(self.times, before), len(self.times) - MOST_POINTS)
        if gone > 0:
            del self.times[:gone]
            for column in self.columns:
                del column[:gone]

    def between(self, start: float, end: float) -> Iterator[Point]:
        for place in range(bisect_left(self.times, start), bisect_left(self.times, end)):
            yield Point(self.times[place], *(column[place] for column in self.columns))


class MetricStore:
    """A region's data points. Threads may share it; it has a lock of its own.

    Args:
        began: Since when it has been there; what was put before is not known.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self._series: dict[Metric, dict[str | None, _Series]] = {}
        self._lock = threading.Lock()

    def add(self, metric: Metric, unit: str | None, points: Sequence[Point], now: float) -> None:
        """Keep the points; those that are too old already are not kept.

        Raises:
            Refused: there are too many metrics.
        """
        kept = [point for point in points if now - KEPT <= point.time <= now + _FUTURE]
        if not kept:
            return
        with self._lock:
            if metric not in self._series and len(self._series) >= MOST_METRICS:
                raise Refused(f"more than {MOST_METRICS} metrics in a region", "They are dropped after three hours.")
            series = self._series.setdefault(metric, {}).setdefault(unit, _Series())
            for point in kept:
                series.add(point)
            series.drop(now - KEPT)

    def forget(self, now: float) -> None:
        """Drop what is too old, and metrics of which nothing is left."""
        with self._lock:
            for metric, units in list(self._series.items()):
                for unit, series in list(units.items()):
                    series.drop(now - KEPT)
                    if not series.times:
                        del units[unit]
                if not units:
                    del self._series[metric]

    def metrics(self) -> list[Metric]:
        """Every metric that has a data point, in the order of their first one."""
        with self._lock:
            return list(self._series)

    def read(self, metric: Metric, start: float, end: float) -> dict[str | None, list[Point]]:
        """The metric's points from `start` until before `end`, by unit, oldest first; without empty units."""
        with self._lock:
            found = {unit: list(series.between(start, end)) for unit, series in self._series.get(metric, {}).items()}
        return {unit: points for unit, points in found.items() if points}

    def size(self) -> int:
        """How many points there are."""
        with self._lock:
            return sum(len(series.times) for units in self._series.values() for series in units.values())
