"""Who sends requests to a workload's pods: its Services, and what leads to those from outside the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from policies.index import Key, Lookup, Objects
from policies.kubernetes import KubernetesObject, same_namespace, selects
from policies.node import Node, Undetermined

_ROUTES: Final = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_GATEWAY: Final = "gateway.networking.k8s.io"
_INGRESS: Final = "networking.k8s.io"

# AWS Load Balancer Controller: annotations of Ingresses and of Services, and what AWS does without them.
_ALB: Final = "alb.ingress.kubernetes.io/"
_NLB: Final = "service.beta.kubernetes.io/aws-load-balancer-"
DELAY_ATTRIBUTE: Final = "deregistration_delay.timeout_seconds"
DEREGISTRATION_DEFAULT: Final = 300
"""Seconds that an AWS target group waits for a target unless told otherwise (Elastic Load Balancing)."""


@dataclass(frozen=True)
class Edge:
    """What leads to a Service from outside.

    Attributes:
        source: The Ingress, the route, or the Service itself.
        delay: Seconds for which AWS may still use a pod after its deregistration; `None` where pods are no targets
            of its own.
        told: Whether the delay is written; else it is AWS's default.
    """

    source: KubernetesObject
    delay: int | None = None
    told: bool = False


class Exposures:
    """The Services of a stack and what leads to them.

    Args:
        everything: Its Kubernetes objects.
    """

    def __init__(self, everything: Objects) -> None:
        self._services = everything.services
        routes = [one for kind in _ROUTES for one in everything.of_kind(_GATEWAY, kind)]
        self._all = [*everything.of_kind(_INGRESS, "Ingress"), *routes]
        self._referrers = Lookup(self._all, _backend_names)

    def services_of(self, one: KubernetesObject) -> list[KubernetesObject]:
        """The Services that select a workload's pods.

        Raises:
            Undetermined: when a selector, label or namespace that decides is unknown.
        """
        labels = one.pod_labels()
        return [service for service in self._services.candidates(one, labels) if _selected(service, one, labels)]

    def edges_of(self, service: KubernetesObject) -> Iterator[Edge]:
        """What leads to a Service from outside: its own load balancer, Ingresses, Gateway routes.

        Raises:
            Undetermined: when something that decides is unknown.
        """
        with _named(service):
            if service.node.at("spec", "type").text == "LoadBalancer":
                yield _balancer(service)
        name = service.node.at("metadata", "name")
        for referrer in self._all if name.unknown else self._referrers.find((name.text,)):
            with _named(referrer):
                if any(_means(backend, referrer, service) for backend in _backends(referrer)):
                    yield _ingress(referrer, service) if referrer.kind == "Ingress" else Edge(referrer)


def targets_of(service: KubernetesObject) -> list[Node]:
    """The ports of the pods that a Service leads to, by name or number; raises `Undetermined` when unknown."""
    with _named(service):
        ports = list(service.node.at("spec", "ports").elements())
        return [port["targetPort"] if port["targetPort"].present else port["port"] for port in ports]


def _selected(service: KubernetesObject, one: KubernetesObject, labels: dict[str, str]) -> bool:
    if not same_namespace(service, one):
        return False
    with _named(service):
        wanted = {key: node.text for key, node in service.node.at("spec", "selector").entries()}
    return bool(wanted) and selects(Node({"matchLabels": wanted}), labels)


@contextmanager
def _named(other: KubernetesObject) -> Iterator[None]:
    """Say of a value that cannot be known which other object has it."""
    try:
        yield
    except Undetermined as unknown:
        raise Undetermined(f'{unknown.path} of {other.kind} "{other.resource.name}"', unknown.reason) from unknown


def _backend_names(referrer: KubernetesObject) -> list[Key]:
    return [(backend["name"].text,) for backend in _backends(referrer)]


def _backends(referrer: KubernetesObject) -> Iterable[Node]:
    return _ingress_backends(referrer.node) if referrer.kind == "Ingress" else _route_backends(referrer.node)


def _ingress_backends(ingress: Node) -> Iterator[Node]:
    spec = ingress["spec"]
    yield spec.at("defaultBackend", "service")
    for rule in spec["rules"].elements():
        for path in rule.at("http", "paths").elements():
            yield path.at("backend", "service")


def _route_backends(route: Node) -> Iterator[Node]:
    for rule in route.at("spec", "rules").elements():
        for backend in rule["backendRefs"].elements():
            if backend["kind"].text in {"", "Service"}:
                yield backend


def _means(backend: Node, referrer: KubernetesObject, service: KubernetesObject) -> bool:
    """Whether a backend is the Service; one without a namespace is in the referrer's own."""
    name, own = backend["name"], service.node.at("metadata", "name")
    if referrer.resource.depends_on(service.resource) and (name.unknown or own.unknown):
        return True
    if name.text != own.text:
        return False
    namespace = backend["namespace"]
    return namespace.text == service.namespace if namespace.present else same_namespace(referrer, service)


def _ingress(ingress: KubernetesObject, service: KubernetesObject) -> Edge:
    """The controller reads an annotation of the Service before that of the Ingress."""
    its, own = (one.node.at("metadata", "annotations") for one in (service, ingress))
    target_type = next(
        (each[f"{_ALB}target-type"].text for each in (its, own) if each[f"{_ALB}target-type"].present), ""
    )
    if target_type != "ip" or not _is_alb(ingress, own):
        return Edge(ingress)
    return _target_group(ingress, [each[f"{_ALB}target-group-attributes"] for each in (its, own)])


def _is_alb(ingress: KubernetesObject, annotations: Node) -> bool:
    named = ingress.node.at("spec", "ingressClassName"), annotations["kubernetes.io/ingress.class"]
    return any(name.text == "alb" for name in named) or any(key.startswith(_ALB) for key, _ in annotations.entries())


def _balancer(service: KubernetesObject) -> Edge:
    annotations = service.node.at("metadata", "annotations")
    if annotations[f"{_NLB}nlb-target-type"].text != "ip" and annotations[f"{_NLB}type"].text != "nlb-ip":
        return Edge(service)
    return _target_group(service, [annotations[f"{_NLB}target-group-attributes"]])


def _target_group(source: KubernetesObject, attributes: Sequence[Node]) -> Edge:
    given = next((node for node in attributes if node.present), None)
    if given is not None:
        for attribute in given.text.split(","):
            key, _, value = attribute.partition("=")
            if key.strip() == DELAY_ATTRIBUTE:
                return Edge(source, _seconds(given, value.strip()), told=True)
    return Edge(source, DEREGISTRATION_DEFAULT)


def _seconds(node: Node, text: str) -> int:
    if not text.isdecimal() or len(text) > 5:
        raise Undetermined(node.path, f"{text!r} is no number of seconds")
    return int(text)
