"""SR-REPLICAS: two pods or more at any time, in more than one zone; no rollout that takes all of them at once.

What a workload says about itself is judged from its inputs alone. How many pods it really has, and what that makes of
its rollout and its spread, shows only together with its autoscaler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from policies.index import index_of
from policies.kubernetes import KubernetesObject, objects, of_kinds
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard
from policies.quantities import scaled
from policies.replicas import SCALED_KINDS, Replicas, effective_replicas
from policies.rules import spread
from policies.workloads import is_scaled

APPLIES: Final = of_kinds(SCALED_KINDS)
_ROLLING: Final = "use a rolling update with maxUnavailable: 0 and maxSurge: 1"
# Where each kind says how many pods a rollout may take away, and whether a percentage of them rounds up.
_UNAVAILABLE: Final[Mapping[str, tuple[tuple[str, ...], bool]]] = {
    "Deployment": (("spec", "strategy", "rollingUpdate", "maxUnavailable"), False),
    "StatefulSet": (("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), True),
    "Rollout": (("spec", "strategy", "canary", "maxUnavailable"), False),
}

_ZONE_KEYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "zoneKeys": {
        "type": "array",
        "items": {"type": "string"},
        "default": [spread.ZONE],
        "description": "Node labels that tell the zone.",
    },
    "acceptPreferred": {
        "type": "boolean",
        "default": False,
        "description": "Whether ScheduleAnyway and preferred anti-affinity count as spread.",
    },
}
SCHEMA: Final = _ZONE_KEYS
COUNT_SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "minReplicas": {
        "type": "integer",
        "minimum": 1,
        "default": 2,
        "description": "Smallest number of pods that a workload may run with.",
    },
    **_ZONE_KEYS,
}


def spread_and_rolled(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one scaled workload by itself: how it is rolled out, and where its pods may run."""
    for one in objects(resource):
        yield from guard(resource, _object(one, settings))


def enough_replicas(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the stack: how many pods each workload really has, and whether its rollout and its spread fit that."""
    everything = index_of(resources).objects
    for one in everything:
        yield from guard(one.resource, _counted(one, everything, settings))


def _object(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None or not is_scaled(one):
        return
    yield from guard(one.resource, _rollout(one))
    yield from spread.over_zones(one, spec, settings)


def _rollout(one: KubernetesObject) -> Iterator[Verdict]:
    strategy = one.node.at("spec", "strategy", "type")
    if one.kind == "Deployment" and strategy.text == "Recreate":
        problem = "ends all pods before the first new one starts"
        yield Verdict(one.resource, strategy.path, strategy.text, problem, _ROLLING)
        return
    bound = _unavailable(one)
    if bound is None or not bound.present:
        return
    if scaled(bound.value, 1) is None:
        yield Verdict(one.resource, bound.path, bound.value, "is neither a number nor a percentage", _ROLLING)
    elif _is_whole(bound):
        yield Verdict(one.resource, bound.path, bound.value, "lets a rollout take away all pods at once", _ROLLING)


def _unavailable(one: KubernetesObject) -> Node | None:
    found = _UNAVAILABLE.get(one.kind)
    return None if found is None else one.node.at(*found[0])


def _is_whole(bound: Node) -> bool:
    """Whether a bound is a percentage that means all pods, however many there are."""
    return bound.text.strip().endswith("%") and (scaled(bound.value, 1, up=False) or 0) >= 1


def _counted(
    one: KubernetesObject, everything: Sequence[KubernetesObject], settings: Mapping[str, Any]
) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None or not is_scaled(one):
        return
    replicas, least = effective_replicas(one, everything), int(settings["minReplicas"])
    if replicas.least < least:
        yield Verdict(
            one.resource,
            replicas.source,
            replicas.least,
            f"lets it run with fewer than {least} pods",
            f"let an autoscaler with a minimum of {least} set it, or set it to {least} or more",
        )
    if replicas.least > 1:
        yield from guard(one.resource, _rollout_fits(one, replicas))
        yield from guard(one.resource, _skew_fits(one, spec, replicas, settings))


def _rollout_fits(one: KubernetesObject, replicas: Replicas) -> Iterator[Verdict]:
    try:
        bound = _unavailable(one)
        if bound is None or not bound.present:
            return
    except Undetermined:
        return  # judged from the workload alone
    taken = scaled(bound.value, replicas.least, up=_UNAVAILABLE[one.kind][1])
    if taken is None or _is_whole(bound):
        return  # judged from the workload alone
    if taken >= replicas.least:
        yield Verdict(
            one.resource,
            bound.path,
            bound.value,
            f"lets a rollout take away all of {replicas.least} pods ({replicas.source}) at once",
            _ROLLING,
        )


def _skew_fits(one: KubernetesObject, spec: Node, replicas: Replicas, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    skew = spread.too_wide(one, spec, replicas.least, settings)
    if skew is not None:
        yield Verdict(
            one.resource,
            skew.path,
            skew.value,
            f"lets all of {replicas.least} pods ({replicas.source}) be in one zone",
            "set it to 1",
        )
