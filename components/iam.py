"""Small helpers for IAM policies."""

from __future__ import annotations

import json
from collections.abc import Mapping


def policy_document(*statements: Mapping[str, object]) -> str:
    """An IAM policy as canonical JSON, so that equal policies are equal texts."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trusts(service: str, **conditions: str) -> dict[str, object]:
    """The trust statement of a role that an AWS service takes.

    Args:
        service: Its principal, such as `rds.amazonaws.com`.
        conditions: Keys of the request's `aws:` context with the value that each has to have, such as
            `SourceAccount`.
    """
    statement: dict[str, object] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if conditions:
        statement["Condition"] = {"StringEquals": {f"aws:{key}": value for key, value in conditions.items()}}
    return statement


def key_owner(account: str) -> dict[str, object]:
    """The statement of a key's policy without which nobody could ever change the key again."""
    return {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "kms:*",
        # In a key's own policy, this key.
        "Resource": "*",
    }
