"""Settings of services, queues and their pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema

from components.settings.base import NAME_PATTERN, Access, Cpu, Items, Memory, Model, Name, UrlPath, Variable
from components.settings.observability import Slo

Image = Annotated[str, Field(pattern=r"^[a-z0-9][a-zA-Z0-9./:_@-]*$", max_length=512)]
PortName = Annotated[str, Field(pattern=r"^[a-z](?:-?[a-z0-9])*$", max_length=15)]


def _as_text(value: object) -> object:
    return str(value) if type(value) is int else value


_AMOUNT_PATTERN = r"^(?:[0-9]{1,4}|[0-9]{1,2}%|100%)$"
_AMOUNT_IN_FILE = [
    {"type": "integer", "minimum": 0, "maximum": 9999},
    {"type": "string", "pattern": _AMOUNT_PATTERN},
]
Amount = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=_AMOUNT_PATTERN),
    WithJsonSchema({"anyOf": _AMOUNT_IN_FILE}),
]
"""A number in the file, or a share in percent."""

ENCRYPTED = {"type": "string", "format": "encrypted"}
"""The JSON schema's mark of a value that stands encrypted in the file."""
Secret = Annotated[str, WithJsonSchema(ENCRYPTED)]
"""A value that is encrypted in the file and reaches the program in the clear."""


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

    image: Image = Field(description="image reference, by digest if not local")
    allow_image_tags: bool = Field(
        default=False, description="true: images by tag outside local too, though a tag can be moved to other code"
    )
    environment: Mapping[Variable, str] = Field(default={}, description="variables of every pod; no secrets")
    trusted_certificates: str | None = Field(
        default=None, min_length=1, description="PEM file of further authorities that pods trust, relative to stacks/"
    )
    command: Items[str] = Field(
        default=("node", "/app/src/main.js"),
        min_length=1,
        description="executable and first arguments; the role (api, worker, dashboard) follows",
    )
    drain_seconds: int = Field(default=25, ge=1, le=3600, description="seconds that requests get to finish")
    resources: Resources = Field(default=Resources(), description="requests and limits of every pod")


class Probes(Model):
    """How a pod is asked for its health."""

    live_path: UrlPath = Field(default="/health/live", description="path that tells whether the process answers")
    ready_path: UrlPath = Field(default="/health/ready", description="path that tells whether it is fit for requests")
    startup_period_seconds: int = Field(default=2, ge=1, le=300, description="seconds between tries at the start")
    live_period_seconds: int = Field(default=10, ge=1, le=300, description="seconds between questions if it lives")
    ready_period_seconds: int = Field(default=5, ge=1, le=60, description="seconds between questions if it is ready")
    timeout_seconds: int = Field(default=3, ge=1, le=60, description="seconds for an answer")
    live_failures: int = Field(default=3, ge=1, le=30, description="failures in a row until a restart")
    ready_failures: int = Field(default=2, ge=1, le=30, description="failures in a row until no more requests come")


class Rollout(Model):
    """The steps in which a change replaces pods."""

    max_surge: Amount = Field(default="1", description="new pods beyond the usual number, or a share such as 25%")
    max_unavailable: Amount = Field(default="0", description="old pods that may go first, or a share such as 25%")
    min_ready_seconds: int = Field(default=0, ge=0, le=600, description="seconds that a new pod stays ready first")


class Canary(Model):
    """Another image for a share of the requests."""

    image: Image = Field(description="image reference, by digest if not local")
    weight: int = Field(default=5, ge=1, le=50, description="share of the requests, in percent")


class Config(Model):
    """Configuration files that are no secret, in the folder that CONFIG_DIR names."""

    files: Mapping[str, str] = Field(min_length=1, description="content by file name")
    reload: Literal["hot", "restart"] = Field(
        default="restart", description="hot: the process notices changes itself; restart: pods are replaced"
    )


class Expose(Model):
    """Where clients outside the cluster find the service."""

    hosts: Items[str] = Field(min_length=1, description="host names, for example api.example.com")
    path: UrlPath = Field(default="/", description="start of the paths that are its own")
    tls_secret: str | None = Field(
        default=None, pattern=NAME_PATTERN, max_length=253, description="Secret with an Ingress' certificate"
    )


