"""SR-SCALE, between resources: every service and worker has one autoscaler, which nothing fights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from policies.containers import is_sidecar, strings
from policies.index import index_of
from policies.kubernetes import KubernetesObject, of_kind
from policies.model import Resource, Verdict, undetermined
from policies.node import Node, Undetermined, guard
from policies.quantities import quantity
from policies.replicas import SCALED_KINDS, scales
from policies.rules.autoscalers import HPA, KEDA, Metric, metrics

_VPA: Final = ("autoscaling.k8s.io", "VerticalPodAutoscaler")

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "kinds": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["Deployment", "Rollout", "ReplicaSet", "ReplicationController"],
        "description": "Kinds of workloads that need an autoscaler.",
    },
}


class _Scalers:
    """Autoscalers, found by the workload that they name.

    Args:
        everything: All objects of the stack.
        kind: Group and kind of the autoscalers.
        target: The field by which they name a workload.
    """

    def __init__(self, everything: Sequence[KubernetesObject], kind: tuple[str, str], target: str) -> None:
        self._named: dict[tuple[str, str, str], list[KubernetesObject]] = {}
        self._unnamed: list[KubernetesObject] = []
        self._linked: dict[str, list[KubernetesObject]] = {}
        self._target = target
        workloads = [one.resource for one in everything if (one.group, one.kind) in SCALED_KINDS]
        for one in of_kind(everything, *kind):
            try:
                self._named.setdefault(self._key(one), []).append(one)
            except Undetermined:
                self._link(one, workloads)

    def _key(self, one: KubernetesObject) -> tuple[str, str, str]:
        target = one.node.at("spec", self._target)
        return one.namespace, target["kind"].text or "Deployment", target["name"].text

    def _link(self, one: KubernetesObject, workloads: Sequence[Resource]) -> None:
        """Where the name is still to be chosen, what it was made from tells whose it is."""
        sources = {workload.urn for workload in workloads if one.resource.depends_on(workload)}
        for urn in sources:
            self._linked.setdefault(urn, []).append(one)
        if not sources:
            self._unnamed.append(one)

    def of(self, workload: KubernetesObject) -> list[KubernetesObject]:
        """The autoscalers of a workload; raises `Undetermined` when one of them may or may not be."""
        doubtful = [*self._unnamed, *self._linked.get(workload.resource.urn, ())]
        try:
            found = self._named.get((workload.namespace, workload.kind, workload.name), [])
        except Undetermined:
            found, doubtful = [], [*doubtful, *(one for many in self._named.values() for one in many)]
        return [*found, *(one for one in doubtful if scales(one, workload, self._target))]


def every_workload_is_scaled(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the stack: each service and worker has one autoscaler, requests for what it measures, and no rival."""
    everything = index_of(resources).objects
    horizontal = [_Scalers(everything, kind, "scaleTargetRef") for kind in (HPA, KEDA)]
    vertical = _Scalers(everything, _VPA, "targetRef")
    defaults = _default_requests(everything)
    kinds = strings(settings["kinds"])
    judged: set[int] = set()
    for one in everything:
        if (one.group, one.kind) not in SCALED_KINDS:
            continue
        try:
            found = [scaler for scalers in horizontal for scaler in scalers.of(one)]
        except Undetermined as unknown:
            yield undetermined(one.resource, unknown.path, unknown.reason)
            continue
        judged.update(id(scaler) for scaler in found)
        if found:
            yield from guard(one.resource, _scaled(one, found, vertical, defaults))
        elif one.kind in kinds:
            yield from guard(one.resource, _unscaled(one))
    yield from _targets([one for kind in (HPA, KEDA) for one in of_kind(everything, *kind)], judged)


def _unscaled(one: KubernetesObject) -> Iterator[Verdict]:
    if not _is_owned(one):
        yield Verdict(
            one.resource,
            "spec",
            None,
            "has no autoscaler, so its number of pods does not follow the load",
            "add a HorizontalPodAutoscaler, or a ScaledObject of KEDA, that names it in scaleTargetRef",
        )


def _scaled(
    one: KubernetesObject,
    found: Sequence[KubernetesObject],
    vertical: _Scalers,
    defaults: Mapping[str, set[str]],
) -> Iterator[Verdict]:
    if len(found) > 1:
        names = " and ".join(f'{scaler.kind} "{scaler.resource.name}"' for scaler in found)
        yield Verdict(
            one.resource,
            "spec",
            None,
            f"is scaled by more than one autoscaler ({names}), which undo each other's decisions",
            "keep one of them and give it all metrics",
        )
    replicas = one.node.at("spec", "replicas")
    yield from guard(one.resource, _replicas(one, replicas, found[0]))
    for scaler in found:
        yield from guard(scaler.resource, _measured(one, scaler, defaults))
    for rival in vertical.of(one):
        yield from guard(rival.resource, _rival(rival, one, found))


