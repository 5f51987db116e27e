"""What a check says: an outcome, one line for a person, and the evidence as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Outcome(Enum):
    """How a check ended."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What a check function returns.

    Attributes:
        outcome: Pass, warn, fail or skipped.
        summary: One line: what was seen, or why it was skipped.
        evidence: What was measured, as plain data; no secret among it.
    """

    outcome: Outcome
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A finding with the check that made it.

    Attributes:
        check: Name of the check, for example `redis/queue/round-trip`.
        requirement: ID of what it proves, for example `P0-REDIS`.
        outcome: Pass, warn, fail or skipped.
        summary: One line for a person.
        evidence: What was measured.
        seconds: How long the check took.
    """

    check: str
    requirement: str
    outcome: Outcome
    summary: str
    evidence: Mapping[str, Any]
    seconds: float


def passed(summary: str, **evidence: Any) -> Finding:
    """A finding that all is well."""
    return Finding(Outcome.PASS, summary, evidence)


def warned(summary: str, **evidence: Any) -> Finding:
    """A finding that works but should not stay as it is."""
    return Finding(Outcome.WARN, summary, evidence)


def failed(summary: str, **evidence: Any) -> Finding:
    """A finding that something is broken."""
    return Finding(Outcome.FAIL, summary, evidence)


def skipped(reason: str, **evidence: Any) -> Finding:
    """A finding that the check does not apply, and why."""
    return Finding(Outcome.SKIPPED, reason, evidence)
