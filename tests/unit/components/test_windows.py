"""Windows of the week: what overlaps, and what AWS would not take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.windows import daily_spans, earlier, overlap, refusals, weekly_span

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("daily", "weekly", "setting"),
    [
        ("02:00-03:00", "sun:03:00-sun:04:00", None),
        ("02:00-03:00", "sun:02:30-sun:03:30", "weekly"),
        ("23:30-00:30", "mon:00:00-mon:01:00", "weekly"),
        ("00:30-01:30", "sun:23:00-mon:01:00", "weekly"),
        ("02:00-02:59", "sun:03:30-sun:04:30", "daily"),
        ("02:00-03:00", "sun:03:30-sun:04:00", "weekly"),
        ("02:00-03:00", "sun:04:00-sat:05:00", "weekly"),
        ("2:00-3:00", "sun:03:30-sun:04:30", "daily"),
        ("02:00-03:00", "Sun:03:30-Sun:04:30", "weekly"),
    ],
)
def test_windows_that_collide_or_are_too_short_are_refused(daily: str, weekly: str, setting: str | None) -> None:
    """P0-BACKUP: a backup that falls into maintenance is not taken."""
    found = list(refusals(("daily", daily), ("weekly", weekly), 60))
    assert [item.setting for item in found] == ([setting] if setting else [])


def test_a_window_round_the_end_of_the_week_has_its_length() -> None:
    assert weekly_span("sun:23:30-mon:00:30") == (6 * 1440 + 1410, 60)
    assert daily_spans("23:30-00:30")[6] == (6 * 1440 + 1410, 60)


minutes = st.integers(0, 7 * 1440 - 1)


@given(start=minutes, length=st.integers(1, 1440), other=minutes, other_length=st.integers(1, 1440))
def test_overlapping_is_having_a_minute_in_common(start: int, length: int, other: int, other_length: int) -> None:
    week = 7 * 1440
    mine = {(start + minute) % week for minute in range(length)}
    theirs = {(other + minute) % week for minute in range(other_length)}
    assert overlap((start, length), (other, other_length)) == bool(mine & theirs)


def test_a_window_can_be_moved_before_another() -> None:
    assert earlier("mon:01:00-mon:02:00", 150) == "sun:22:30-sun:23:30"
