"""How long the schedule of an AWS Backup rule may leave a store without a newer recovery point."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]+))?")

_HOUR = 60
_DAY = 24 * _HOUR
_CYCLE = (datetime.date(2001, 1, 1), datetime.date(2029, 1, 1))
"""After 28 years the calendar repeats itself, until 2100."""

DayTest = Callable[[datetime.date], bool]


@dataclass(frozen=True)
class Schedule:
    """When a backup rule starts its jobs: the same minutes of the day, in UTC, on the days of a calendar.

    Attributes:
        minutes: Minutes of the day, ascending.
        days: Days of one calendar cycle as ordinals, ascending; the first day after the cycle repeats the first.
    """

    minutes: tuple[int, ...]
    days: tuple[int, ...]

    @property
    def longest_gap(self) -> int:
        """Minutes between two starts, at most."""
        return max(self._gaps(max))

    @property
    def shortest_gap(self) -> int:
        """Minutes between two starts, at least."""
        return min(self._gaps(min))

    def _gaps(self, pick: Callable[[Iterator[int]], int]) -> list[int]:
        cycle = (_CYCLE[1] - _CYCLE[0]).days
        overnight = pick(later - earlier for earlier, later in pairwise([*self.days, self.days[0] + cycle]))
        within = [later - earlier for earlier, later in pairwise(self.minutes)]
        return [*within, overnight * _DAY - (self.minutes[-1] - self.minutes[0])]

    def starts_of_week(self) -> set[int]:
        """Minutes since Monday 00:00 at which jobs start in some week of the calendar."""
        weekdays = {datetime.date.fromordinal(day).weekday() for day in self.days}
        return {day * _DAY + minute for day in weekdays for minute in self.minutes}


@cache
def parse(expression: str) -> Schedule:
    """Read an expression such as `cron(0 5 ? * * *)`, in the form that AWS Backup has: six fields, in UTC.

    Lists, ranges, steps, English names, the last day of the month (`L`) and the n-th weekday of a month (`MON#1`) are
    understood; the nearest weekday (`W`) is not. Days of the week count from Sunday, which is 1.

    Raises:
        ValueError: it is no such expression, names a day that never comes, or ends with a year.
    """
    match = re.fullmatch(r"cron\(([^()]*)\)", expression)
    if match is None:
        raise ValueError("is no schedule of AWS Backup, which knows cron(…) only: write one such as cron(0 5 ? * * *)")
    fields = match.group(1).split()
    if len(fields) != 6:
        raise ValueError(
            f"has {len(fields)} fields, not the six of minute, hour, day of the month, month, day of the week, year"
        )
    minute, hour, of_month, month, of_week, year = fields
    if year != "*":
        raise ValueError("names years, after which nothing is backed up any more: write * for the year")
    if (of_month == "?") == (of_week == "?"):
        raise ValueError("has to have ? in exactly one of day of the month and day of the week")
    minutes = tuple(
        sorted(h * _HOUR + m for h in _numbers(hour, "hour", 0, 23) for m in _numbers(minute, "minute", 0, 59))
    )
    days = tuple(_days(_numbers(month, "month", 1, 12, _MONTHS), of_month, of_week))
    if not days:
        raise ValueError("names a day that never comes")
    return Schedule(minutes, days)


def worst_case_minutes(schedule: Schedule, start_window: int, completion_window: int) -> int:
    """Minutes of data that a restore may lose at worst.

    A recovery point holds what was there when its job started. The last one that there is may have started as soon as
    its schedule came, and the next one as late as its start window allows; until that one is completed it is none.
    """
    return schedule.longest_gap + start_window + completion_window


def _days(months: Sequence[int], of_month: str, of_week: str) -> Iterator[int]:
    fits = _in_month(of_month) if of_week == "?" else _in_week(of_week)
    for ordinal in range(_CYCLE[0].toordinal(), _CYCLE[1].toordinal()):
        day = datetime.date.fromordinal(ordinal)
        if day.month in months and fits(day):
            yield ordinal


def _in_month(field: str) -> DayTest:
    if field == "L":
        return lambda day: (day + datetime.timedelta(days=1)).day == 1
    wanted = set(_numbers(field, "day of the month", 1, 31))
    return lambda day: day.day in wanted


def _in_week(field: str) -> DayTest:
    weekday, hash_sign, number = field.partition("#")
    if hash_sign:
        named = _numbers(weekday, "day of the week", 1, 7, _DAYS)
        if len(named) != 1 or number not in ("1", "2", "3", "4", "5"):
            raise ValueError(f"{field!r} is no n-th weekday of a month such as MON#1")
        return lambda day: day.isoweekday() % 7 + 1 == named[0] and (day.day - 1) // 7 + 1 == int(number)
    wanted = set(_numbers(field, "day of the week", 1, 7, _DAYS))
    return lambda day: day.isoweekday() % 7 + 1 in wanted


def _numbers(field: str, name: str, least: int, most: int, words: tuple[str, ...] = ()) -> list[int]:
    found: set[int] = set()
    for item in field.split(","):
        match = _PART.fullmatch(item)
        values = _range(match, least, most, words) if match else None
        if not values:
            raise ValueError(f"{item!r} is no {name} from {least} to {most}")
        found.update(values)
    return sorted(found)


def _range(match: re.Match[str], least: int, most: int, words: tuple[str, ...]) -> range | None:
    first, last, step = match.group("first", "last", "step")
    begin = least if first is None else _number(first, least, words)
    # With a step, a single value is where the steps begin.
    end = (most if first is None or step else begin) if last is None else _number(last, least, words)
    if begin is None or end is None or not least <= begin <= end <= most or (step is not None and not int(step)):
        return None
    return range(begin, end + 1, int(step or 1))


def _number(text: str, least: int, words: tuple[str, ...]) -> int | None:
    if text.isdecimal():
        return int(text)
    return words.index(text.upper()) + least if text.upper() in words else None
