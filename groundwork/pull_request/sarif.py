"""What the policies said in a preview as SARIF 2.1.0 (OASIS), at the stack's file: a preview knows no source line."""

from __future__ import annotations

from typing import Any, Final

from groundwork.pull_request.events import PolicyResult, Preview
from policies.packs import all_rules
from policies.scan.reports.sarif import document, hashed, physical
from policies.scan.reports.words import printable

_LEVELS: Final = {"mandatory": "error", "advisory": "warning"}


def render(preview: Preview, stack_file: str) -> str:
    """The document.

    Args:
        stack_file: The stack's file, from the root of the repository.
    """
    known = {rule.policy for rule in all_rules()}
    # What could not be judged, and what is exempt, is reported by policies that are no rules.
    results = [_result(result, stack_file) for result in preview.policies if result.policy in known]
    return document(all_rules(), results, {"executionSuccessful": preview.finished or bool(preview.policies)})


def _result(result: PolicyResult, stack_file: str) -> dict[str, Any]:
    name = result.urn.rsplit("::", 1)[-1]
    return {
        "ruleId": result.policy,
        "level": _LEVELS.get(result.level, "note"),
        "message": {"text": printable(result.message)},
        "locations": [
            {
                "physicalLocation": physical(stack_file, 1),
                "logicalLocations": [{"fullyQualifiedName": result.urn, "name": name}],
            }
        ],
        "partialFingerprints": {"groundworkFinding/v1": hashed(result.policy, result.urn, result.message)},
        "properties": {"severity": result.severity},
    }
