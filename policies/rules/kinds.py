"""SR-KIND: services are Deployments. Kinds that give pods an identity or a node of their own need a declared reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.exemptions import read_fields
from policies.kubernetes import KubernetesObject, objects, of_kinds
from policies.model import Resource, Verdict
from policies.node import guard
from policies.workloads import declaration, is_controlled, is_hook

REASON: Final = "reason.SR-KIND"
_DECLARE: Final = f'declare why not in the annotation groundwork/{REASON} ("reason: …; owner: …")'

# Kind, and what is wrong with it, and what to write instead.
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "StatefulSet": (
        "gives every replica a name and an order of its own, so that no replica can stand in for another",
        "make it a Deployment that keeps its state in a managed store",
    ),
    "DaemonSet": (
        "runs as many pods as there are nodes, whatever the load",
        "make it a Deployment with an autoscaler",
    ),
    "Pod": (
        "is not made anew when its node goes away",
        "make it a Deployment, or a Job if it ends by itself",
    ),
    "ReplicaSet": ("is never rolled out to another version", "make it a Deployment"),
    "ReplicationController": ("is never rolled out to another version", "make it a Deployment"),
}
_GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "StatefulSet": frozenset({"apps", "apps.kruise.io"}),
    "DaemonSet": frozenset({"apps", "apps.kruise.io"}),
    "Pod": frozenset({""}),
    "ReplicaSet": frozenset({"apps"}),
    "ReplicationController": frozenset({""}),
}
APPLIES: Final = of_kinds((group, kind) for kind, groups in _GROUPS.items() for group in groups)

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "reasonedKinds": {
        "type": "array",
        "items": {"type": "string", "enum": sorted(_KINDS)},
        "default": sorted(_KINDS),
        "description": "Kinds that need a declared reason.",
    },
}


def services_are_deployments(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the kind of one workload; what another object controls, and Helm's hook pods, are not judged."""
    for one in objects(resource):
        if one.kind in settings["reasonedKinds"] and one.group in _GROUPS.get(one.kind, frozenset()):
            yield from guard(resource, _object(one))


def _object(one: KubernetesObject) -> Iterator[Verdict]:
    if is_controlled(one) or is_hook(one):
        return
    given = declaration(one, REASON)
    problem, cure = _KINDS[one.kind]
    if given is None:
        kind = one.node["kind"]
        yield Verdict(one.resource, kind.path, one.kind, problem, f"{cure}, or {_DECLARE}")
        return
    fields = read_fields(given.text)
    missing = [key for key in ("reason", "owner") if not fields.get(key)]
    if missing:
        yield Verdict(
            one.resource,
            given.path,
            given.text,
            f"declares no {' and no '.join(missing)} for a {one.kind}",
            'write "reason: …; owner: …"',
        )
