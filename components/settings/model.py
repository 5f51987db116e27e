"""A stack's settings: what may be written under `groundwork:` in `stacks/Pulumi.<stack>.yaml`.

One knob per decision. What is safe and highly available is the default; whatever follows from another knob has none.
Keys are camelCase in the file and snake_case here. Types and ranges are checked here, combinations in
`components.settings.combinations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from components.settings.base import (
    NAME_PATTERN,
    Access,
    Cidr,
    Cpu,
    Environment,
    Items,
    Memory,
    Model,
    Name,
    QueueName,
    Variable,
)
from components.settings.delivery import Bucket, Cdn, Edge


class Resources(Model):
    """What a container asks for and may use. There is no CPU limit: throttling costs latency and protects nobody."""

    cpu_request: Cpu = Field(default="100m", description="cores, for example 100m or 0.5")
    memory_request: Memory = Field(default="256Mi", description="memory, for example 256Mi")
    memory_limit: Memory = Field(default="512Mi", description="memory, for example 512Mi")


class Replicas(Model):
    """How many instances the autoscaler may run."""

    min: int = Field(default=2, ge=1, le=1000, description="number of instances, 2 or more")
    max: int = Field(default=10, ge=1, le=1000, description="number of instances")


class Workload(Model):
    """What all pods have in common."""

    image: str = Field(
        pattern=r"^[a-z0-9][a-zA-Z0-9./:_@-]*$", max_length=512, description="image reference, by digest if not local"
    )
    environment: Mapping[Variable, str] = Field(default={}, description="variables of every pod; no secrets")
    trusted_certificates: str | None = Field(
        default=None, min_length=1, description="PEM file of further authorities that pods trust, relative to stacks/"
    )
    command: Items[str] = Field(
        default=("node", "/app/src/main.js"),
        min_length=1,
        description="executable and first arguments; the role follows",
    )
    drain_seconds: int = Field(default=25, ge=1, le=3600, description="seconds that requests get to finish")
    resources: Resources = Field(default=Resources(), description="requests and limits of every pod")


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


class Service(Model):
    """One stateless service."""

    image: str | None = Field(
        default=None, pattern=r"^[a-z0-9][a-zA-Z0-9./:_@-]*$", max_length=512, description="image instead of workload's"
    )
    port: int = Field(default=8080, ge=1024, le=65535, description="port that the container listens on")
    replicas: Replicas = Field(default=Replicas(), description="how many instances may run")
    cpu_target_percent: int = Field(
        default=70, ge=10, le=95, description="CPU use, in percent of the request, that the autoscaler aims at"
    )
    resources: Resources | None = Field(default=None, description="requests and limits instead of workload's")
    drain_seconds: int | None = Field(default=None, ge=1, le=3600, description="seconds instead of workload's")
    startup_seconds: int = Field(default=120, ge=5, le=1800, description="seconds that a start may take")
    environment: Mapping[Variable, str] = Field(default={}, description="further variables; no secrets")
    secrets: Mapping[Variable, str] = Field(default={}, description="secret variables, encrypted in the stack file")
    buckets: Mapping[Name, Access] = Field(default={}, description="buckets that it may use: read or readWrite")
    exposed: bool = Field(default=False, description="true: pods of other namespaces may call it")


class Queue(Model):
    """One job queue and its workers."""

    owner: Name = Field(description="the service whose code and rights the workers have")
    concurrency: int = Field(default=5, ge=1, le=1000, description="jobs that one worker runs at a time")
    longest_job_seconds: int = Field(default=300, ge=1, le=86400, description="seconds that the longest job takes")
    replicas: Replicas = Field(default=Replicas(), description="how many workers may run")
    cpu_target_percent: int = Field(
        default=70, ge=10, le=95, description="CPU use, in percent of the request, that the autoscaler aims at"
    )
    resources: Resources | None = Field(default=None, description="requests and limits instead of the owner's")


class Dashboard(Model):
    """The queues' dashboard, behind basic authentication."""

    username: str = Field(default="operator", pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="who may log in")
    replicas: Replicas = Field(default=Replicas(min=2, max=3), description="how many instances may run")
    resources: Resources | None = Field(default=None, description="requests and limits instead of workload's")


class Settings(Model):
    """Everything under `groundwork:`."""

    system: Annotated[Name, Field(max_length=20)] = Field(description="what the stack is part of: starts all names")
    environment: Environment = Field(description="which safety rules apply")
    namespace: Annotated[str, Field(pattern=NAME_PATTERN, max_length=63)] | None = Field(
        default=None, description="Kubernetes namespace; without one, <system>-<stack>"
    )
    workload: Workload = Field(description="what all pods have in common")
    network: Network = Field(description="create or existing")
    workload_identity: WorkloadIdentity = Field(description="how pods get their AWS roles")
    redis: RedisPair = Field(default=RedisPair(), description="cache and queue")
    database: Database = Field(default=Database(), description="PostgreSQL")
    buckets: Mapping[Name, Bucket] = Field(min_length=1, description="buckets by name")
    cdn: Cdn = Field(description="the distribution in front of a bucket")
    edge: Edge = Field(default=Edge(), description="the web ACL in front of the distribution")
    services: Mapping[Name, Service] = Field(min_length=1, description="services by name")
    queues: Mapping[QueueName, Queue] = Field(default={}, description="job queues by name")
    dashboard: Dashboard = Field(default=Dashboard(), description="the queues' dashboard")
