"""Small helpers for IAM policies."""

from __future__ import annotations

import json
from collections.abc import Mapping


def policy_document(*statements: Mapping[str, object]) -> str:
    """An IAM policy as canonical JSON, so that equal policies are equal texts."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)
