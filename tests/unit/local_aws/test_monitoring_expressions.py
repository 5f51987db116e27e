"""Metric math: what our stacks' alarms and graphs compute (P0-OBS)."""

from __future__ import annotations

import pytest

from components.slo import BURNS, Objective
from components.slo_alarms import LEAST_BAD, queries
from local.aws.monitoring.expressions import Series, Unsupported, evaluate, references

pytestmark = pytest.mark.unit

KNOWN: dict[str, Series] = {
    "node1": [1.0, None, 3.0, None],
    "node2": [2.0, 5.0, None, None],
    "bad": [None, 1.0, 4.0, 2.0],
    "requests": [10.0, 10.0, 8.0, None],
    "zero": [0.0, 0.0, 0.0, 0.0],
}


def _value(expression: str) -> Series:
    return evaluate(expression, KNOWN.__getitem__, 4)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The worst of the nodes that have a value: components.alarms
        ("MAX([node1, node2])", [2.0, 5.0, 3.0, None]),
        ("MIN([node1, node2])", [1.0, 5.0, 3.0, None]),
        ("SUM([node1, node2])", [3.0, 5.0, 3.0, None]),
        ("AVG([node1, node2])", [1.5, 5.0, 3.0, None]),
        # Of a series: one number for all periods
        ("MAX(node1)", [3.0, 3.0, 3.0, 3.0]),
        ("node2 - MIN(node2)", [0.0, 3.0, None, None]),
        # A share of bad requests: components.slo_alarms, components.dashboard_rows
        ("FILL(bad, 0) / requests", [0.0, 0.1, 0.5, None]),
        ("FILL(bad, REPEAT)", [None, 1.0, 4.0, 2.0]),
        ("FILL(node1, REPEAT)", [1.0, 1.0, 3.0, 3.0]),
        ("FILL(node1, node2)", [1.0, 5.0, 3.0, None]),
        ("requests / zero", [None, None, None, None]),
        ("IF(node1 > 2, node1)", [None, None, 3.0, None]),
        ("IF(requests >= 10 AND node1 == 1, 100, -1)", [100.0, None, -1.0, None]),
        # Order of operations
        ("2 + 3 * 2 ^ 2", [14.0] * 4),
        ("(2 + 3) * 2", [10.0] * 4),
        ("-node2 + 1", [-1.0, -4.0, None, None]),
        ("1 - 2 - 3", [-4.0] * 4),
        ("1 < 2 || 0", [1.0] * 4),
        ("ABS(-1.5)", [1.5] * 4),
    ],
)
def test_what_is_computed(expression: str, expected: Series) -> None:
    assert _value(expression) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("ANOMALY_DETECTION_BAND(bad, 2)", "ANOMALY_DETECTION_BAND"),
        ("SEARCH('{AWS/RDS} CPU', 'Average')", "SEARCH"),
        ("RATE(bad)", "RATE"),
        ("METRICS()", "METRICS"),
        ("FILL(bad, LINEAR)", "LINEAR"),
        ("nobody + 1", "nobody"),
        ("[bad, requests]", "more than one result"),
        ("bad +", "too early"),
        ("MAX([bad", "without its"),
        ("bad requests", "requests"),
        ("1 / 0", "does not exist"),
        ("bad % 2", "%"),
    ],
)
def test_what_cannot_be_computed_is_named(expression: str, named: str) -> None:
    with pytest.raises(Unsupported, match=named):
        _value(expression)


def test_the_queries_that_an_expression_needs() -> None:
    assert references("IF(FILL(bad, 0) >= 2, MAX([node1, node2]), 0)") == {"bad", "node1", "node2"}


def test_our_burn_rates_are_computed() -> None:
    """P0-OBS: the expression of `components.slo_alarms` on requests as they come."""
    objective = Objective(name="availability", percent=99.9)
    expression = queries("App", "api", objective, BURNS[0].short)[-1]["expression"]
    bad: Series = [None, float(LEAST_BAD - 1), float(LEAST_BAD), 50.0, None]
    requests: Series = [100.0, 100.0, 100.0, 100.0, None]
    series = {"bad": bad, "requests": requests}
    assert evaluate(expression, series.__getitem__, 5) == pytest.approx([0.0, 0.0, LEAST_BAD / 100, 0.5, 0.0])
