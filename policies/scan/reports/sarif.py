"""Results as SARIF 2.1.0 (OASIS), which code hosts show beside the changed lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from policies.model import Enforcement, Rule, Status
from policies.scan.chunks import Problem
from policies.scan.reports.words import printable
from policies.scan.run import Report, Result

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Enforcement.MANDATORY: "error", Enforcement.ADVISORY: "warning", Enforcement.DISABLED: "none"}


def as_sarif(report: Report, docs_url: str = "") -> str:
    """One run with its rules, results and what could not be read.

    Args:
        docs_url: Where docs/policies is published, as an absolute URL; rules then have a `helpUri`.
    """
    places = {rule.policy: index for index, rule in enumerate(report.rules)}
    invocation = {
        "executionSuccessful": not any(problem.fatal for problem in report.problems),
        "toolExecutionNotifications": [_notification(problem) for problem in report.problems],
    }
    results = [_result(result, places[result.rule.policy]) for result in report.results]
    return document(report.rules, results, invocation, docs_url)


def document(
    rules: Iterable[Rule], results: Sequence[Mapping[str, Any]], invocation: Mapping[str, Any], docs_url: str = ""
) -> str:
    """A SARIF document of one run.

    Args:
        rules: What was judged by.
        results: SARIF's results; each names its rule by `ruleId`, the rule's policy.
        invocation: SARIF's account of how the run went.
        docs_url: See `as_sarif`.
    """
    run = {
        "tool": {
            "driver": {
                "name": "groundwork",
                "semanticVersion": version("groundwork"),
                "rules": [_rule(rule, docs_url) for rule in rules],
            }
        },
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def fingerprint(result: Result) -> str:
    """The same for the same finding wherever its line moves to, so that it is shown as new only once."""
    verdict = result.finding.verdict
    return hashed(result.rule.policy, result.file, verdict.resource.urn, verdict.path, verdict.problem)


def hashed(*parts: str) -> str:
    """A fingerprint of what tells one finding from all others."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _rule(rule: Rule, docs_url: str) -> dict[str, Any]:
    described = {
        "id": rule.policy,
        "name": "".join(word.capitalize() for word in rule.policy.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {rule.remediation}"},
        "help": {"text": rule.remediation, "markdown": f"{rule.remediation}\n\nRequirement: {rule.id}"},
        "defaultConfiguration": {"level": _LEVELS[rule.enforcement]},
        "properties": {
            "tags": [rule.id, *rule.tags, *rule.frameworks],
            "problem.severity": "error" if rule.enforcement is Enforcement.MANDATORY else "warning",
            "severity": rule.severity.value,
        },
    }
    if docs_url:
        described["helpUri"] = f"{docs_url.rstrip('/')}/{rule.id}.md"
    return described


def _result(result: Result, index: int) -> dict[str, Any]:
    finding, verdict = result.finding, result.finding.verdict
    undetermined = finding.status is Status.UNDETERMINED
    made: dict[str, Any] = {
        "ruleId": result.rule.policy,
        "ruleIndex": index,
        "level": "note" if undetermined else _LEVELS[result.enforcement],
        "message": {"text": printable(finding.message)},
        "locations": [
            {
                "physicalLocation": physical(_shown_file(result), result.line),
                "logicalLocations": [
                    {"fullyQualifiedName": f"{verdict.resource.urn}#{verdict.path}", "name": verdict.resource.name}
                ],
            }
        ],
        "partialFingerprints": {"groundworkFinding/v1": fingerprint(result)},
        "properties": {"status": finding.status.value, "severity": result.rule.severity.value},
    }
    if finding.status is Status.EXEMPT:
        made["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.note}]
    return made


def _shown_file(result: Result) -> str:
    origin = result.finding.verdict.resource.origin
    return origin.source if result.file == "-" and origin is not None and origin.source else result.file


def _notification(problem: Problem) -> dict[str, Any]:
    return {
        "level": "error" if problem.fatal else "note",
        "message": {"text": printable(str(problem))},
        "locations": [{"physicalLocation": physical(problem.file, problem.line)}],
    }


def physical(file: str, line: int) -> dict[str, Any]:
    """A place in a file."""
    uri = "stdin" if file == "-" else quote(file.removeprefix("./"))
    return {"artifactLocation": {"uri": uri}, "region": {"startLine": max(1, line)}}
