"""What is told outside the endpoint's process of each server: one line, plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.aws.dataplane.desired import EdgeSite, PostgresServer, PostgresSnapshot, RedisPart, member_owner
from local.aws.dataplane.edge_driver import PROCESS as EDGE_PROCESS
from local.aws.dataplane.places import NOWHERE, Place
from local.aws.dataplane.pooler_desired import Pooler
from local.aws.dataplane.reconciler import Actual
from local.aws.dataplane.redis_cluster_desired import ClusterNode, RedisCluster
from local.aws.dataplane.redis_desired import RedisEndpoint, RedisSentinel, RedisServer, RedisSnapshot

_KINDS: dict[type, str] = {
    RedisServer: "redis",
    RedisEndpoint: "redis-endpoint",
    RedisSentinel: "redis-sentinel",
    RedisSnapshot: "redis-snapshot",
    ClusterNode: "redis",
    RedisCluster: "redis-endpoint",
    PostgresServer: "postgres",
    Pooler: "rds-proxy",
    EdgeSite: "cdn",
}


_Told = RedisPart | PostgresServer | Pooler | EdgeSite


def status_lines(
    known: Mapping[str, Actual], places: Mapping[str, Place], writer: Callable[[str], str | None]
) -> list[dict[str, Any]]:
    """A line for each server, in the fields of `local.aws.lifecycle.ServerStatus` but for its log's path.

    Args:
        known: What the reconciler knows.
        places: Where each server is.
        writer: Letter of the server that writes in a database instance.
    """
    found = []
    for _, actual in sorted(known.items()):
        server = actual.latest
        # A database's snapshot is data, nothing that runs.
        if not isinstance(server, PostgresSnapshot):
            found += list(_lines(server, actual, places, writer))
    return found


def _lines(
    server: _Told, actual: Actual, places: Mapping[str, Place], writer: Callable[[str], str | None]
) -> Iterator[dict[str, Any]]:
    name = server.name
    state = "leaving" if actual.leaving else "ready" if actual.applied == server else "starting"
    common = {"state": state, "problem": actual.problem, "since": actual.since}
    place = places.get(name, NOWHERE)
    yield {
        **common,
        "name": name,
        "kind": _KINDS[type(server)],
        "address": server.address,
        "addresses": _addresses(server),
        "region": place.region,
        "zone": place.zone,
        "role": _role(server),
        "process": _process(server),
        "log": EDGE_PROCESS if isinstance(server, EdgeSite) else name,
    }
    if not isinstance(server, PostgresServer):
        return
    for letter, address in server.members.items():
        member = member_owner(name, letter)
        place = places.get(member, NOWHERE)
        leads = writer(name) == letter
        follows = "standby" if server.primary is None else "replica"
        yield {
            **common,
            "name": member,
            "kind": "postgres-server",
            "address": address,
            "addresses": [address],
            "region": place.region,
            "zone": place.zone,
            "role": "writer" if leads and server.primary is None else follows,
            "process": member,
            "log": name,
        }


def _addresses(server: _Told) -> list[str]:
    """All that lead to the server itself."""
    if isinstance(server, RedisEndpoint):
        return [server.address, server.reader]
    if isinstance(server, RedisSnapshot):
        return []
    return [server.address]


def _role(server: _Told) -> str:
    if not isinstance(server, RedisServer):
        return ""
    return "primary" if server.primary is None else "replica"


def _process(server: _Told) -> str:
    """Name of the process that runs it; empty if there is none."""
    if isinstance(server, RedisSnapshot):
        return ""
    if isinstance(server, PostgresServer):
        return f"{server.name}.endpoint"
    return EDGE_PROCESS if isinstance(server, EdgeSite) else server.name
