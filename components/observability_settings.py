"""From settings to the arguments of what observes a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.dashboard_body import Row
from components.observability import ObservabilityArgs
from components.pod_logs import PodLogsArgs
from components.request_metrics import REQUESTS_VARIABLE
from components.settings.model import Settings
from components.settings.workloads import Service
from components.slo import SloArgs


def observability_args(
    settings: Settings,
    *,
    identifier: str,
    account: str,
    region: str,
    namespace: str,
    topic_arn: pulumi.Input[str],
    tags: Mapping[str, str],
    rows: Sequence[Row] = (),
    alarms: Sequence[str] = (),
    distribution_id: pulumi.Input[str] | None = None,
) -> ObservabilityArgs:
    """What observes a stack; the arguments are those of `ObservabilityArgs`."""
    observability = settings.observability
    return ObservabilityArgs(
        identifier=identifier,
        namespace=namespace,
        topic_arn=topic_arn,
        logs=PodLogsArgs(
            identifier=identifier, account=account, region=region, tags=tags, **observability.logs.model_dump()
        ),
        slos={
            name: SloArgs(**service.slo.model_dump())
            for name, service in settings.services.items()
            if service.slo is not None
        },
        indicators=observability.indicators,
        dashboard=observability.dashboard,
        rows=rows,
        alarms=alarms,
        distribution_id=distribution_id,
        tags=tags,
    )


def observed_variables(settings: Settings, service: Service) -> dict[str, str]:
    """What a service's process is told, so that its promises can be held against something."""
    if service.slo is None or settings.observability.indicators != "logs":
        return {}
    return {REQUESTS_VARIABLE: "true"}
