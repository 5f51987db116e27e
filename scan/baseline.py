"""Baselines: what was known before, so that a run can tell what is new, fixed and unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scan.model import Finding, Inventory, Severity

_VERSION: Final = 1


class BaselineError(Exception):
    """A baseline file cannot be read, or is none; the message names file, key and cure."""


@dataclass(frozen=True)
class Known:
    """A finding of a baseline, by its fingerprint."""

    fingerprint: str
    service: str
    path: str
    rule: str
    severity: Severity
    holder: str

    def as_data(self) -> dict[str, str]:
        """For JSON."""
        return {
            "service": self.service,
            "path": self.path,
            "rule": self.rule,
            "severity": self.severity.name.lower(),
            "holder": self.holder,
        }


@dataclass(frozen=True)
class Diff:
    """A scan against a baseline.

    Attributes:
        new: Not in the baseline, or graded worse now.
        fixed: In the baseline, and no more.
        unchanged: In both.
    """

    new: tuple[Finding, ...]
    fixed: tuple[Known, ...]
    unchanged: tuple[Finding, ...]

    def failing(self, threshold: Severity | None) -> tuple[Finding, ...]:
        """New findings at or above a grade; none without a threshold."""
        return tuple(one for one in self.new if threshold is not None and one.grade.severity >= threshold)


def compare(inventory: Inventory, known: Iterable[Known] = ()) -> Diff:
    """A scan against what was known; exempt findings are neither new nor unchanged, and not fixed either."""
    before = {one.fingerprint: one for one in known}
    new: list[Finding] = []
    unchanged: list[Finding] = []
    for finding in inventory.counted:
        old = before.get(finding.fingerprint)
        worse = old is None or finding.grade.severity > old.severity
        (new if worse else unchanged).append(finding)
    here = {finding.fingerprint for finding in inventory.findings}
    fixed = tuple(one for one in before.values() if one.fingerprint not in here)
    return Diff(tuple(new), fixed, tuple(unchanged))


def write(inventory: Inventory, path: Path) -> None:
    """Write every finding that no exemption excuses, in a stable order, one key a line for readable diffs."""
    kept = {
        finding.fingerprint: Known(
            finding.fingerprint,
            finding.service,
            str(finding.sighting.path),
            finding.grade.rule,
            finding.grade.severity,
            finding.sighting.holder,
        ).as_data()
        for finding in inventory.counted
    }
    path.write_text(json.dumps({"version": _VERSION, "findings": kept}, indent=1, sort_keys=True) + "\n", "utf-8")


def read(path: Path) -> tuple[Known, ...]:
    """The findings of a baseline file.

    Raises:
        BaselineError: It cannot be read, or is not what `write` makes.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BaselineError(f"{path}: {error.strerror}; make one with --write-baseline {path}") from error
    except ValueError as error:
        raise BaselineError(f"{path}: no JSON ({error}); make it anew with --write-baseline {path}") from error
    version = data.get("version") if isinstance(data, dict) else None
    findings = data.get("findings") if isinstance(data, dict) else None
    if version != _VERSION or not isinstance(findings, dict):
        raise BaselineError(
            f'{path}: "version" is {version!r}, this program reads {_VERSION} with "findings" as an object; '
            f"make it anew with --write-baseline {path}"
        )
    return tuple(_known(path, key, row) for key, row in findings.items())


def _known(path: Path, key: str, row: Any) -> Known:
    try:
        severity = Severity[str(row["severity"]).upper()]
        return Known(key, str(row["service"]), str(row["path"]), str(row["rule"]), severity, str(row["holder"]))
    except (KeyError, TypeError) as error:
        raise BaselineError(
            f"{path}: findings.{key} lacks or misspells {error}; make it anew with --write-baseline {path}"
        ) from error
