"""Settings of the backups that are right one by one and wrong together."""

from __future__ import annotations

from collections.abc import Iterator

from components import backup_rules, protection
from components.errors import Refusal
from components.settings.model import Settings
from components.settings.problems import did_you_mean


def refusals(settings: Settings, region: str | None) -> Iterator[Refusal]:
    """Rules of the plans, and promises that they cannot keep."""
    faults = [*_plans(settings, region), *_names(settings)]
    yield from faults
    if not faults:
        # Only schedules that are ones have a worst case.
        yield from _promises(settings)


def production(settings: Settings) -> Iterator[Refusal]:
    """What production adds."""
    backup = settings.backup
    if backup.database is None:
        yield Refusal(
            "backup.database", None, "in production, backups survive the loss of the instance: leave it to the default"
        )
    if backup.lock is None:
        yield Refusal("backup.lock", None, "in production, backups survive whoever can delete them: write governance")
    if backup.force_destroy:
        yield Refusal("backup.force_destroy", True, "in production, write false: a slip would delete all backups")


def _plans(settings: Settings, region: str | None) -> Iterator[Refusal]:
    backup = settings.backup
    if backup.lock:
        for refusal in backup_rules.lock(backup.lock):
            yield Refusal(f"backup.lock.{refusal.setting}", refusal.value, refusal.cure)
    if backup.recovery and backup.recovery.region == region:
        yield Refusal(
            "backup.recovery.region",
            backup.recovery.region,
            "is the stack's own region, whose loss would take both: name another one",
        )
    copied = backup.recovery is not None
    if backup.database:
        for name, rule in backup.database.rules.items():
            found = list(backup_rules.rule(rule, "database", backup.lock, copied=copied))
            found = found or list(backup_rules.within_maintenance(rule, settings.database.maintenance_window))
            for refusal in found:
                yield Refusal(f"backup.database.rules.{name}.{refusal.setting}", refusal.value, refusal.cure)
    if backup.buckets:
        for name, rule in backup.buckets.rules.items():
            for refusal in backup_rules.rule(rule, "buckets", backup.lock, copied=copied):
                yield Refusal(f"backup.buckets.rules.{name}.{refusal.setting}", refusal.value, refusal.cure)


def _names(settings: Settings) -> Iterator[Refusal]:
    backup = settings.backup
    for index, name in enumerate(protection.backed_up(settings)):
        bucket = settings.buckets.get(name)
        if bucket is None:
            yield Refusal(
                f"backup.buckets.names.{index}", name, f"is no bucket; {did_you_mean(name, settings.buckets)}"
            )
        elif bucket.notifications and not any(each.to == "eventBridge" for each in bucket.notifications):
            yield Refusal(
                f"buckets.{name}.notifications",
                [each.to for each in bucket.notifications],
                "AWS Backup follows the bucket's changes by way of EventBridge, and each deployment would switch it "
                "off: add one to eventBridge, or leave the bucket out of backup.buckets.names",
            )
    for name in sorted(backup.objectives.buckets.keys() - settings.buckets.keys()):
        yield Refusal(
            f"backup.objectives.buckets.{name}", name, f"is no bucket; {did_you_mean(name, settings.buckets)}"
        )


def _promises(settings: Settings) -> Iterator[Refusal]:
    for store, one in protection.objectives(settings).items():
        # The database's recovery point is judged with the database.
        if store != protection.DATABASE:
            yield from backup_rules.recoverable(one.setting, one.rpo_seconds, one.promise)
    backup = settings.backup
    for plan in (backup.database, backup.buckets):
        if backup.recovery and plan:
            promise = backup_rules.worst_copy(plan.rules)
            found = list(backup_rules.recoverable("backup.recovery.rpo_seconds", backup.recovery.rpo_seconds, promise))
            yield from found
            if found:
                return
