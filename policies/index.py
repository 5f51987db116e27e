"""What a rule between resources looks things up in: built once for a run, and shared by all rules.

Rules take a plain sequence of resources. `index_of` makes the index of one, and finds the one that is there when the
judge has made it already. No lookup ever leaves out what a value that is still unknown might make relevant: where a key
cannot be read, the object is among the candidates of every lookup, and the rule that reads it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, overload

from policies.kubernetes import KubernetesObject, readable_objects
from policies.model import Resource
from policies.node import Node, Undetermined

AUTOSCALERS: Final = (("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject"))

Key = tuple[str, ...]


class Lookup:
    """Objects by a key, in the order in which they were declared.

    Args:
        objects: What is looked up.
        keys: The keys of one object; it may raise `Undetermined`, and the object is then found under every key.
    """

    def __init__(self, objects: Sequence[KubernetesObject], keys: Callable[[KubernetesObject], Sequence[Key]]) -> None:
        self._objects = objects
        self._known: dict[Key, list[int]] = {}
        self._doubtful: list[int] = []
        for place, one in enumerate(objects):
            try:
                for key in keys(one):
                    self._known.setdefault(key, []).append(place)
            except Undetermined:
                self._doubtful.append(place)

    def find(self, *keys: Key) -> list[KubernetesObject]:
        """The objects under any of the keys, and those whose keys cannot be known yet; each once."""
        if len(keys) == 1 and not self._doubtful:
            return [self._objects[place] for place in self._known.get(keys[0], ())]
        places = {place for key in keys for place in self._known.get(key, ())}
        return [self._objects[place] for place in sorted(places.union(self._doubtful))]


class SelectorLookup:
    """Objects that select pods by labels, found by what they select.

    Args:
        objects: For example all budgets.
        selector: Where an object keeps its selector.
        plain: Whether the selector is a bare map of labels, as a Service's, and not `matchLabels` and expressions.
    """

    def __init__(
        self,
        objects: Sequence[KubernetesObject],
        selector: Callable[[KubernetesObject], Node],
        *,
        plain: bool = False,
    ) -> None:
        self._all = objects

        def keys(one: KubernetesObject) -> list[Key]:
            namespace = one.namespace
            given = selector(one)
            labels = given if plain else given["matchLabels"]
            # One label is enough to leave out nearly everything; the rule compares the rest.
            for key, value in labels.entries():
                return [(namespace, key, value.text)]
            return [(namespace,)]

        self._lookup = Lookup(objects, keys)

    def candidates(self, workload: KubernetesObject, labels: Mapping[str, Any]) -> Sequence[KubernetesObject]:
        """The objects that may select pods with these labels in the workload's namespace; all others do not."""
        try:
            namespace = workload.namespace
        except Undetermined:
            return self._all
        pairs = ((namespace, str(key), value) for key, value in labels.items() if isinstance(value, str))
        return self._lookup.find((namespace,), *pairs)


class Index(Sequence[Resource]):
    """The resources that are judged together, and the Kubernetes objects in them.

    Args:
        resources: In the order of their declaration.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = tuple(resources)

    @overload
    def __getitem__(self, place: int) -> Resource: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Resource]: ...
    def __getitem__(self, place: int | slice) -> Resource | Sequence[Resource]:
        return self._resources[place]

    def __len__(self) -> int:
        return len(self._resources)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources)

    @cached_property
    def objects(self) -> Objects:
        """Every readable Kubernetes object."""
        return Objects([one for resource in self._resources for one in readable_objects(resource)])


class Objects(Sequence[KubernetesObject]):
    """Kubernetes objects in the order of their declaration, with lookups that are made when first needed."""

    def __init__(self, objects: Sequence[KubernetesObject]) -> None:
        self._objects = tuple(objects)

    @overload
    def __getitem__(self, place: int) -> KubernetesObject: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[KubernetesObject]: ...
    def __getitem__(self, place: int | slice) -> KubernetesObject | Sequence[KubernetesObject]:
        return self._objects[place]

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[KubernetesObject]:
        return iter(self._objects)

    def prepare(self) -> None:
        """Make the lookups that most rules use, before processes are forked that would each make them."""
        for lookup in (self.budgets, self.services, self._scalers):
            assert lookup is not None

    def of_kind(self, group: str, kind: str) -> Sequence[KubernetesObject]:
        """The objects of one kind."""
        return self._kinds.get((group, kind), ())

    def named(self, group: str, kind: str, namespace: str, name: str) -> list[KubernetesObject]:
        """The objects of one kind that have this name, and those whose name or namespace is not known yet."""
        return self._names((group, kind)).find((namespace, name))

    def autoscalers(self, workload: KubernetesObject) -> Sequence[KubernetesObject]:
        """The autoscalers that may scale a workload; all others do not."""
        try:
            name = workload.node.at("metadata", "name")
            if not name.present:
                return self._all_scalers
            key = (workload.namespace, workload.kind, name.text)
        except Undetermined:
            return self._all_scalers
        return self._scalers.find(key)

    @cached_property
    def budgets(self) -> SelectorLookup:
        """PodDisruptionBudgets by the pods that they select."""
        return SelectorLookup(
            self.of_kind("policy", "PodDisruptionBudget"), lambda one: one.node.at("spec", "selector")
        )

    @cached_property
    def services(self) -> SelectorLookup:
        """Services by the pods that they select."""
        return SelectorLookup(self.of_kind("", "Service"), lambda one: one.node.at("spec", "selector"), plain=True)

    @cached_property
    def _kinds(self) -> Mapping[tuple[str, str], Sequence[KubernetesObject]]:
        found: dict[tuple[str, str], list[KubernetesObject]] = {}
        for one in self._objects:
            found.setdefault((one.group, one.kind), []).append(one)
        return found

    @cached_property
    def _all_scalers(self) -> Sequence[KubernetesObject]:
        return [one for one in self._objects if (one.group, one.kind) in AUTOSCALERS]

    @cached_property
    def _scalers(self) -> Lookup:
        return Lookup(self._all_scalers, _scaled)

    @cached_property
    def _name_lookups(self) -> dict[tuple[str, str], Lookup]:
        return {}

    def _names(self, kind: tuple[str, str]) -> Lookup:
        if kind not in self._name_lookups:
            self._name_lookups[kind] = Lookup(self.of_kind(*kind), lambda one: [(one.namespace, one.name)])
        return self._name_lookups[kind]


def index_of(resources: Sequence[Resource]) -> Index:
    """The index of these resources; the same one when they come with it."""
    return resources if isinstance(resources, Index) else Index(resources)


def objects_of(everything: Sequence[KubernetesObject]) -> Objects:
    """The lookups of these objects; the same ones when they come with them."""
    return everything if isinstance(everything, Objects) else Objects(everything)


def _scaled(scaler: KubernetesObject) -> list[Key]:
    target = scaler.node.at("spec", "scaleTargetRef")
    return [(scaler.namespace, target["kind"].text or "Deployment", target["name"].text)]
