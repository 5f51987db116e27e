"""What lets an instance be watched from outside: its logs' groups, and the role of enhanced monitoring."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components import aws
from components.iam import policy_document, trusts
from components.logs import RetentionDays, log_group
from components.naming import partition
from components.options import child

LOGS = ("postgresql", "upgrade")
"""Logs that RDS for PostgreSQL exports."""


def monitoring_role(
    parent: pulumi.Resource, name: str, identifier: str, region: str, tags: Mapping[str, str]
) -> pulumi.Output[str]:
    """The role that enhanced monitoring writes its log with (RDS User Guide, Enhanced Monitoring)."""
    role = aws.Role(
        f"{name}-monitoring",
        name=f"{identifier}-monitoring",
        description=f"Enhanced monitoring of {identifier}",
        assume_role_policy=policy_document(trusts("monitoring.rds.amazonaws.com")),
        tags=dict(tags),
        opts=child(parent),
    )
    # RDS writes to this one group; a role cannot write to another account's.
    group = f"arn:{partition(region)}:logs:{region}:*:log-group:RDSOSMetrics"
    policy = aws.RolePolicy(
        f"{name}-monitoring",
        name="write-metrics",
        role=role.name,
        policy=policy_document(
            {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:PutRetentionPolicy"], "Resource": group},
            {
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:GetLogEvents",
                    "logs:PutLogEvents",
                ],
                "Resource": f"{group}:log-stream:*",
            },
        ),
        opts=child(parent),
    )
    # RDS tries the role when it is given: the policy has to be there by then.
    return pulumi.Output.all(role.arn, policy.id).apply(lambda made: str(made[0]))


def log_groups(
    parent: pulumi.Resource, name: str, identifier: str, days: RetentionDays | None, tags: Mapping[str, str]
) -> list[aws.LogGroup]:
    """The groups of one instance's logs, made before it: RDS would make groups that keep everything for ever.

    Args:
        parent: The component.
        name: Start of their logical names.
        identifier: Name of the instance.
        days: Days that logs are kept; None: there are none.
        tags: On the groups.
    """
    if days is None:
        return []
    return [log_group(parent, f"{name}-{log}-log", f"/aws/rds/instance/{identifier}/{log}", days, tags) for log in LOGS]
