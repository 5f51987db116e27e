"""Bucket policies, evaluated for anonymous callers, for the edge, and for whoever signs as the account."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        service: AWS service principal that calls, such as `cloudfront.amazonaws.com`.
        account: Account that signs; with neither, the caller is anonymous.
        context: Condition keys by name in lower case, such as `aws:sourcearn`.
    """

    service: str | None = None
    account: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


ANONYMOUS = Caller()


def edge(distribution_arn: str, account: str) -> Caller:
    """The edge, signing for a distribution by origin access control."""
    return Caller("cloudfront.amazonaws.com", context={"aws:sourcearn": distribution_arn, "aws:sourceaccount": account})


def allowed(policy: str | None, caller: Caller, action: str, resource: str) -> bool:
    """Whether the bucket policy lets the caller do `action` (`s3:GetObject`) on `resource` (an ARN).

    A statement whose condition uses an operator or a key that is not known here counts as not fulfilled for Allow
    and as fulfilled for Deny: in doubt, no access.
    """
    granted = any(
        statement["Effect"] == "Allow" and _fulfilled(statement, caller, unknown=False)
        for statement in _statements(policy, caller, action, resource)
    )
    return granted and not denied(policy, caller, action, resource, in_doubt=True)


def denied(policy: str | None, caller: Caller, action: str, resource: str, *, in_doubt: bool) -> bool:
    """Whether a Deny statement of the policy applies.

    Args:
        in_doubt: What a condition counts as that cannot be judged here.
    """
    return any(
        statement["Effect"] == "Deny" and _fulfilled(statement, caller, unknown=in_doubt)
        for statement in _statements(policy, caller, action, resource)
    )


def _statements(policy: str | None, caller: Caller, action: str, resource: str) -> list[Mapping[str, Any]]:
    if not policy:
        return []
    declared = json.loads(policy).get("Statement", [])
    statements = declared if isinstance(declared, list) else [declared]
    return [statement for statement in statements if _covers(statement, caller, action, resource)]


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
    accounts = _list(principal.get("AWS", []))
    if "*" in accounts:
        return True
    if caller.account is not None and {caller.account, f"arn:aws:iam::{caller.account}:root"} & set(accounts):
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
