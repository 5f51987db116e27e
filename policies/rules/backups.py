"""P0-BACKUP: every data store has backups that lose no more, and are kept no less, than is declared.

Two things count: what a store keeps by itself (the log of RDS, snapshots of ElastiCache, versions of S3, point-in-time
recovery of DynamoDB), and the plans of AWS Backup that select it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.schedules import parse, worst_case_minutes
from policies import production
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard
from policies.production import is_production
from policies.references import of_types, referring
from policies.rules import databases, redis_stores
from policies.rules.backup_selections import selects
from policies.rules.buckets import BUCKET, VERSIONING, is_versioned
from policies.values import flag, number, shown

PLAN: Final = "aws:backup/plan:Plan"
SELECTION: Final = "aws:backup/selection:Selection"
TABLE: Final = "aws:dynamodb/table:Table"
_LIFECYCLE: Final = frozenset(
    {
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
    }
)

_DAY_MINUTES: Final = 24 * 60
_LOG_MINUTES: Final = 5
"""How far the latest restorable time of RDS and DynamoDB is behind (Amazon RDS User Guide, Restoring a DB instance to a
specified time; DynamoDB Developer Guide, Point-in-time recovery)."""
_SNAPSHOT_MINUTES: Final = _DAY_MINUTES + 60
"""ElastiCache takes a snapshot at some time of an hour each day, where no other window is named."""
_CONTINUOUS_MINUTES: Final = 15
"""What a restore from continuous backups may lose (AWS Backup Developer Guide, Amazon S3 backups)."""
_START_MINUTES, _COMPLETION_MINUTES = 8 * 60, 7 * _DAY_MINUTES
"""Windows of a rule that names none (AWS Backup API Reference, `BackupRuleInput`)."""
_FOR_EVER: Final = 10**6
_DYNAMODB_DAYS: Final = 35

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    **redis_stores.PURPOSE_SCHEMA,
    "retentionDays": {
        "type": "integer",
        "minimum": 1,
        "default": 7,
        "description": "Days that backups of databases, tables and buckets are kept at least.",
    },
    "redisRetentionDays": {
        "type": "integer",
        "minimum": 0,
        "default": 1,
        "description": "Days that snapshots of Redis are kept at least; 0: Redis needs none.",
    },
    "databaseRpoMinutes": {
        "type": "integer",
        "minimum": 1,
        "default": 60,
        "description": "Declared recovery point of databases and tables: minutes of data that a recovery may lose.",
    },
    "redisRpoMinutes": {
        "type": "integer",
        "minimum": 1,
        "default": _SNAPSHOT_MINUTES,
        "description": "Declared recovery point of Redis, in minutes.",
    },
    "bucketRpoMinutes": {
        "type": "integer",
        "minimum": 1,
        "default": _DAY_MINUTES + 4 * 60,
        "description": "Declared recovery point of buckets, in minutes.",
    },
}


@dataclass(frozen=True)
class Kept:
    """One way in which a store can be recovered.

    Attributes:
        by: What keeps it, in words.
        days: Days that it is kept.
        minutes: Minutes of data that a recovery may lose at worst.
    """

    by: str
    days: int
    minutes: int


@dataclass(frozen=True)
class _Kind:
    """A kind of store.

    Attributes:
        own: What a store of this kind keeps by itself; `None` for nothing.
        path: Property that says so.
        rpo: Setting with the declared recovery point.
        retention: Setting with the days.
        in_plans: Whether AWS Backup can back it up.
        cure: What to write.
    """

    own: Callable[[Resource, Sequence[Resource]], Kept | None]
    path: str
    rpo: str
    cure: str
    retention: str = "retentionDays"
    in_plans: bool = True


def every_store_is_backed_up(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every data store of the stack by its own backups and by the plans that select it."""
    plans, selections = of_types(resources, {PLAN}), of_types(resources, {SELECTION})
    for one in resources:
        kind = _KINDS.get(one.type)
        if kind is not None and is_production(one, settings):
            yield from guard(one, _judge(one, kind, resources, (plans, selections), settings))


def _judge(
    one: Resource,
    kind: _Kind,
    resources: Sequence[Resource],
    planned: tuple[Sequence[Resource], Sequence[Resource]],
    settings: Mapping[str, Any],
) -> Iterator[Verdict]:
    days, minutes = settings[kind.retention], settings[kind.rpo]
    if days == 0 or _needs_none(one, settings):
        return
    found, doubts = _ways(one, kind, resources, planned)
    if any(way.days >= days and way.minutes <= minutes for way in found):
        return
    if doubts:
        raise doubts[0]
    wanted = f"it needs backups that are kept for {_days(days)} and lose {minutes} minutes at most"
    if found:
        problem = f"is backed up by {' and by '.join(_said(way) for way in found)}; {wanted}"
    else:
        problem = f"keeps no backups of its own{' and no plan selects it' if kind.in_plans else ''}; {wanted}"
    node = Node(one.properties)[kind.path]
    yield Verdict(one, node.path, shown(node), problem, kind.cure)


