"""Settings of the two Redis clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from components.logs import RetentionDays
from components.redis_access import EVERYDAY_ACCESS, AuthUpdate
from components.redis_rules import Eviction
from components.rules import Profile
from components.settings.base import NAME_PATTERN, Cidr, Items, Model
from components.windows import DAILY_PATTERN, WEEKLY_PATTERN


class RedisUser(Model):
    """One user of a Redis."""

    access: str = Field(
        default=EVERYDAY_ACCESS,
        max_length=2000,
        description="ElastiCache access string: on, then keys, channels and commands",
    )
    generation: int = Field(default=1, ge=1, description="of its password; one more rotates it")


class RedisSecondary(Model):
    """A copy of a Redis in another region, in a network of yours."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="the VPC there, for example vpc-0a1b2c3d")
    data_subnet_ids: Items[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]] = Field(
        min_length=2, description="private subnets for data stores there, each in another zone"
    )
    client_cidrs: Items[Cidr] = Field(min_length=1, description="address ranges that pods there connect from")
    replicas: int = Field(default=1, description="replicas of each primary node, 1 to 5")
    kms_key_arn: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:kms:", description="ARN of a key of yours there; without one, AWS's own"
    )


class Redis(Model):
    """One ElastiCache replication group. TLS, encryption and authentication are always on, by a token unless users are
    named; automatic failover and multi-AZ follow from `replicas`."""

    node_type: str = Field(
        default="cache.t4g.small", pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", description="ElastiCache node type"
    )
    replicas: int = Field(default=1, ge=0, description="replicas of each primary")
    shards: int | None = Field(
        default=None, ge=1, le=90, description="primaries in cluster mode; without it, one and no cluster mode"
    )
    engine_version: str = Field(default="7.1", pattern=r"^[0-9]+\.[0-9]+$", description="Redis version, such as 7.1")
    auth_update_strategy: AuthUpdate | None = Field(
        default=None,
        description="SET: a changed token counts at once; ROTATE: the last one counts too; without it, SET",
    )
    token_generation: int = Field(default=1, ge=1, description="of the token; one more rotates it")
    users: Mapping[Annotated[str, Field(pattern=NAME_PATTERN, max_length=30)], RedisUser] = Field(
        default={}, description="who may log in instead of whoever has the token, by name"
    )
    workload_user: str | None = Field(
        default=None, description="the user that pods log in as; may be left out where there is only one"
    )
    snapshot_retention_days: int = Field(default=7, ge=0, le=35, description="days that daily snapshots are kept")
    snapshot_window: str = Field(
        default="02:00-03:00", pattern=DAILY_PATTERN, description="when snapshots are taken, UTC, such as 02:00-03:00"
    )
    maintenance_window: str = Field(
        default="sun:03:30-sun:04:30",
        pattern=WEEKLY_PATTERN,
        description="when AWS maintains, UTC, such as sun:03:30-sun:04:30",
    )
    final_snapshot: bool | None = Field(
        default=None, description="take a snapshot before deleting the cluster; without it, not in environment local"
    )
    restore_from_snapshot: str | None = Field(
        default=None, min_length=1, max_length=255, description="name of a snapshot that a new cluster begins with"
    )
    restore_from_s3: Items[str] = Field(
        default=(),
        max_length=90,
        description="ARNs of snapshots in S3 that a new cluster begins with, one of each shard",
    )
    secondaries: Mapping[Annotated[str, Field(pattern=r"^[a-z]{2}(?:-[a-z]+)+-[0-9]$")], RedisSecondary] = Field(
        default={}, description="copies by region, kept by a global datastore"
    )
    log_retention_days: RetentionDays | None = Field(
        default=30, description="days that slow log and engine log are kept; null: not delivered"
    )
    apply_immediately: bool = Field(default=False, description="true: change now; false: in the maintenance window")
    own_kms_key: bool = Field(default=False, description="true: a key of its own is made")
    kms_key_arn: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:kms:", description="ARN of a key of yours; without one, AWS's own"
    )

    @property
    def global_datastore(self) -> str | None:
        """Whether it is the primary of one: where there are secondaries."""
        return "datastore" if self.secondaries else None


class QueueRedis(Redis):
    """The Redis of the job queues."""

    @property
    def profile(self) -> Profile:
        """What it holds: jobs."""
        return "queue"

    @property
    def eviction(self) -> None:
        """What it forgets when memory is short: nothing."""


class CacheRedis(Redis):
    """The Redis of the services: state by default, or a mere cache."""

    profile: Literal["state", "cache"] = Field(
        default="state",
        description="state: sessions, idempotency keys, uploads, limits, breakers, never evicted; "
        "cache: only what can be computed again",
    )
    eviction: Eviction | None = Field(default=None, description="what the profile cache forgets first")


class RedisPair(Model):
    """Two clusters, since nothing else must take a queue's memory."""

    cache: CacheRedis = Field(default=CacheRedis(), description="the services' own: state unless said otherwise")
    queue: QueueRedis = Field(default=QueueRedis(), description="job queues: never evicts")
