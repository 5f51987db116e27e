"""How clients outside the cluster reach a service: a route of a Gateway, or an Ingress; never with affinity."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.cluster import ClusterFeatures, GatewayFeature, IngressFeature
from components.errors import Refusal
from components.pods import selector

_HOST = re.compile(r"^(?=.{1,253}$)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")
_PATH = re.compile(r"^/[A-Za-z0-9._~/-]*$")


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Where clients find the service.

    Attributes:
        hosts: Host names, for example `api.example.com`.
        path: Start of the paths that are its own.
        tls_secret: Secret with an Ingress' certificate; without one the controller finds it by the host. A Gateway has
            its own.
    """

    hosts: Sequence[str]
    path: str = "/"
    tls_secret: str | None = None


@dataclass(frozen=True)
class Backend:
    """A Service and its share of the requests.

    Attributes:
        service: Its name.
        port: Its port.
        weight: In percent.
    """

    service: str
    port: int
    weight: int = 100


def refusals(exposure: Exposure, cluster: ClusterFeatures) -> Iterator[Refusal]:
    """Rules of an exposure."""
    if cluster.gateway is None and cluster.ingress is None:
        yield Refusal(
            "expose",
            list(exposure.hosts),
            "nothing in the cluster exposes services: write cluster.gateway or cluster.ingress",
        )
    if not exposure.hosts:
        yield Refusal("expose.hosts", [], "without a host it would take every request: write one or more host names")
    for host in exposure.hosts:
        if not _HOST.match(host):
            yield Refusal("expose.hosts", host, "is no host name: write for example api.example.com")
    if not _PATH.match(exposure.path):
        yield Refusal("expose.path", exposure.path, "is no path: write for example /api")
    if exposure.tls_secret is not None and cluster.gateway is not None:
        yield Refusal("expose.tls_secret", exposure.tls_secret, "the Gateway has the certificate: leave this out")


def exposure_manifest(
    exposure: Exposure,
    metadata: Mapping[str, Any],
    cluster: ClusterFeatures,
    backends: Sequence[Backend],
    *,
    streams: bool,
) -> dict[str, Any]:
    """An HTTPRoute where the cluster has a Gateway, else an Ingress.

    Args:
        exposure: Where clients find the service.
        metadata: Of the object.
        cluster: What the cluster has.
        backends: Where requests go; more than one only with a Gateway.
        streams: Whether responses may last: a Gateway's time limit would cut them.
    """
    if cluster.gateway is not None:
        return _route(exposure, metadata, cluster.gateway, backends, streams=streams)
    if cluster.ingress is None:
        raise ValueError("the exposure was not judged: the cluster has neither Gateway nor Ingress")
    return _ingress(exposure, metadata, cluster.ingress, backends[0])


def _route(
    exposure: Exposure,
    metadata: Mapping[str, Any],
    gateway: GatewayFeature,
    backends: Sequence[Backend],
    *,
    streams: bool,
) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "matches": [{"path": {"type": "PathPrefix", "value": exposure.path}}],
        "backendRefs": [{"name": item.service, "port": item.port, "weight": item.weight} for item in backends],
    }
    if streams:
        rule["timeouts"] = {"request": "0s"}
    accepted = '{.status.parents[0].conditions[?(@.type=="Accepted")].status}'
    section = {} if gateway.section is None else {"sectionName": gateway.section}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        # Pulumi waits for what Kubernetes itself brings, not for others' objects, unless told how.
        "metadata": {**metadata, "annotations": {"pulumi.com/waitFor": f"jsonpath={accepted}=True"}},
        "spec": {
            "parentRefs": [{"name": gateway.name, "namespace": gateway.namespace, **section}],
            "hostnames": list(exposure.hosts),
            "rules": [rule],
        },
    }


def _ingress(
    exposure: Exposure, metadata: Mapping[str, Any], ingress: IngressFeature, backend: Backend
) -> dict[str, Any]:
    to = {"service": {"name": backend.service, "port": {"number": backend.port}}}
    paths = [{"path": exposure.path, "pathType": "Prefix", "backend": to}]
    certificate = {} if exposure.tls_secret is None else {"secretName": exposure.tls_secret}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": dict(metadata),
        "spec": {
            "ingressClassName": ingress.class_name,
            "tls": [{"hosts": list(exposure.hosts), **certificate}],
            "rules": [{"host": host, "http": {"paths": paths}} for host in exposure.hosts],
        },
    }


def client_sources(cluster: ClusterFeatures) -> list[dict[str, Any]]:
    """Who calls an exposed service's pods, for a network policy."""
    if cluster.gateway is not None:
        namespace = cluster.gateway.client_namespace or cluster.gateway.namespace
        cidrs = cluster.gateway.client_cidrs
    elif cluster.ingress is not None:
        namespace, cidrs = cluster.ingress.client_namespace, cluster.ingress.client_cidrs
    else:
        return []
    return [namespace_source(namespace), *({"ipBlock": {"cidr": cidr}} for cidr in cidrs)]


def namespace_source(namespace: str) -> dict[str, Any]:
    """All pods of a namespace, by the label that every namespace has."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def policy_manifest(
    identifier: str, metadata: Mapping[str, Any], sources: Sequence[Mapping[str, Any]], port: str
) -> dict[str, Any]:
    """A network policy that lets these call a workload's pods, on one port only."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": dict(metadata),
        "spec": {
            "podSelector": {"matchLabels": selector(identifier)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": list(sources), "ports": [{"protocol": "TCP", "port": port}]}],
        },
    }
