"""Cron expressions: what is taken and what is refused before a worker would fail on it."""

from __future__ import annotations

import pytest

from components import cron

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "expression",
    ["* * * * *", "0 3 * * *", "*/15 0-6 1,15 * mon-fri", "59 23 31 12 7", "5 4 * JAN-MAR sun", "0 0-12/2 * * 0"],
)
def test_usual_expressions_are_taken(expression: str) -> None:
    assert cron.fault(expression) is None


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 3 * *", "has 4 fields"),
        ("0 0 3 * * *", "has 6 fields"),
        ("@daily", "has 1 fields"),
        ("60 3 * * *", "'60' is no minute from 0 to 59"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 3 0 * *", "'0' is no day of the month from 1 to 31"),
        ("0 3 * 13 *", "'13' is no month"),
        ("0 3 * * fry", "'fry' is no day of the week"),
        ("0 6-3 * * *", "'6-3' is no hour"),
        ("*/0 3 * * *", "'*/0' is no minute"),
        ("0 3 L * *", "'L' is no day of the month"),
        ("0 3,, * * *", "'' is no hour"),
    ],
)
def test_what_no_worker_would_understand_is_told(expression: str, message: str) -> None:
    found = cron.fault(expression)
    assert found is not None
    assert message in found
