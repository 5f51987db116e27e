"""Settings of the PostgreSQL cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from components.database_rules import CaCertificate, InsightsDays, MonitoringSeconds
from components.logs import RetentionDays
from components.settings.base import Model, Number
from components.settings.reader_pool import ReaderPool
from components.windows import DAILY_PATTERN, WEEKLY_PATTERN


class RestoreTo(Model):
    """A moment in the life of another database."""

    source: str = Field(
        pattern=r"^[a-z](?:-?[a-z0-9])*$", max_length=63, description="identifier of the other database instance"
    )
    time: str | None = Field(
        default=None, description="the moment in UTC, such as 2026-11-22T10:00:00Z; without it, the latest"
    )


class Proxy(Model):
    """RDS Proxy in front of the writer."""

    connections_percent: int = Field(default=80, description="share of the writer's connections, 1 to 90")
    wait_seconds: int = Field(default=30, description="seconds that a client waits for a connection, 1 to 300")
    idle_seconds: int = Field(default=1800, description="seconds until a silent client is cut off, 1 to 28800")


class Database(Model):
    """A PostgreSQL writer and its read replicas."""

    instance_class: str = Field(
        default="db.t4g.medium", pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="RDS instance class"
    )
    engine_version: str = Field(
        default="17", pattern=r"^1[3-9](?:\.[0-9]+)?$", description="PostgreSQL version, for example 17 or 17.5"
    )
    parameters: Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$", max_length=128)], str] = Field(
        default={}, description="server parameters, as texts, beside those that are always set"
    )
    name: str = Field(default="app", pattern=r"^[a-z][a-z0-9_]{0,62}$", description="name of the database")
    username: str = Field(default="app", pattern=r"^[a-z][a-z0-9_]{0,62}$", description="name of the owner")
    storage_gb: int = Field(default=50, ge=20, le=65536, description="storage to start with, in GiB")
    max_storage_gb: int = Field(default=500, ge=0, le=65536, description="storage it may grow to, in GiB; 0: fixed")
    replicas: int = Field(default=2, ge=0, description="read replicas, spread over the zones")
    replica_engine_version: str | None = Field(
        default=None,
        pattern=r"^1[3-9](?:\.[0-9]+)?$",
        description="version of the replicas during a minor upgrade, which they take before the writer",
    )
    multi_az: bool = Field(default=True, description="a standby of the writer in another zone")
    backup_retention_days: int = Field(default=14, ge=0, le=35, description="days that backups are kept")
    backup_window: str = Field(
        default="01:00-02:00", pattern=DAILY_PATTERN, description="when backups are taken, UTC, such as 01:00-02:00"
    )
    maintenance_window: str = Field(
        default="sun:02:30-sun:03:30",
        pattern=WEEKLY_PATTERN,
        description="when AWS maintains the writer, UTC, such as sun:02:30-sun:03:30",
    )
    rpo_minutes: int | None = Field(
        default=5, ge=0, le=1440, description="minutes of data that a recovery may lose; null: no promise"
    )
    recovery_point_alarm: bool | None = Field(
        default=None,
        description="measure what a restore would lose, and tell above rpoMinutes; without it, not if local",
    )
    deletion_protection: bool = Field(default=True, description="refuse to delete the database")
    final_snapshot: bool | None = Field(
        default=None, description="take a snapshot before deleting the database; without it, not in environment local"
    )
    blue_green_updates: bool = Field(default=False, description="change the writer by way of a copy; not with replicas")
    restore_from_snapshot: str | None = Field(
        default=None, min_length=1, max_length=255, description="snapshot that a new database begins with"
    )
    restore_to: RestoreTo | None = Field(
        default=None, description="moment of another database that a new database begins with"
    )
    ca_certificate: CaCertificate = Field(
        default="rds-ca-rsa2048-g1", description="authority that signs the server's certificate"
    )
    performance_insights_days: Number[InsightsDays] = Field(
        default=7, description="days that Performance Insights keeps; 0: off"
    )
    monitoring_seconds: Number[MonitoringSeconds] = Field(
        default=60, description="interval of enhanced monitoring, in seconds; 0: off"
    )
    log_retention_days: RetentionDays | None = Field(
        default=30, description="days that the server's logs are kept in CloudWatch; null: not exported"
    )
    iam_authentication: bool = Field(default=False, description="let IAM roles log in beside passwords")
    apply_immediately: bool = Field(default=False, description="true: change now; false: in the maintenance window")
    own_kms_key: bool = Field(default=False, description="true: a key of its own is made")
    kms_key_arn: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:kms:", description="ARN of a key of yours; without one, AWS's own"
    )
    proxy: Proxy | None = Field(default=None, description="RDS Proxy in front of the writer; none if null")
    reader_pool: ReaderPool | None = Field(default=None, description="PgBouncer in front of the replicas; none if null")
