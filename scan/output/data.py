"""The inventory as plain data, for JSON."""

from __future__ import annotations

from typing import Any

from scan.baseline import Diff
from scan.model import Finding, Inventory, Severity, readiness


def as_data(inventory: Inventory, diff: Diff) -> dict[str, Any]:
    """Everything that a scan found, and how it differs from the baseline."""
    new = {finding.fingerprint for finding in diff.new}
    return {
        "requirement": "PV-SOURCE",
        "summary": summary(inventory),
        "services": [
            {
                "name": service.name,
                "root": inventory.shown(service.root),
                "files": service.files,
                "readiness": readiness(inventory.of(service.name)),
                "findings": [_finding(one, inventory, one.fingerprint in new) for one in inventory.of(service.name)],
            }
            for service in inventory.services
        ],
        "baseline": {
            "new": len(diff.new),
            "unchanged": len(diff.unchanged),
            "fixed": [one.as_data() | {"fingerprint": one.fingerprint} for one in diff.fixed],
        },
        "notes": [
            {"path": inventory.shown(note.path), "line": note.line or None, "text": note.text}
            for note in inventory.notes
        ],
        "skipped": dict(inventory.skipped),
    }


def summary(inventory: Inventory) -> dict[str, int]:
    """How many findings of each grade, the exempt ones apart."""
    counted = inventory.counted
    grades = {
        grade.name.lower(): sum(finding.grade.severity is grade for finding in counted)
        for grade in sorted(Severity, reverse=True)
    }
    return {"total": len(counted), **grades, "exempt": len(inventory.findings) - len(counted)}


def _finding(finding: Finding, inventory: Inventory, new: bool) -> dict[str, Any]:
    seen, grade = finding.sighting, finding.grade
    return {
        "path": inventory.shown(seen.path),
        "line": seen.line,
        "holder": seen.holder,
        "rule": grade.rule,
        "state": grade.title,
        "form": seen.form.value,
        "reach": seen.reach,
        "storage": finding.storage,
        "shared": finding.shared,
        "severity": grade.severity.name.lower(),
        "action": grade.action,
        "fingerprint": finding.fingerprint,
        "new": new,
        "exempt": finding.exempt,
        "exemption": finding.exemption or None,
    }
