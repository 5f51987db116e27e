"""What a backup plan may be, and which recovery a store can promise with it.

Pure functions over plain values, for component and settings alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from components.errors import Refusal
from components.schedules import parse, worst_case_minutes
from components.windows import daily_spans, weekly_span

StoreKind = Literal["database", "buckets"]
"""What a plan backs up: RDS instances or S3 buckets."""
LockMode = Literal["governance", "compliance"]

COLD_DAYS = 90
"""Days that AWS Backup charges cold storage for at least (AWS Backup API Reference, `Lifecycle`)."""
CONTINUOUS_DAYS = 35
"""Longest retention of continuous backups (AWS Backup Developer Guide, Continuous backups and point-in-time
recovery)."""
CONTINUOUS_SECONDS = 15 * 60
"""What a restore from continuous backups of a bucket may lose (AWS Backup Developer Guide, Amazon S3 backups)."""
LEAST_WINDOW_MINUTES = 60
"""Least start window (AWS Backup API Reference, `BackupRuleInput`), and least time between two jobs of a rule."""
LEAST_GRACE_DAYS = 3
"""Days in which every lock can be taken back (AWS Backup API Reference, `PutBackupVaultLockConfiguration`)."""
BEFORE_MAINTENANCE_MINUTES = 60
"""RDS starts no backup in the hour before its maintenance, nor during it (AWS Backup Developer Guide, Backup plan
options and configuration)."""
WORD = "irrevocable"
"""What has to be written for a lock that nobody can take back."""


class RuleKnobs(Protocol):
    """One rule of a plan."""

    @property
    def schedule(self) -> str: ...
    @property
    def start_window_minutes(self) -> int: ...
    @property
    def completion_window_minutes(self) -> int: ...
    @property
    def delete_after_days(self) -> int: ...
    @property
    def cold_after_days(self) -> int | None: ...
    @property
    def continuous(self) -> bool: ...
    @property
    def copy_days(self) -> int | None: ...


class LockKnobs(Protocol):
    """The lock of the vaults."""

    @property
    def mode(self) -> LockMode: ...
    @property
    def min_days(self) -> int: ...
    @property
    def max_days(self) -> int | None: ...
    @property
    def changeable_days(self) -> int | None: ...
    @property
    def confirm(self) -> str | None: ...


@dataclass(frozen=True)
class Promise:
    """What can be recovered of a store.

    Attributes:
        seconds: Seconds of data that a recovery may lose at worst; None: nothing can be recovered.
        by: What it rests on, in words.
    """

    seconds: int | None
    by: str


NOTHING = Promise(None, "nothing: there are no backups")


def rule(knobs: RuleKnobs, kind: StoreKind, lock: LockKnobs | None, *, copied: bool) -> Iterator[Refusal]:
    """Rules of one rule.

    Args:
        knobs: The rule.
        kind: What its plan backs up.
        lock: Lock of the vaults, if they have one.
        copied: Whether recovery points are copied to another region.
    """
    yield from _times(knobs)
    if knobs.continuous and kind == "database":
        yield Refusal(
            "continuous",
            True,
            "RDS keeps the log of the last days by itself (backup_retention_days); AWS Backup would take retention and "
            "window of the instance over, and the next deployment would take them back: write false",
        )
    elif knobs.continuous and not 1 <= knobs.delete_after_days <= CONTINUOUS_DAYS:
        yield Refusal(
            "delete_after_days",
            knobs.delete_after_days,
            f"continuous backups are kept for {CONTINUOUS_DAYS} days or less: write less, or add a rule that is not "
            "continuous for what is kept longer",
        )
    yield from _cold(knobs)
    kept = [("delete_after_days", knobs.delete_after_days)]
    if knobs.copy_days is not None:
        kept.append(("copy_days", knobs.copy_days))
        if not copied:
            yield Refusal("copy_days", knobs.copy_days, "nothing is copied without recovery: leave it out, or name one")
    if lock is not None:
        for setting, days in kept:
            yield from _locked(setting, days, lock)


def _times(knobs: RuleKnobs) -> Iterator[Refusal]:
    try:
        schedule = parse(knobs.schedule)
    except ValueError as error:
        yield Refusal("schedule", knobs.schedule, str(error))
    else:
        if schedule.shortest_gap < LEAST_WINDOW_MINUTES:
            yield Refusal(
                "schedule",
                knobs.schedule,
                f"starts jobs {schedule.shortest_gap} minutes apart, and AWS Backup takes {LEAST_WINDOW_MINUTES} or "
                "more: write one such as cron(0 * ? * * *)",
            )
    if knobs.start_window_minutes < LEAST_WINDOW_MINUTES:
        yield Refusal(
            "start_window_minutes",
            knobs.start_window_minutes,
            f"AWS Backup gives a job {LEAST_WINDOW_MINUTES} minutes or more to start: write {LEAST_WINDOW_MINUTES}",
        )
    if knobs.completion_window_minutes < knobs.start_window_minutes + LEAST_WINDOW_MINUTES:
        yield Refusal(
            "completion_window_minutes",
            knobs.completion_window_minutes,
            "has to be an hour longer than start_window_minutes, or jobs that start late are cancelled: write "
            f"{knobs.start_window_minutes + LEAST_WINDOW_MINUTES} or more",
        )


def _cold(knobs: RuleKnobs) -> Iterator[Refusal]:
    if knobs.cold_after_days is None:
        return
    if knobs.continuous:
        yield Refusal("cold_after_days", knobs.cold_after_days, "continuous backups stay warm: leave it out")
    for setting, days in (("delete_after_days", knobs.delete_after_days), ("copy_days", knobs.copy_days)):
        if days is not None and days < knobs.cold_after_days + COLD_DAYS:
            yield Refusal(
                setting,
                days,
                f"what moves to cold storage after {knobs.cold_after_days} days has to stay there for {COLD_DAYS}: "
                f"write {knobs.cold_after_days + COLD_DAYS} or more, or no cold_after_days",
            )


def _locked(setting: str, days: int, lock: LockKnobs) -> Iterator[Refusal]:
    if days < lock.min_days:
        yield Refusal(
            setting, days, f"the vault's lock fails jobs that keep less than {lock.min_days} days: write more"
        )
    if lock.max_days is not None and days > lock.max_days:
        yield Refusal(
            setting, days, f"the vault's lock fails jobs that keep more than {lock.max_days} days: write less"
        )


def lock(knobs: LockKnobs) -> Iterator[Refusal]:
    """Rules of a vault's lock."""
    if knobs.max_days is not None and knobs.max_days < knobs.min_days:
        yield Refusal("max_days", knobs.max_days, f"must not be below min_days ({knobs.min_days})")
    if knobs.mode == "governance":
        for setting, value in (("changeable_days", knobs.changeable_days), ("confirm", knobs.confirm)):
            if value is not None:
                yield Refusal(
                    setting,
                    value,
                    "would make the lock one that nobody can take back; governance can be lifted by whoever may: leave "
                    "it out, or write the mode compliance",
                )
        return
    if knobs.confirm != WORD:
        yield Refusal(
            "mode",
            "compliance",
            "nobody can take this lock back once its days of grace are over, not even AWS: write governance, or beside "
            f"it confirm: {WORD}",
        )
    if knobs.changeable_days is None or knobs.changeable_days < LEAST_GRACE_DAYS:
        yield Refusal(
            "changeable_days",
            knobs.changeable_days,
            f"says for how long a mistake can still be undone: write {LEAST_GRACE_DAYS} or more, better 30",
        )


