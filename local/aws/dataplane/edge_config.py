"""nginx configuration of one distribution: a pure function of what CloudFront's API holds."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.aws.dataplane.desired import Behaviour, EdgeSite
from local.aws.dataplane.edge_headers import header_maps, response_headers
from local.aws.extensions.cloudfront_config import bucket_of
from local.aws.s3_gate import EDGE_DISTRIBUTION_HEADER, EDGE_SECRET_HEADER, EDGE_TTL_HEADER
from local.aws.web_acl import Judgement

_INDENT = "    "


@dataclass(frozen=True)
class Surroundings:
    """What the rendering needs besides the distribution.

    Attributes:
        endpoint: Host and port of the AWS endpoint, the origin of every bucket.
        cache: Folder of this distribution's cache.
    """

    endpoint: str
    edge_secret: str = field(repr=False)
    cache: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Selection:
    """Which headers, cookies or query strings count: `all`, `none`, `whitelist` or `allExcept` the names."""

    behaviour: str
    names: tuple[str, ...] = ()


def selection(config: Mapping[str, Any] | None, kind: str, plural: str) -> Selection:
    """Read one of a policy's selections, such as ("QueryString", "QueryStrings")."""
    chosen = (config or {}).get(f"{plural}Config") or (config or {}).get(f"{kind}Config") or {}
    names = (chosen.get(plural) or {}).get("Items") or ()
    return Selection(chosen.get(f"{kind}Behavior", "none"), tuple(names))


def render_site(site: EdgeSite, around: Surroundings) -> str:
    """Everything that belongs into nginx's `http` block for this distribution."""
    zone = f"cache_{site.id}"
    lines = [
        f"proxy_cache_path {around.cache} levels=1:2 keys_zone={zone}:2m max_size=512m inactive=30d use_temp_path=off;"
    ]
    if site.judgement.limit is not None:
        lines.append(f"limit_req_zone $binary_remote_addr zone=rate_{site.id}:1m rate={_rate(site.judgement)}r/m;")
    for number, behaviour in enumerate(site.behaviours):
        lines += _maps(site, number, behaviour)
    for secure in (False, True):
        lines += ["server {", *_indented(_server(site, around, zone, secure)), "}"]
    return "\n".join(lines) + "\n"


def _server(site: EdgeSite, around: Surroundings, zone: str, secure: bool) -> Iterator[str]:
    yield f"listen {site.address}:{443 if secure else 80}{' ssl http2' if secure else ''};"
    if secure:
        yield f"ssl_certificate {around.certificate};"
        yield f"ssl_certificate_key {around.key};"
        yield f"ssl_protocols {_protocols(site.config['ViewerCertificate'])};"
    if not site.config["Enabled"]:
        yield "return 403;"
        return
    yield from _judged(site)
    yield from _error_pages(site.config["CustomErrorResponses"].get("Items", []))
    if site.config["DefaultRootObject"]:
        yield f"location = / {{ rewrite ^ /{_plain(site.config['DefaultRootObject'])} last; }}"
    origins = {origin["Id"]: origin for origin in site.config["Origins"]["Items"]}
    groups = site.config["OriginGroups"].get("Items", [])
    first_members = {group["Id"]: group["Members"]["Items"][0]["OriginId"] for group in groups}
    for number, behaviour in enumerate(site.behaviours):
        target = behaviour.declared["TargetOriginId"]
        origin = origins[first_members.get(target, target)]
        yield f"location {location(behaviour.pattern)} {{"
        yield from _indented(_location(site, around, zone, number, behaviour, origin, secure))
        yield "}"


def _judged(site: EdgeSite) -> Iterator[str]:
    """What the web ACL refuses, with 403 as WAF does.

    nginx counts a steady rate: a burst as large as the limit comes near to WAF's count over a window.
    """
    for address in site.judgement.blocked:
        yield f"deny {address};"
    if site.judgement.limit is not None:
        yield f"limit_req zone=rate_{site.id} burst={site.judgement.limit} nodelay;"
        yield "limit_req_status 403;"


def _rate(judged: Judgement) -> int:
    """Requests a minute, one at least."""
    return max(1, (judged.limit or 0) * 60 // judged.window)


def location(pattern: str | None) -> str:
    """nginx's location for a path pattern: `*` and `?` as CloudFront has them, the first match wins."""
    if pattern is None:
        return "/"
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern.lstrip("/"))
    return f'~ "^/{expression}$"'


def _protocols(viewer: Mapping[str, Any]) -> str:
    least = str(viewer.get("MinimumProtocolVersion", "TLSv1"))
    # Debian's OpenSSL has no TLS 1.0 and 1.1 any more; what asks for less gets 1.2.
    return "TLSv1.3" if least.startswith("TLSv1.3") else "TLSv1.2 TLSv1.3"


