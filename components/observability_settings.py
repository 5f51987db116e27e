"""From settings to the arguments of what observes a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.cluster import PrometheusFeature
from components.dashboard_body import Row
from components.log_shipper_manifests import Exemption
from components.monitoring import MonitoringArgs
from components.observability import ObservabilityArgs, ShipperArgs
from components.pod_logs import PodLogsArgs
from components.request_metrics import REQUESTS_VARIABLE
from components.settings.model import Settings
from components.settings.workloads import Service
from components.slo import SloArgs
from components.workload_identity import TokenIssuer


def observability_args(
    settings: Settings,
    *,
    identifier: str,
    account: str,
    region: str,
    namespace: str,
    place: pulumi.Input[str],
    topic_arn: pulumi.Input[str],
    issuer: TokenIssuer,
    tags: Mapping[str, str],
    rows: Sequence[Row] = (),
    alarms: Sequence[str] = (),
    distribution_id: pulumi.Input[str] | None = None,
) -> ObservabilityArgs:
    """What observes a stack; the arguments are those of `ObservabilityArgs` and `MonitoringArgs`."""
    observability = settings.observability
    slos = {
        name: SloArgs(**service.slo.model_dump())
        for name, service in settings.services.items()
        if service.slo is not None
    }
    return ObservabilityArgs(
        identifier=identifier,
        namespace=namespace,
        topic_arn=topic_arn,
        logs=PodLogsArgs(
            identifier=identifier,
            account=account,
            region=region,
            tags=tags,
            **observability.logs.model_dump(exclude={"fluent_bit"}),
        ),
        slos=slos,
        indicators=observability.indicators,
        shipper=_shipper(settings, issuer),
        prometheus=_monitoring(settings, namespace, place, slos),
        dashboard=observability.dashboard,
        rows=rows,
        alarms=alarms,
        distribution_id=distribution_id,
        tags=tags,
    )


def _shipper(settings: Settings, issuer: TokenIssuer) -> ShipperArgs | None:
    collector = settings.observability.logs.fluent_bit
    if collector is None:
        return None
    return ShipperArgs(
        image=collector.image,
        system=settings.system,
        issuer=issuer,
        exemption=Exemption(owner=collector.owner, expires=collector.expires),
        allow_image_tag=settings.environment == "local" or settings.workload.allow_image_tags,
    )


def _monitoring(
    settings: Settings, namespace: str, place: pulumi.Input[str], slos: Mapping[str, SloArgs]
) -> MonitoringArgs | None:
    operator = settings.cluster.prometheus_operator
    if operator is None:
        return None
    return MonitoringArgs(
        feature=PrometheusFeature(**operator.model_dump()),
        namespace=namespace,
        place=place,
        system=settings.system,
        services=[
            name
            for name, service in settings.services.items()
            if service.requests_per_second is not None or observed_by_prometheus(settings, service)
        ],
        workers=[f"{queue}-worker" for queue in settings.queues],
        slos=slos if settings.observability.indicators == "prometheus" else {},
    )


def observed_variables(settings: Settings, service: Service) -> dict[str, str]:
    """What a service's process is told, so that its promises can be held against something."""
    if service.slo is None or settings.observability.indicators != "logs":
        return {}
    return {REQUESTS_VARIABLE: "true"}


def observed_by_prometheus(settings: Settings, service: Service) -> bool:
    """Whether a service has to tell its metrics, so that its promises can be held against something."""
    return service.slo is not None and settings.observability.indicators == "prometheus"
