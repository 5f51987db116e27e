"""How long a schedule leaves a store without a newer recovery point (P0-BACKUP)."""

from __future__ import annotations

import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.schedules import Schedule, parse, worst_case_minutes

pytestmark = pytest.mark.unit

_DAY = 24 * 60


@pytest.mark.parametrize(
    ("expression", "longest", "shortest"),
    [
        ("cron(0 5 ? * * *)", _DAY, _DAY),
        ("cron(0 12 * * ? *)", _DAY, _DAY),
        ("cron(15 * ? * * *)", 60, 60),
        ("cron(0 */6 ? * * *)", 360, 360),
        ("cron(0 22/1 ? * * *)", 23 * 60, 60),
        ("cron(0 1,3 ? * * *)", 22 * 60, 120),
        ("cron(0 5 ? * MON-FRI *)", 3 * _DAY, _DAY),
        ("cron(0 5 ? * 1 *)", 7 * _DAY, 7 * _DAY),
        ("cron(0 5 1 * ? *)", 31 * _DAY, 28 * _DAY),
        ("cron(0 5 L * ? *)", 31 * _DAY, 28 * _DAY),
        ("cron(0 5 ? * SUN#1 *)", 35 * _DAY, 28 * _DAY),
        ("cron(30 4 1 JAN,JUL ? *)", 184 * _DAY, 181 * _DAY),
        ("cron(0 5 29 2 ? *)", 1461 * _DAY, 1461 * _DAY),
    ],
)
def test_gaps_of_known_schedules(expression: str, longest: int, shortest: int) -> None:
    schedule = parse(expression)
    assert (schedule.longest_gap, schedule.shortest_gap) == (longest, shortest)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("rate(1 day)", "knows cron"),
        ("0 5 * * *", "knows cron"),
        ("cron(0 5 * * *)", "has 5 fields"),
        ("cron(0 5 * * * *)", "exactly one"),
        ("cron(0 5 ? * ? *)", "exactly one"),
        ("cron(0 5 ? * * 2030)", "names years"),
        ("cron(60 5 ? * * *)", "'60' is no minute from 0 to 59"),
        ("cron(0 5-3 ? * * *)", "'5-3' is no hour"),
        ("cron(0 5 ? * FUN *)", "'FUN' is no day of the week"),
        ("cron(0 5 ? * MON#6 *)", "n-th weekday"),
        ("cron(0 5 ? * *#1 *)", "n-th weekday"),
        ("cron(0 5 1W * ? *)", "'1W' is no day of the month"),
        ("cron(0/0 5 ? * * *)", "'0/0' is no minute"),
        ("cron(0 5 31 2 ? *)", "never comes"),
        ("cron()", "has 0 fields"),
    ],
)
def test_what_is_no_schedule_says_why(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("?", r"\?").replace("*", r"\*")):
        parse(expression)


HOURS = st.sets(st.integers(0, 23), min_size=1, max_size=6)
MINUTES = st.sets(st.integers(0, 59), min_size=1, max_size=3)
WEEKDAYS = st.sets(st.integers(1, 7), min_size=1, max_size=7)
MONTHS = st.sets(st.integers(1, 12), min_size=1, max_size=12)


def _field(values: set[int]) -> str:
    return ",".join(str(value) for value in sorted(values))


def _expected(hours: set[int], minutes: set[int], weekdays: set[int], months: set[int], years: int) -> list[int]:
    """Starts in minutes, day by day and minute by minute: slow, and by the calendar alone."""
    first = datetime.date(2031, 1, 1)
    found = []
    for offset in range(365 * years):
        day = first + datetime.timedelta(days=offset)
        # Sunday is 1.
        if day.month in months and (day.weekday() + 1) % 7 + 1 in weekdays:
            found += [offset * _DAY + hour * 60 + minute for hour in sorted(hours) for minute in sorted(minutes)]
    return found


@given(hours=HOURS, minutes=MINUTES, weekdays=WEEKDAYS)
def test_gaps_are_those_of_the_calendar(hours: set[int], minutes: set[int], weekdays: set[int]) -> None:
    """Against two years counted out."""
    schedule = parse(f"cron({_field(minutes)} {_field(hours)} ? * {_field(weekdays)} *)")
    starts = _expected(hours, minutes, weekdays, set(range(1, 13)), years=2)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert (schedule.longest_gap, schedule.shortest_gap) == (max(gaps), min(gaps))


@given(weekdays=WEEKDAYS, months=MONTHS)
def test_no_gap_of_the_calendar_is_longer(weekdays: set[int], months: set[int]) -> None:
    """Months make gaps that differ from year to year: the declared one is their upper bound."""
    schedule = parse(f"cron(0 5 ? {_field(months)} {_field(weekdays)} *)")
    starts = _expected({5}, {0}, weekdays, months, years=6)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert max(gaps) <= schedule.longest_gap
    assert min(gaps) >= schedule.shortest_gap


@given(st.integers(60, 600), st.integers(60, 600), HOURS)
def test_no_moment_loses_more_than_the_worst_case(start: int, completion: int, hours: set[int]) -> None:
    """Whenever disaster comes and however late jobs start and end, the newest recovery point is not older."""
    schedule = parse(f"cron(0 {_field(hours)} ? * * *)")
    worst = worst_case_minutes(schedule, start, completion)
    starts = sorted(day * _DAY + hour * 60 for day in range(4) for hour in hours)
    for earlier, later in pairwise(starts):
        # The earlier job began at once and was completed; the later one takes all of its time.
        assert (later + start + completion) - earlier <= worst
    assert worst > schedule.longest_gap


def test_more_starts_never_lose_more() -> None:
    once, twice = parse("cron(0 5 ? * * *)"), parse("cron(0 5,17 ? * * *)")
    assert worst_case_minutes(twice, 60, 180) < worst_case_minutes(once, 60, 180) == 1440 + 240


def test_starts_of_the_week_are_counted_from_monday() -> None:
    assert parse("cron(30 2 ? * SUN,MON *)").starts_of_week() == {150, 6 * _DAY + 150}
    assert isinstance(parse("cron(0 5 ? * * *)"), Schedule)
