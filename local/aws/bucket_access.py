"""Who may read a bucket without credentials: bucket policies, evaluated for anonymous callers and for the edge."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Caller:
    """Somebody without an identity of the account's.

    Attributes:
        service: AWS service principal that calls, such as `cloudfront.amazonaws.com`; None for anonymous.
        context: Condition keys by name in lower case, such as `aws:sourcearn`.
    """

    service: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


ANONYMOUS = Caller()


def edge(distribution_arn: str, account: str) -> Caller:
    """The edge, signing for a distribution by origin access control."""
    return Caller("cloudfront.amazonaws.com", {"aws:sourcearn": distribution_arn, "aws:sourceaccount": account})


def allowed(policy: str | None, caller: Caller, action: str, resource: str) -> bool:
    """Whether the bucket policy lets the caller do `action` (`s3:GetObject`) on `resource` (an ARN).

    A statement whose condition uses an operator or a key that is not known here counts as not fulfilled for Allow
    and as fulfilled for Deny: in doubt, no access.
    """
    if not policy:
        return False
    statements = json.loads(policy).get("Statement", [])
    matching = [
        statement
        for statement in (statements if isinstance(statements, list) else [statements])
        if _covers(statement, caller, action, resource)
    ]
    denied = any(each["Effect"] == "Deny" and _fulfilled(each, caller, unknown=True) for each in matching)
    return not denied and any(
        each["Effect"] == "Allow" and _fulfilled(each, caller, unknown=False) for each in matching
    )


def _covers(statement: Mapping[str, Any], caller: Caller, action: str, resource: str) -> bool:
    return (
        _is_principal(statement.get("Principal"), caller)
        and _any_like(statement.get("Action", []), action.lower(), lower=True)
        and _any_like(statement.get("Resource", []), resource)
    )


def _is_principal(principal: Any, caller: Caller) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    if "*" in _list(principal.get("AWS", [])):
        return True
    return caller.service is not None and caller.service in _list(principal.get("Service", []))


def _fulfilled(statement: Mapping[str, Any], caller: Caller, *, unknown: bool) -> bool:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            actual = caller.context.get(key.lower())
            # Requests to the local endpoint are not encrypted; a rule about that says nothing about the caller.
            if key.lower() == "aws:securetransport":
                if statement["Effect"] == "Deny":
                    return False
                continue
            met = _compare(operator, actual, _list(values))
            if met is None:
                met = unknown
            if not met:
                return False
    return True


def _compare(operator: str, actual: str | None, values: list[str]) -> bool | None:
    match operator:
        case "StringEquals" | "ArnEquals":
            return actual is not None and actual in values
        case "StringLike" | "ArnLike":
            return actual is not None and _any_like(values, actual)
        case "StringNotEquals" | "ArnNotEquals":
            return actual is None or actual not in values
        case _:
            return None


def _any_like(patterns: Any, text: str, *, lower: bool = False) -> bool:
    return any(_like(pattern.lower() if lower else pattern, text) for pattern in _list(patterns))


def _like(pattern: str, text: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _list(value: Any) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
