"""Settings of services, queues and their pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from components.settings.base import Access, Cpu, Items, Memory, Model, Name, Variable


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
        default="bullmq", description="where jobs are kept: bullmq in Redis, postgres in the database"
    )
    concurrency: int = Field(default=5, ge=1, le=1000, description="jobs that one worker runs at a time")
    longest_job_seconds: int = Field(
        default=300, ge=1, le=86400, description="seconds that the longest job takes; one that takes longer has failed"
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
        description="jobs for each worker that the autoscaler aims at, with keda or metrics",
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
    replicas: Replicas = Field(default=Replicas(min=2, max=3), description="how many instances may run")
    resources: Resources | None = Field(default=None, description="requests and limits instead of workload's")
