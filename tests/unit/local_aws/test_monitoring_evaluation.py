"""When an alarm is in which state: the examples of the User Guide, and what holds for all alarms (P0-OBS)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws.monitoring.evaluation import EXTRA, OPERATORS, Criteria, Missing, judge

pytestmark = pytest.mark.unit

GOOD, BAD = 0.0, 1.0
TREATMENTS: tuple[Missing, ...] = ("missing", "ignore", "breaching", "notBreaching")


def _values(drawn: str) -> list[float | None]:
    """`0 - X`: good, missing, bad."""
    return [{"0": GOOD, "X": BAD, "-": None}[mark] for mark in drawn.split()]


def _criteria(periods: int, to_alarm: int, missing: Missing = "missing") -> Criteria:
    return Criteria("GreaterThanThreshold", 0.5, periods, to_alarm, missing)


@pytest.mark.parametrize(
    ("drawn", "to_alarm", "states"),
    [
        # 3 of 3
        ("0 - X - X", 3, ("OK", "OK", "OK", "OK")),
        ("0 - - - -", 3, ("OK", "OK", "OK", "OK")),
        ("- - - - -", 3, ("INSUFFICIENT_DATA", None, "ALARM", "OK")),
        ("0 X X - X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("- - X - -", 3, ("ALARM", None, "ALARM", "OK")),
        # 2 of 3
        ("0 - X - X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 0 X 0 X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 - X - -", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", 2, ("OK", "OK", "ALARM", "OK")),
        ("- - - X -", 2, ("ALARM", None, "ALARM", "OK")),
    ],
)
def test_the_examples_of_the_user_guide(drawn: str, to_alarm: int, states: tuple[str | None, ...]) -> None:
    """CloudWatch User Guide, Configuring how CloudWatch alarms treat missing data, both tables."""
    found = tuple(judge(_values(drawn), _criteria(3, to_alarm, missing)).state for missing in TREATMENTS)
    assert found == states


@pytest.mark.parametrize("drawn", ["- - - - X", "- - - X -"])
def test_one_bad_data_point_after_silence_does_not_alarm_yet(drawn: str) -> None:
    """CloudWatch User Guide, Avoiding premature transitions to alarm state."""
    assert judge(_values(drawn), _criteria(3, 3)).state is None


def test_what_is_on_the_threshold() -> None:
    breaching = {name: Criteria(name, 5, 1, 1).breaches(5) for name in OPERATORS}
    assert breaching == {
        "GreaterThanThreshold": False,
        "GreaterThanOrEqualToThreshold": True,
        "LessThanThreshold": False,
        "LessThanOrEqualToThreshold": True,
    }


@st.composite
def _alarms(draw: st.DrawFn, missing: bool = True) -> tuple[list[float | None], Criteria]:
    periods = draw(st.integers(1, 8))
    criteria = _criteria(periods, draw(st.integers(1, periods)), draw(st.sampled_from(TREATMENTS)))
    marks = [GOOD, BAD, None] if missing else [GOOD, BAD]
    size = periods + EXTRA
    return draw(st.lists(st.sampled_from(marks), min_size=size, max_size=size)), criteria


@given(_alarms(missing=False))
def test_with_all_data_it_is_m_out_of_the_newest_n(alarm: tuple[list[float | None], Criteria]) -> None:
    values, criteria = alarm
    expected = "ALARM" if values[-criteria.periods :].count(BAD) >= criteria.to_alarm else "OK"
    verdict = judge(values, criteria)
    assert verdict.state == expected
    assert verdict.filled == 0


@given(_alarms())
def test_no_alarm_without_a_reason_and_no_ok_with_enough_bad_ones(alarm: tuple[list[float | None], Criteria]) -> None:
    values, criteria = alarm
    verdict = judge(values, criteria)
    if verdict.state == "ALARM":
        assert BAD in values or criteria.missing == "breaching"
    newest = [value for value in values if value is not None][-criteria.periods :]
    if newest.count(BAD) >= criteria.to_alarm:
        assert verdict.state == "ALARM"
    if verdict.state == "INSUFFICIENT_DATA":
        assert set(values) == {None}


@given(_alarms(), st.data())
def test_a_bad_value_instead_of_a_good_one_never_ends_an_alarm(
    alarm: tuple[list[float | None], Criteria], data: st.DataObject
) -> None:
    values, criteria = alarm
    good = [place for place, value in enumerate(values) if value == GOOD]
    if not good or judge(values, criteria).state != "ALARM":
        return
    worse = list(values)
    worse[data.draw(st.sampled_from(good))] = BAD
    assert judge(worse, criteria).state == "ALARM"


@given(_alarms())
def test_the_points_that_decide_are_the_newest_and_no_more_than_n(alarm: tuple[list[float | None], Criteria]) -> None:
    values, criteria = alarm
    verdict = judge(values, criteria)
    known = [place for place, value in enumerate(values) if value is not None]
    assert list(verdict.points) == known[len(known) - len(verdict.points) :]
    assert len(verdict.points) + verdict.filled == criteria.periods or verdict.points == ()
