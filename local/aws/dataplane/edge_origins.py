"""The origin's side of the edge, behind the cache: one server on a unix socket for each behaviour. Pure functions.

What the cache may keep is decided here, of whatever origin the response comes, and here an origin group's second member
stands in for the first. So a response is cached once, under the viewer's path, whoever gave it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.aws.dataplane.desired import Behaviour, EdgeSite
from local.aws.dataplane.edge_selection import caches, forwards_host
from local.aws.dataplane.edge_text import indented, plain
from local.aws.extensions.cloudfront_config import bucket_of
from local.aws.s3_gate import EDGE_DISTRIBUTION_HEADER, EDGE_SECRET_HEADER

UPSTREAM = "edge_origins"
"""Name under which the viewer's side reaches this one."""

HOST_HEADER, SCHEME_HEADER = "x-groundwork-host", "x-groundwork-scheme"
"""The viewer's host and scheme, from one side to the other."""

_NO_ANSWER = (502, 504)
"""What nginx makes of an origin that refuses the connection or takes too long."""


@dataclass(frozen=True)
class Origins:
    """Surroundings of the origin's side.

    Attributes:
        endpoint: Host and port of the AWS endpoint, the origin of every bucket.
        edge_secret: With which the edge identifies itself to S3.
        socket: Where the viewer's side reaches this one.
    """

    endpoint: str
    edge_secret: str = field(repr=False)
    socket: Path


def server_name(site: EdgeSite, number: int) -> str:
    """Name of the server of a behaviour."""
    return f"{number}.{site.id.lower()}"


def takes_raw_paths(site: EdgeSite, behaviour: Behaviour) -> bool:
    """Whether the path goes to the origin as the viewer wrote it: not where a bucket's name is put before it."""
    return all("CustomOriginConfig" in origin for origin in _members(site, behaviour)[0])


def render_origins(site: EdgeSite, around: Origins) -> Iterator[str]:
    """The servers of all behaviours, for nginx's `http` block."""
    for number, behaviour in enumerate(site.behaviours):
        yield "server {"
        yield from indented(_server(site, around, number, behaviour))
        yield "}"


def render_mark(site: EdgeSite, socket: Path, mark: str) -> str:
    """A server that answers `mark.ID` with the configuration's own mark, so that one sees which one is served."""
    return f'server {{ listen unix:{socket}; server_name mark.{site.id.lower()}; return 200 "{mark}"; }}\n'


def _server(site: EdgeSite, around: Origins, number: int, behaviour: Behaviour) -> Iterator[str]:
    members, codes = _members(site, behaviour)
    yield f"listen unix:{around.socket};"
    yield f"server_name {server_name(site, number)};"
    yield "location / {"
    yield from indented(_location(site, around, number, behaviour, members[0]))
    if len(members) > 1:
        yield from indented(iter(_failover(codes)))
    yield "}"
    if len(members) > 1:
        yield "location @second {"
        yield '    set $edge_answered "$upstream_status:$upstream_header_time";'
        for code in _NO_ANSWER:
            if code not in codes:
                # The first member did answer, with an error that is not one of the group's.
                yield f'    if ($edge_answered ~ "^{code}:[0-9]") {{ return {code}; }}'
        yield from indented(_location(site, around, number, behaviour, members[1]))
        yield "}"


def _members(site: EdgeSite, behaviour: Behaviour) -> tuple[list[Mapping[str, Any]], Sequence[int]]:
    """The origins of a behaviour in their order, and the answers on which the second is asked."""
    origins = {origin["Id"]: origin for origin in site.config["Origins"]["Items"]}
    groups = {group["Id"]: group for group in site.config["OriginGroups"].get("Items", [])}
    target = behaviour.declared["TargetOriginId"]
    if target not in groups:
        return [origins[target]], ()
    group = groups[target]
    codes = [int(code) for code in group["FailoverCriteria"]["StatusCodes"]["Items"]]
    return [origins[member["OriginId"]] for member in group["Members"]["Items"]], codes


def _failover(codes: Sequence[int]) -> list[str]:
    """Ask the second member too when the first does not answer at all, as CloudFront does whatever the codes."""
    asked = " ".join(str(code) for code in sorted({*codes, *_NO_ANSWER}))
    return ["proxy_intercept_errors on;", f"error_page {asked} = @second;"]


def _location(
    site: EdgeSite, around: Origins, number: int, behaviour: Behaviour, origin: Mapping[str, Any]
) -> Iterator[str]:
    bucket = bucket_of(origin["DomainName"]) if "CustomOriginConfig" not in origin else None
    path = plain(origin["OriginPath"].rstrip("/"))
    yield f'proxy_set_header {HOST_HEADER} "";'
    yield f'proxy_set_header {SCHEME_HEADER} "";'
    if bucket is not None:
        yield f"proxy_set_header Host {around.endpoint};"
        yield f"proxy_set_header {EDGE_SECRET_HEADER} {around.edge_secret};"
        signed = site.arn if origin["Id"] in site.signing else '""'
        yield f"proxy_set_header {EDGE_DISTRIBUTION_HEADER} {signed};"
        # A viewer's own signature would make it the caller.
        yield 'proxy_set_header Authorization "";'
        yield f"proxy_pass http://{around.endpoint}/{bucket}{path}$request_uri;"
    else:
        host = "$http_x_groundwork_host" if forwards_host(behaviour) else origin["DomainName"]
        yield f"proxy_set_header Host {host};"
        yield f'proxy_set_header {EDGE_SECRET_HEADER} "";'
        yield f'proxy_set_header {EDGE_DISTRIBUTION_HEADER} "";'
        yield "proxy_ssl_server_name on;"
        yield from _custom_origin(origin, path)
    for header in origin["CustomHeaders"].get("Items", []):
        yield f'proxy_set_header {header["HeaderName"]} "{plain(header["HeaderValue"])}";'
    yield f"proxy_connect_timeout {origin['ConnectionTimeout']}s;"
    if caches(behaviour):
        yield f'header_filter_by_lua_block {{ require("lifetime").tell("{site.id}", {number}) }}'
    else:
        # Events of a long answer reach the viewer when they happen.
        yield "proxy_buffering off;"


def _custom_origin(origin: Mapping[str, Any], path: str) -> Iterator[str]:
    custom = origin["CustomOriginConfig"]
    address = ipaddress.ip_address(origin["DomainName"])
    yield f"proxy_read_timeout {custom.get('OriginReadTimeout', 30)}s;"
    urls = {
        "http": f"http://{address}:{custom['HTTPPort']}",
        "https": f"https://{address}:{custom['HTTPSPort']}",
    }
    match custom["OriginProtocolPolicy"]:
        case "match-viewer":
            yield f"set $edge_url {urls['http']};"
            yield f"if ($http_x_groundwork_scheme = https) {{ set $edge_url {urls['https']}; }}"
            yield f"proxy_pass $edge_url{path}$request_uri;"
        case "http-only":
            yield f"proxy_pass {urls['http']}{path}$request_uri;"
        case _:
            yield f"proxy_pass {urls['https']}{path}$request_uri;"