def _ways(
    one: Resource,
    kind: _Kind,
    resources: Sequence[Resource],
    planned: tuple[Sequence[Resource], Sequence[Resource]],
) -> tuple[list[Kept], list[Undetermined]]:
    """The ways in which a store can be recovered, and what could not be read: it may be another one."""
    found: list[Kept] = []
    doubts: list[Undetermined] = []
    try:
        own = kind.own(one, resources)
        found += [own] if own else []
    except Undetermined as doubt:
        doubts.append(doubt)
    if not kind.in_plans:
        return found, doubts
    plans, selections = planned
    for selection in selections:
        try:
            if selects(selection, one):
                found += _plan_of(selection, plans)
        except Undetermined as doubt:
            doubts.append(Undetermined(f'{doubt.path} of "{selection.name}"', doubt.reason))
    return found, doubts


def _plan_of(selection: Resource, plans: Sequence[Resource]) -> list[Kept]:
    mine = [plan for plan in plans if list(referring([selection], "planId", plan))]
    if not mine:
        raise Undetermined("planId", "its plan is not declared in this stack")
    return [_rule(mine[0], rule) for rule in Node(mine[0].properties)["rules"].elements()]


def _rule(plan: Resource, rule: Node) -> Kept:
    by = f'rule "{rule["ruleName"].text}" of "{plan.name}"'
    kept = rule.at("lifecycle", "deleteAfter")
    days = number(kept, _FOR_EVER)
    if flag(rule["enableContinuousBackup"]):
        return Kept(by, days, _CONTINUOUS_MINUTES)
    schedule = rule["schedule"]
    try:
        times = parse(schedule.text)
    except ValueError as error:
        raise Undetermined(schedule.path, f'"{schedule.text}" {error}') from None
    start = number(rule["startWindow"], _START_MINUTES)
    completion = number(rule["completionWindow"], _COMPLETION_MINUTES)
    return Kept(by, days, worst_case_minutes(times, start, completion))


def _said(way: Kept) -> str:
    kept = "for ever" if way.days >= _FOR_EVER else f"for {_days(way.days)}"
    return f"{way.by} ({kept}, losing {way.minutes} minutes at worst)"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _needs_none(one: Resource, settings: Mapping[str, Any]) -> bool:
    """Whether it is made again from its source rather than restored, or holds nothing that lasts."""
    root = Node(one.properties)
    if (
        one.type in {redis_stores.REPLICATION_GROUP, redis_stores.SERVERLESS}
        and redis_stores.tagged_purpose(one, settings) == "cache"
    ):
        return True
    return redis_stores.is_secondary(root) or databases.is_replica(root) or root["engine"].text.lower() == "memcached"


def _database(one: Resource, _resources: Sequence[Resource]) -> Kept | None:
    days = number(Node(one.properties)["backupRetentionPeriod"], databases.DEFAULT_RETENTION[one.type])
    return Kept("its own log", days, _LOG_MINUTES) if days else None


def _redis(one: Resource, _resources: Sequence[Resource]) -> Kept | None:
    days = number(Node(one.properties)["snapshotRetentionLimit"], 0)
    return Kept("its own snapshots", days, _SNAPSHOT_MINUTES) if days else None


def _table(one: Resource, _resources: Sequence[Resource]) -> Kept | None:
    recovery = Node(one.properties)["pointInTimeRecovery"]
    if not flag(recovery["enabled"]):
        return None
    return Kept("its own log", number(recovery["recoveryPeriodInDays"], _DYNAMODB_DAYS), _LOG_MINUTES)


def _bucket(one: Resource, resources: Sequence[Resource]) -> Kept | None:
    if not is_versioned(one, of_types(resources, VERSIONING)):
        return None
    rules = [*Node(one.properties)["lifecycleRules"].elements()]
    for lifecycle in referring(of_types(resources, _LIFECYCLE), "bucket", one):
        rules += Node(lifecycle.properties)["rules"].elements()
    return Kept("its own versions", min([_FOR_EVER, *_noncurrent_days(rules)]), 0)


def _noncurrent_days(rules: Sequence[Node]) -> Iterator[int]:
    """Days that overwritten and deleted objects are kept by each rule that is in force."""
    for rule in rules:
        inline = rule["enabled"]
        if rule["status"].text == "Disabled" or (inline.present and not flag(inline)):
            continue
        for field in ("noncurrentDays", "days"):
            yield number(rule.at("noncurrentVersionExpiration", field), _FOR_EVER)


_DATABASE: Final = _Kind(
    _database, "backupRetentionPeriod", "databaseRpoMinutes", cure="set backupRetentionPeriod, or select it in a plan"
)
_REDIS: Final = _Kind(
    _redis,
    "snapshotRetentionLimit",
    "redisRpoMinutes",
    retention="redisRetentionDays",
    in_plans=False,
    cure="set snapshotRetentionLimit; AWS Backup has no Redis",
)
_TABLE: Final = _Kind(
    _table, "pointInTimeRecovery", "databaseRpoMinutes", cure="enable pointInTimeRecovery, or select it in a plan"
)
_BUCKET: Final = _Kind(
    _bucket, "versioning", "bucketRpoMinutes", cure="keep its versions for longer, or select it in a plan"
)
_KINDS: Final[Mapping[str, _Kind]] = {
    databases.INSTANCE: _DATABASE,
    databases.CLUSTER: _DATABASE,
    redis_stores.REPLICATION_GROUP: _REDIS,
    redis_stores.SERVERLESS: _REDIS,
    TABLE: _TABLE,
    **dict.fromkeys(BUCKET, _BUCKET),
}
