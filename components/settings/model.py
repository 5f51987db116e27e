"""A stack's settings: what may be written under `groundwork:` in `stacks/Pulumi.<stack>.yaml`.

One knob per decision. What is safe and highly available is the default; whatever follows from another knob has none.
Keys are camelCase in the file and snake_case here. Types and ranges are checked here, combinations in
`components.settings.combinations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from components.logs import RetentionDays
from components.network_rules import EndpointService, Nat, Traffic
from components.settings.alarms import Alarms
from components.settings.backup import Backup
from components.settings.base import (
    NAME_PATTERN,
    Cidr,
    Environment,
    Items,
    Model,
    Name,
    QueueName,
)
from components.settings.cluster import Cluster
from components.settings.database import Database
from components.settings.delivery import Bucket, Cdn, Edge
from components.settings.observability import Observability
from components.settings.redis import RedisPair
from components.settings.workloads import Dashboard, Queue, Service, Workload


class CreatedNetwork(Model):
    """A network made for this stack."""

    cidr: Cidr = Field(description="address range, /16 to /20, for example 10.20.0.0/16")
    zones: Items[Annotated[str, Field(pattern=r"^[a-z]$")]] = Field(
        default=("a", "b", "c"), min_length=3, max_length=3, description="letters of three availability zones"
    )
    nat: Nat | None = Field(
        default=None,
        description="ways to the internet: none, single or perZone; without it, perZone in production, single in "
        "staging, none in local",
    )
    single_nat_accepted: bool = Field(
        default=False, description="true: in production too, one zone's failure may cut all off from the internet"
    )
    endpoints: Items[EndpointService] = Field(
        default=("secretsmanager",), description="services that private subnets reach without the internet, beside S3"
    )
    endpoint_accounts: Items[Annotated[str, Field(pattern=r"^[0-9]{12}$")]] = Field(
        default=(), description="numbers of further accounts whose resources may be reached by endpoints"
    )
    flow_log_days: RetentionDays | None = Field(
        default=30, description="days that records of connections are kept; null: none are made"
    )
    flow_log_traffic: Traffic = Field(default="ALL", description="what is recorded: ALL, ACCEPT or REJECT")


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
    alarms: Alarms = Field(default=Alarms(), description="who is told of what")
    observability: Observability = Field(default=Observability(), description="how the stack is watched")
    backup: Backup = Field(default=Backup(), description="backups out of the stores' reach")
    buckets: Mapping[Name, Bucket] = Field(default={}, description="buckets by name; none: no object storage")
    cdn: Cdn | None = Field(default=None, description="the distribution in front of a bucket; without it, none")
    edge: Edge = Field(default=Edge(), description="the web ACL in front of the distribution; none without it")
    services: Mapping[Name, Service] = Field(min_length=1, description="services by name")
    queues: Mapping[QueueName, Queue] = Field(default={}, description="job queues by name")
    dashboard: Dashboard = Field(default=Dashboard(), description="the queues' dashboard")

    @property
    def queues_in_redis(self) -> list[str]:
        """Names of the queues that BullMQ keeps; without any, there is no Redis for queues and no dashboard."""
        return sorted(name for name, queue in self.queues.items() if queue.kind == "bullmq")