def _measured(one: KubernetesObject, scaler: KubernetesObject, defaults: Mapping[str, set[str]]) -> Iterator[Verdict]:
    for metric in metrics(scaler):
        if metric.of_requests:
            yield from guard(one.resource, _requests(one, scaler, metric, defaults))


def _is_owned(one: KubernetesObject) -> bool:
    """Whether another object made it, which is then the one to scale."""
    return any(True for _ in one.node.at("metadata", "ownerReferences").elements())


def _replicas(one: KubernetesObject, replicas: Node, scaler: KubernetesObject) -> Iterator[Verdict]:
    if replicas.present:
        yield Verdict(
            one.resource,
            replicas.path,
            replicas.value,
            f'is a fixed number, set anew by every deployment against {scaler.kind} "{scaler.resource.name}"',
            "remove it; the autoscaler owns the number",
        )


def _requests(
    one: KubernetesObject, scaler: KubernetesObject, metric: Metric, defaults: Mapping[str, set[str]]
) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None or metric.resource in defaults.get(one.namespace, ()) or _asks(spec, metric.resource):
        return
    measured = list(_measured_containers(spec, metric.container))
    if metric.container and not measured:
        yield Verdict(
            scaler.resource,
            metric.path,
            metric.container,
            f'measures a container that {one.kind} "{one.resource.name}" does not have',
            "name one of its containers",
        )
    for container in measured:
        if not _asks(container, metric.resource):
            yield Verdict(
                one.resource,
                container.at("resources", "requests", metric.resource).path,
                container.at("resources", "requests", metric.resource).value,
                f'is no request, and {scaler.kind} "{scaler.resource.name}" measures {metric.resource} '
                "in percent of what is requested",
                f"set the {metric.resource} request of this container",
            )


def _measured_containers(spec: Node, name: str) -> Iterator[Node]:
    """The containers whose use counts: those that run as long as the pod does."""
    running = [*spec["containers"].elements(), *filter(is_sidecar, spec["initContainers"].elements())]
    return (container for container in running if not name or container["name"].text == name)


def _asks(node: Node, resource: str) -> bool:
    """Whether a container, or a pod, requests a resource; a limit alone is a request too."""
    resources = node["resources"]
    request = resources["requests"][resource]
    asked = request if request.present else resources["limits"][resource]
    amount = quantity(asked.value)
    return amount is not None and amount > Decimal(0)


def _default_requests(everything: Sequence[KubernetesObject]) -> dict[str, set[str]]:
    """For each namespace, the resources that a LimitRange requests for containers that do not."""
    found: dict[str, set[str]] = {}
    for one in of_kind(everything, "", "LimitRange"):
        # What is not known gives no request, so that its absence is seen.
        with suppress(Undetermined):
            for limit in one.node.at("spec", "limits").elements():
                if limit["type"].text == "Container":
                    for field in ("defaultRequest", "default"):
                        given = {key for key, _ in limit[field].entries()}
                        found.setdefault(one.namespace, set()).update(given)
    return found


def _rival(rival: KubernetesObject, one: KubernetesObject, found: Sequence[KubernetesObject]) -> Iterator[Verdict]:
    """A vertical autoscaler that changes the requests by which the horizontal one measures."""
    policy = rival.node.at("spec", "updatePolicy", "updateMode")
    if policy.text == "Off":
        return
    measured = {metric.resource for scaler in found for metric in metrics(scaler)}
    shared = sorted(_changed(rival) & measured)
    if shared:
        yield Verdict(
            rival.resource,
            policy.path,
            policy.value,
            f'changes the {" and ".join(shared)} requests of {one.kind} "{one.resource.name}", '
            "by which its horizontal autoscaler measures",
            "write Off, or let the two act on different resources with controlledResources",
        )


def _changed(rival: KubernetesObject) -> set[str]:
    policies = list(rival.node.at("spec", "resourcePolicy", "containerPolicies").elements())
    if not policies:
        return {"cpu", "memory"}
    changed: set[str] = set()
    for policy in policies:
        if policy["mode"].text != "Off":
            listed = policy["controlledResources"]
            changed |= {item.text for item in listed.elements()} if listed.present else {"cpu", "memory"}
    return changed


def _targets(scalers: Sequence[KubernetesObject], judged: set[int]) -> Iterator[Verdict]:
    """Say which autoscalers name a workload that the stack does not declare, so that nothing judged the two."""
    kinds = {kind for _, kind in SCALED_KINDS}
    for scaler in scalers:
        if id(scaler) not in judged:
            yield from guard(scaler.resource, _target(scaler, kinds))


def _target(scaler: KubernetesObject, kinds: set[str]) -> Iterator[Verdict]:
    target = scaler.node.at("spec", "scaleTargetRef")
    kind, name = target["kind"].text or "Deployment", target["name"]
    if kind in kinds:
        yield undetermined(
            scaler.resource, name.path, f'{kind} "{name.text}" is not declared in this stack; judge the two together'
        )