class Service(Model):
    """One stateless service."""

    image: Image | None = Field(default=None, description="image instead of workload's")
    command: Items[str] | None = Field(default=None, min_length=1, description="executable instead of workload's")
    args: Items[str] | None = Field(default=None, description="arguments after the command, instead of the role")
    port: int = Field(default=8080, ge=1024, le=65535, description="port that the container listens on")
    ports: Mapping[PortName, int] = Field(default={}, description="further ports, by name")
    replicas: Replicas = Field(default=Replicas(), description="how many instances may run")
    cpu_target_percent: int | None = Field(
        default=70, ge=10, le=95, description="CPU use, in percent of the request, that the autoscaler aims at"
    )
    memory_target_percent: int | None = Field(
        default=None, ge=10, le=95, description="memory use, in percent of the request, that it aims at as well"
    )
    requests_per_second: int | None = Field(
        default=None, ge=1, le=1_000_000, description="requests for each instance that it aims at, with cluster.metrics"
    )
    resources: Resources | None = Field(default=None, description="requests and limits instead of workload's")
    scratch_size: Memory = Field(default="64Mi", description="size of the only writable folder, /tmp; 4Gi at most")
    drain_seconds: int | None = Field(default=None, ge=1, le=3600, description="seconds instead of workload's")
    stream_seconds: int = Field(
        default=0, ge=0, le=3600, description="seconds over which streams and WebSockets end at shutdown; 0: none"
    )
    deregistration_seconds: int | None = Field(
        default=None, ge=1, le=300, description="seconds that a stopping pod still accepts; 5, or 15 if it is exposed"
    )
    startup_seconds: int = Field(default=120, ge=5, le=1800, description="seconds that a start may take")
    probes: Probes = Field(default=Probes(), description="how a pod is asked for its health")
    rollout: Rollout = Field(default=Rollout(), description="the steps in which a change replaces pods")
    canary: Canary | None = Field(default=None, description="another image for a share of the requests")
    config: Config | None = Field(default=None, description="configuration files that are no secret")
    environment: Mapping[Variable, str] = Field(default={}, description="further variables; no secrets")
    secrets: Mapping[Variable, Secret] = Field(default={}, description="secret variables, encrypted in the stack file")
    buckets: Mapping[Name, Access] = Field(
        default={}, description="buckets that its IAM role may use: read or readWrite"
    )
    exposed: bool = Field(default=False, description="true: pods of other namespaces may call it")
    expose: Expose | None = Field(default=None, description="where clients outside the cluster find it")
    slo: Slo | None = Field(
        default=None, description="what it promises: availabilityPercent, p95Milliseconds and so on"
    )


class Schedule(Model):
    """A job by the clock, put into the queue once however many workers there are."""

    cron: str = Field(max_length=200, description="minute, hour, day, month, weekday, for example 0 3 * * *")
    timezone: str = Field(
        default="UTC", max_length=64, description="name that the fields are meant in, for example Europe/Vienna"
    )
    exclusive: bool = Field(default=False, description="true: skip a run that is due while the last one is under way")
    payload: Mapping[str, JsonValue] = Field(default={}, description="what the job gets; no secrets")


class Queue(Model):
    """One job queue and its workers."""

    owner: Name = Field(description="the service whose code and rights the workers have")
    kind: Literal["bullmq", "postgres"] = Field(
        default="bullmq",
        description="where jobs are kept: bullmq in the queue Redis, postgres in the database",
    )
    concurrency: int = Field(default=5, ge=1, le=1000, description="jobs that one worker runs at a time")
    longest_job_seconds: int = Field(
        default=300,
        ge=1,
        le=86400,
        description="seconds that the longest job takes, an hour at most; a worker that stops gets as long",
    )
    attempts: int = Field(default=5, ge=1, le=100, description="how often a job is tried, the first time included")
    backoff_seconds: int = Field(
        default=1, ge=1, le=3600, description="seconds before the second try, doubled before each further one"
    )
    stalled_after_seconds: int = Field(
        default=15, ge=10, le=300, description="seconds after which a silent worker's jobs go to another"
    )
    max_stalled: int = Field(default=10, ge=1, le=1000, description="workers that a job may outlive")
    keep_failed_days: int = Field(default=7, ge=1, le=90, description="days that dead letters are kept")
    keep_failed: int = Field(default=10_000, ge=1, le=1_000_000, description="dead letters that are kept, at most")
    schedules: Mapping[Name, Schedule] = Field(default={}, description="jobs by the clock, by name")
    replicas: Replicas = Field(default=Replicas(), description="how many workers may run")
    backlog_per_worker: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="jobs for each worker that the autoscaler aims at, with keda or metrics; default: concurrency",
    )
    cpu_target_percent: int = Field(
        default=70,
        ge=10,
        le=95,
        description="CPU use, in percent of the request, to aim at where it does not",
    )
    resources: Resources | None = Field(default=None, description="requests and limits instead of the owner's")


class Dashboard(Model):
    """The queues' dashboard, behind basic authentication."""

    username: str = Field(default="operator", pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="who may log in")
    generation: int = Field(
        default=1, ge=1, le=100_000, description="of the password: one more rotates it, the one before stays valid"
    )
    replicas: Replicas = Field(default=Replicas(min=2, max=3), description="how many instances may run")
    resources: Resources | None = Field(default=None, description="requests and limits instead of workload's")
