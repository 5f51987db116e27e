"""nginx directives for a CloudFront response-headers policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Header:
    """A header of the policy.

    Attributes:
        override: Replaces the origin's; otherwise the origin's own goes before.
    """

    name: str
    value: str
    override: bool

    @property
    def variable(self) -> str:
        return self.name.lower().replace("-", "_")


def headers_of(policy: Mapping[str, Any]) -> list[Header]:
    """The headers that a policy sets, cross-origin ones for plain requests included."""
    return [*_security(policy.get("SecurityHeadersConfig") or {}), *_custom(policy), *_cross_origin(policy)]


def response_headers(policy: Mapping[str, Any] | None, prefix: str) -> Iterator[str]:
    """Directives inside a `location`; the variables come from `header_maps` with the same prefix."""
    if policy is None:
        return
    for header in headers_of(policy):
        yield f"proxy_hide_header {header.name};"
        yield f"add_header {header.name} ${prefix}_h_{header.variable} always;"
    for removed in (policy.get("RemoveHeadersConfig") or {}).get("Items") or ():
        yield f"proxy_hide_header {removed['Header']};"


def header_maps(policy: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """One variable a header: the policy's value, or the origin's where the policy does not override."""
    for header in headers_of(policy):
        if not re.fullmatch(r"[A-Za-z0-9-]+", header.name):
            raise ValueError(f"{header.name!r} is not a header's name")
        value = _quoted(header.value)
        name = f"{prefix}_h_{header.variable}"
        if header.override:
            yield f'map "" ${name} {{ default "{value}"; }}'
        else:
            origin = f"$upstream_http_{header.variable}"
            yield f'map {origin} ${name} {{ "" "{value}"; default {origin}; }}'


def _security(config: Mapping[str, Any]) -> Iterator[Header]:
    transport = config.get("StrictTransportSecurity")
    if transport:
        value = f"max-age={transport['AccessControlMaxAgeSec']}"
        value += "; includeSubDomains" if transport.get("IncludeSubdomains") else ""
        value += "; preload" if transport.get("Preload") else ""
        yield Header("Strict-Transport-Security", value, bool(transport["Override"]))
    if config.get("ContentTypeOptions"):
        yield Header("X-Content-Type-Options", "nosniff", bool(config["ContentTypeOptions"]["Override"]))
    frames = config.get("FrameOptions")
    if frames:
        yield Header("X-Frame-Options", frames["FrameOption"], bool(frames["Override"]))
    referrer = config.get("ReferrerPolicy")
    if referrer:
        yield Header("Referrer-Policy", referrer["ReferrerPolicy"], bool(referrer["Override"]))
    content = config.get("ContentSecurityPolicy")
    if content:
        yield Header("Content-Security-Policy", content["ContentSecurityPolicy"], bool(content["Override"]))
    scripts = config.get("XSSProtection")
    if scripts:
        value = "1" if scripts["Protection"] else "0"
        value += "; mode=block" if scripts.get("ModeBlock") else ""
        value += f"; report={scripts['ReportUri']}" if scripts.get("ReportUri") else ""
        yield Header("X-XSS-Protection", value, bool(scripts["Override"]))


def _custom(policy: Mapping[str, Any]) -> Iterator[Header]:
    for item in (policy.get("CustomHeadersConfig") or {}).get("Items") or ():
        yield Header(item["Header"], item["Value"], bool(item["Override"]))


def _cross_origin(policy: Mapping[str, Any]) -> Iterator[Header]:
    config = policy.get("CorsConfig")
    if not config:
        return
    override = bool(config["OriginOverride"])

    def joined(member: str) -> str:
        return ", ".join((config.get(member) or {}).get("Items") or ())

    origins = (config["AccessControlAllowOrigins"] or {}).get("Items") or []
    if len(origins) != 1:
        raise ValueError("the edge takes one allowed origin in a response-headers policy's CORS configuration, or *")
    yield Header("Access-Control-Allow-Origin", origins[0], override)
    yield Header("Access-Control-Allow-Methods", joined("AccessControlAllowMethods"), override)
    yield Header("Access-Control-Allow-Headers", joined("AccessControlAllowHeaders"), override)
    if joined("AccessControlExposeHeaders"):
        yield Header("Access-Control-Expose-Headers", joined("AccessControlExposeHeaders"), override)
    if config.get("AccessControlMaxAgeSec") is not None:
        yield Header("Access-Control-Max-Age", str(config["AccessControlMaxAgeSec"]), override)
    if config.get("AccessControlAllowCredentials"):
        yield Header("Access-Control-Allow-Credentials", "true", override)


def _quoted(value: str) -> str:
    if re.search(r"[\"\\$\x00-\x1f]", value):
        raise ValueError(f"the edge cannot take the header value {value!r}: quotes, backslashes and $ are not possible")
    return value