def within_maintenance(knobs: RuleKnobs, maintenance_window: str) -> Iterator[Refusal]:
    """A rule for a database whose jobs could never start in some week.

    Args:
        knobs: A rule whose schedule is one.
        maintenance_window: The database's, such as `sun:02:30-sun:03:30`.
    """
    start, length = weekly_span(maintenance_window)
    blocked = (start - BEFORE_MAINTENANCE_MINUTES, length + BEFORE_MAINTENANCE_MINUTES)
    for moment in sorted(parse(knobs.schedule).starts_of_week()):
        into = (moment - blocked[0]) % (7 * 24 * 60)
        if into < blocked[1] and into + knobs.start_window_minutes <= blocked[1]:
            yield Refusal(
                "schedule",
                knobs.schedule,
                f"starts within the hour before maintenance_window ({maintenance_window}) or during it, when RDS takes "
                "no backups, and start_window_minutes ends before: move it, or widen the start window",
            )
            return


def worst_case(rules: Mapping[str, RuleKnobs]) -> Promise:
    """What the best rule of a plan promises.

    Args:
        rules: By name; their schedules are ones.
    """
    found = [(_seconds(knobs), name) for name, knobs in rules.items()]
    if not found:
        return NOTHING
    seconds, name = min(found)
    words = "is continuous" if rules[name].continuous else explained(rules[name])
    return Promise(seconds, f"the rule {name!r}: {words}")


def worst_copy(rules: Mapping[str, RuleKnobs]) -> Promise:
    """What the copies in another region promise: they are snapshots, whether their rule is continuous or not."""
    found = [(60 * snapshot_minutes(knobs), name) for name, knobs in rules.items()]
    if not found:
        return NOTHING
    seconds, name = min(found)
    return Promise(seconds, f"copies of the rule {name!r}: {explained(rules[name])}")


def _seconds(knobs: RuleKnobs) -> int:
    return CONTINUOUS_SECONDS if knobs.continuous else 60 * snapshot_minutes(knobs)


def snapshot_minutes(knobs: RuleKnobs) -> int:
    """Minutes that the newest snapshot of a rule may be old at worst."""
    return worst_case_minutes(parse(knobs.schedule), knobs.start_window_minutes, knobs.completion_window_minutes)


def explained(knobs: RuleKnobs) -> str:
    """How the worst case comes about."""
    schedule = parse(knobs.schedule)
    return (
        f"{schedule.longest_gap} minutes between two jobs, {knobs.start_window_minutes} to start and "
        f"{knobs.completion_window_minutes} to complete"
    )


def daily_snapshots(window: str, retention_days: int) -> Promise:
    """What ElastiCache's own snapshots promise, which AWS Backup cannot take for it.

    Args:
        window: In which they are taken, such as `02:00-03:00`.
        retention_days: Days that they are kept; 0: none are taken.
    """
    if retention_days < 1:
        return Promise(None, "nothing: snapshot_retention_days is 0")
    length = daily_spans(window)[0][1]
    return Promise(60 * (24 * 60 + length), f"a snapshot at some time of snapshot_window ({window}) each day")


def recoverable(setting: str, declared: int | None, promise: Promise) -> Iterator[Refusal]:
    """A recovery point that is declared and cannot be kept.

    Args:
        setting: Name of the declaration.
        declared: Seconds of data that a recovery may lose; None: no promise.
        promise: What can be kept.
    """
    if declared is None:
        return
    if promise.seconds is None:
        yield Refusal(setting, declared, f"it rests on {promise.by}: back the store up, or leave this out")
    elif declared < promise.seconds:
        yield Refusal(
            setting,
            declared,
            f"it rests on {promise.by}, and a recovery may lose {promise.seconds} seconds: write {promise.seconds} or "
            "more, or back up more often",
        )
