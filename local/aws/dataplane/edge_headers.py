"""nginx directives for a CloudFront response-headers policy. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.aws.dataplane.edge_text import quoted


@dataclass(frozen=True)
class Header:
    """A header of the policy.

    Attributes:
        value: None stands for the request's own `Origin`.
        override: Replaces the origin's; otherwise the origin's own goes before.
        cross_origin: Only in answers to requests of an allowed origin.
    """

    name: str
    value: str | None
    override: bool
    cross_origin: bool = False

    @property
    def variable(self) -> str:
        return self.name.lower().replace("-", "_")


def headers_of(policy: Mapping[str, Any]) -> list[Header]:
    """The headers that a policy sets."""
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
    """One variable a header: the policy's value, or the origin's where the policy does not override or is silent."""
    origins = _allowed_origins(policy)
    if origins:
        yield f'map $http_origin ${prefix}_allowed {{ default ""; {_origin_pattern(origins)} 1; }}'
    for header in headers_of(policy):
        if not re.fullmatch(r"[A-Za-z0-9-]+", header.name):
            raise ValueError(f"{header.name!r} is not a header's name")
        name = f"{prefix}_h_{header.variable}"
        origin = f"$upstream_http_{header.variable}"
        value = "$http_origin" if header.value is None else quoted(header.value)
        condition = f"${prefix}_allowed" if header.cross_origin else '"1"'
        if header.override:
            yield f"map {condition} ${name} {{ default {origin}; 1 {value}; }}"
        else:
            yield f'map {condition} ${name}_own {{ default ""; 1 {value}; }}'
            yield f'map {origin} ${name} {{ "" ${name}_own; default {origin}; }}'


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


def _allowed_origins(policy: Mapping[str, Any]) -> list[str]:
    config = policy.get("CorsConfig") or {}
    return list((config.get("AccessControlAllowOrigins") or {}).get("Items") or ())


def _origin_pattern(origins: Sequence[str]) -> str:
    """nginx's pattern for the origins: `*` stands for anything, also inside a name (`https://*.example.com`)."""
    parts = "|".join(".+" if each == "*" else re.escape(each).replace(r"\*", ".+") for each in origins)
    return f'"~^({parts})$"'.replace("\\", "\\\\")


def _cross_origin(policy: Mapping[str, Any]) -> Iterator[Header]:
    config = policy.get("CorsConfig")
    if not config:
        return

    def header(name: str, value: str | None) -> Header:
        return Header(f"Access-Control-{name}", value, bool(config["OriginOverride"]), cross_origin=True)

    def joined(member: str) -> str:
        return ", ".join((config.get(member) or {}).get("Items") or ())

    origins = _allowed_origins(policy)
    yield header("Allow-Origin", "*" if origins == ["*"] else None)
    yield header("Allow-Methods", joined("AccessControlAllowMethods"))
    yield header("Allow-Headers", joined("AccessControlAllowHeaders"))
    if joined("AccessControlExposeHeaders"):
        yield header("Expose-Headers", joined("AccessControlExposeHeaders"))
    if config.get("AccessControlMaxAgeSec") is not None:
        yield header("Max-Age", str(config["AccessControlMaxAgeSec"]))
    if config.get("AccessControlAllowCredentials"):
        yield header("Allow-Credentials", "true")
