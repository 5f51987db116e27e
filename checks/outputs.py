"""The stack outputs that checks read, typed; a missing or wrong one is one clear message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel


class OutputsError(Exception):
    """Raised when a stack has not the outputs that checks need; the message names each of them."""


class _Model(BaseModel):
    # Outputs that a newer program adds do not concern an older check.
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore", populate_by_name=True)


class Workload(_Model):
    """Pods that answer live and ready.

    Attributes:
        namespace: Where they run.
        deployment: Name of their Deployment.
        selector: Labels that select them.
        target_port: Port of a pod that answers health requests.
        min_replicas: Smallest number of pods that must be ready.
        live_path: Path of the liveness answer.
        ready_path: Path of the readiness answer.
    """

    namespace: str
    deployment: str
    selector: dict[str, str]
    target_port: int
    min_replicas: int
    live_path: str
    ready_path: str


class Service(Workload):
    """A service: pods behind a Kubernetes Service, and the queues it owns."""

    service: str
    port: int
    queues: list[str] = []


class Workers(Workload):
    """The workers of one queue, and the service that hands it jobs."""

    owner: str


class Dashboard(Workload):
    """The queue dashboard, the path it lives under, and the secret with its user name and password."""

    service: str
    port: int
    path: str
    credentials_secret_arn: str


class Redis(_Model):
    """One Redis, for one purpose."""

    replication_group_id: str
    primary_endpoint: str
    reader_endpoint: str | None = None
    port: int
    tls: bool
    auth_secret_arn: str
    username: str | None = None
    profile: Literal["cache", "queue", "state"]


class Database(_Model):
    """The Postgres writer and its replicas."""

    identifier: str
    writer_endpoint: str
    reader_endpoints: list[str]
    port: int
    name: str
    username: str
    secret_arn: str
    replica_identifiers: list[str] = []


class Bucket(_Model):
    """One bucket; `purpose` is among uploads, assets, logs and backups."""

    name: str
    arn: str
    region: str
    purpose: str | None = None


class Cdn(_Model):
    """The distribution and the bucket it serves, by key among `buckets` or by name."""

    distribution_id: str
    domain: str
    bucket: str


class Objective(_Model):
    """What is promised of a store; `None` where nothing is."""

    rpo_seconds: float | None = None
    rto_seconds: float | None = None


class Backup(_Model):
    """Backups, and what is promised of every store: `database`, `redis.NAME`, `buckets.NAME`."""

    objectives: dict[str, Objective] = {}


class StackOutputs(_Model):
    """Everything that a stack says about itself."""

    environment: str
    namespace: str
    services: dict[str, Service]
    workers: dict[str, Workers]
    dashboard: Dashboard | None = None
    redis: dict[str, Redis]
    database: Database | None = None
    buckets: dict[str, Bucket]
    cdn: Cdn | None = None
    backup: Backup | None = None
    trusted_certificates: str | None = None

    @property
    def cdn_bucket(self) -> str | None:
        """Name of the bucket behind the CDN."""
        if self.cdn is None:
            return None
        bucket = self.buckets.get(self.cdn.bucket)
        return self.cdn.bucket if bucket is None else bucket.name


def read_outputs(outputs: Mapping[str, Any]) -> StackOutputs:
    """Read a stack's outputs, as `pulumi stack output --json` prints them.

    Raises:
        OutputsError: with one line for each output that is missing or has the wrong shape.
    """
    if not outputs:
        raise OutputsError("the stack has no outputs: run `pulumi up` first")
    try:
        return StackOutputs.model_validate(dict(outputs))
    except ValidationError as error:
        lines = [f"  {_where(problem['loc'])}: {problem['msg']}" for problem in error.errors(include_input=False)]
        raise OutputsError("\n".join(["the stack's outputs are not those of a groundwork stack:", *lines])) from None


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
