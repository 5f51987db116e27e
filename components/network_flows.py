"""A network's flow log: who talked to whom."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components import aws
from components.iam import policy_document, trusts
from components.logs import RetentionDays, log_group
from components.network_rules import Traffic
from components.options import child


def make_flow_log(
    parent: pulumi.Resource,
    name: str,
    identifier: str,
    vpc: aws.Vpc,
    *,
    retention_days: RetentionDays,
    traffic: Traffic,
    tags: Mapping[str, str],
) -> None:
    """Record connections into a log group of its own.

    Args:
        parent: The network.
        name: Its logical name.
        identifier: Its name.
        vpc: Its VPC.
        retention_days: Days that records are kept.
        traffic: What is recorded.
        tags: On everything.
    """
    group = log_group(parent, f"{name}-flows", f"/aws/vpc/{identifier}/flows", retention_days, tags)
    role = aws.Role(
        f"{name}-flows",
        name=f"{identifier}-flow-logs",
        description=f"Flow log of {identifier}",
        assume_role_policy=vpc.owner_id.apply(
            lambda owner: policy_document(trusts("vpc-flow-logs.amazonaws.com", SourceAccount=owner))
        ),
        tags=dict(tags),
        opts=child(parent),
    )
    rights = aws.RolePolicy(
        f"{name}-flows",
        name="write-log",
        role=role.id,
        policy=group.arn.apply(
            lambda arn: policy_document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    "Resource": f"{arn}:*",
                },
                {
                    "Effect": "Allow",
                    "Action": "logs:DescribeLogGroups",
                    "Resource": f"{arn.rpartition(':log-group:')[0]}:log-group:*",
                },
            )
        ),
        opts=child(parent),
    )
    aws.FlowLog(
        f"{name}-flows",
        vpc_id=vpc.id,
        traffic_type=traffic,
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        tags={**tags, "Name": f"{identifier}-flows"},
        opts=child(parent, depends_on=[rights]),
    )
