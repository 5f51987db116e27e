"""What a stack is watched by: its pods' logs, its services' objectives, and who is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components import aws, observability_rules
from components.dashboard import Dashboard, DashboardArgs
from components.dashboard_body import Row
from components.dashboard_rows import slo_row
from components.errors import refuse
from components.log_shipper import LogShipper, LogShipperArgs
from components.log_shipper_manifests import Exemption
from components.monitoring import Monitoring, MonitoringArgs
from components.options import child
from components.pod_logs import PodLogs, PodLogsArgs
from components.request_metrics import LogLayout, addon_layout, make_request_metrics
from components.slo import Slo, SloArgs, objectives
from components.slo_alarms import SloAlarms, SloAlarmsArgs
from components.workload_identity import TokenIssuer

Indicators = Literal["logs", "prometheus"]
"""What objectives are held against: requests counted from log lines, or from the services' own metrics."""

_SILENCE_SECONDS = 600
_SILENT_PERIODS = 6


@dataclass(frozen=True, kw_only=True)
class ShipperArgs:
    """A collector of our own.

    Attributes:
        image: Reference of a Fluent Bit image, by digest.
        system: The application.
        issuer: The cluster's token issuer.
        exemption: Who answers for reading the nodes' own files.
        allow_image_tag: Whether the image may be named by a tag.
    """

    image: str
    system: str
    issuer: TokenIssuer
    exemption: Exemption
    allow_image_tag: bool = False


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """What observes a stack.

    Attributes:
        identifier: Start of names, for example `aiponge-prod`.
        namespace: Kubernetes namespace of the services.
        topic_arn: Where alarms go.
        logs: Where the pods' logs are kept.
        slos: What services promise, by name.
        indicators: What that is held against.
        shipper: A collector of our own, or none: then the cluster's own one is expected to write to the group.
        prometheus: What the Prometheus operator is told, where the cluster has one.
        dashboard: Whether there is one.
        rows: Of the dashboard, after those of the services.
        alarms: Names of further alarms that the dashboard lists.
        distribution_id: A distribution that the dashboard shows, or none.
        tags: On everything.
    """

    identifier: str
    namespace: str
    topic_arn: pulumi.Input[str]
    logs: PodLogsArgs
    slos: Mapping[str, SloArgs] = field(default_factory=dict)
    indicators: Indicators = "logs"
    shipper: ShipperArgs | None = None
    prometheus: MonitoringArgs | None = None
    dashboard: bool = True
    rows: Sequence[Row] = ()
    alarms: Sequence[str] = ()
    distribution_id: pulumi.Input[str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Observability(pulumi.ComponentResource):
    """A log group for the pods; for each promise of a service, its error budget and burn-rate alarms.

    Attributes:
        outputs: Where to look, as stack outputs.

    Raises:
        Refused: a promise that nobody could keep or be told of, or two keys for one group.
    """

    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Observability", name, None, opts)
        refuse(f"Observability {name!r}", observability_rules.indicators(args.indicators, args.prometheus is not None))
        logs = PodLogs(f"{name}-logs", args.logs, child(self))
        if args.shipper is not None:
            self._ship(name, args, args.shipper, logs)
        alarms = self._alarms(name, args, logs) if args.slos and args.indicators == "logs" else {}
        if args.prometheus is not None:
            Monitoring(f"{name}-prometheus", args.prometheus, child(self))
        dashboard = self._dashboard(name, args, alarms) if args.dashboard else None
        self.outputs = {
            "dashboard": dashboard,
            "logGroup": logs.group,
            "collector": "cluster" if args.shipper is None else "fluentBit",
            "indicators": args.indicators,
            "slos": {
                service: {**_promised(slo), "alarms": alarms.get(service, [])} for service, slo in args.slos.items()
            },
        }
        self.register_outputs(dict(self.outputs))

    def _alarms(self, name: str, args: ObservabilityArgs, logs: PodLogs) -> Mapping[str, list[str]]:
        """Names of the alarms that tell, by service."""
        times = {each.within for slo in args.slos.values() for each in objectives(slo) if each.within is not None}
        metrics = make_request_metrics(self, name, _metrics_namespace(args), logs.group, times, _layout(args))
        _watch_silence(self, name, logs, args)
        return {
            service: list(
                SloAlarms(
                    f"{service}-slo",
                    SloAlarmsArgs(
                        identifier=f"{args.identifier}-{service}",
                        service=service,
                        slo=slo,
                        metrics=metrics,
                        topic_arn=args.topic_arn,
                        tags=args.tags,
                    ),
                    child(self),
                ).names
            )
            for service, slo in args.slos.items()
        }

    def _dashboard(self, name: str, args: ObservabilityArgs, alarms: Mapping[str, list[str]]) -> str:
        """Its name. Promises that are held against Prometheus have no metrics in CloudWatch, and no rows."""
        told = [alarm for names in alarms.values() for alarm in names] + ([_silence_name(args)] if alarms else [])
        rows = [slo_row(_metrics_namespace(args), service, args.slos[service], args.logs.region) for service in alarms]
        return Dashboard(
            f"{name}-board",
            DashboardArgs(
                identifier=args.identifier,
                account=args.logs.account,
                region=args.logs.region,
                rows=[*rows, *args.rows],
                distribution_id=args.distribution_id,
                alarms=[*told, *args.alarms],
            ),
            child(self),
        ).name

    def _ship(self, name: str, args: ObservabilityArgs, shipper: ShipperArgs, logs: PodLogs) -> None:
        LogShipper(
            f"{name}-shipper",
            LogShipperArgs(
                identifier=args.identifier,
                namespace=args.namespace,
                system=shipper.system,
                image=shipper.image,
                region=args.logs.region,
                logs=logs,
                issuer=shipper.issuer,
                exemption=shipper.exemption,
                allow_image_tag=shipper.allow_image_tag,
                tags=args.tags,
            ),
            child(self, depends_on=[logs]),
        )


def _layout(args: ObservabilityArgs) -> LogLayout:
    """Our own collector ships this namespace alone, and leaves a line's fields where they are."""
    return addon_layout(args.namespace) if args.shipper is None else LogLayout()


def _metrics_namespace(args: ObservabilityArgs) -> str:
    return f"Groundwork/{args.identifier}"


def _silence_name(args: ObservabilityArgs) -> str:
    return f"{args.identifier}-logs-silent"


def _watch_silence(parent: pulumi.Resource, name: str, logs: PodLogs, args: ObservabilityArgs) -> None:
    """Register the alarm that tells when no log line has come for an hour: nobody knows whether promises are kept."""
    actions = [args.topic_arn]
    aws.MetricAlarm(
        f"{name}-silence",
        name=_silence_name(args),
        alarm_description="No log line has reached the pods' log group for an hour: the collector is away, and no "
        "objective can be held against anything.",
        namespace="AWS/Logs",
        metric_name="IncomingLogEvents",
        dimensions={"LogGroupName": logs.name},
        statistic="Sum",
        period=_SILENCE_SECONDS,
        evaluation_periods=_SILENT_PERIODS,
        datapoints_to_alarm=_SILENT_PERIODS,
        comparison_operator="LessThanThreshold",
        threshold=1,
        treat_missing_data="breaching",
        alarm_actions=actions,
        ok_actions=actions,
        tags=dict(args.tags),
        opts=child(parent),
    )


def _promised(slo: Slo) -> dict[str, object]:
    return {
        "objectives": {
            each.name: {
                "percent": each.percent,
                "withinMilliseconds": each.within,
                "budgetMinutes": each.budget_minutes,
            }
            for each in objectives(slo)
        }
    }
