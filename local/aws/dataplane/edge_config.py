"""nginx configuration of one distribution, the viewer's side: a pure function of what CloudFront's API holds.

A request passes the web ACL, finds its behaviour, and is answered from the cache or by the origin's side
(`edge_origins`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws.dataplane.desired import Behaviour, EdgeSite
from local.aws.dataplane.edge_headers import header_maps, response_headers
from local.aws.dataplane.edge_origins import (
    HOST_HEADER,
    SCHEME_HEADER,
    UPSTREAM,
    Origins,
    render_origins,
    server_name,
    takes_raw_paths,
)
from local.aws.dataplane.edge_rules import Rendered, render_rules
from local.aws.dataplane.edge_selection import behaviour_data, caches, compressions, forwarded_headers
from local.aws.dataplane.edge_text import indented, plain

_COMPRESSED = (
    "application/javascript application/json application/manifest+json application/wasm application/xml "
    "font/otf font/ttf image/svg+xml text/css text/csv text/javascript text/plain text/xml"
)
"""Types that are compressed beside text/html (CloudFront Developer Guide, "Serve compressed files")."""

_SAFE = "GET|HEAD"


@dataclass(frozen=True)
class Surroundings:
    """What the rendering needs besides the distribution.

    Attributes:
        origins: Of the origin's side.
        cache: Folder of this distribution's cache.
    """

    origins: Origins
    cache: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Site:
    """A distribution for nginx.

    Attributes:
        configuration: Everything that belongs into the `http` block.
        data: What the Lua modules read, JSON.
    """

    configuration: str
    data: str


def render_site(site: EdgeSite, around: Surroundings) -> Site:
    """Render a distribution.

    Raises:
        ValueError: something in it cannot be told to nginx.
    """
    rules = render_rules(site.acl, f"acl_{site.id.lower()}") if site.acl else None
    return Site("\n".join(_lines(site, around, rules)) + "\n", json.dumps(_data(site, rules), indent=1))


def location(pattern: str | None) -> str:
    """nginx's location for a path pattern: `*` and `?` as CloudFront has them, the first match wins."""
    if pattern is None:
        return "/"
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern.lstrip("/"))
    # A line end is a character like any other: nobody leaves a behaviour by one.
    return f'~ "(?s)^/{expression}\\z"'


def _data(site: EdgeSite, rules: Rendered | None) -> dict[str, Any]:
    errors = {
        str(each["ErrorCode"]): int(each.get("ErrorCachingMinTTL") or 0)
        for each in site.config["CustomErrorResponses"].get("Items", [])
    }
    return {
        "id": site.id,
        "behaviours": [behaviour_data(each, takes_raw_paths(site, each)) for each in site.behaviours],
        "errors": errors,
        **({"web_acl": rules.data} if rules else {}),
    }


def _lines(site: EdgeSite, around: Surroundings, rules: Rendered | None) -> Iterator[str]:
    zone = f"cache_{site.id}"
    options = f"levels=1:2 keys_zone={zone}:2m max_size=512m inactive=30d use_temp_path=off"
    yield f"proxy_cache_path {around.cache} {options};"
    if rules:
        yield from rules.directives
    for number, behaviour in enumerate(site.behaviours):
        if behaviour.response_headers is not None:
            yield from header_maps(behaviour.response_headers, _prefix(site, number))
    for secure in (False, True):
        yield "server {"
        yield from indented(_server(site, around, zone, secure))
        yield "}"
    if site.config["Enabled"]:
        yield from render_origins(site, around.origins)


def _server(site: EdgeSite, around: Surroundings, zone: str, secure: bool) -> Iterator[str]:
    speaks = " ssl http2" if site.config["HttpVersion"] != "http1.1" else " ssl"
    yield f"listen {site.address}:{443 if secure else 80}{speaks if secure else ''};"
    if secure:
        yield f"ssl_certificate {around.certificate};"
        yield f"ssl_certificate_key {around.key};"
        yield f"ssl_protocols {_protocols(site.config['ViewerCertificate'])};"
    yield f"set $edge_site {site.id};"
    for variable in ("substituted", "key", "target", "cookies", "encoding"):
        yield f'set $edge_{variable} "";'
    yield from _marks(site)
    if not site.config["Enabled"]:
        yield "return 403;"
        return
    if site.acl is not None:
        yield f'server_rewrite_by_lua_block {{ require("web_acl").judge("{site.id}") }}'
    yield from _error_pages(site)
    if site.config["DefaultRootObject"]:
        yield f"location = / {{ rewrite ^ /{plain(site.config['DefaultRootObject'])} last; }}"
    for number, behaviour in enumerate(site.behaviours):
        yield f"location {location(behaviour.pattern)} {{"
        yield from indented(_location(site, zone, number, behaviour, secure))
        yield "}"


