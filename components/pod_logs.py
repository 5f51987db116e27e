"""Where the logs of a stack's pods are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components import aws, observability_rules
from components.errors import refuse
from components.iam import key_owner, policy_document
from components.keys import DELETION_DAYS
from components.logs import RetentionDays, log_group
from components.naming import partition
from components.options import child


@dataclass(frozen=True, kw_only=True)
class PodLogsArgs:
    """A log group for pods.

    Attributes:
        identifier: Of the stack, for example `aiponge-prod`; the group is `/groundwork/<identifier>/pods`.
        account: Number of the account.
        region: Where it is.
        existing_group: Name of a group of yours instead: nothing of it is changed.
        retention_days: Days that logs are kept.
        own_kms_key: Encrypt with a key made for it, instead of CloudWatch's own.
        kms_key_arn: A key of yours instead, which `logs.<region>.amazonaws.com` may use.
        tags: On everything.
    """

    identifier: str
    account: str
    region: str
    existing_group: str | None = None
    retention_days: RetentionDays = 30
    own_kms_key: bool = False
    kms_key_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class PodLogs(pulumi.ComponentResource):
    """A log group, encrypted, with an end to its logs; or the user's own.

    Attributes:
        group: Its name; whoever uses it waits for it.
        name: The same, known beforehand.
        arn: Of the group, known beforehand.

    Raises:
        Refused: two keys, or a key for a group that exists.
    """

    group: pulumi.Input[str]
    name: str
    arn: str

    def __init__(self, name: str, args: PodLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:PodLogs", name, None, opts)
        refuse(f"PodLogs {name!r}", observability_rules.pod_logs(args))
        self.name = args.existing_group or f"/groundwork/{args.identifier}/pods"
        self.arn = group_arn(args.region, args.account, self.name)
        self.group = self.name
        if args.existing_group is None:
            made = log_group(
                self, f"{name}-group", self.name, args.retention_days, args.tags, kms_key_id=self._key(name, args)
            )
            self.group = made.name
        self.register_outputs({"group": self.group})

    def _key(self, name: str, args: PodLogsArgs) -> pulumi.Input[str] | None:
        if not args.own_kms_key:
            return args.kms_key_arn
        key = aws.Key(
            f"{name}-key",
            description=f"Encrypts {self.name}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=key_policy(args.account, args.region, self.arn),
            tags=dict(args.tags),
            opts=child(self),
        )
        return key.arn


def group_arn(region: str, account: str, name: str) -> str:
    """The ARN of a log group."""
    return f"arn:{partition(region)}:logs:{region}:{account}:log-group:{name}"


def key_policy(account: str, region: str, group: str) -> str:
    """The account's own rights, and CloudWatch Logs' for this group alone.

    CloudWatch Logs User Guide, Encrypt log data using AWS KMS: without the service in the key's policy the group is
    refused.
    """
    return policy_document(
        key_owner(account),
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}},
        },
    )
