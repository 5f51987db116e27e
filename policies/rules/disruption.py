"""SR-PDB: a PodDisruptionBudget covers every scaled workload and lets evictions happen one after another.

What one budget says about itself is judged from its inputs alone. Whether each workload is covered, and what a
budget means for the number of pods that the workload really has, shows only between resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies.index import SelectorLookup, index_of
from policies.kubernetes import KubernetesObject, objects, of_kinds, same_namespace, selects
from policies.model import Resource, Verdict, undetermined
from policies.node import Node, Undetermined, guard
from policies.quantities import scaled
from policies.replicas import SCALED_KINDS, effective_replicas

APPLIES: Final = of_kinds({("policy", "PodDisruptionBudget")})
_ONE_AT_A_TIME: Final = "set maxUnavailable: 1 and remove minAvailable"


def budget_makes_sense(resource: Resource, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge a budget by itself: it must say something, select something, and neither forbid nor allow everything."""
    for one in objects(resource):
        if (one.group, one.kind) == ("policy", "PodDisruptionBudget"):
            yield from guard(resource, _selector(one))
            yield from guard(resource, _bounds(one))


def _selector(one: KubernetesObject) -> Iterator[Verdict]:
    selector = one.node.at("spec", "selector")
    if not selector.present:
        yield Verdict(
            one.resource, selector.path, None, "is not set, so the budget protects no pod", "set it to the pods' labels"
        )


def _bounds(one: KubernetesObject) -> Iterator[Verdict]:
    least, most = one.node.at("spec", "minAvailable"), one.node.at("spec", "maxUnavailable")
    if least.present and most.present:
        yield Verdict(
            one.resource,
            least.path,
            least.value,
            "stands beside maxUnavailable, and Kubernetes takes only one of them",
            _ONE_AT_A_TIME,
        )
    elif not least.present and not most.present:
        yield Verdict(
            one.resource, "spec", None, "sets neither minAvailable nor maxUnavailable", "set maxUnavailable: 1"
        )
    elif most.present:
        if _percent(most) == 100:
            yield _allows_all(one.resource, most, "allows all pods to be evicted at once")
        elif _is_zero(most):
            yield _blocks(one.resource, most, "blocks every eviction, so no node can be drained")
    elif _percent(least) == 100:
        yield _blocks(one.resource, least, "blocks every eviction, so no node can be drained")
    elif _is_zero(least):
        yield _allows_all(one.resource, least, "allows all pods to be evicted at once")
    for bound in (least, most):
        if bound.present and scaled(bound.value, 1) is None:
            yield Verdict(one.resource, bound.path, bound.value, "is neither a number nor a percentage", _ONE_AT_A_TIME)


def _blocks(resource: Resource, bound: Node, problem: str) -> Verdict:
    return Verdict(resource, bound.path, bound.value, problem, _ONE_AT_A_TIME)


def _allows_all(resource: Resource, bound: Node, problem: str) -> Verdict:
    return Verdict(resource, bound.path, bound.value, problem, _ONE_AT_A_TIME)


def _is_zero(bound: Node) -> bool:
    return bound.text.strip() in {"0", "0.0", "0%"}


def _percent(bound: Node) -> int | None:
    text = bound.text.strip()
    return min(100, int(text[:-1])) if text.endswith("%") and text[:-1].isdecimal() else None


@dataclass(frozen=True)
class _Scaled:
    workload: KubernetesObject
    least: int
    source: str
    labels: Mapping[str, Any]


@dataclass(frozen=True)
class _Covered:
    budget: KubernetesObject
    items: list[_Scaled]


def every_scaled_workload_is_covered(resources: Sequence[Resource], _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the stack: each workload that can have two pods or more has exactly one budget that fits its number."""
    everything = index_of(resources).objects
    workloads: list[_Scaled] = []
    for one in everything:
        if (one.group, one.kind) not in SCALED_KINDS:
            continue
        try:
            scaled_workload = _scaled(one, everything)
        except Undetermined as unknown:
            yield undetermined(one.resource, unknown.path, unknown.reason)
            continue
        if scaled_workload is not None:
            workloads.append(scaled_workload)
    covered: dict[int, _Covered] = {}
    for item in workloads:
        yield from guard(item.workload.resource, _coverage(item, everything.budgets, covered))
    for found in covered.values():
        yield from guard(found.budget.resource, _arithmetic(found.budget, found.items))


def _scaled(one: KubernetesObject, everything: Sequence[KubernetesObject]) -> _Scaled | None:
    replicas = effective_replicas(one, everything)
    if replicas.most < 2:
        return None
    return _Scaled(one, replicas.least, replicas.source, one.pod_labels())


def _coverage(item: _Scaled, budgets: SelectorLookup, covered: dict[int, _Covered]) -> Iterator[Verdict]:
    one = item.workload
    matching: list[KubernetesObject] = []
    doubtful: list[Undetermined] = []
    for budget in budgets.candidates(one, item.labels):
        try:
            if _covers(budget, one, item.labels):
                matching.append(budget)
        except Undetermined as unknown:
            doubtful.append(Undetermined(f'{unknown.path} of budget "{budget.resource.name}"', unknown.reason))
    if len(matching) == 1 and not doubtful:
        covered.setdefault(id(matching[0]), _Covered(matching[0], [])).items.append(item)
    elif len(matching) > 1:
        names = " and ".join(f'"{budget.resource.name}"' for budget in matching)
        yield Verdict(
            one.resource,
            "spec.template.metadata.labels",
            dict(item.labels),
            f"is selected by more than one PodDisruptionBudget ({names}), and Kubernetes then refuses every eviction",
            "keep one of the budgets",
        )
    elif doubtful:
        raise doubtful[0]
    else:
        yield Verdict(
            one.resource,
            "spec.template.metadata.labels",
            dict(item.labels),
            "is covered by no PodDisruptionBudget of its namespace, so a drain may evict all its pods at once",
            "add a PodDisruptionBudget with maxUnavailable: 1 and a selector that matches these labels",
        )


def _covers(budget: KubernetesObject, workload: KubernetesObject, labels: Mapping[str, Any]) -> bool:
    if not same_namespace(budget, workload):
        return False
    return selects(budget.node.at("spec", "selector"), labels)


def _arithmetic(budget: KubernetesObject, items: Sequence[_Scaled]) -> Iterator[Verdict]:
    spec = budget.node["spec"]
    bound = spec["minAvailable"] if spec["minAvailable"].present else spec["maxUnavailable"]
    if not bound.present or _is_zero(bound) or _percent(bound) == 100:
        return  # judged from the budget alone
    total = sum(item.least for item in items)
    number = scaled(bound.value, total)
    if number is None:
        return  # judged from the budget alone
    allowed = total - number if bound.path.endswith("minAvailable") else number
    pods = " and ".join(f'{item.least} pods of "{item.workload.resource.name}" ({item.source})' for item in items)
    if allowed <= 0 and total > 0:
        yield _blocks(budget.resource, bound, f"blocks every eviction when there are {pods}")
    for item in items:
        if allowed >= item.least > 0:
            yield _allows_all(budget.resource, bound, f"allows {allowed} evictions at once when there are {pods}")
            break
