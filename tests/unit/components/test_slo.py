"""Error budgets and burn rates: the arithmetic, whatever the objective."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.slo import (
    BURNS,
    FASTEST,
    HOUR,
    MILLISECONDS,
    PERIOD_SECONDS,
    Burn,
    Milliseconds,
    Objective,
    Severity,
    SloArgs,
    objectives,
    refusals,
    seconds_to_tell,
    threshold,
)

pytestmark = pytest.mark.unit

PERCENT = st.floats(min_value=93.1, max_value=99.999)
BURN = st.sampled_from(BURNS)


def _objective(percent: float) -> Objective:
    return Objective(name="availability", percent=percent)


def test_the_rates_are_those_of_the_workbook() -> None:
    """P0-OBS: 14.4x over 1 h and 5 min, 6x over 6 h and 30 min, 3x over 1 d and 2 h, 1x over 3 d and 6 h."""
    assert [(burn.rate, burn.long // HOUR, burn.short // 60, burn.severity) for burn in BURNS] == [
        (14.4, 1, 5, "page"),
        (6, 6, 30, "page"),
        (3, 24, 120, "ticket"),
        (1, 72, 360, "ticket"),
    ]
    assert all(burn.short * 12 == burn.long for burn in BURNS)
    assert {burn.severity for burn in BURNS} == set(get_args(Severity))


def test_three_nines_are_43_minutes_of_outage() -> None:
    objective = _objective(99.9)
    assert objective.budget == 0.001
    assert objective.budget_minutes == 43.2
    assert [threshold(objective, burn) for burn in BURNS] == [0.0144, 0.006, 0.003, 0.001]


@given(percent=PERCENT, burn=BURN)
def test_burning_at_the_threshold_spends_exactly_the_share(percent: float, burn: Burn) -> None:
    """P0-OBS: what a threshold stands for, whatever objective and window."""
    objective = _objective(percent)
    spent = threshold(objective, burn) * burn.long / (objective.budget * PERIOD_SECONDS)
    assert math.isclose(spent, burn.share, rel_tol=1e-3)


@given(percent=PERCENT, burn=BURN)
def test_a_threshold_is_a_share_that_an_outage_passes(percent: float, burn: Burn) -> None:
    assert 0 < threshold(_objective(percent), burn) < 1


@given(percent=PERCENT, burn=BURN, bad=st.floats(min_value=1e-6, max_value=1))
def test_nothing_spends_more_than_the_share_untold(percent: float, burn: Burn, bad: float) -> None:
    """P0-OBS: as soon as the share is spent the alarm goes off, however many requests are bad; and what burns slower
    than the rate never raises it."""
    objective = _objective(percent)
    seconds = seconds_to_tell(objective, burn, bad)
    if bad <= threshold(objective, burn):
        assert seconds is None
        return
    assert seconds is not None
    assert seconds <= burn.long
    spent = bad * seconds / (objective.budget * PERIOD_SECONDS)
    assert math.isclose(spent, burn.share, rel_tol=1e-3)


@given(low=PERCENT, high=PERCENT, burn=BURN)
def test_who_promises_more_is_told_earlier(low: float, high: float, burn: Burn) -> None:
    low, high = sorted((low, high))
    assert threshold(_objective(high), burn) <= threshold(_objective(low), burn)
    outage = [seconds_to_tell(_objective(percent), burn, 1) for percent in (low, high)]
    assert outage[0] is not None
    assert outage[1] is not None
    assert outage[1] <= outage[0]


@given(percent=PERCENT, bad=st.floats(min_value=1e-6, max_value=1))
def test_what_would_exhaust_the_budget_is_always_told(percent: float, bad: float) -> None:
    """P0-OBS: any rate above the budget itself raises the slowest pair within its three days."""
    objective = _objective(percent)
    slowest = BURNS[-1]
    assert slowest.rate == 1
    if bad > objective.budget:
        assert seconds_to_tell(objective, slowest, bad) is not None


def test_a_percentile_is_an_objective_with_a_time() -> None:
    found = objectives(SloArgs(availability_percent=99.95, p95_milliseconds=250, p99_milliseconds=1000))
    assert [(item.name, item.percent, item.within) for item in found] == [
        ("availability", 99.95, None),
        ("p95", 95, 250),
        ("p99", 99, 1000),
    ]
    assert found[1].meaning == "95 percent of the requests are answered within 250 ms"
    assert all(threshold(item, BURNS[0]) < 1 for item in found)
    assert get_args(Milliseconds) == MILLISECONDS


@pytest.mark.parametrize(
    ("slo", "setting"),
    [
        ({"availability_percent": None}, ""),
        ({"availability_percent": 100.0}, "availability_percent"),
        ({"availability_percent": 90.0}, "availability_percent"),
        ({"p95_milliseconds": 300}, "p95_milliseconds"),
        ({"p95_milliseconds": 500, "p99_milliseconds": 250}, "p99_milliseconds"),
        ({"p95_milliseconds": 500, "p99_milliseconds": 500}, "p99_milliseconds"),
    ],
)
def test_promises_that_are_refused(slo: dict[str, Any], setting: str) -> None:
    assert [item.setting for item in refusals(SloArgs(**slo))] == [setting]


@given(percent=st.floats(min_value=0, max_value=99.9999))
def test_what_is_not_refused_can_wake_somebody(percent: float) -> None:
    accepted = not list(refusals(SloArgs(availability_percent=percent)))
    assert accepted == (_objective(percent).budget * FASTEST < 1)
