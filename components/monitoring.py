"""What the Prometheus operator is told of a stack: whom to read, and what to alert on.

Its kinds have to be known to the cluster before: the settings say so, and nothing is looked up in a preview.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.cluster import PrometheusFeature
from components.errors import Refusal, refuse
from components.kubernetes import KubernetesObject
from components.options import child
from components.service_rules import METRICS_PORT_NAME
from components.slo import SloArgs, refusals
from components.slo_rules import Promise, monitor_manifest, rule_manifest


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What Prometheus reads and judges.

    Attributes:
        feature: The operator.
        namespace: Of the workloads; the objects are there too.
        place: The same, as its object tells it: whoever uses it waits for the namespace.
        system: The application.
        services: Services that have a port `metrics`.
        workers: Workers that tell their queue's metrics.
        slos: What services promise, by name, where that is held against Prometheus.
    """

    feature: PrometheusFeature
    namespace: str
    place: pulumi.Input[str]
    system: str
    services: Sequence[str] = ()
    workers: Sequence[str] = ()
    slos: Mapping[str, SloArgs] = field(default_factory=dict)


class Monitoring(pulumi.ComponentResource):
    """ServiceMonitors for services and workers, and a PrometheusRule with recorded shares and burn-rate alerts.

    Raises:
        Refused: a promise that nobody could keep, or be told of.
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Monitoring", name, None, opts)
        refuse(
            f"Monitoring {name!r}",
            [
                Refusal(f"slos.{service}.{item.setting}".rstrip("."), item.value, item.cure)
                for service, slo in args.slos.items()
                for item in refusals(slo)
            ],
        )
        for kind, names, port in (
            ("services", args.services, METRICS_PORT_NAME),
            ("workers", args.workers, "http"),
        ):
            if names:
                KubernetesObject(f"{name}-{kind}", monitor_manifest(_metadata(args, kind), names, port), child(self))
        if args.slos:
            promises = [Promise(service, args.namespace, slo) for service, slo in sorted(args.slos.items())]
            KubernetesObject(f"{name}-rules", rule_manifest(_metadata(args, "objectives"), promises), child(self))
        self.register_outputs({})


def _metadata(args: MonitoringArgs, name: str) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/part-of": args.system,
        "app.kubernetes.io/managed-by": "groundwork",
        # Last: what the operator selects by counts.
        **args.feature.labels,
    }
    return {"name": name, "namespace": args.place, "labels": labels}
