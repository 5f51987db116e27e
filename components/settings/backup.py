"""Settings of the backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from components.backup_rules import LockMode
from components.settings.base import Items, Model, Name
from components.settings.delivery import Region


class BackupRule(Model):
    """When recovery points are made, and how long they are kept."""

    schedule: str = Field(
        default="cron(0 5 ? * * *)",
        max_length=256,
        description="six fields in UTC, no more often than hourly, such as cron(0 5 ? * * *)",
    )
    start_window_minutes: int = Field(
        default=60, ge=1, le=52_560_000, description="minutes in which a job has to start, 60 or more"
    )
    completion_window_minutes: int = Field(
        default=180, ge=1, le=52_560_000, description="minutes in which it has to be complete, an hour more or longer"
    )
    delete_after_days: int = Field(default=35, ge=1, le=36500, description="days that recovery points are kept")
    cold_after_days: int | None = Field(
        default=None, ge=1, le=36500, description="days until they move to cold storage, for 90 days or more"
    )
    continuous: bool = Field(default=False, description="any moment can be restored; for buckets only")
    copy_days: int | None = Field(
        default=None, ge=1, le=36500, description="days that the copy in the recovery region is kept"
    )


class DatabaseBackups(Model):
    """Snapshots of the database's writer in the vault, beside the log that RDS keeps by itself."""

    rules: Mapping[Name, BackupRule] = Field(default={"daily": BackupRule()}, min_length=1, description="by name")


class BucketBackups(Model):
    """Backups of buckets in the vault, where no lifecycle, no deletion and no versioning reaches them."""

    rules: Mapping[Name, BackupRule] = Field(
        default={"daily": BackupRule(continuous=True)}, min_length=1, description="by name"
    )
    names: Items[Name] | None = Field(default=None, description="which buckets; without, those of purpose uploads")


class VaultLock(Model):
    """How long recovery points are safe from everybody."""

    mode: LockMode = Field(
        default="governance", description="governance can be lifted by whoever may, compliance by nobody"
    )
    min_days: int = Field(default=7, ge=1, le=36500, description="days that nothing is kept for less")
    max_days: int | None = Field(default=None, ge=1, le=36500, description="days that nothing is kept for longer")
    changeable_days: int | None = Field(
        default=None, ge=1, le=36500, description="for compliance: days in which a mistake can be undone, 3 or more"
    )
    confirm: Literal["irrevocable"] | None = Field(default=None, description="for compliance: the word irrevocable")


class Recovery(Model):
    """Copies in another region, in a vault of its own."""

    region: Region = Field(description="region of the copies, for example eu-central-1")
    rpo_seconds: int | None = Field(
        default=None, ge=0, le=31_536_000, description="seconds of data that the loss of the region may cost"
    )


class RecoveryTime(Model):
    """What is promised of the database; its recovery point is `database.rpo_minutes`."""

    rto_seconds: int | None = Field(default=None, ge=1, le=2_592_000, description="seconds that a recovery may take")


class Objective(RecoveryTime):
    """What is promised of a store."""

    rpo_seconds: int | None = Field(
        default=None, ge=0, le=31_536_000, description="seconds of data that a recovery may lose"
    )


class Objectives(Model):
    """What is promised, by store. A promise that the backups cannot keep is refused."""

    database: RecoveryTime = Field(default=RecoveryTime(), description="PostgreSQL")
    cache: Objective = Field(default=Objective(), description="the services' Redis")
    queue: Objective = Field(default=Objective(), description="the queues' Redis")
    buckets: Mapping[Name, Objective] = Field(default={}, description="buckets by name")


class Backup(Model):
    """Backups out of the stores' reach, by AWS Backup. Redis is not among what AWS Backup can do: its own snapshots
    are its backups (`redis.*.snapshotRetentionDays`)."""

    database: DatabaseBackups | None = Field(
        default=DatabaseBackups(), description="plan of the database; null: backups stay with the instance"
    )
    buckets: BucketBackups | None = Field(default=BucketBackups(), description="plan of buckets; null: none")
    lock: VaultLock | None = Field(default=VaultLock(), description="lock of the vaults; null: none")
    recovery: Recovery | None = Field(default=None, description="copies in another region")
    objectives: Objectives = Field(default=Objectives(), description="recovery point and time by store")
    force_destroy: bool = Field(default=False, description="true: destroy deletes the recovery points too")
