"""What a PostgreSQL cluster may be, and which knobs contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from components import database_proxy, windows
from components.database_parts import FORCED
from components.errors import Refusal

CaCertificate = Literal["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"]
"""Certificate authorities of RDS that have not expired (RDS User Guide, Using SSL/TLS: certificate authorities)."""
MonitoringSeconds = Literal[0, 1, 5, 10, 15, 30, 60]
"""Intervals of enhanced monitoring (RDS API Reference, `CreateDBInstance`, `MonitoringInterval`)."""
InsightsDays = Literal[0, 7, 31, 62, 93, 124, 155, 186, 217, 248, 279, 310, 341, 372, 403, 434, 465, 731]
"""Days that Performance Insights can keep (RDS API Reference, `PerformanceInsightsRetentionPeriod`); 0: off."""

MOST_REPLICAS = 15
WINDOW_MINUTES = 30
"""Least length of a backup and of a maintenance window (RDS API Reference, `CreateDBInstance`)."""
LOG_UPLOAD_MINUTES = 5
"""RDS uploads the transaction log every five minutes: the least that a point-in-time restore may lose (RDS User
Guide, Restoring a DB instance to a specified time)."""
REPLICAS_LEAD_MINUTES = 150
"""How long before the writer the replicas are maintained."""


class DatabaseKnobs(Protocol):
    """What decides about a database's safety."""

    @property
    def engine_version(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, str]: ...
    @property
    def replica_engine_version(self) -> str | None: ...
    @property
    def replicas(self) -> int: ...
    @property
    def backup_retention_days(self) -> int: ...
    @property
    def backup_window(self) -> str: ...
    @property
    def maintenance_window(self) -> str: ...
    @property
    def rpo_minutes(self) -> int | None: ...
    @property
    def recovery_point_alarm(self) -> bool | None: ...
    @property
    def storage_gb(self) -> int: ...
    @property
    def max_storage_gb(self) -> int: ...
    @property
    def blue_green_updates(self) -> bool: ...
    @property
    def restore_from_snapshot(self) -> str | None: ...
    @property
    def restore_to(self) -> PointInTime | None: ...
    @property
    def proxy(self) -> database_proxy.ProxyKnobs | None: ...
    @property
    def own_kms_key(self) -> bool: ...
    @property
    def kms_key_arn(self) -> str | None: ...


class PointInTime(Protocol):
    """A moment in another database's life."""

    @property
    def source(self) -> str: ...
    @property
    def time(self) -> str | None: ...


def version(text: str) -> tuple[int, ...]:
    """`17.5` to (17, 5); without a minor version, (17,)."""
    return tuple(int(part) for part in text.split("."))


def refusals(knobs: DatabaseKnobs) -> Iterator[Refusal]:
    """Rules of one PostgreSQL cluster."""
    yield from _replicas(knobs)
    yield from _versions(knobs)
    yield from _recovery(knobs)
    for name in sorted(FORCED & knobs.parameters.keys()):
        yield Refusal(
            f"parameters.{name}", knobs.parameters[name], "keeps connections without TLS out: leave it to the component"
        )
    yield from windows.refusals(
        ("backup_window", knobs.backup_window), ("maintenance_window", knobs.maintenance_window), WINDOW_MINUTES
    )
    if knobs.max_storage_gb and knobs.max_storage_gb * 10 < knobs.storage_gb * 11:
        yield Refusal(
            "max_storage_gb",
            knobs.max_storage_gb,
            f"RDS grows storage only to a tenth more than it starts with, or beyond: write {_tenth_more(knobs)} or "
            f"more for a storage_gb of {knobs.storage_gb}, or 0 to keep it from growing",
        )
    if knobs.proxy is not None:
        yield from database_proxy.refusals(knobs.proxy)
    if knobs.own_kms_key and knobs.kms_key_arn is not None:
        yield Refusal("own_kms_key", True, "kms_key_arn names a key already: leave one of the two out")


