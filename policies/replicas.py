"""How many pods a workload really has: its autoscaler's bounds, else its replicas, else one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from policies.index import objects_of
from policies.kubernetes import KubernetesObject, same_namespace
from policies.node import Node, Undetermined

SCALED_KINDS: Final = frozenset(
    {
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "ReplicaSet"),
        ("", "ReplicationController"),
        ("argoproj.io", "Rollout"),
    }
)
# The autoscaler's fields for the bounds with the defaults that Kubernetes and KEDA give them.
_BOUNDS: Final = {
    ("autoscaling", "HorizontalPodAutoscaler"): ("minReplicas", 1, "maxReplicas", 1),
    ("keda.sh", "ScaledObject"): ("minReplicaCount", 0, "maxReplicaCount", 100),
}

PAUSED: Final = "autoscaling.keda.sh/paused-replicas"
_NUMBER = re.compile(r"[0-9]{1,9}\Z")


@dataclass(frozen=True)
class Replicas:
    """Bounds of a workload's number of pods.

    Attributes:
        least: Smallest number it runs with.
        most: Largest number it runs with.
        source: Where the smallest number comes from, for messages.
    """

    least: int
    most: int
    source: str


def effective_replicas(workload: KubernetesObject, everything: Sequence[KubernetesObject]) -> Replicas:
    """The bounds for a workload; raises `Undetermined` when what decides is unknown.

    Args:
        workload: What is scaled.
        everything: The objects among which its autoscaler may be; `Index.objects` finds it without asking each.
    """
    for scaler in objects_of(everything).autoscalers(workload):
        if not scales(scaler, workload):
            continue
        least_field, least_default, most_field, most_default = _BOUNDS[scaler.group, scaler.kind]
        stopped = _stopped(scaler, workload)
        if stopped is not None:
            return stopped
        spec, whose = scaler.node["spec"], f'of {scaler.kind} "{scaler.resource.name}"'
        least, most = _count(spec[least_field], least_default), _count(spec[most_field], most_default)
        idle = spec["idleReplicaCount"]
        if scaler.group == "keda.sh" and idle.present:
            return Replicas(_count(idle, 0), most, f"idleReplicaCount {whose}")
        return Replicas(least, most, f"{least_field} {whose}")
    return _fixed(_count(workload.node.at("spec", "replicas"), 1), "spec.replicas")


def _stopped(scaler: KubernetesObject, workload: KubernetesObject) -> Replicas | None:
    """The number at which an autoscaler leaves the workload alone; `None` while it scales.

    A HorizontalPodAutoscaler does not act on a workload with `replicas: 0` (Kubernetes, Horizontal Pod Autoscaling,
    implicit maintenance-mode deactivation); KEDA keeps to the number in its pause annotation.
    """
    if scaler.group == "keda.sh":
        paused = scaler.node.at("metadata", "annotations", PAUSED)
        text = paused.text.strip()
        return _fixed(int(text), f'{PAUSED} of ScaledObject "{scaler.resource.name}"') if _NUMBER.match(text) else None
    replicas = workload.node.at("spec", "replicas")
    off = not replicas.unknown and _count(replicas, 1) == 0
    return _fixed(0, "spec.replicas") if off else None


def _fixed(number: int, source: str) -> Replicas:
    return Replicas(number, number, source)


def scales(scaler: KubernetesObject, workload: KubernetesObject, field: str = "scaleTargetRef") -> bool:
    """Whether an autoscaler's reference means the workload; raises `Undetermined` when that is unknown."""
    target = scaler.node.at("spec", field)
    kind, name = target["kind"], target["name"]
    if (kind.text or "Deployment") != workload.kind:
        return False
    workload_name = workload.node.at("metadata", "name")
    named = not name.unknown and not workload_name.unknown and workload_name.present
    if named and name.text != workload_name.text:
        return False
    if not same_namespace(scaler, workload):
        return False
    # Neither name is chosen before the provider chooses it; where one was made from the other is known.
    if named or scaler.resource.depends_on(workload.resource):
        return True
    if name.unknown:
        raise Undetermined(f'{name.path} of {scaler.kind} "{scaler.resource.name}"')
    if workload_name.unknown:
        raise Undetermined(workload_name.path)
    return False


def _count(node: Node, default: int) -> int:
    return node.whole(default, "number of pods")
