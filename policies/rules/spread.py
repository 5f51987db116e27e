"""SR-REPLICAS: the pods of a workload are spread over zones, for sure and not only where it suits the scheduler.

Two ways count: a topology spread constraint that may leave a pod unscheduled, and a required pod anti-affinity; both
over a zone's label, with a selector that matches the pods' own labels (Kubernetes, Pod Topology Spread Constraints;
Assigning Pods to Nodes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.kubernetes import KubernetesObject, selects
from policies.model import Verdict
from policies.node import Node, Undetermined, guard

ZONE: Final = "topology.kubernetes.io/zone"
HOST: Final = "kubernetes.io/hostname"
_NAMESPACE: Final = "kubernetes.io/metadata.name"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
# Labels that controllers give to pods: of one revision's pods, and of one pod alone.
_REVISIONS: Final = frozenset({"pod-template-hash", "controller-revision-hash", "rollouts-pod-template-hash"})
_SINGLES: Final = frozenset({"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"})
_CURE: Final = (
    f"add a topology spread constraint with topologyKey: {ZONE}, maxSkew: 1, whenUnsatisfiable: DoNotSchedule "
    "and the pods' own labels as its labelSelector"
)
_UNPIN: Final = "remove it, so that the pods can run in every zone"


@dataclass(frozen=True)
class _Candidate:
    """Something that may spread the pods: a constraint, or a term of an anti-affinity.

    Attributes:
        node: Its data.
        firm: The node that says whether it is more than a preference.
        constraint: Whether it is a topology spread constraint.
    """

    node: Node
    firm: Node
    constraint: bool

    @property
    def required(self) -> bool:
        if self.constraint:
            return self.firm.text == "DoNotSchedule"
        return self.firm.path.endswith(_REQUIRED)


@dataclass(frozen=True)
class _Fault:
    """Why a candidate does not spread; `over_zones` when it would at least be over zones."""

    path: str
    value: Any
    problem: str
    over_zones: bool = True


def over_zones(one: KubernetesObject, spec: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the scheduling of a scaled workload's pods, given their specification."""
    yield from guard(one.resource, _spread(one, spec, settings))
    yield from guard(one.resource, _pinned(one, spec, settings))
    yield from guard(one.resource, _together(one, spec, settings))


def too_wide(one: KubernetesObject, spec: Node, pods: int, settings: Mapping[str, Any]) -> Node | None:
    """`maxSkew` of the constraint that spreads a workload, where it lets all of so many pods be in one zone.

    `None` where something spreads them for sure, and where nothing does, which `over_zones` reports.

    Raises:
        Undetermined: when no constraint that is known is strict enough, and another one is not known.
    """
    try:
        labels, candidates = one.pod_labels(), list(_candidates(spec))
    except Undetermined:
        return None  # reported by `over_zones`
    wide: list[Node] = []
    doubts: list[Undetermined] = []
    for candidate in candidates:
        try:
            if _fault(candidate, one, labels, settings) is not None:
                continue
            wide.append(candidate.node["maxSkew"])
            if not candidate.constraint or wide[-1].whole(1, "number of pods") < pods:
                return None
        except Undetermined as unknown:
            doubts.append(unknown)
    if wide and doubts:
        raise doubts[0]
    return wide[0] if wide else None


def _candidates(spec: Node) -> Iterator[_Candidate]:
    for node in spec["topologySpreadConstraints"].elements():
        yield _Candidate(node, node["whenUnsatisfiable"], constraint=True)
    affinity = spec.at("affinity", "podAntiAffinity")
    for node in affinity[_REQUIRED].elements():
        yield _Candidate(node, affinity[_REQUIRED], constraint=False)
    for node in affinity[_PREFERRED].elements():
        yield _Candidate(node["podAffinityTerm"], affinity[_PREFERRED], constraint=False)


