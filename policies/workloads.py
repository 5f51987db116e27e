"""Workloads that run on, and their containers, as the rules about probes, shutdown and spread see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.kubernetes import KubernetesObject
from policies.node import Node
from policies.replicas import SCALED_KINDS

LASTING_KINDS: Final = SCALED_KINDS | {("apps", "DaemonSet"), ("", "Pod")}
_HOOK: Final = "helm.sh/hook"
_DECLARED: Final = "groundwork/"


@dataclass(frozen=True)
class Container:
    """A container that runs as long as its pod.

    Attributes:
        node: Its data.
        sidecar: Whether it is a sidecar: an init container that is restarted always.
    """

    node: Node
    sidecar: bool

    @property
    def name(self) -> str:
        """Its name, empty when it has none."""
        return self.node["name"].text


def runs_on(one: KubernetesObject) -> bool:
    """Whether the object is a workload whose pods are not meant to end.

    Jobs, pods that end by themselves, Helm's hook pods and objects that another one controls are none; what controls
    them is judged instead.
    """
    if (one.group, one.kind) not in LASTING_KINDS or is_controlled(one):
        return False
    return one.kind != "Pod" or not ends_by_itself(one)


def is_scaled(one: KubernetesObject) -> bool:
    """Whether the object is a workload with a number of replicas of its own."""
    return (one.group, one.kind) in SCALED_KINDS and not is_controlled(one)


def is_controlled(one: KubernetesObject) -> bool:
    """Whether another object made this one and makes it anew, as a Deployment does with its ReplicaSets."""
    owners = one.node.at("metadata", "ownerReferences").elements()
    return any(owner["controller"].truthy for owner in owners)


def is_hook(one: KubernetesObject) -> bool:
    """Whether Helm runs the object as a hook, as it does with the test pods of charts."""
    return one.node.at("metadata", "annotations", _HOOK).present


def ends_by_itself(pod: KubernetesObject) -> bool:
    """Whether a Pod is a task: not started again when it succeeds, or run by Helm as a hook."""
    return is_hook(pod) or pod.node.at("spec", "restartPolicy").text in {"Never", "OnFailure"}


def containers(spec: Node) -> Iterator[Container]:
    """Containers of a pod that run as long as it does, sidecars last; raises `Undetermined` where unknown."""
    for node in spec["containers"].elements():
        yield Container(node, sidecar=False)
    for node in spec["initContainers"].elements():
        if node["restartPolicy"].text == "Always":
            yield Container(node, sidecar=True)


def declaration(one: KubernetesObject, name: str) -> Node | None:
    """The node of an annotation `groundwork/<name>` of a workload or of its pods; `None` without."""
    for metadata in (one.node["metadata"], one.pod_metadata):
        node = metadata["annotations"][_DECLARED + name]
        if node.present:
            return node
    return None


def named_port(container: Node, port: Node) -> int | None:
    """The number that a probe's or Service's port means in a container; `None` for a name that it does not declare."""
    value = port.value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    for declared in container["ports"].elements():
        if declared["name"].text == port.text:
            return declared["containerPort"].whole(0, "port")
    text = port.text
    return int(text) if text.isdecimal() and len(text) <= 5 else None
