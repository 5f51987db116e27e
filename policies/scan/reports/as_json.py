"""Results for programs."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

from policies.model import UNKNOWN
from policies.scan.reports.words import LEVELS, level
from policies.scan.run import Report, Result

VERSION: Final = 1
"""Of the form; a new number when a key changes its meaning or goes."""


def as_json(report: Report) -> str:
    """Every result and every problem, with the totals."""
    counts = Counter(level(result) for result in report.results)
    document = {
        "version": VERSION,
        "exitCode": report.exit_code,
        "documents": report.documents,
        "resources": report.resources,
        "policies": [rule.policy for rule in report.rules],
        "totals": {word: counts[word] for word in dict.fromkeys(LEVELS.values())},
        "results": [_row(result) for result in report.results],
        "problems": [
            {"file": one.file, "line": one.line, "message": one.message, "hint": one.hint, "fatal": one.fatal}
            for one in report.problems
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=_plain) + "\n"


def _row(result: Result) -> dict[str, Any]:
    finding, verdict = result.finding, result.finding.verdict
    origin = verdict.resource.origin
    return {
        "rule": finding.rule,
        "policy": result.rule.policy,
        "severity": result.rule.severity.value,
        "enforcement": result.enforcement.value,
        "status": finding.status.value,
        "file": result.file,
        "line": result.line,
        "source": origin.source if origin is not None else "",
        "type": verdict.resource.type,
        "name": verdict.resource.name,
        "urn": verdict.resource.urn,
        "path": verdict.path,
        "value": verdict.value,
        "problem": verdict.problem,
        "cure": verdict.cure,
        "note": finding.note,
        "message": finding.message,
    }


def _plain(value: Any) -> str:
    return "unknown" if value is UNKNOWN else str(value)
