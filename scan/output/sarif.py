"""The inventory as SARIF 2.1.0 (OASIS), as code-scanning services read it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from scan.baseline import Diff
from scan.model import Finding, Grade, Inventory, Note, Severity

_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(inventory: Inventory, diff: Diff, version: str) -> dict[str, Any]:
    """One run with a rule for each kind of state that was found; exempt findings are suppressed results."""
    new = {finding.fingerprint for finding in diff.new}
    grades = {finding.grade.rule: finding.grade for finding in reversed(inventory.findings)}
    rules = [_rule(grades[name]) for name in sorted(grades)]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "groundwork scan source", "semanticVersion": version, "rules": rules}},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [_notification(note, inventory) for note in inventory.notes],
                    }
                ],
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, inventory, finding.fingerprint in new) for finding in inventory.findings],
            }
        ],
    }


def _notification(note: Note, inventory: Inventory) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(inventory.shown(note.path))}}
    if note.line:
        place["region"] = {"startLine": note.line}
    return {"level": "note", "message": {"text": note.text}, "locations": [{"physicalLocation": place}]}


def _rule(grade: Grade) -> dict[str, Any]:
    return {
        "id": grade.rule,
        "shortDescription": {"text": grade.title},
        "help": {"text": grade.action},
        "defaultConfiguration": {"level": _LEVELS[grade.severity]},
        "properties": {"tags": ["PV-SOURCE", "stateless"]},
    }


def _result(finding: Finding, inventory: Inventory, new: bool) -> dict[str, Any]:
    seen = finding.sighting
    result: dict[str, Any] = {
        "ruleId": finding.grade.rule,
        "level": _LEVELS[finding.grade.severity],
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(inventory.shown(seen.path))},
                    "region": {"startLine": seen.line},
                },
                "logicalLocations": [{"fullyQualifiedName": f"{finding.service}::{seen.holder}"}],
            }
        ],
        "partialFingerprints": {"groundworkState/v1": finding.fingerprint},
        "baselineState": "new" if new else "unchanged",
        "properties": {"severity": finding.grade.severity.name.lower(), "service": finding.service},
    }
    if finding.exempt:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.exemption}]
    return result
