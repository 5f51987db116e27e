"""From settings to backups: which stores are in which plan, and what can be promised of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.backup import BackupPlanArgs, BackupRuleArgs, VaultLockArgs, backup_tag
from components.backup_rules import NOTHING, Promise, daily_snapshots, worst_case
from components.database import PostgresCluster
from components.database_rules import LOG_UPLOAD_MINUTES
from components.settings.backup import BackupRule, VaultLock
from components.settings.backup import Objective as DeclaredObjective
from components.settings.model import Settings
from components.settings.redis import CacheRedis, QueueRedis
from components.storage import ObjectStorage

DATABASE = "database"
BUCKETS = "buckets"


@dataclass(frozen=True)
class Objective:
    """One store's.

    Attributes:
        setting: Dotted name of the declared recovery point.
        rpo_seconds: As declared.
        rto_seconds: As declared.
        promise: What can be kept.
    """

    setting: str
    rpo_seconds: int | None
    rto_seconds: int | None
    promise: Promise


def backed_up(settings: Settings) -> Sequence[str]:
    """Names of the buckets that are in the vault."""
    plan = settings.backup.buckets
    if plan is None:
        return ()
    if plan.names is not None:
        return plan.names
    return [name for name, bucket in settings.buckets.items() if bucket.purpose == "uploads"]


def objectives(settings: Settings) -> Mapping[str, Objective]:
    """Every store's, by the name that it has among the settings."""
    return dict(_objectives(settings))


def _objectives(settings: Settings) -> Iterator[tuple[str, Objective]]:
    declared = settings.backup.objectives
    rpo = settings.database.rpo_minutes
    yield (
        DATABASE,
        Objective(
            "database.rpo_minutes",
            None if rpo is None else rpo * 60,
            declared.database.rto_seconds,
            _database(settings),
        ),
    )
    redis = settings.redis
    stores: list[tuple[str, CacheRedis | QueueRedis, DeclaredObjective]] = [("cache", redis.cache, declared.cache)]
    if settings.queues_in_redis:
        stores.append(("queue", redis.queue, declared.queue))
    for name, store, one in stores:
        promise = daily_snapshots(store.snapshot_window, store.snapshot_retention_days)
        yield (
            f"redis.{name}",
            Objective(f"backup.objectives.{name}.rpo_seconds", one.rpo_seconds, one.rto_seconds, promise),
        )
    kept = backed_up(settings)
    plan = settings.backup.buckets
    for name in settings.buckets:
        promised = declared.buckets.get(name)
        promise = worst_case(plan.rules) if plan and name in kept else NOTHING
        yield (
            f"buckets.{name}",
            Objective(
                f"backup.objectives.buckets.{name}.rpo_seconds",
                promised.rpo_seconds if promised else None,
                promised.rto_seconds if promised else None,
                promise,
            ),
        )


def _database(settings: Settings) -> Promise:
    if settings.database.backup_retention_days:
        return Promise(LOG_UPLOAD_MINUTES * 60, "the log that RDS uploads")
    plan = settings.backup.database
    return worst_case(plan.rules) if plan else NOTHING


def told(settings: Settings) -> Mapping[str, Mapping[str, object]]:
    """The objectives as stack outputs: what runbooks and checks measure against."""
    return {
        name: {
            "rpoSeconds": one.rpo_seconds,
            "rtoSeconds": one.rto_seconds,
            "worstSeconds": one.promise.seconds,
            "by": one.promise.by,
        }
        for name, one in objectives(settings).items()
    }


def plans(settings: Settings, database: PostgresCluster, storage: ObjectStorage | None) -> Mapping[str, BackupPlanArgs]:
    """The plans of the settings that have something to back up."""
    found: dict[str, BackupPlanArgs] = {}
    if settings.backup.database:
        found[DATABASE] = BackupPlanArgs(
            kind="database",
            stores=[database.arn],
            rules=_rules(settings.backup.database.rules),
            key_arns=[database.kms_key_arn] if database.kms_key_arn else [],
        )
    kept = [storage.buckets[name] for name in backed_up(settings)] if storage else []
    if settings.backup.buckets and kept:
        found[BUCKETS] = BackupPlanArgs(
            kind="buckets",
            stores=[bucket.arn for bucket in kept],
            rules=_rules(settings.backup.buckets.rules),
            key_arns=[bucket.kms_key_arn for bucket in kept if bucket.kms_key_arn],
        )
    return found


def _rules(rules: Mapping[str, BackupRule]) -> Mapping[str, BackupRuleArgs]:
    return {
        name: BackupRuleArgs(
            schedule=rule.schedule,
            start_window_minutes=rule.start_window_minutes,
            completion_window_minutes=rule.completion_window_minutes,
            delete_after_days=rule.delete_after_days,
            cold_after_days=rule.cold_after_days,
            continuous=rule.continuous,
            copy_days=rule.copy_days,
        )
        for name, rule in rules.items()
    }


def lock_args(lock: VaultLock | None) -> VaultLockArgs | None:
    """The vaults' lock as arguments of `Backup`."""
    if lock is None:
        return None
    return VaultLockArgs(
        mode=lock.mode,
        min_days=lock.min_days,
        max_days=lock.max_days,
        changeable_days=lock.changeable_days,
        confirm=lock.confirm,
    )


def database_tags(settings: Settings, identifier: str) -> Mapping[str, str]:
    """What the writer carries to be found by its plan."""
    return backup_tag(identifier, DATABASE) if settings.backup.database else {}


def bucket_tags(settings: Settings, name: str, identifier: str) -> Mapping[str, str]:
    """What a bucket carries to be found by its plan."""
    return backup_tag(identifier, BUCKETS) if name in backed_up(settings) else {}
