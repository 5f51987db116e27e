"""How much a restore would lose right now: measured every minute, since RDS has no metric of it.

What RDS tells is the newest moment that an instance can be restored to (`LatestRestorableTime`). A state machine asks
for it and puts its age into CloudWatch. It needs no code of ours to run and no server: two calls of AWS's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import aws
from components.iam import policy_document, trusts
from components.options import child
from components.thresholds import RECOVERY_POINT_METRIC

NAMESPACE = "Groundwork/RDS"
DIMENSION = "DBInstanceIdentifier"
_TIMEOUT_SECONDS = 45
"""Less than a minute: a look that hangs must not tell an old age after the next one."""


@dataclass(frozen=True, kw_only=True)
class RecoveryPointArgs:
    """Which instance is looked at.

    Attributes:
        identifier: Its name; the state machine, its schedule and their roles are named after it.
        arn: Its ARN.
        partition: Of its region, as ARNs have it.
        tags: On everything.
    """

    identifier: str
    arn: pulumi.Output[str]
    partition: str = "aws"
    tags: Mapping[str, str] = field(default_factory=dict)


class RecoveryPoint(pulumi.ComponentResource):
    """The metric `RecoveryPointAge` (seconds, once a minute) of an instance, by its identifier, in `Groundwork/RDS`.

    When looking fails there is no value, which the alarm tells as well.
    """

    def __init__(self, name: str, args: RecoveryPointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RecoveryPoint", name, None, opts)
        identifier = f"{args.identifier}-recovery-point"
        machine = aws.StateMachine(
            f"{name}-machine",
            name=identifier,
            # Express: started 43,800 times a month, for cents, and at least once, which does no harm here.
            type="EXPRESS",
            definition=definition(args.identifier, args.partition),
            role_arn=_role(
                self, name, identifier, "states.amazonaws.com", args, args.arn.apply(lambda arn: _looks_and_tells(arn))
            ),
            tags=dict(args.tags),
            opts=child(self),
        )
        starter = _role(
            self,
            f"{name}-schedule",
            f"{identifier}-schedule",
            "scheduler.amazonaws.com",
            args,
            machine.arn.apply(
                lambda arn: policy_document({"Effect": "Allow", "Action": "states:StartExecution", "Resource": arn})
            ),
        )
        aws.Schedule(
            f"{name}-schedule",
            name=identifier,
            description=f"Looks how old the recovery point of {args.identifier} is",
            schedule_expression="rate(1 minute)",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": machine.arn,
                "role_arn": starter,
                "input": "{}",
                # A minute later the next look is due.
                "retry_policy": {"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 0},
            },
            opts=child(self),
        )
        self.register_outputs({})


def definition(identifier: str, partition: str) -> str:
    """The state machine (Amazon States Language, JSONata). The newest restorable moment becomes an age in seconds."""
    look: dict[str, Any] = {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::aws-sdk:rds:describeDBInstances",
        "Arguments": {"DbInstanceIdentifier": identifier},
        "Output": {"latest": "{% $states.result.DbInstances[0].LatestRestorableTime %}"},
        "Next": "Tell",
    }
    age = "($toMillis($states.context.State.EnteredTime) - $toMillis($states.input.latest)) / 1000"
    tell: dict[str, Any] = {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::aws-sdk:cloudwatch:putMetricData",
        "Arguments": {
            "Namespace": NAMESPACE,
            "MetricData": [
                {
                    "MetricName": RECOVERY_POINT_METRIC,
                    "Dimensions": [{"Name": DIMENSION, "Value": identifier}],
                    "Unit": "Seconds",
                    "Value": f"{{% {age} %}}",
                }
            ],
        },
        "End": True,
    }
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Look",
        "TimeoutSeconds": _TIMEOUT_SECONDS,
        "States": {"Look": look, "Tell": tell},
    }
    return json.dumps(machine, sort_keys=True)


def _looks_and_tells(arn: str) -> str:
    return policy_document(
        {"Effect": "Allow", "Action": "rds:DescribeDBInstances", "Resource": arn},
        {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            # CloudWatch has no ARNs of metrics: the namespace is what it can be held to.
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
        },
    )


def _role(
    parent: pulumi.Resource,
    name: str,
    identifier: str,
    service: str,
    args: RecoveryPointArgs,
    policy: pulumi.Output[str],
) -> pulumi.Output[str]:
    """A role for an AWS service, on behalf of this account only."""
    role = aws.Role(
        f"{name}-role",
        name=identifier,
        description=f"Recovery point of {args.identifier}",
        assume_role_policy=args.arn.apply(
            lambda arn: policy_document(trusts(service, SourceAccount=arn.split(":")[4]))
        ),
        tags=dict(args.tags),
        opts=child(parent),
    )
    made = aws.RolePolicy(
        f"{name}-role-policy", name="recovery-point", role=role.name, policy=policy, opts=child(parent)
    )
    return pulumi.Output.all(role.arn, made.id).apply(lambda known: str(known[0]))