def _spread(one: KubernetesObject, spec: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    labels = one.pod_labels()
    faults: list[_Fault] = []
    doubts: list[Undetermined] = []
    for candidate in _candidates(spec):
        try:
            fault = _fault(candidate, one, labels, settings)
        except Undetermined as unknown:
            doubts.append(unknown)
            continue
        if fault is None:
            return
        faults.append(fault)
    if doubts:
        raise doubts[0]
    if not faults:
        problem = "is not set, and no pod anti-affinity stands in for it, so all pods may be in one zone"
        faults.append(_Fault(spec["topologySpreadConstraints"].path, None, problem))
    # Of what is not even meant for zones, nothing needs to be said where something is.
    for fault in [fault for fault in faults if fault.over_zones] or faults:
        yield Verdict(one.resource, fault.path, fault.value, fault.problem, _CURE)


def _fault(
    candidate: _Candidate, one: KubernetesObject, labels: Mapping[str, str], settings: Mapping[str, Any]
) -> _Fault | None:
    node = candidate.node
    topology, selector = node["topologyKey"], node["labelSelector"]
    if topology.text not in settings["zoneKeys"]:
        problem = "is no label of zones, and all its places may be in one zone"
        return _Fault(topology.path, topology.text or None, problem, over_zones=False)
    if not selector.present:
        return _Fault(selector.path, None, "is not set, so no pod is counted")
    if not selects(selector, labels):
        return _Fault(selector.path, selector.known(), "does not match the pods' own labels, so it spreads others")
    if candidate.constraint and not any(list(part.elements()) for part in _parts(selector)):
        return _Fault(selector.path, selector.known(), "counts every pod of the namespace, so it does not spread these")
    if not candidate.constraint and not _in_own_namespace(node, one):
        names = node["namespaces"]
        return _Fault(names.path, names.known(), "leaves out the workload's own namespace, so it spreads others")
    alone = _counted_alone(node, labels)
    if alone is not None:
        return _Fault(alone.path, alone.text, "leaves each pod to be counted alone, so nothing is spread")
    if not candidate.required and not settings["acceptPreferred"]:
        value = candidate.firm.text if candidate.constraint else None
        problem = "is only a preference, so all pods may be in one zone when the scheduler finds other nodes better"
        return _Fault(candidate.firm.path, value or None, problem)
    return None


def _parts(selector: Node) -> Iterator[Node]:
    """The entries of a selector as lists: labels by their keys, and expressions."""
    yield Node([key for key, _ in selector["matchLabels"].entries()])
    yield selector["matchExpressions"]


def _in_own_namespace(term: Node, one: KubernetesObject) -> bool:
    """Whether a term of an affinity counts pods of the workload's own namespace."""
    given, selector = {name.text for name in term["namespaces"].elements()}, term["namespaceSelector"]
    if not selector.present and not given:
        return True
    if selector.present and not selector.known():
        return True
    own = one.namespace
    if not own:
        raise Undetermined(term["namespaces"].path, "the namespace of the pods is chosen when they are deployed")
    if own in given or not selector.present:
        return own in given
    keys = {key for key, _ in selector["matchLabels"].entries()}
    keys |= {expression["key"].text for expression in selector["matchExpressions"].elements()}
    if keys != {_NAMESPACE}:
        raise Undetermined(selector.path, "the labels of the namespace are not known here")
    return selects(selector, {_NAMESPACE: own})


def _counted_alone(node: Node, labels: Mapping[str, str]) -> Node | None:
    """The label key because of which a pod's siblings are not counted with it, if there is one."""
    for key in node["matchLabelKeys"].elements():
        if key.text in _SINGLES:
            return key
    for key in node["mismatchLabelKeys"].elements():
        # Siblings have the same value, and pods with the same value are left out.
        if key.text in _REVISIONS or key.text in labels:
            return key
    return None


def _pinned(one: KubernetesObject, spec: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """What names one node or one zone for all pods."""
    name = spec["nodeName"]
    if name.unknown or name.present:
        yield Verdict(one.resource, name.path, _value(name), "puts every pod on one node", _UNPIN)
    for key, node in spec["nodeSelector"].entries():
        for keys, problem in _places(settings):
            if key in keys:
                yield Verdict(one.resource, node.path, _value(node), problem, _UNPIN)
    terms = spec.at("affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
    for keys, problem in _places(settings):
        # Terms are alternatives: only when each names places, and all name the same one, is there no choice.
        allowed = [_allowed(term, keys) for term in terms.elements()]
        places = set[str]().union(*(one_term or () for one_term in allowed))
        if len(places) == 1 and None not in allowed:
            yield Verdict(one.resource, terms.path, sorted(places), problem, _UNPIN)


def _places(settings: Mapping[str, Any]) -> Iterator[tuple[frozenset[str], str]]:
    yield frozenset({HOST, "metadata.name"}), "puts every pod on one node"
    yield frozenset(settings["zoneKeys"]), "keeps every pod in one zone"


def _allowed(term: Node, keys: frozenset[str]) -> frozenset[str] | None:
    """The values that a term allows for one of the keys; `None` when it does not say."""
    allowed: frozenset[str] | None = None
    for field in ("matchExpressions", "matchFields"):
        for expression in term[field].elements():
            if expression["key"].text in keys and expression["operator"].text == "In":
                values = frozenset(value.text for value in expression["values"].elements())
                allowed = values if allowed is None else allowed & values
    return allowed


def _together(one: KubernetesObject, spec: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """A required affinity of the pods to their own kind: all are where the first one is."""
    for term in spec.at("affinity", "podAffinity", _REQUIRED).elements():
        topology = term["topologyKey"]
        if topology.text not in {HOST, *settings["zoneKeys"]} or not selects(term["labelSelector"], one.pod_labels()):
            continue
        if _in_own_namespace(term, one) and _counted_alone(term, one.pod_labels()) is None:
            place = "node" if topology.text == HOST else "zone"
            yield Verdict(
                one.resource, topology.path, topology.text, f"keeps all pods in the {place} of the first one", _UNPIN
            )


def _value(node: Node) -> Any:
    return None if node.unknown else node.value
