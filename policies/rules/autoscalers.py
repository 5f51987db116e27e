"""SR-SCALE, one autoscaler by itself: it has room to scale, something to scale on, and is not held back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.kubernetes import KubernetesObject, objects, of_kinds
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard

HPA: Final = ("autoscaling", "HorizontalPodAutoscaler")
KEDA: Final = ("keda.sh", "ScaledObject")
APPLIES: Final = of_kinds({HPA, KEDA})
_PAUSED: Final = ("autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas")


@dataclass(frozen=True)
class _Bounds:
    """The fields of an autoscaler's bounds, and what they are when they are not set; 0: the upper one has to be."""

    least: str
    least_default: int
    most: str
    most_default: int


_BOUNDS: Final = {
    HPA: _Bounds("minReplicas", 1, "maxReplicas", 0),
    KEDA: _Bounds("minReplicaCount", 0, "maxReplicaCount", 100),
}


@dataclass(frozen=True)
class Metric:
    """A resource that an autoscaler measures against requests.

    Attributes:
        resource: `cpu`, `memory`, or another that containers request.
        container: Name of the only container that counts; empty: all count.
        path: Where the autoscaler says so.
        of_requests: Whether it is a share of the request, for which there has to be one.
    """

    resource: str
    container: str
    path: str
    of_requests: bool


def autoscaler_makes_sense(resource: Resource, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge an autoscaler by itself: its bounds, its metrics, what holds it back."""
    for one in objects(resource):
        if (one.group, one.kind) in _BOUNDS:
            yield from guard(resource, _bounds(one, _BOUNDS[one.group, one.kind]))
            yield from guard(resource, _something_to_scale_on(one))
            yield from guard(resource, _held_back(one))


def metrics(one: KubernetesObject) -> Iterator[Metric]:
    """The resources that an autoscaler measures; none where it scales on something else."""
    spec = one.node["spec"]
    if (one.group, one.kind) == KEDA:
        yield from _trigger_metrics(spec)
    elif spec["metrics"].present:
        yield from _listed_metrics(spec)
    else:
        # Without metrics, autoscaling/v2 aims at 80 % of the CPU request; autoscaling/v1 knows nothing else.
        yield Metric("cpu", "", spec.path, of_requests=True)


def _listed_metrics(spec: Node) -> Iterator[Metric]:
    for metric in spec["metrics"].elements():
        for field in ("resource", "containerResource"):
            source = metric[field]
            if source.present:
                shared = source["target"]["type"].text == "Utilization"
                yield Metric(source["name"].text, source["container"].text, source.path, shared)


def _trigger_metrics(spec: Node) -> Iterator[Metric]:
    for trigger in spec["triggers"].elements():
        if trigger["type"].text in {"cpu", "memory"}:
            kind = trigger["metricType"].text or trigger.at("metadata", "type").text
            container = trigger.at("metadata", "containerName").text
            yield Metric(trigger["type"].text, container, trigger.path, kind != "AverageValue")


def _bounds(one: KubernetesObject, fields: _Bounds) -> Iterator[Verdict]:
    spec = one.node["spec"]
    least, most = spec[fields.least], spec[fields.most]
    if not most.present and not fields.most_default:
        yield Verdict(
            one.resource, most.path, None, "is not set, so there is no room to scale", f"set it above {fields.least}"
        )
        return
    low = count(least, fields.least_default)
    high = count(most, fields.most_default)
    if low >= high:
        yield Verdict(
            one.resource,
            most.path,
            high,
            f"leaves no room to scale, since {fields.least} is {low}",
            f"set {fields.most} above {fields.least}",
        )


def _something_to_scale_on(one: KubernetesObject) -> Iterator[Verdict]:
    field = one.node["spec"]["triggers" if one.kind == "ScaledObject" else "metrics"]
    empty = field.present and not list(field.elements())
    if empty or (one.kind == "ScaledObject" and not field.present):
        yield Verdict(
            one.resource,
            field.path,
            None,
            "names nothing to scale on",
            "name a metric that grows with the load, such as the CPU or the length of a queue",
        )


def _held_back(one: KubernetesObject) -> Iterator[Verdict]:
    spec = one.node["spec"]
    keda = one.kind == "ScaledObject"
    behavior = spec.at("advanced", "horizontalPodAutoscalerConfig", "behavior") if keda else spec["behavior"]
    policy = behavior.at("scaleUp", "selectPolicy")
    if policy.text == "Disabled":
        yield Verdict(one.resource, policy.path, policy.value, "never lets the number grow", "remove it, or write Max")
    if keda:
        for key in _PAUSED:
            paused = one.node.at("metadata", "annotations", key)
            # The one is a switch; the other pauses at whatever number it names.
            if paused.truthy if key == _PAUSED[0] else paused.text:
                yield Verdict(one.resource, paused.path, paused.value, "pauses the autoscaler", "remove it")


def count(node: Node, default: int) -> int:
    """A number of pods; raises `Undetermined` where something else was given."""
    value = node.value
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise Undetermined(node.path, f"{value!r} is no number of pods")
    return int(value)
