"""What all reports say the same way."""

from __future__ import annotations

from collections import Counter
from typing import Final

from policies.model import Enforcement, Status
from policies.scan.run import Report, Result

LEVELS: Final = {
    (Status.VIOLATION, Enforcement.MANDATORY): "mandatory",
    (Status.VIOLATION, Enforcement.ADVISORY): "advisory",
    (Status.UNDETERMINED, Enforcement.MANDATORY): "undetermined",
    (Status.UNDETERMINED, Enforcement.ADVISORY): "undetermined",
    (Status.EXEMPT, Enforcement.MANDATORY): "exempt",
    (Status.EXEMPT, Enforcement.ADVISORY): "exempt",
}
"""What a result means for the run, in one word."""


def level(result: Result) -> str:
    """One of the words of `LEVELS`."""
    return LEVELS[result.finding.status, result.enforcement]


def summary(report: Report) -> str:
    """For example `3 mandatory violations, 1 undetermined in 120 resources of 118 documents`."""
    counts = Counter(level(result) for result in report.results)
    parts = [
        f"{counts[word]} {word}{' violation' if word in ('mandatory', 'advisory') else ''}"
        f"{'s' if word in ('mandatory', 'advisory') and counts[word] > 1 else ''}"
        for word in dict.fromkeys(LEVELS.values())
        if counts[word]
    ]
    unread = sum(problem.fatal for problem in report.problems)
    if unread:
        parts.append(f"{unread} {'problem' if unread == 1 else 'problems'} with the input")
    return (
        f"{', '.join(parts) or 'no findings'} in {_number(report.resources, 'resource')} by {len(report.rules)} rules"
    )


def place(result: Result) -> str:
    """File and line, with the chart's template where it is known."""
    where = f"{result.file}:{result.line}" if result.line else result.file
    origin = result.finding.verdict.resource.origin
    return f"{where} ({origin.source})" if origin is not None and origin.source else where


def printable(text: str) -> str:
    """Without characters that a terminal or XML would act on: input may hold any."""
    return "".join(
        character if character in "\n\t" or character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
