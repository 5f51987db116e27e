"""Annotations by which ingress controllers and cloud load balancers are told to keep a client on one instance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

# Values that name the client: its address, a cookie or a header of its own.
_CLIENT_VARIABLE = re.compile(r"\$\{?(binary_remote_addr|remote_addr|proxy_protocol_addr|realip_|cookie_|http_|arg_)")
_NGINX_STICKY = re.compile(
    r"^\s*(sticky\b[^;\n]*|ip_hash\b|hash\s+[^;\n]*\$(?:binary_remote_addr|remote_addr|cookie_|http_)[^;\n]*)",
    re.MULTILINE,
)
_HAPROXY_STICKY = re.compile(
    r"^\s*(cookie\s+\S+[^\n]*|stick-table\b[^\n]*|stick\s+(?:on|match|store-request|store-response)\b[^\n]*"
    r"|balance\s+(?:source|hdr|rdp-cookie|url_param)\b[^\n]*)",
    re.MULTILINE,
)
_STICKY_ATTRIBUTE = re.compile(r"\bstickiness\.enabled\s*=\s*true\b", re.IGNORECASE)

Test = Callable[[str], "str | None"]
"""From an annotation's text to the part of it that offends, or `None`."""


@dataclass(frozen=True)
class Annotation:
    """One way of asking for affinity.

    Attributes:
        key: Annotation key, or a pattern that matches the whole key.
        software: Whose annotation it is.
        test: What makes its value offend.
        kinds: Kinds on which the software reads it.
    """

    key: re.Pattern[str]
    software: str
    test: Test
    kinds: frozenset[str]


def _on(text: str) -> str | None:
    return text if text.strip().lower() in {"true", "yes", "on", "1"} else None


def _any(text: str) -> str | None:
    return text if text.strip() else None


def _one_of(*words: str) -> Test:
    def test(text: str) -> str | None:
        return text if text.strip().lower() in words else None

    return test


def _starts_with(*words: str) -> Test:
    def test(text: str) -> str | None:
        return text if text.strip().lower().startswith(words) else None

    return test


def _matching(pattern: re.Pattern[str]) -> Test:
    def test(text: str) -> str | None:
        found = pattern.search(text)
        return found[0].strip() if found else None

    return test


def _hash_by_client(text: str) -> str | None:
    return text if _CLIENT_VARIABLE.search(text) else None


def _nginx_method(text: str) -> str | None:
    words = text.strip().lower().split()
    if not words:
        return None
    return text if words[0] == "ip_hash" or (words[0] == "hash" and _CLIENT_VARIABLE.search(text)) else None


def _alb_action(text: str) -> str | None:
    try:
        action = json.loads(text)
    except ValueError:
        return None
    return "TargetGroupStickinessConfig" if _has_stickiness(action) else None


def _has_stickiness(value: Any) -> bool:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if key.lower() == "targetgroupstickinessconfig" and isinstance(child, Mapping):
                flags = {name.lower(): flag for name, flag in child.items()}
                return flags.get("enabled") is True
            if _has_stickiness(child):
                return True
    return False


def _row(key: str, software: str, test: Test, *kinds: str) -> Annotation:
    return Annotation(re.compile(key + r"\Z"), software, test, frozenset(kinds or ("Ingress",)))


