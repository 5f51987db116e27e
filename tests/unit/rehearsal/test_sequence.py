"""The order of a rehearsal, and what it reports."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest
from rich.console import Console

from groundwork.rehearsal.draft import Change
from groundwork.rehearsal.report import Report
from groundwork.rehearsal.sequence import Broken, Done, Outcome, Step, exit_code, perform

pytestmark = pytest.mark.unit

KEPT, BROKEN, INTERRUPTED, NOT_REACHED = Outcome


def _fails() -> str:
    raise Broken("two things differ")


def _is_interrupted() -> str:
    raise KeyboardInterrupt


def _steps(acts: dict[str, Callable[[], str]]) -> list[Step]:
    names = ("up", "again", "check", "destroy", "left")
    return [Step(name, "holds", acts.get(name, lambda: "seen"), cleans=name in ("destroy", "left")) for name in names]


@pytest.mark.parametrize(
    ("acts", "outcomes", "code"),
    [
        ({}, [KEPT] * 5, 0),
        ({"again": _fails}, [KEPT, BROKEN, NOT_REACHED, KEPT, KEPT], 1),
        ({"up": _is_interrupted}, [INTERRUPTED, NOT_REACHED, NOT_REACHED, KEPT, KEPT], 130),
        ({"destroy": _fails}, [KEPT, KEPT, KEPT, BROKEN, NOT_REACHED], 1),
        ({"check": _fails, "destroy": _is_interrupted}, [KEPT, KEPT, BROKEN, INTERRUPTED, NOT_REACHED], 1),
        ({"up": _is_interrupted, "left": _fails}, [INTERRUPTED, NOT_REACHED, NOT_REACHED, KEPT, BROKEN], 1),
    ],
)
def test_the_first_broken_promise_ends_it_and_cleaning_up_is_done(
    acts: dict[str, Callable[[], str]], outcomes: list[Outcome], code: int
) -> None:
    told: list[str] = []
    done = perform(_steps(acts), told.append)
    assert [each.outcome for each in done] == outcomes
    assert exit_code(done) == code
    assert told == [each.name for each in done if each.outcome is not NOT_REACHED]


def test_a_fault_that_nobody_foresaw_is_not_hidden() -> None:
    def crash() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        perform(_steps({"up": crash}), lambda _: None)


def test_steps_are_timed() -> None:
    ticks = itertools.count(0.0, 2.5)
    assert {each.seconds for each in perform(_steps({}), lambda _: None, lambda: next(ticks))} == {2.5}


def _report(*outcomes: Outcome, left: str = "") -> Report:
    changes = [Change("groundwork:services.api.secrets", {"K": "hunter2"}, None, "made up")]
    steps = [Done("up", "comes up", outcome, 12.3456, "[200] resources") for outcome in outcomes]
    return Report("prod", "2026-11-22T10:00:00+00:00", changes, steps, left, "/state/prod.log")


def test_the_report_is_data() -> None:
    """SR-SECRET: and repeats no secret."""
    told = json.loads(_report(KEPT, BROKEN).as_json())
    assert (told["stack"], told["kept"], told["seconds"]) == ("prod", False, 24.7)
    assert told["steps"][1] == {
        "name": "up",
        "promise": "comes up",
        "outcome": "broken",
        "seconds": 12.3,
        "detail": "[200] resources",
    }
    assert "hunter2" not in json.dumps(told)


def test_the_report_is_a_table_with_a_closing_line() -> None:
    console = Console(width=160, record=True)
    report = _report(KEPT, NOT_REACHED, left="Something is left")
    console.print(report.table())
    shown = console.export_text()
    assert "[200] resources" in shown
    assert "not reached" in shown
    assert report.closing() == [
        "prod: not every promise was kept, 25 s; the engine's output is in /state/prod.log",
        "Something is left",
    ]
    assert _report(KEPT).closing()[0].startswith("prod: every promise was kept, ")
