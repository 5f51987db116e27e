"""SR-AFFINITY: no load balancer keeps a client on one instance. A cookie as such is fine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.kubernetes import KubernetesObject, objects, of_kinds
from policies.model import Resource, Verdict
from policies.node import Node, guard
from policies.rules.affinity_annotations import ANNOTATIONS, Annotation
from policies.rules.affinity_objects import CLOUD_ROWS, KUBERNETES_ROWS, Row, matches

_ANNOTATED: Final = frozenset({("", "Service"), ("", "ConfigMap"), ("networking.k8s.io", "Ingress")})
APPLIES: Final = of_kinds({*_ANNOTATED, *KUBERNETES_ROWS}, CLOUD_ROWS)
_CURE: Final = "remove it and keep sessions in Redis, where every instance finds them"


def no_session_affinity(resource: Resource, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one resource: Services, ingresses, routes, mesh policies, cloud load balancers and their target groups."""
    for row in CLOUD_ROWS.get(resource.type, ()):
        yield from guard(resource, _property(resource, Node(resource.properties), row))
    for one in objects(resource):
        for row in KUBERNETES_ROWS.get((one.group, one.kind), ()):
            yield from guard(resource, _property(resource, one.node, row))
        yield from guard(resource, _annotations(one))


def _property(resource: Resource, root: Node, row: Row) -> Iterator[Verdict]:
    for node in matches(root, row.path):
        yield from guard(resource, _offending(resource, node, row))


def _offending(resource: Resource, node: Node, row: Row) -> Iterator[Verdict]:
    offending = row.offends(node)
    if offending is not None:
        yield _verdict(resource, offending.path, offending.known(), row.software)


def _annotations(one: KubernetesObject) -> Iterator[Verdict]:
    if (one.group, one.kind) not in _ANNOTATED:
        return
    for key, node in one.node.at("metadata", "annotations").entries():
        for row in ANNOTATIONS:
            if one.kind in row.kinds and row.key.match(key):
                yield from guard(one.resource, _annotation(one.resource, node, row))


def _annotation(resource: Resource, node: Node, row: Annotation) -> Iterator[Verdict]:
    offending = row.test(node.text)
    if offending is not None:
        yield _verdict(resource, node.path, offending, row.software)


def _verdict(resource: Resource, path: str, value: Any, software: str) -> Verdict:
    return Verdict(resource, path, value, f"keeps a client on one instance ({software})", _CURE)
