"""Times of the week at which AWS may work on a data store, in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from components.errors import Refusal

DAILY_PATTERN = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]$"
"""`02:00-03:00`, as of `SnapshotWindow` and `PreferredBackupWindow`."""
WEEKLY_PATTERN = (
    r"^(?:mon|tue|wed|thu|fri|sat|sun):(?:[01][0-9]|2[0-3]):[0-5][0-9]"
    r"-(?:mon|tue|wed|thu|fri|sat|sun):(?:[01][0-9]|2[0-3]):[0-5][0-9]$"
)
"""`sun:03:30-sun:04:30`, as of `PreferredMaintenanceWindow`."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY

Span = tuple[int, int]
"""Start in minutes since Monday 00:00, and length in minutes."""


def weekly_span(window: str) -> Span:
    """A weekly window; one that ends before it starts goes round the week.

    Raises:
        ValueError: the text does not match `WEEKLY_PATTERN`.
    """
    if not re.fullmatch(WEEKLY_PATTERN, window):
        raise ValueError(f"{window!r} is no weekly window such as sun:03:30-sun:04:30")
    start, end = (_moment(part) for part in window.split("-"))
    return start, (end - start) % _WEEK


def daily_spans(window: str) -> list[Span]:
    """A daily window on each day of the week; one that ends before it starts goes past midnight.

    Raises:
        ValueError: the text does not match `DAILY_PATTERN`.
    """
    if not re.fullmatch(DAILY_PATTERN, window):
        raise ValueError(f"{window!r} is no daily window such as 02:00-03:00")
    start, end = (_clock(part) for part in window.split("-"))
    return [(day * _DAY + start, (end - start) % _DAY) for day in range(7)]


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans of the week have a minute in common."""
    return (other[0] - one[0]) % _WEEK < one[1] or (one[0] - other[0]) % _WEEK < other[1]


def earlier(window: str, minutes: int) -> str:
    """A weekly window moved forward in the week by some minutes."""
    start, length = weekly_span(window)
    return f"{_named(start - minutes)}-{_named(start - minutes + length)}"


def refusals(daily: tuple[str, str], weekly: tuple[str, str], least: int) -> Iterator[Refusal]:
    """Windows that AWS does not take, or that get in each other's way.

    Args:
        daily: Setting and value of the daily window, in which backups are taken.
        weekly: Setting and value of the weekly window, in which AWS maintains.
        least: Minutes that each has to have.
    """
    found = [*_judged(*daily, _daily_length, least), *_judged(*weekly, _weekly_length, least)]
    if found:
        yield from found
        return
    maintained = weekly_span(weekly[1])
    if any(overlap(backed_up, maintained) for backed_up in daily_spans(daily[1])):
        yield Refusal(
            weekly[0],
            weekly[1],
            f"overlaps with {daily[0]} ({daily[1]}), and AWS takes no backup while it maintains: move one of them",
        )


def _judged(setting: str, value: str, length_of: Callable[[str], int], least: int) -> Iterator[Refusal]:
    try:
        length = length_of(value)
    except ValueError as error:
        yield Refusal(setting, value, str(error))
        return
    if not least <= length <= _DAY:
        yield Refusal(setting, value, f"lasts {length} minutes: write a window of {least} minutes to a day")


def _daily_length(window: str) -> int:
    return daily_spans(window)[0][1]


def _weekly_length(window: str) -> int:
    return weekly_span(window)[1]


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _moment(text: str) -> int:
    day, clock = text.split(":", 1)
    return _DAYS.index(day) * _DAY + _clock(clock)


def _named(moment: int) -> str:
    day, minutes = divmod(moment % _WEEK, _DAY)
    return f"{_DAYS[day]}:{minutes // 60:02}:{minutes % 60:02}"