def _marks(site: EdgeSite, result: str = "$edge_result") -> Iterator[str]:
    """What CloudFront adds to every answer."""
    yield f'add_header X-Cache "{result}" always;'
    yield f'add_header Via "1.1 {site.id.lower()}.cloudfront.net (groundwork)" always;'
    yield "add_header X-Amz-Cf-Id $request_id always;"


def _protocols(viewer: Mapping[str, Any]) -> str:
    least = str(viewer.get("MinimumProtocolVersion", "TLSv1"))
    # Debian's OpenSSL has no TLS 1.0 and 1.1 any more; what asks for less gets 1.2.
    return "TLSv1.3" if least.startswith("TLSv1.3") else "TLSv1.2 TLSv1.3"


def _error_pages(site: EdgeSite) -> Iterator[str]:
    for response in site.config["CustomErrorResponses"].get("Items", []):
        page = response.get("ResponsePagePath")
        if page:
            code = response.get("ResponseCode") or response["ErrorCode"]
            yield f"error_page {response['ErrorCode']} ={code} {plain(page)};"


def _location(site: EdgeSite, zone: str, number: int, behaviour: Behaviour, secure: bool) -> Iterator[str]:
    declared = behaviour.declared
    if not secure and declared["ViewerProtocolPolicy"] == "redirect-to-https":
        yield from _marks(site, "Redirect from cloudfront")
        # A request with a body keeps its method.
        yield f"if ($request_method !~ ^({_SAFE})$) {{ return 307 https://$host$request_uri; }}"
        yield "return 301 https://$host$request_uri;"
        return
    if not secure and declared["ViewerProtocolPolicy"] == "https-only":
        yield "return 403;"
        return
    yield from _marks(site)
    yield from response_headers(behaviour.response_headers, _prefix(site, number))
    methods = "|".join(sorted(declared["AllowedMethods"]["Items"]))
    yield f"if ($request_method !~ ^({methods})$) {{ return 403; }}"
    yield f'rewrite_by_lua_block {{ require("selection").prepare("{site.id}", {number}) }}'
    yield from _caching(zone, behaviour)
    yield from _to_origin(site, number, behaviour)
    if declared.get("Compress"):
        yield from _compression(behaviour)


def _compression(behaviour: Behaviour) -> Iterator[str]:
    """CloudFront compresses what the cache policy tells apart by compression."""
    names = compressions(behaviour)
    if "gzip" in names:
        yield "gzip on;"
        yield "gzip_proxied any;"
        yield "gzip_vary on;"
        yield "gzip_min_length 1000;"
        yield f"gzip_types {_COMPRESSED};"
    if "br" in names:
        yield "brotli on;"
        yield "brotli_min_length 1000;"
        yield f"brotli_types {_COMPRESSED};"


def _to_origin(site: EdgeSite, number: int, behaviour: Behaviour) -> Iterator[str]:
    yield f"proxy_pass http://{UPSTREAM}$edge_target;"
    yield from forwarded_headers(behaviour)
    yield f"proxy_set_header Host {server_name(site, number)};"
    yield f"proxy_set_header {HOST_HEADER} $http_host;"
    yield f"proxy_set_header {SCHEME_HEADER} $scheme;"
    yield 'proxy_set_header Connection "";'
    yield "proxy_set_header Cookie $edge_cookies;"
    yield "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    yield f'proxy_set_header Via "1.1 {site.id.lower()}.cloudfront.net (groundwork)";'
    yield "proxy_set_header X-Amz-Cf-Id $request_id;"
    yield "proxy_hide_header X-Groundwork-Stored;"
    yield "proxy_intercept_errors on;"
    # The origin's side waits as long as it may; its own limits decide.
    yield "proxy_read_timeout 1h;"


def _caching(zone: str, behaviour: Behaviour) -> Iterator[str]:
    if not caches(behaviour):
        yield "proxy_buffering off;"
        return
    yield f"proxy_cache {zone};"
    yield "proxy_cache_key $edge_key;"
    # The origin's side has read them, and says how long by X-Accel-Expires.
    yield "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;"
    yield "proxy_cache_lock on;"
    # Whoever waits for a response that turns out to be nobody else's asks for one of its own.
    yield "proxy_cache_lock_timeout 1s;"
    yield "proxy_cache_revalidate on;"
    yield "proxy_cache_methods GET HEAD;"
    # An origin that fails does not take away what is there, even if it is too old.
    yield "proxy_cache_use_stale error timeout http_500 http_502 http_503 http_504;"
    yield 'header_filter_by_lua_block { require("lifetime").age() }'


def _prefix(site: EdgeSite, number: int) -> str:
    return f"e_{site.id.lower()}_{number}"
