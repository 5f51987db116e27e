"""Which combinations of knobs are unsafe, whoever sets them.

Pure functions over plain values. A component refuses its arguments with them at construction; the settings refuse a
stack file with the same ones before anything is registered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from components.errors import Refusal
from components.quantities import memory_bytes

Profile = Literal["queue", "cache"]
Purpose = Literal["uploads", "assets", "logs", "backups"]

MAX_GRACE_SECONDS = 3600


class RedisKnobs(Protocol):
    """What decides about a Redis cluster's safety."""

    @property
    def replicas(self) -> int: ...
    @property
    def snapshot_retention_days(self) -> int: ...
    @property
    def node_type(self) -> str: ...


class DatabaseKnobs(Protocol):
    """What decides about a database's safety."""

    @property
    def replicas(self) -> int: ...
    @property
    def backup_retention_days(self) -> int: ...
    @property
    def storage_gb(self) -> int: ...
    @property
    def max_storage_gb(self) -> int: ...


class ReplicaRange(Protocol):
    """How many instances an autoscaler may run."""

    @property
    def min(self) -> int: ...
    @property
    def max(self) -> int: ...


class ResourceKnobs(Protocol):
    """What a container asks for and may use."""

    @property
    def memory_request(self) -> str: ...
    @property
    def memory_limit(self) -> str: ...


def redis(knobs: RedisKnobs) -> Iterator[Refusal]:
    """Rules of one Redis cluster."""
    if knobs.replicas > 5:
        yield Refusal("replicas", knobs.replicas, "ElastiCache allows 5 replicas of a primary: write 5 or less")
    if knobs.snapshot_retention_days and knobs.node_type.startswith("cache.t1."):
        yield Refusal("node_type", knobs.node_type, "cache.t1 nodes cannot be snapshotted: write cache.t4g.micro")


def database(knobs: DatabaseKnobs) -> Iterator[Refusal]:
    """Rules of one PostgreSQL cluster."""
    if knobs.replicas and knobs.backup_retention_days == 0:
        yield Refusal(
            "backup_retention_days",
            knobs.backup_retention_days,
            "read replicas are made from the writer's backups: write 1 or more, or set replicas to 0",
        )
    if knobs.replicas > 15:
        yield Refusal("replicas", knobs.replicas, "RDS allows 15 replicas of a PostgreSQL instance: write 15 or less")
    if knobs.max_storage_gb and knobs.max_storage_gb < knobs.storage_gb:
        yield Refusal(
            "max_storage_gb",
            knobs.max_storage_gb,
            f"storage cannot grow to less than it starts with: write more than storage_gb ({knobs.storage_gb}), "
            "or 0 to keep it from growing",
        )


def replica_range(knobs: ReplicaRange, prefix: str = "replicas") -> Iterator[Refusal]:
    """SR-REPLICAS: at least two instances, and a range that is one."""
    if knobs.min < 2:
        yield Refusal(
            f"{prefix}.min",
            knobs.min,
            "one instance is an outage at every restart, eviction and zone failure: write 2 or more",
        )
    if knobs.max < knobs.min:
        yield Refusal(f"{prefix}.max", knobs.max, f"must not be below {prefix}.min ({knobs.min})")


def resources(knobs: ResourceKnobs, prefix: str = "resources") -> Iterator[Refusal]:
    """A limit below the request can never be scheduled."""
    if memory_bytes(knobs.memory_limit) < memory_bytes(knobs.memory_request):
        yield Refusal(
            f"{prefix}.memory_limit",
            knobs.memory_limit,
            f"must not be below the request ({knobs.memory_request}), or the pod is never accepted",
        )


def queue_profile(profile: str) -> Iterator[Refusal]:
    """Jobs live only in Redis: a Redis that evicts keys loses jobs."""
    if profile != "queue":
        yield Refusal(
            "redis.profile",
            profile,
            "this Redis evicts keys when memory is short, and with them jobs: use one with the profile 'queue'",
        )


def grace(seconds: int, setting: str) -> Iterator[Refusal]:
    """A pod that takes longer than this to stop blocks every node drain."""
    if seconds > MAX_GRACE_SECONDS:
        yield Refusal(
            setting,
            seconds,
            f"a pod would take more than {MAX_GRACE_SECONDS} s to stop and block node upgrades: split the work into "
            "shorter jobs that resume",
        )
