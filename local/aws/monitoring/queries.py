"""Metric data queries: metrics and expressions over them, on a grid of periods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from local.aws.monitoring.expressions import Series, Unsupported, evaluate, references
from local.aws.monitoring.statistics import NoStatistic, is_statistic, statistic
from local.aws.monitoring.store import Metric, Point

Read = Callable[[Metric, float, float], Mapping[str | None, list[Point]]]
"""The points of a metric from a time until before another, by unit, oldest first."""


@dataclass(frozen=True)
class Stat:
    """A statistic of a metric.

    Attributes:
        period: Seconds.
        unit: Only points that were put with it count; None: all.
    """

    metric: Metric
    period: int
    statistic: str
    unit: str | None = None


@dataclass(frozen=True)
class Query:
    """One query: a statistic, or an expression over other queries."""

    id: str
    stat: Stat | None = None
    expression: str | None = None
    returned: bool = True


@dataclass(frozen=True)
class Grid:
    """Periods in a row.

    Attributes:
        start: Of the first one, seconds since the epoch.
        period: Seconds.
    """

    start: float
    period: int
    count: int

    @property
    def end(self) -> float:
        """Of the last period."""
        return self.start + self.count * self.period

    def time(self, place: int) -> float:
        """When a period begins."""
        return self.start + place * self.period

    def split(self, points: Sequence[Point]) -> Iterator[list[Point]]:
        """The points of each period."""
        periods: list[list[Point]] = [[] for _ in range(self.count)]
        for point in points:
            place = int((point.time - self.start) // self.period)
            if 0 <= place < self.count:
                periods[place].append(point)
        return iter(periods)


def points_of(read: Read, stat: Stat, grid: Grid) -> list[Point]:
    """The points that a statistic is computed from, oldest first."""
    found = read(stat.metric, grid.start, grid.end)
    wanted = [found.get(stat.unit, [])] if stat.unit else list(found.values())
    return sorted((point for points in wanted for point in points), key=lambda point: point.time)


def series(read: Read, queries: Sequence[Query], wanted: str, grid: Grid) -> Series:
    """What one of the queries comes to.

    Args:
        read: Where points come from.
        queries: All of them: expressions refer to each other.
        wanted: ID of the one that is asked for.
        grid: Its periods.

    Raises:
        Unsupported: it cannot be computed here.
    """
    by_id = {query.id: query for query in queries}
    under_way: list[str] = []

    def of(identifier: str) -> Series:
        query = by_id[identifier]
        if identifier in under_way:
            raise Unsupported(f"the expression {query.expression} refers to itself")
        if query.stat is not None:
            if query.stat.period != grid.period:
                raise Unsupported("metrics of different periods in one expression")
            return statistics(read, query.stat, grid)
        under_way.append(identifier)
        found = evaluate(query.expression or "", of, grid.count)
        under_way.pop()
        return found

    return of(wanted)


def statistics(read: Read, stat: Stat, grid: Grid) -> Series:
    """The statistic of each period.

    Raises:
        Unsupported: it is not computed here.
    """
    try:
        return [statistic(stat.statistic, points) for points in grid.split(points_of(read, stat, grid))]
    except NoStatistic as error:
        raise Unsupported(f"the statistic {error}") from None


def period_of(queries: Sequence[Query], wanted: str) -> int:
    """Period of what a query is computed from, seconds.

    Raises:
        Unsupported: it is computed from no metric, or from metrics of different periods.
    """
    by_id = {query.id: query for query in queries}
    found: set[int] = set()
    seen: set[str] = set()
    open_ = [wanted]
    while open_:
        identifier = open_.pop()
        query = by_id.get(identifier)
        if query is None or identifier in seen:
            continue
        seen.add(identifier)
        if query.stat is not None:
            found.add(query.stat.period)
        else:
            open_ += references(query.expression or "")
    if len(found) != 1:
        raise Unsupported("metrics of different periods in one expression" if found else "an expression of no metric")
    return found.pop()


def check_statistics(queries: Sequence[Query]) -> str | None:
    """A statistic among them that is not computed here; None if all are."""
    names = (query.stat.statistic for query in queries if query.stat is not None)
    return next((name for name in names if not is_statistic(name)), None)
