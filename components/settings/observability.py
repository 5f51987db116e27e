"""Settings of what is promised, measured and kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.logs import RetentionDays
from components.settings.base import Model
from components.slo import Milliseconds


class Slo(Model):
    """What a service promises over 30 days; each promise has an error budget and alarms on its burn rate."""

    availability_percent: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=99.9, description="percent of requests not answered with 500 or more; null: no promise"
    )
    p95_milliseconds: Milliseconds | None = Field(
        default=None, description="milliseconds that 95 percent of the requests take at most"
    )
    p99_milliseconds: Milliseconds | None = Field(
        default=None, description="milliseconds that 99 percent of the requests take at most"
    )


class FluentBit(Model):
    """A collector of our own on every node; what reads a node's files needs somebody who answers for it."""

    image: str = Field(min_length=1, description="Fluent Bit, version 3 or later, by digest")
    owner: str = Field(description="who answers for reading the nodes' log files, for example platform-team")
    expires: str = Field(description="last day on which the policies let it pass, for example 2027-06-30")


class PodLogs(Model):
    """Where the pods' logs are kept."""

    fluent_bit: FluentBit | None = Field(
        default=None, description="ship the logs by a DaemonSet of Fluent Bit; without it, the cluster's own collector"
    )
    existing_group: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_./#-]{1,512}$",
        description="name of a log group of yours that the cluster's collector writes to; without it, one is made",
    )
    retention_days: RetentionDays = Field(default=30, description="days that logs are kept in the group that is made")
    own_kms_key: bool = Field(default=False, description="encrypt them with a key made for it")
    kms_key_arn: str | None = Field(
        default=None, pattern=r"^arn:[a-z-]+:kms:", description="encrypt them with this key, instead of AWS's own"
    )


class Observability(Model):
    """How a stack is watched."""

    indicators: Literal["logs", "prometheus"] = Field(
        default="logs", description="what promises are held against: requests in logs, or in Prometheus"
    )
    dashboard: bool = Field(default=True, description="a dashboard in CloudWatch")
    logs: PodLogs = Field(default=PodLogs(), description="where the pods' logs are kept")
