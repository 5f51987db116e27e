"""Backups out of the stores' reach: vaults that nobody empties, plans that fill them, and who hears of a failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import aws, backup_rules
from components.backup_policies import Reach, rights, trust, undeletable
from components.backup_rules import LockMode, Promise, StoreKind, snapshot_minutes, worst_case
from components.errors import Refusal, refuse
from components.keys import DELETION_DAYS
from components.options import child

TAG = "backup"
"""Key of the tag by which a plan finds what it backs up."""

EVENTS = (
    "BACKUP_JOB_EXPIRED",
    "BACKUP_JOB_FAILED",
    "CONTINUOUS_BACKUP_INTERRUPTED",
    "COPY_JOB_FAILED",
    "RECOVERY_POINT_MODIFIED",
    "RESTORE_JOB_FAILED",
    "S3_BACKUP_OBJECT_FAILED",
    "S3_RESTORE_OBJECT_FAILED",
)
"""What is told at once: whatever went wrong, and that somebody changed a recovery point."""

_HOUR = 3600
_LONGEST_ALARM_HOURS = 7 * 24
"""How far back an alarm can look (CloudWatch API Reference, `PutMetricAlarm`)."""


@dataclass(frozen=True, kw_only=True)
class BackupRuleArgs:
    """When recovery points are made, and how long they are kept.

    Attributes:
        schedule: `cron(…)` of six fields, UTC, no more often than every hour (AWS Backup API, `ScheduleExpression`).
        start_window_minutes: Minutes in which a job has to start, 60 or more, or it expires.
        completion_window_minutes: Minutes in which it has to be complete, an hour more or longer, or it is cancelled.
        delete_after_days: Days that recovery points are kept; 35 or fewer for continuous ones.
        cold_after_days: Days until they move to cold storage, where they stay for 90 or more. AWS Backup has none for
            RDS and S3, and leaves their recovery points where they are.
        continuous: Any moment can be restored. For buckets only: RDS does so by itself.
        copy_days: Days that the copy in the recovery region is kept; without it, as the original.
    """

    schedule: str = "cron(0 5 ? * * *)"
    start_window_minutes: int = 60
    completion_window_minutes: int = 180
    delete_after_days: int = 35
    cold_after_days: int | None = None
    continuous: bool = False
    copy_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class BackupPlanArgs:
    """What is backed up, and when.

    Attributes:
        kind: RDS instances or S3 buckets: the role differs.
        stores: Their ARNs. Each has to carry the tag `backup_tag(identifier, plan)`; what carries it and is not listed
            here is selected too, and its jobs fail and are told of, since the role has no right to it.
        rules: By name.
        key_arns: Keys that the stores are encrypted with, as far as they are the user's own.
    """

    kind: StoreKind
    stores: Sequence[pulumi.Input[str]]
    rules: Mapping[str, BackupRuleArgs]
    key_arns: Sequence[pulumi.Input[str]] = ()


@dataclass(frozen=True, kw_only=True)
class VaultLockArgs:
    """How long recovery points are safe from everybody.

    Attributes:
        mode: `governance`: whoever may can take the lock away. `compliance`: nobody can, once `changeable_days` are
            over; neither the lock nor the vault nor what is in it goes before its time.
        min_days: Jobs that keep recovery points for less fail.
        max_days: Jobs that keep them for longer fail; None: no limit.
        changeable_days: For `compliance`: days in which a mistake can be undone, 3 or more.
        confirm: For `compliance`: the word `irrevocable`.
    """

    mode: LockMode = "governance"
    min_days: int = 7
    max_days: int | None = None
    changeable_days: int | None = None
    confirm: str | None = None


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """Vaults and plans.

    Attributes:
        identifier: Start of all names, for example `aiponge-prod-backup`.
        account: Number of the account.
        region: Where the stores are.
        plans: By name.
        lock: Lock of both vaults; None: recovery points can be deleted by whoever may, but for the vaults' policy.
        recovery_region: Region that every recovery point is copied to; None: none.
        topic_arn: Who is told of failed jobs, and of silence. The topic's policy has to let AWS Backup publish.
        force_destroy: Deleting the vaults deletes what is in them.
        tags: On everything.
    """

    identifier: str
    account: str
    region: str
    plans: Mapping[str, BackupPlanArgs]
    lock: VaultLockArgs | None = field(default_factory=VaultLockArgs)
    recovery_region: str | None = None
    topic_arn: pulumi.Input[str]
    force_destroy: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


def backup_tag(identifier: str, plan: str) -> dict[str, str]:
    """The tag that a store of a plan has to carry."""
    return {TAG: f"{identifier}-{plan}"}


class Backup(pulumi.ComponentResource):
    """A vault, its twin in another region, and the plans that fill them.

    Attributes:
        promises: What can be recovered of each plan's stores.
        alarms: Names of the alarms.
        outputs: Vaults, plans and roles, as stack outputs.

    Raises:
        Refused: AWS Backup would not take it, or would not do what it says.
    """

    promises: Mapping[str, Promise]
    alarms: Sequence[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Backup", name, None, opts)
        refuse(f"Backup {name!r}", _refusals(args))
        self._name, self._args = name, args
        near = self._vault("vault", args.identifier, None)
        vaults = [near]
        if args.recovery_region:
            vaults.append(self._vault("recovery-vault", f"{args.identifier}-recovery", args.recovery_region))
        aws.BackupVaultNotifications(
            f"{name}-vault",
            backup_vault_name=near.vault.name,
            sns_topic_arn=args.topic_arn,
            backup_vault_events=list(EVENTS),
            opts=self._put_once(),
        )
        self.promises = {key: worst_case(plan.rules) for key, plan in args.plans.items()}
        plans = {key: self._plan(key, plan, vaults) for key, plan in args.plans.items()}
        self.alarms = self._watch()
        self.outputs = {
            "vault": near.vault.name,
            "vaultArn": near.vault.arn,
            "recoveryVaultArn": vaults[1].vault.arn if args.recovery_region else None,
            "recoveryRegion": args.recovery_region,
            "plans": plans,
            "alarms": list(self.alarms),
        }
        self.register_outputs(dict(self.outputs))

    def _vault(self, kind: str, identifier: str, region: str | None) -> _Vault:
        args, name = self._args, f"{self._name}-{kind}"
        key = aws.Key(
            f"{name}-key",
            description=f"Encrypts {identifier}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            region=region,
            tags=dict(args.tags),
            opts=child(self),
        )
        aws.KeyAlias(
            f"{name}-key", name=f"alias/{identifier}", target_key_id=key.key_id, region=region, opts=child(self)
        )
        vault = aws.BackupVault(
            name,
            name=identifier,
            kms_key_arn=key.arn,
            force_destroy=args.force_destroy,
            region=region,
            tags=dict(args.tags),
            opts=child(self),
        )
        aws.BackupVaultPolicy(
            name,
            backup_vault_name=vault.name,
            policy=undeletable(args.account, args.region),
            region=region,
            opts=child(self),
        )
        if args.lock:
            aws.BackupVaultLock(
                name,
                backup_vault_name=vault.name,
                min_retention_days=args.lock.min_days,
                max_retention_days=args.lock.max_days,
                changeable_for_days=args.lock.changeable_days,
                region=region,
                opts=self._put_once(),
            )
        return _Vault(vault, key)

    def _put_once(self) -> pulumi.ResourceOptions:
        """Options of what a vault has one of: the new one first, and the removal of the old one would remove it."""
        return pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(delete_before_replace=True))

    def _plan(self, key: str, plan: BackupPlanArgs, vaults: Sequence[_Vault]) -> Mapping[str, pulumi.Input[object]]:
        args, name, identifier = self._args, f"{self._name}-{key}", f"{self._args.identifier}-{key}"
        made = aws.BackupPlan(
            name,
            name=identifier,
            rules=[_rule(rule_name, rule, vaults, args.tags) for rule_name, rule in plan.rules.items()],
            tags=dict(args.tags),
            opts=child(self),
        )
        role = aws.Role(
            name,
            name=identifier,
            description=f"Backs up what is tagged {TAG}={identifier}",
            assume_role_policy=trust(),
            tags=dict(args.tags),
            opts=child(self),
        )
        reach = pulumi.Output.all(
            stores=pulumi.Output.all(*plan.stores),
            vaults=pulumi.Output.all(*(each.vault.arn for each in vaults)),
            keys=pulumi.Output.all(*(each.key.arn for each in vaults), *plan.key_arns),
        )
        policy = aws.RolePolicy(
            name,
            name="backup",
            role=role.id,
            policy=reach.apply(
                lambda known: rights(Reach(region=args.region, account=args.account, kind=plan.kind, **known))
            ),
            opts=child(self),
        )
        [(tag, value)] = backup_tag(args.identifier, key).items()
        aws.BackupSelection(
            name,
            name=identifier,
            plan_id=made.id,
            iam_role_arn=role.arn,
            resources=["*"],
            # Conditions all have to hold; of `selection_tags`, one would do.
            conditions=[{"string_equals": [{"key": f"aws:ResourceTag/{tag}", "value": value}]}],
            opts=pulumi.ResourceOptions.merge(self._put_once(), pulumi.ResourceOptions(depends_on=[policy])),
        )
        return {
            "id": made.id,
            "roleArn": role.arn,
            "selects": f"{tag}={value}",
            "worstSeconds": self.promises[key].seconds,
        }

    def _watch(self) -> list[str]:
        """Alarms on jobs that fail, and on none that is completed."""
        names = [self._alarm(*alarm) for alarm in _FAILURES]
        # A plan that has not done anything for its worst case; the one that is due last, since the metric is the
        # vault's.
        hours = max(-(-_quietest(plan) // 60) for plan in self._args.plans.values()) + 1
        if hours <= _LONGEST_ALARM_HOURS:
            names.append(self._alarm("silent", "NumberOfBackupJobsCompleted", "no backup was completed", hours))
        return names

    def _alarm(self, kind: str, metric: str, meaning: str, hours: int = 1) -> str:
        silent = kind == "silent"
        identifier = f"{self._args.identifier}-{kind}"
        actions = [self._args.topic_arn]
        aws.MetricAlarm(
            f"{self._name}-{kind}",
            name=identifier,
            alarm_description=f"In {hours} h, {meaning}: see the jobs of the vault {self._args.identifier}.",
            namespace="AWS/Backup",
            metric_name=metric,
            dimensions={"BackupVaultName": self._args.identifier},
            statistic="Sum",
            period=_HOUR,
            evaluation_periods=hours,
            datapoints_to_alarm=hours,
            comparison_operator="LessThanThreshold" if silent else "GreaterThanThreshold",
            threshold=1 if silent else 0,
            treat_missing_data="breaching" if silent else "notBreaching",
            alarm_actions=actions,
            ok_actions=actions,
            tags=dict(self._args.tags),
            opts=child(self),
        )
        return identifier


_FAILURES = (
    ("failed", "NumberOfBackupJobsFailed", "a backup failed"),
    ("expired", "NumberOfBackupJobsExpired", "a backup did not start in its window"),
)


@dataclass(frozen=True)
class _Vault:
    vault: aws.BackupVault
    key: aws.Key


def _quietest(plan: BackupPlanArgs) -> int:
    return min(snapshot_minutes(rule) for rule in plan.rules.values())


def _rule(name: str, rule: BackupRuleArgs, vaults: Sequence[_Vault], tags: Mapping[str, str]) -> Any:
    """A rule in the form that AWS Backup has, with one copy where there is a second vault."""
    copies = [
        {"destination_vault_arn": each.vault.arn, "lifecycle": _lifecycle(rule, rule.copy_days)} for each in vaults[1:]
    ]
    return {
        "rule_name": name,
        "target_vault_name": vaults[0].vault.name,
        "schedule": rule.schedule,
        "schedule_expression_timezone": "Etc/UTC",
        "start_window": rule.start_window_minutes,
        "completion_window": rule.completion_window_minutes,
        "enable_continuous_backup": rule.continuous,
        "lifecycle": _lifecycle(rule, None),
        "recovery_point_tags": dict(tags),
        **({"copy_actions": copies} if copies else {}),
    }


def _lifecycle(rule: BackupRuleArgs, days: int | None) -> dict[str, int]:
    cold = {} if rule.cold_after_days is None else {"cold_storage_after": rule.cold_after_days}
    return {**cold, "delete_after": days or rule.delete_after_days}


def _refusals(args: BackupArgs) -> Iterator[Refusal]:
    if not args.plans:
        yield Refusal("plans", {}, "vaults without a plan stay empty: name one or more")
    if args.recovery_region == args.region:
        yield Refusal(
            "recovery_region",
            args.recovery_region,
            "is the stores' own region, whose loss would take both: another one",
        )
    if args.lock:
        yield from _under("lock", backup_rules.lock(args.lock))
    for key, plan in args.plans.items():
        if not plan.rules:
            yield Refusal(f"plans.{key}.rules", {}, "a plan without rules backs nothing up: name one or more")
        for rule_name, rule in plan.rules.items():
            found = backup_rules.rule(rule, plan.kind, args.lock, copied=args.recovery_region is not None)
            yield from _under(f"plans.{key}.rules.{rule_name}", found)


def _under(path: str, refusals: Iterator[Refusal]) -> Iterator[Refusal]:
    for refusal in refusals:
        yield Refusal(f"{path}.{refusal.setting}", refusal.value, refusal.cure)
