"""The IAM policy that a runbook needs: from the calls that its steps declare, and no others can be made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from runbooks.model import ApiCall


def policy(calls: Iterable[ApiCall]) -> dict[str, Any]:
    """An IAM policy document: a statement for each set of resources, sorted."""
    actions: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for call in calls:
        actions[tuple(sorted(set(call.resources)))].add(call.action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": sorted(allowed), "Resource": list(resources)}
            for resources, allowed in sorted(actions.items())
        ],
    }
