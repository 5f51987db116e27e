"""How many instances there are, and what decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

_SCALE_DOWN_SECONDS = 300
_KEDA_POLLING_SECONDS = 15
BACKLOG_METRIC = "groundwork_queue_backlog"
"""What workers export: jobs waiting, prioritized, due after a delay, and active."""

REQUESTS_METRIC = "http_requests_per_second"
"""The rate of the counter `http_requests_total` that services export, as an adapter serves it to the cluster."""


@dataclass(frozen=True, kw_only=True)
class ReplicaRangeArgs:
    """How many instances the autoscaler may run.

    Attributes:
        min: At least; 2 or more.
        max: At most.
    """

    min: int = 2
    max: int = 10


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Workers by the jobs that there are.

    Attributes:
        queue: Name of the queue.
        per_worker: Jobs for each worker.
        by: `keda` asks the workers itself; `metrics` is an adapter that serves Prometheus' metrics to the cluster.
        url: Where the workers tell the metric.
    """

    queue: str
    per_worker: int
    by: Literal["keda", "metrics"]
    url: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """When instances are added.

    Attributes:
        replicas: The range.
        cpu_target_percent: CPU use, in percent of the request, that the autoscaler aims at; none: it does not count.
        memory_target_percent: The same for memory; none: it does not count.
        requests_per_second: Requests that one instance is to get, on average; none: they do not count.
        backlog: Jobs to scale on instead.
    """

    replicas: ReplicaRangeArgs
    cpu_target_percent: int | None
    memory_target_percent: int | None = None
    requests_per_second: int | None = None
    backlog: Backlog | None = None


def autoscaler_manifest(target: str, metadata: Mapping[str, Any], scaling: Scaling) -> dict[str, Any]:
    """The one autoscaler of a Deployment: KEDA makes one of its own, and two would fight.

    Args:
        target: The Deployment's name.
        metadata: Of the autoscaler.
        scaling: What decides.
    """
    if scaling.backlog is not None and scaling.backlog.by == "keda":
        return _scaled_object(target, metadata, scaling.replicas, scaling.backlog)
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": dict(metadata),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "minReplicas": scaling.replicas.min,
            "maxReplicas": scaling.replicas.max,
            "metrics": _metrics(scaling),
            "behavior": _behavior(),
        },
    }


def _metrics(scaling: Scaling) -> list[dict[str, Any]]:
    if scaling.backlog is not None:
        # A value of the whole queue, told by each worker: divided by the workers' number, not added up.
        metric = {"name": BACKLOG_METRIC, "selector": {"matchLabels": {"queue": scaling.backlog.queue}}}
        target = {"type": "AverageValue", "averageValue": str(scaling.backlog.per_worker)}
        return [{"type": "External", "external": {"metric": metric, "target": target}}]
    # Of several metrics, the one that asks for the most instances decides.
    found = [
        _utilization(resource, percent)
        for resource, percent in (("cpu", scaling.cpu_target_percent), ("memory", scaling.memory_target_percent))
        if percent is not None
    ]
    if scaling.requests_per_second is not None:
        target = {"type": "AverageValue", "averageValue": str(scaling.requests_per_second)}
        found.append({"type": "Pods", "pods": {"metric": {"name": REQUESTS_METRIC}, "target": target}})
    if not found:
        raise ValueError("scaling was not judged: nothing decides how many instances there are")
    return found


def _utilization(resource: str, percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def _behavior() -> dict[str, Any]:
    """Up at once, down slowly: a short lull must not cost the next peak its instances."""
    return {
        "scaleDown": {
            "stabilizationWindowSeconds": _SCALE_DOWN_SECONDS,
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
        }
    }


def _scaled_object(
    target: str, metadata: Mapping[str, Any], replicas: ReplicaRangeArgs, backlog: Backlog
) -> dict[str, Any]:
    """KEDA's object (keda.sh/v1alpha1). There is no `cooldownPeriod`: it counts only for scaling to zero."""
    # Pulumi waits for what Kubernetes itself brings, not for others' objects, unless told how.
    annotations = {**metadata.get("annotations", {}), "pulumi.com/waitFor": "condition=Ready"}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {**metadata, "annotations": annotations},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
            "minReplicaCount": replicas.min,
            "maxReplicaCount": replicas.max,
            "pollingInterval": _KEDA_POLLING_SECONDS,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior()}},
            "triggers": [
                {
                    "type": "metrics-api",
                    "metricType": "AverageValue",
                    "metadata": {
                        "url": backlog.url,
                        "format": "prometheus",
                        "valueLocation": f'{BACKLOG_METRIC}{{queue="{backlog.queue}"}}',
                        "targetValue": str(backlog.per_worker),
                    },
                }
            ],
        },
    }
