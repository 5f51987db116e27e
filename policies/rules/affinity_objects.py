"""Properties of objects and cloud resources by which a load balancer keeps a client on one instance.

A row names where to look and what there offends; `*` in a path stands for every element of a list or mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from policies.node import Node

Offends = Callable[[Node], "Node | None"]
"""From the node at the path to the node that offends, or `None`."""


@dataclass(frozen=True)
class Row:
    """One property that asks for affinity.

    Attributes:
        path: Keys from the object's root, `*` for each element.
        software: What reads it.
        offends: What makes it offend.
    """

    path: tuple[str, ...]
    software: str
    offends: Offends


def matches(node: Node, path: tuple[str, ...]) -> Iterator[Node]:
    """The nodes at a path with `*` for every element or entry."""
    if not path:
        yield node
        return
    key, rest = path[0], path[1:]
    if key != "*":
        yield from matches(node[key], rest)
    elif isinstance(node.value, dict):
        for _, child in node.entries():
            yield from matches(child, rest)
    else:
        for child in node.elements():
            yield from matches(child, rest)


def _always(node: Node) -> Node | None:
    """For resources that exist to keep clients on one instance."""
    return node


def _present(node: Node) -> Node | None:
    return node if node.present else None


def _true(node: Node) -> Node | None:
    return node if node.truthy else None


def _not_none(node: Node) -> Node | None:
    """An affinity type: offends unless absent or one of the words for none."""
    return None if node.text.upper() in {"", "NONE", "NONE_UNSPECIFIED"} else node


def _one_of(*words: str) -> Offends:
    def offends(node: Node) -> Node | None:
        return node if node.text.lower() in words else None

    return offends


def _enabled_block(node: Node) -> Node | None:
    """A block whose presence switches it on unless it says `enabled: false`."""
    if not node.present:
        return None
    enabled = node["enabled"]
    return None if enabled.present and not enabled.truthy else (enabled if enabled.present else node)


def _explicit_block(node: Node) -> Node | None:
    """A block that is off unless it says `enabled: true`."""
    return node["enabled"] if node["enabled"].truthy else None


def _not_by_path(node: Node) -> Node | None:
    """What a hash is taken over: offends unless it is the request's path, which keeps no client anywhere."""
    return node if node.present and node.text.lower() not in {"none", "path", "uri_capture", "uri"} else None


def _attribute(node: Node) -> Node | None:
    """An element of a list of load balancer attributes."""
    return node["value"] if node["key"].text == "stickiness.enabled" and node["value"].truthy else None


def _setting(node: Node) -> Node | None:
    """An element of Elastic Beanstalk's option settings."""
    return node["value"] if node["name"].text == "StickinessEnabled" and node["value"].truthy else None


_GATEWAY = "Gateway API session persistence"
_ISTIO = "Istio consistent hashing"
_ISTIO_POLICIES = (
    ("spec", "trafficPolicy"),
    ("spec", "trafficPolicy", "portLevelSettings", "*"),
    ("spec", "subsets", "*", "trafficPolicy"),
    ("spec", "subsets", "*", "trafficPolicy", "portLevelSettings", "*"),
)