def _tenth_more(knobs: DatabaseKnobs) -> int:
    return -(-knobs.storage_gb * 11 // 10)


def _replicas(knobs: DatabaseKnobs) -> Iterator[Refusal]:
    if knobs.replicas > MOST_REPLICAS:
        yield Refusal(
            "replicas",
            knobs.replicas,
            f"RDS allows {MOST_REPLICAS} replicas of a PostgreSQL instance: write {MOST_REPLICAS} or less",
        )
    if not knobs.replicas:
        return
    if knobs.backup_retention_days == 0:
        yield Refusal(
            "backup_retention_days",
            knobs.backup_retention_days,
            "read replicas are made from the writer's backups: write 1 or more, or set replicas to 0",
        )
    if knobs.blue_green_updates:
        yield Refusal(
            "blue_green_updates",
            True,
            "a blue/green update leaves the read replicas with the old writer, which is then deleted: write false, or "
            "set replicas to 0",
        )


def _versions(knobs: DatabaseKnobs) -> Iterator[Refusal]:
    wanted = knobs.replica_engine_version
    if wanted is None:
        return
    replica, writer = version(wanted), version(knobs.engine_version)
    if not knobs.replicas:
        yield Refusal("replica_engine_version", wanted, "there are no replicas: leave it out")
    elif len(replica) < 2:
        yield Refusal("replica_engine_version", wanted, "name the minor version too, for example 17.5")
    elif replica[0] != writer[0]:
        yield Refusal(
            "replica_engine_version",
            wanted,
            f"RDS takes replicas along when their writer changes its major version: write {writer[0]} and a minor "
            "version, or leave it out",
        )
    elif len(writer) > 1 and replica < writer:
        yield Refusal(
            "replica_engine_version",
            wanted,
            f"is below engine_version ({knobs.engine_version}), and replicas take a minor upgrade before their "
            f"writer: write {knobs.engine_version} or more",
        )


def _recovery(knobs: DatabaseKnobs) -> Iterator[Refusal]:
    if knobs.rpo_minutes is not None and knobs.rpo_minutes < LOG_UPLOAD_MINUTES:
        yield Refusal(
            "rpo_minutes",
            knobs.rpo_minutes,
            f"RDS uploads the log every {LOG_UPLOAD_MINUTES} minutes, so that a restore may lose as much: write "
            f"{LOG_UPLOAD_MINUTES} or more",
        )
    elif knobs.rpo_minutes is not None and knobs.backup_retention_days == 0 and not knobs.replicas:
        yield Refusal(
            "backup_retention_days",
            0,
            f"without backups nothing can be restored, and rpo_minutes promises {knobs.rpo_minutes}: write 1 or more, "
            "or no rpo_minutes (null)",
        )
    if knobs.recovery_point_alarm and knobs.rpo_minutes is None:
        yield Refusal(
            "recovery_point_alarm",
            True,
            "nothing is promised that it could be held to: write rpo_minutes, or leave it out",
        )
    if knobs.restore_from_snapshot is not None and knobs.restore_to is not None:
        yield Refusal(
            "restore_from_snapshot",
            knobs.restore_from_snapshot,
            "restore_to says where to begin already: leave one of the two out",
        )
    if knobs.own_kms_key and (knobs.restore_from_snapshot is not None or knobs.restore_to is not None):
        yield Refusal(
            "own_kms_key",
            True,
            "RDS restores under the key of what is restored, and another one would have the database replaced by an "
            "empty one: write that key as kms_key_arn, or leave both out where AWS's own key was used",
        )
    moment = None if knobs.restore_to is None else knobs.restore_to.time
    if moment is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment):
        yield Refusal("restore_to.time", moment, "is no moment in UTC: write one such as 2026-11-22T10:00:00Z")


def judge_minor_upgrade(old: str, new: str, replicas: list[str]) -> str | None:
    """Why the writer may not take a version yet.

    Args:
        old: The writer's version as it is.
        new: The one that is wanted; without a minor version, AWS chooses nothing.
        replicas: The replicas' versions as they are.
    """
    before, after = version(old), version(new)
    minor = len(after) > 1 and before[0] == after[0] and after > before
    late = sorted(running for running in replicas if version(running) < after) if minor else []
    if not late:
        return None
    return (
        f"engineVersion {new} before the read replicas, which are at {', '.join(late)}: replicas take a minor upgrade "
        f"before their writer. Deploy replicaEngineVersion {new} first, then engineVersion"
    )
