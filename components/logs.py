"""Log groups that AWS services write to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import pulumi

from components import aws
from components.options import child

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""Days that CloudWatch Logs can keep (CloudWatch Logs API Reference, `PutRetentionPolicy`)."""
RETENTION_DAYS: tuple[int, ...] = get_args(RetentionDays)


def log_group(
    parent: pulumi.Resource,
    logical: str,
    name: str,
    retention_days: int,
    tags: Mapping[str, str],
    region: str | None = None,
    kms_key_id: pulumi.Input[str] | None = None,
) -> aws.LogGroup:
    """A log group made before the service writes: one that the service makes itself is kept for ever.

    Args:
        parent: The component whose logs they are.
        logical: Logical name.
        name: Name of the group.
        retention_days: One of `RETENTION_DAYS`.
        tags: On the group.
        region: Where, if it is not the provider's region.
        kms_key_id: ARN of the key that it is encrypted with; CloudWatch's own without one.
    """
    return aws.LogGroup(
        logical,
        name=name,
        retention_in_days=retention_days,
        region=region,
        kms_key_id=kms_key_id,
        tags=dict(tags),
        opts=child(parent),
    )