KUBERNETES_ROWS: Final[dict[tuple[str, str], tuple[Row, ...]]] = {
    ("", "Service"): (Row(("spec", "sessionAffinity"), "kube-proxy", _one_of("clientip")),),
    ("gateway.networking.k8s.io", "HTTPRoute"): (
        Row(("spec", "rules", "*", "sessionPersistence"), _GATEWAY, _present),
    ),
    ("gateway.networking.k8s.io", "GRPCRoute"): (
        Row(("spec", "rules", "*", "sessionPersistence"), _GATEWAY, _present),
    ),
    ("gateway.networking.k8s.io", "BackendLBPolicy"): (Row(("spec", "sessionPersistence"), _GATEWAY, _present),),
    ("gateway.networking.x-k8s.io", "XBackendTrafficPolicy"): (
        Row(("spec", "sessionPersistence"), _GATEWAY, _present),
    ),
    ("gateway.envoyproxy.io", "BackendTrafficPolicy"): (
        Row(("spec", "loadBalancer", "type"), "Envoy Gateway", _one_of("consistenthash")),
    ),
    ("networking.istio.io", "DestinationRule"): tuple(
        Row((*policy, "loadBalancer", "consistentHash"), _ISTIO, _present) for policy in _ISTIO_POLICIES
    ),
    ("projectcontour.io", "HTTPProxy"): (
        Row(("spec", "routes", "*", "loadBalancerPolicy", "strategy"), "Contour", _one_of("cookie", "requesthash")),
        Row(("spec", "tcpproxy", "loadBalancerPolicy", "strategy"), "Contour", _one_of("cookie", "requesthash")),
    ),
    ("traefik.io", "IngressRoute"): (Row(("spec", "routes", "*", "services", "*", "sticky"), "Traefik", _present),),
    ("traefik.containo.us", "IngressRoute"): (
        Row(("spec", "routes", "*", "services", "*", "sticky"), "Traefik", _present),
    ),
    ("traefik.io", "TraefikService"): (
        Row(("spec", "weighted", "sticky"), "Traefik", _present),
        Row(("spec", "weighted", "services", "*", "sticky"), "Traefik", _present),
    ),
    ("cloud.google.com", "BackendConfig"): (Row(("spec", "sessionAffinity", "affinityType"), "GKE", _not_none),),
    ("networking.gke.io", "GCPBackendPolicy"): (
        Row(("spec", "default", "sessionAffinity", "type"), "GKE Gateway", _not_none),
    ),
    ("gateway.k8s.aws", "TargetGroupConfiguration"): (
        Row(("spec", "defaultConfiguration", "targetGroupAttributes", "*"), "AWS Load Balancer Controller", _attribute),
    ),
    ("getambassador.io", "Mapping"): (
        Row(("spec", "load_balancer", "policy"), "Emissary", _one_of("ring_hash", "maglev")),
    ),
    ("consul.hashicorp.com", "ServiceResolver"): (
        Row(("spec", "loadBalancer", "hashPolicies", "*"), "Consul", _present),
    ),
    ("kuma.io", "MeshLoadBalancingStrategy"): (
        Row(("spec", "to", "*", "default", "loadBalancer", "type"), "Kuma", _one_of("ringhash", "maglev")),
    ),
    ("configuration.konghq.com", "KongUpstreamPolicy"): (Row(("spec", "hashOn"), "Kong", _present),),
    ("configuration.konghq.com", "KongIngress"): (Row(("upstream", "hash_on"), "Kong", _not_by_path),),
}

_FORWARD_STICKINESS = ("forward", "stickiness")
_LISTENER_ROWS = (
    Row(("defaultActions", "*", *_FORWARD_STICKINESS), "AWS listener", _explicit_block),
    Row(("actions", "*", *_FORWARD_STICKINESS), "AWS listener rule", _explicit_block),
)

CLOUD_ROWS: Final[dict[str, tuple[Row, ...]]] = {
    "aws:lb/targetGroup:TargetGroup": (Row(("stickiness",), "AWS target group", _enabled_block),),
    "aws:alb/targetGroup:TargetGroup": (Row(("stickiness",), "AWS target group", _enabled_block),),
    "aws:lb/listener:Listener": _LISTENER_ROWS,
    "aws:alb/listener:Listener": _LISTENER_ROWS,
    "aws:lb/listenerRule:ListenerRule": _LISTENER_ROWS,
    "aws:alb/listenerRule:ListenerRule": _LISTENER_ROWS,
    "aws:elb/appCookieStickinessPolicy:AppCookieStickinessPolicy": (Row(("name",), "AWS Classic ELB", _always),),
    "aws:elb/loadBalancerCookieStickinessPolicy:LoadBalancerCookieStickinessPolicy": (
        Row(("name",), "AWS Classic ELB", _always),
    ),
    "aws:lightsail/lbStickinessPolicy:LbStickinessPolicy": (Row(("enabled",), "AWS Lightsail", _true),),
    "aws:elasticbeanstalk/environment:Environment": (Row(("settings", "*"), "AWS Elastic Beanstalk", _setting),),
    "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy": (
        Row(
            ("trafficConfig", "singleWeightConfig", "sessionStickinessConfig"),
            "CloudFront continuous deployment",
            _present,
        ),
    ),
    "gcp:compute/backendService:BackendService": (Row(("sessionAffinity",), "Google Cloud", _not_none),),
    "gcp:compute/regionBackendService:RegionBackendService": (Row(("sessionAffinity",), "Google Cloud", _not_none),),
    "azure:network/applicationGateway:ApplicationGateway": (
        Row(("backendHttpSettings", "*", "cookieBasedAffinity"), "Azure", _one_of("enabled")),
    ),
    "azure:cdn/frontdoorOriginGroup:FrontdoorOriginGroup": (Row(("sessionAffinityEnabled",), "Azure", _true),),
    "cloudflare:index/loadBalancer:LoadBalancer": (Row(("sessionAffinity",), "Cloudflare", _not_none),),
}
