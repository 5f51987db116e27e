"""Results for a person (a table), for programs (JSON) and for CI (JUnit)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from rich.table import Table
from rich.text import Text

from checks.result import Outcome, Result

_STYLES: Final = {
    Outcome.PASS: "green",
    Outcome.WARN: "yellow",
    Outcome.FAIL: "bold red",
    Outcome.SKIPPED: "dim",
}


def exit_code(results: Sequence[Result]) -> int:
    """0 when nothing failed, 1 otherwise; running no check at all is a failure, not a success."""
    return 0 if results and all(result.outcome is not Outcome.FAIL for result in results) else 1


def totals(results: Sequence[Result]) -> str:
    """For example `41 passed, 1 failed`."""
    counts = Counter(result.outcome for result in results)
    words = {Outcome.PASS: "passed", Outcome.WARN: "warned", Outcome.FAIL: "failed", Outcome.SKIPPED: "skipped"}
    parts = [f"{counts[outcome]} {word}" for outcome, word in words.items() if counts[outcome]]
    return ", ".join(parts) or "no checks"


def table(results: Sequence[Result]) -> Table:
    """One row for each result."""
    made = Table(title=totals(results), title_justify="left", box=None, pad_edge=False)
    for heading, wide in (("result", False), ("check", False), ("proves", False), ("seen", True), ("seconds", False)):
        made.add_column(heading, overflow="fold" if wide else "ellipsis", no_wrap=not wide)
    for result in results:
        made.add_row(
            Text(result.outcome.value, _STYLES[result.outcome]),
            result.check,
            result.requirement,
            Text(result.summary),
            f"{result.seconds:.2f}",
        )
    return made


def as_json(results: Sequence[Result]) -> str:
    """Every result with its evidence."""
    counts = Counter(result.outcome.value for result in results)
    rows = [
        {
            "check": result.check,
            "requirement": result.requirement,
            "outcome": result.outcome.value,
            "summary": result.summary,
            "evidence": result.evidence,
            "seconds": round(result.seconds, 4),
        }
        for result in results
    ]
    return json.dumps({"totals": dict(counts), "results": rows}, indent=2, default=str) + "\n"


def as_junit(results: Sequence[Result], suite: str) -> str:
    """A JUnit document: a failed check is a failure, a warning a pass with its text in the output."""
    counts = Counter(result.outcome for result in results)
    root = ElementTree.Element("testsuites")
    body = ElementTree.SubElement(
        root,
        "testsuite",
        name=suite,
        tests=str(len(results)),
        failures=str(counts[Outcome.FAIL]),
        errors="0",
        skipped=str(counts[Outcome.SKIPPED]),
        time=f"{sum(result.seconds for result in results):.4f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            body, "testcase", classname=result.requirement, name=result.check, time=f"{result.seconds:.4f}"
        )
        if result.outcome is Outcome.FAIL:
            ElementTree.SubElement(case, "failure", message=_printable(result.summary))
        elif result.outcome is Outcome.SKIPPED:
            ElementTree.SubElement(case, "skipped", message=_printable(result.summary))
        evidence = json.dumps(result.evidence, default=str)
        ElementTree.SubElement(case, "system-out").text = _printable(f"{result.summary}\n{evidence}")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(character if character in "\n\t" or character >= " " else "?" for character in text)
