"""A stack's settings: what may be written under `groundwork:` in `stacks/Pulumi.<stack>.yaml`.

One knob per decision. What is safe and highly available is the default; whatever follows from another knob has none.
Keys are camelCase in the file and snake_case here. Types and ranges are checked here, combinations in
`components.settings.combinations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from components.settings.base import (
    NAME_PATTERN,
    Cidr,
    Environment,
    Items,
    Model,
    Name,
    QueueName,
    UrlPath,
)
from components.settings.cluster import Cluster
from components.settings.workloads import Dashboard, Queue, Service, Workload


class CreatedNetwork(Model):
    """A network made for this stack."""

    cidr: Cidr = Field(description="address range, /16 to /20, for example 10.20.0.0/16")
    zones: Items[Annotated[str, Field(pattern=r"^[a-z]$")]] = Field(
        default=("a", "b", "c"), min_length=3, max_length=3, description="letters of three availability zones"
    )


class ExistingNetwork(Model):
    """A network of yours."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="the VPC, for example vpc-0a1b2c3d")
    data_subnet_ids: Items[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]] = Field(
        min_length=2, description="private subnets for data stores, each in another zone"
    )
    client_cidrs: Items[Cidr] = Field(min_length=1, description="address ranges that pods connect from")
    zones: Items[Annotated[str, Field(pattern=r"^[a-z]$")]] = Field(
        default=("a", "b", "c"), min_length=2, description="letters of the zones that the subnets are in"
    )


class Network(Model):
    """Either `create` or `existing`."""

    create: CreatedNetwork | None = Field(default=None, description="a network to make")
    existing: ExistingNetwork | None = Field(default=None, description="a network to use")


class Redis(Model):
    """One ElastiCache replication group. TLS, encryption and token authentication are always on; automatic failover
    and multi-AZ follow from `replicas`."""

    node_type: str = Field(
        default="cache.t4g.small", pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", description="ElastiCache node type"
    )
    replicas: int = Field(default=1, ge=0, description="replicas of the primary")
    engine_version: str = Field(default="7.1", pattern=r"^7\.[0-9]+$", description="Redis version, for example 7.1")
    snapshot_retention_days: int = Field(default=7, ge=0, le=35, description="days that daily snapshots are kept")
    apply_immediately: bool = Field(default=False, description="true: change now; false: in the maintenance window")
    kms_key_arn: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:kms:", description="ARN of a key of yours; without one, AWS's own"
    )


class RedisPair(Model):
    """Two clusters: one may evict, the other never does."""

    cache: Redis = Field(default=Redis(), description="sessions, limits, breakers: may evict the least recently used")
    queue: Redis = Field(default=Redis(), description="job queues: never evicts")


class Database(Model):
    """A PostgreSQL writer and its read replicas."""

    instance_class: str = Field(
        default="db.t4g.medium", pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="RDS instance class"
    )
    engine_version: str = Field(
        default="17", pattern=r"^1[3-9](?:\.[0-9]+)?$", description="PostgreSQL version, for example 17 or 17.5"
    )
    name: str = Field(default="app", pattern=r"^[a-z][a-z0-9_]{0,62}$", description="name of the database")
    username: str = Field(default="app", pattern=r"^[a-z][a-z0-9_]{0,62}$", description="name of the owner")
    storage_gb: int = Field(default=50, ge=20, le=65536, description="storage to start with, in GiB")
    max_storage_gb: int = Field(default=500, ge=0, le=65536, description="storage it may grow to, in GiB; 0: fixed")
    replicas: int = Field(default=2, ge=0, description="read replicas, spread over the zones")
    multi_az: bool = Field(default=True, description="a standby of the writer in another zone")
    backup_retention_days: int = Field(default=14, ge=0, le=35, description="days that backups are kept")
    deletion_protection: bool = Field(default=True, description="refuse to delete the database")
    final_snapshot: bool = Field(default=True, description="take a snapshot before deleting the database")
    apply_immediately: bool = Field(default=False, description="true: change now; false: in the maintenance window")
    kms_key_arn: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:kms:", description="ARN of a key of yours; without one, AWS's own"
    )


class Bucket(Model):
    """One bucket: encrypted, versioned, private and TLS-only whatever its purpose."""

    purpose: Literal["uploads", "assets", "backups"] = Field(description="what it is for: presets the life cycle")
    cors_origins: Items[Annotated[str, Field(pattern=r"^https?://[^/]+$|^\*$")]] = Field(
        default=(), description="origins of pages that upload directly, for example https://app.example.com"
    )
    force_destroy: bool = Field(default=False, description="true: destroy deletes the objects too")


class Cdn(Model):
    """A CloudFront distribution in front of one bucket."""

    bucket: Name = Field(description="name of the bucket it serves, of purpose assets")
    immutable_paths: Items[UrlPath] = Field(
        default=("/assets/*",), min_length=1, max_length=20, description="paths of files named by their content"
    )
    html_seconds: int = Field(default=60, ge=0, le=86400, description="seconds that everything else is cached")
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        default="PriceClass_100", description="which edge locations serve it"
    )


class WorkloadIdentity(Model):
    """How pods get their AWS roles: the cluster's token issuer."""

    issuer: str = Field(
        pattern=r"^https://[^\s]+[^/\s]$", description="the cluster's issuer URL, without a final slash"
    )
    provider_arn: str | None = Field(
        default=None,
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/",
        description="ARN of the account's provider for it; without one it is made",
    )


class Settings(Model):
    """Everything under `groundwork:`."""

    system: Annotated[Name, Field(max_length=20)] = Field(description="what the stack is part of: starts all names")
    environment: Environment = Field(description="which safety rules apply")
    namespace: Annotated[str, Field(pattern=NAME_PATTERN, max_length=63)] | None = Field(
        default=None, description="Kubernetes namespace; without one, <system>-<stack>"
    )
    workload: Workload = Field(description="what all pods have in common")
    cluster: Cluster = Field(default=Cluster(), description="what the cluster has")
    network: Network = Field(description="create or existing")
    workload_identity: WorkloadIdentity = Field(description="how pods get their AWS roles")
    redis: RedisPair = Field(default=RedisPair(), description="cache and queue")
    database: Database = Field(default=Database(), description="PostgreSQL")
    buckets: Mapping[Name, Bucket] = Field(min_length=1, description="buckets by name")
    cdn: Cdn = Field(description="the distribution in front of a bucket")
    services: Mapping[Name, Service] = Field(min_length=1, description="services by name")
    queues: Mapping[QueueName, Queue] = Field(default={}, description="job queues by name")
    dashboard: Dashboard = Field(default=Dashboard(), description="the queues' dashboard")