ANNOTATIONS: Final[tuple[Annotation, ...]] = (
    _row(r"nginx\.ingress\.kubernetes\.io/affinity", "ingress-nginx", _one_of("cookie")),
    _row(r"nginx\.ingress\.kubernetes\.io/upstream-hash-by", "ingress-nginx", _hash_by_client),
    _row(r"nginx\.ingress\.kubernetes\.io/load-balance", "ingress-nginx", _one_of("ip_hash")),
    _row(
        r"nginx\.ingress\.kubernetes\.io/(configuration|server|stream)-snippet",
        "ingress-nginx",
        _matching(_NGINX_STICKY),
    ),
    _row(r"nginx\.com/sticky-cookie-services", "NGINX Ingress Controller", _any),
    _row(r"nginx\.org/lb-method", "NGINX Ingress Controller", _nginx_method),
    _row(
        r"nginx\.org/(location|server)-snippets",
        "NGINX Ingress Controller",
        _matching(_NGINX_STICKY),
    ),
    _row(r"traefik\.ingress\.kubernetes\.io/service\.sticky(\.cookie)?", "Traefik", _on, "Service", "Ingress"),
    _row(
        r"traefik\.ingress\.kubernetes\.io/service\.sticky\.cookie\.[A-Za-z.]+", "Traefik", _any, "Service", "Ingress"
    ),
    _row(
        r"(traefik\.)?ingress\.kubernetes\.io/affinity",
        "Traefik 1 or HAProxy Ingress",
        _one_of("cookie", "true"),
        "Service",
        "Ingress",
    ),
    _row(
        r"haproxy\.org/cookie-persistence(-no-dynamic)?",
        "HAProxy Kubernetes Ingress Controller",
        _any,
        "Service",
        "Ingress",
        "ConfigMap",
    ),
    _row(
        r"haproxy\.org/load-balance",
        "HAProxy Kubernetes Ingress Controller",
        _starts_with("source", "hdr", "rdp-cookie", "url_param"),
        "Service",
        "Ingress",
        "ConfigMap",
    ),
    _row(
        r"haproxy\.org/backend-config-snippet",
        "HAProxy Kubernetes Ingress Controller",
        _matching(_HAPROXY_STICKY),
        "Service",
        "Ingress",
        "ConfigMap",
    ),
    _row(r"haproxy-ingress\.github\.io/affinity", "HAProxy Ingress", _one_of("cookie"), "Service", "Ingress"),
    _row(
        r"haproxy-ingress\.github\.io/balance-algorithm",
        "HAProxy Ingress",
        _starts_with("source", "hdr", "rdp-cookie", "url_param"),
        "Service",
        "Ingress",
    ),
    _row(
        r"haproxy-ingress\.github\.io/config-backend",
        "HAProxy Ingress",
        _matching(_HAPROXY_STICKY),
        "Service",
        "Ingress",
    ),
    _row(
        r"alb\.ingress\.kubernetes\.io/target-group-attributes",
        "AWS Load Balancer Controller",
        _matching(_STICKY_ATTRIBUTE),
        "Service",
        "Ingress",
    ),
    _row(r"alb\.ingress\.kubernetes\.io/actions\..+", "AWS Load Balancer Controller", _alb_action),
    _row(
        r"service\.beta\.kubernetes\.io/aws-load-balancer-target-group-attributes",
        "AWS Load Balancer Controller",
        _matching(_STICKY_ATTRIBUTE),
        "Service",
    ),
    _row(r"appgw\.ingress\.kubernetes\.io/cookie-based-affinity", "Azure Application Gateway", _on),
    _row(r"zalando\.org/skipper-loadbalancer", "Skipper", _one_of("consistenthash")),
    _row(
        r"ingress\.appscode\.com/(affinity|sticky|stick-.+)", "Voyager", _one_of("true", "cookie"), "Service", "Ingress"
    ),
    _row(r"ingress\.bluemix\.net/sticky-cookie-services", "IBM Cloud", _any),
    _row(
        r"service\.beta\.kubernetes\.io/do-loadbalancer-sticky-sessions-type",
        "DigitalOcean",
        _one_of("cookies"),
        "Service",
    ),
    _row(r"load-balancer\.hetzner\.cloud/http-sticky-sessions", "Hetzner Cloud", _on, "Service"),
    _row(
        r"service\.beta\.kubernetes\.io/scw-loadbalancer-sticky-sessions",
        "Scaleway",
        _one_of("cookie", "table"),
        "Service",
    ),
    _row(r"service\.beta\.kubernetes\.io/alibaba-cloud-loadbalancer-sticky-session", "Alibaba Cloud", _on, "Service"),
    _row(
        r"service\.beta\.kubernetes\.io/linode-loadbalancer-default-stickiness",
        "Linode",
        _one_of("table", "http_cookie"),
        "Service",
    ),
)