def _error_pages(responses: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for response in responses:
        page = response.get("ResponsePagePath")
        if page:
            code = response.get("ResponseCode") or response["ErrorCode"]
            yield f"error_page {response['ErrorCode']} ={code} {_plain(page)};"


def _location(
    site: EdgeSite,
    around: Surroundings,
    zone: str,
    number: int,
    behaviour: Behaviour,
    origin: Mapping[str, Any],
    secure: bool,
) -> Iterator[str]:
    declared = behaviour.declared
    if not secure and declared["ViewerProtocolPolicy"] == "redirect-to-https":
        yield "return 301 https://$host$request_uri;"
        return
    if not secure and declared["ViewerProtocolPolicy"] == "https-only":
        yield "return 403;"
        return
    methods = "|".join(sorted(declared["AllowedMethods"]["Items"]))
    yield f"if ($request_method !~ ^({methods})$) {{ return 403; }}"
    yield from _to_origin(site, around, number, behaviour, origin)
    yield from _caching(site, zone, number, behaviour)
    yield from response_headers(behaviour.response_headers, _prefix(site, number))
    if declared.get("Compress"):
        yield "gzip on;"
        yield "gzip_proxied any;"
        yield "gzip_vary on;"
        yield "gzip_min_length 1000;"
        yield "gzip_types text/css text/plain text/javascript application/javascript application/json image/svg+xml;"
    yield "add_header x-cache $edge_result always;"
    yield f'add_header via "1.1 {site.id.lower()}.cloudfront.net (groundwork)" always;'
    yield "add_header x-amz-cf-id $request_id always;"


def _to_origin(
    site: EdgeSite, around: Surroundings, number: int, behaviour: Behaviour, origin: Mapping[str, Any]
) -> Iterator[str]:
    prefix = _prefix(site, number)
    # The viewer's path names the response in the cache, whatever the origin calls it.
    yield "set $edge_path $uri;"
    yield f'set $args "${prefix}_args";'
    path = origin["OriginPath"].rstrip("/")
    bucket = bucket_of(origin["DomainName"]) if "CustomOriginConfig" not in origin else None
    if bucket is not None:
        path = f"/{bucket}{path}"
    if path:
        yield f"rewrite ^/(.*)$ {_plain(path)}/$1 break;"
    yield "proxy_pass_request_headers off;"
    yield "proxy_http_version 1.1;"
    yield 'proxy_set_header Connection "";'
    if bucket is not None:
        yield f"proxy_set_header Host {around.endpoint};"
        cache = behaviour.cache
        yield f"proxy_set_header {EDGE_SECRET_HEADER} {around.edge_secret};"
        yield f"proxy_set_header {EDGE_TTL_HEADER} {cache['MinTTL']},{cache['DefaultTTL']},{cache['MaxTTL']};"
        if origin["Id"] in site.signing:
            yield f"proxy_set_header {EDGE_DISTRIBUTION_HEADER} {site.arn};"
        yield f"proxy_pass http://{around.endpoint};"
    else:
        yield f"proxy_set_header Host {'$host' if _forwards(behaviour, 'host') else origin['DomainName']};"
        yield from _custom_origin(origin)
    for header in origin["CustomHeaders"].get("Items", []):
        yield f'proxy_set_header {header["HeaderName"]} "{_plain(header["HeaderValue"])}";'
    for name in forwarded_headers(behaviour):
        yield f"proxy_set_header {name} $http_{_variable(name)};"
    yield f"proxy_set_header Cookie ${prefix}_cookies;"
    yield f"proxy_connect_timeout {origin['ConnectionTimeout']}s;"
    yield "proxy_intercept_errors on;"


def _custom_origin(origin: Mapping[str, Any]) -> Iterator[str]:
    custom = origin["CustomOriginConfig"]
    secure = custom["OriginProtocolPolicy"] != "http-only"
    address = ipaddress.ip_address(origin["DomainName"])
    port = custom["HTTPSPort"] if secure else custom["HTTPPort"]
    yield f"proxy_pass {'https' if secure else 'http'}://{address}:{port};"


def forwarded_headers(behaviour: Behaviour) -> list[str]:
    """Headers of the viewer's that reach the origin: those in the cache key and those of the origin request policy.

    `allViewer` forwards what browsers and API clients commonly send: nginx takes over headers by name only.
    """
    names: list[str] = []
    for chosen in (
        selection(behaviour.cache.get("ParametersInCacheKeyAndForwardedToOrigin"), "Header", "Headers"),
        selection(behaviour.origin_request, "Header", "Headers"),
    ):
        excluded = {name.lower() for name in chosen.names}
        match chosen.behaviour:
            case "whitelist" | "allViewerAndWhitelistCloudFront":
                names += chosen.names
            case "allViewer" | "allExcept":
                left_out = excluded if chosen.behaviour == "allExcept" else set()
                names += [name for name in _COMMON_HEADERS if name not in left_out]
    if {"PUT", "POST", "PATCH"} & set(behaviour.declared["AllowedMethods"]["Items"]):
        names.append("Content-Type")
    unique = {name.lower(): name for name in names if name.lower() not in ("host", "cookie")}
    return list(unique.values())


_COMMON_HEADERS = (
    "accept",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "origin",
    "range",
    "referer",
    "user-agent",
    "x-request-id",
    "x-requested-with",
)


def _forwards(behaviour: Behaviour, header: str) -> bool:
    chosen = selection(behaviour.origin_request, "Header", "Headers")
    names = {name.lower() for name in chosen.names}
    if chosen.behaviour == "allViewer":
        return True
    return header in names if chosen.behaviour == "whitelist" else False


def _caching(site: EdgeSite, zone: str, number: int, behaviour: Behaviour) -> Iterator[str]:
    cache = behaviour.cache
    if int(cache["MaxTTL"]) == 0:
        return
    prefix = _prefix(site, number)
    headers = selection(cache.get("ParametersInCacheKeyAndForwardedToOrigin"), "Header", "Headers").names
    parts = "|".join(f"$http_{_variable(name)}" for name in headers)
    yield f"proxy_cache {zone};"
    yield f'proxy_cache_key "$edge_path?${prefix}_key|{parts}|${prefix}_key_cookies";'
    yield f"proxy_cache_valid 200 206 301 302 {cache['DefaultTTL']}s;"
    yield "proxy_cache_lock on;"
    yield "proxy_cache_revalidate on;"
    yield "proxy_cache_methods GET HEAD;"
    if "GET" in behaviour.declared["AllowedMethods"]["Items"]:
        yield "proxy_no_cache $edge_not_cacheable;"


def _maps(site: EdgeSite, number: int, behaviour: Behaviour) -> Iterator[str]:
    """Variables of this behaviour: the query and cookies that go to the origin, and those in the cache key."""
    prefix = _prefix(site, number)
    key = behaviour.cache.get("ParametersInCacheKeyAndForwardedToOrigin")
    key_query = selection(key, "QueryString", "QueryStrings")
    key_cookies = selection(key, "Cookie", "Cookies")
    yield from _query_map(f"{prefix}_key", [key_query])
    yield from _query_map(
        f"{prefix}_args", [key_query, selection(behaviour.origin_request, "QueryString", "QueryStrings")]
    )
    yield from _cookie_map(f"{prefix}_key_cookies", [key_cookies])
    yield from _cookie_map(f"{prefix}_cookies", [key_cookies, selection(behaviour.origin_request, "Cookie", "Cookies")])
    policy = behaviour.response_headers
    if policy is not None:
        yield from header_maps(policy, prefix)


def _query_map(variable: str, chosen: Sequence[Selection]) -> Iterator[str]:
    # Leaving out some parameters needs more than nginx has: all of them go, which only costs hits.
    if any(each.behaviour in ("all", "allExcept") for each in chosen):
        yield f"map $args ${variable} {{ default $args; }}"
        return
    yield from _named_map(variable, [name for each in chosen for name in each.names], "arg", "&")


def _cookie_map(variable: str, chosen: Sequence[Selection]) -> Iterator[str]:
    if any(each.behaviour in ("all", "allExcept") for each in chosen):
        yield f"map $http_cookie ${variable} {{ default $http_cookie; }}"
        return
    yield from _named_map(variable, [name for each in chosen for name in each.names], "cookie", "; ")


def _named_map(variable: str, names: Sequence[str], source: str, separator: str) -> Iterator[str]:
    """A variable with `name=value` of those that the request has, joined by the separator."""
    parts: list[str] = []
    for index, name in enumerate(dict.fromkeys(names)):
        if not re.fullmatch(r"\w+", name):
            # nginx has no variable for such a name; without it in the key, two variants would share an entry.
            raise ValueError(f"the edge cannot select {source} {name!r}: only letters, digits and _ are possible")
        part = f"{variable}_{index}"
        yield f'map ${source}_{name} ${part} {{ "" ""; default "{name}=${source}_{name}{separator}"; }}'
        parts.append(f"${{{part}}}")
    yield f'map "" ${variable} {{ default "{"".join(parts)}"; }}'


def _prefix(site: EdgeSite, number: int) -> str:
    return f"e_{site.id.lower()}_{number}"


def _variable(header: str) -> str:
    return header.lower().replace("-", "_")


def _plain(text: str) -> str:
    """Text that may stand in the configuration: anything that could end the value is refused.

    Raises:
        ValueError: the text has such a character.
    """
    if re.search(r"[\"'\\;{}$\s]", text):
        raise ValueError(f"the edge cannot take {text!r}: quotes, blanks, semicolons, braces and $ are not possible")
    return text


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (_INDENT + line for line in lines)
