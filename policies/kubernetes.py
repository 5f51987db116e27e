"""Kubernetes objects as rules see them: kind, namespace, pod template, label selectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from policies.model import Resource
from policies.node import Node, Undetermined

HELM_RELEASE: Final = "kubernetes:helm.sh/v3:Release"

# Where each kind keeps the specification of its pods.
_POD_SPECS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("", "Pod"): ("spec",),
    ("", "PodTemplate"): ("template", "spec"),
    ("", "ReplicationController"): ("spec", "template", "spec"),
    ("apps", "Deployment"): ("spec", "template", "spec"),
    ("apps", "StatefulSet"): ("spec", "template", "spec"),
    ("apps", "DaemonSet"): ("spec", "template", "spec"),
    ("apps", "ReplicaSet"): ("spec", "template", "spec"),
    ("batch", "Job"): ("spec", "template", "spec"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template", "spec"),
    ("argoproj.io", "Rollout"): ("spec", "template", "spec"),
    ("serving.knative.dev", "Service"): ("spec", "template", "spec"),
}


@dataclass(frozen=True)
class KubernetesObject:
    """One object of the Kubernetes API inside a resource.

    Attributes:
        resource: The resource that declares it.
        group: API group, empty for the core group; `extensions` is read as the group that took its kinds over.
        kind: Kind without Pulumi's `Patch` suffix.
        node: The object's data.
    """

    resource: Resource
    group: str
    kind: str
    node: Node

    @property
    def name(self) -> str:
        """`metadata.name`; empty while the provider has not chosen one."""
        return self.node.at("metadata", "name").text

    @property
    def namespace(self) -> str:
        """`metadata.namespace`; empty where the provider's default namespace applies."""
        return self.node.at("metadata", "namespace").text

    @property
    def pod_spec(self) -> Node | None:
        """Specification of the pods that the object makes; `None` for kinds that make none."""
        path = _POD_SPECS.get((self.group, self.kind))
        return None if path is None else self.node.at(*path)

    @property
    def pod_metadata(self) -> Node:
        """Metadata of the pods that the object makes; its own for a Pod, and for kinds that make none."""
        path = _POD_SPECS.get((self.group, self.kind), ("spec",))
        return self.node.at(*path[:-1], "metadata")

    def pod_labels(self) -> dict[str, str]:
        """Labels that its manifest gives the pods; raises `Undetermined` when one is unknown."""
        return {key: node.text for key, node in self.pod_metadata["labels"].entries()}


def is_kubernetes(resource: Resource) -> bool:
    """Whether the resource belongs to the Kubernetes provider."""
    return resource.type.startswith("kubernetes:")


def objects(resource: Resource) -> Iterator[KubernetesObject]:
    """The API objects that a resource declares: one, or each item of a list kind; none for other providers."""
    named = group_and_kind(resource.type)
    if named is None:
        return
    group, kind = named
    node = Node(resource.properties)
    if kind.endswith("List") and kind != "List":
        for item in node["items"].elements():
            yield KubernetesObject(resource, group, kind.removesuffix("List"), item)
    elif kind == "List":
        for item in node["items"].elements():
            version, inner = item["apiVersion"].text, item["kind"].text
            yield KubernetesObject(resource, _group(version.rpartition("/")[0], inner), inner, item)
    else:
        yield KubernetesObject(resource, group, kind, node)


@lru_cache(maxsize=4096)
def group_and_kind(token: str) -> tuple[str, str] | None:
    """API group (empty for the core group) and kind that a type token names; `None` for other providers' types."""
    parts = token.split(":")
    if parts[0] != "kubernetes" or len(parts) != 3:
        return None
    kind = parts[2].removesuffix("Patch")
    return _group(parts[1].rpartition("/")[0], kind), kind


def of_kinds(kinds: Iterable[tuple[str, str]], tokens: Iterable[str] = ()) -> Callable[[str], bool]:
    """For `Rule.applies`: a rule that says something only about these kinds, and these other providers' types.

    Lists may hold any kind, so they are always asked about.

    Args:
        kinds: API groups and kinds, as in `KubernetesObject`.
        tokens: Type tokens of other providers.
    """
    asked, others = frozenset(kinds), frozenset(tokens)

    @lru_cache(maxsize=4096)
    def applies(token: str) -> bool:
        named = group_and_kind(token)
        return token in others or (named is not None and (named in asked or named[1].endswith("List")))

    return applies


def pod_kinds() -> frozenset[tuple[str, str]]:
    """The kinds that make pods, for rules that judge nothing else."""
    return frozenset(_POD_SPECS)


def readable_objects(resource: Resource) -> list[KubernetesObject]:
    """As `objects`, but none where a list of them is unknown, which rules on the resource alone report."""
    try:
        return list(objects(resource))
    except Undetermined:
        return []


def _group(group: str, kind: str) -> str:
    if group == "core":
        return ""
    if group == "extensions":
        return "networking.k8s.io" if kind.removesuffix("List") == "Ingress" else "apps"
    return group


def selects(selector: Node, labels: Mapping[str, Any]) -> bool:
    """Whether a label selector (`matchLabels` and `matchExpressions`, all of them) matches the labels.

    An empty selector matches everything; an absent one matches nothing. Raises `Undetermined` when a part that
    decides is unknown.
    """
    if not selector.present:
        return False
    for key, wanted in selector["matchLabels"].entries():
        if labels.get(key) != wanted.text:
            return False
    return all(_expression_holds(expression, labels) for expression in selector["matchExpressions"].elements())


def _expression_holds(expression: Node, labels: Mapping[str, Any]) -> bool:
    key, operator = expression["key"].text, expression["operator"].text
    values = {value.text for value in expression["values"].elements()}
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise Undetermined(expression["operator"].path, f"{operator!r} is no operator of a label selector")


def of_kind(everything: Sequence[KubernetesObject], group: str, kind: str) -> list[KubernetesObject]:
    """The objects of one kind."""
    return [one for one in everything if one.group == group and one.kind == kind]


def same_namespace(one: KubernetesObject, other: KubernetesObject) -> bool:
    """Whether two objects are in one namespace; raises `Undetermined` when that cannot be known yet.

    Where both names are unknown, one Namespace that is still to be made may be where both come from.
    """
    here, there = one.node.at("metadata", "namespace"), other.node.at("metadata", "namespace")
    if here.unknown and there.unknown and _share_source(one.resource, other.resource):
        return True
    return here.text == there.text


def _share_source(one: Resource, other: Resource) -> bool:
    """Whether both take their metadata from the same resource."""
    return bool(
        set(one.property_dependencies.get("metadata", ())) & set(other.property_dependencies.get("metadata", ()))
    )
