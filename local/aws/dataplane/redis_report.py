"""Tells the API what became of replication groups and snapshots."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from local.aws import resources
from local.aws.dataplane.desired import Server
from local.aws.dataplane.reconciler import Known, has_failed, is_ready
from local.aws.dataplane.redis_cluster_desired import cluster_nodes, configuration_name, redis_cluster
from local.aws.dataplane.redis_desired import (
    SENTINELS,
    RedisEndpoint,
    RedisSentinel,
    RedisServer,
    endpoint_name,
    is_watched,
    reader_owner,
    redis_endpoint,
    redis_name,
    redis_servers,
    redis_snapshots,
    sentinel_name,
    snapshot_name,
    watch_name,
)
from local.aws.extensions.elasticache import ElastiCache
from local.aws.extensions.elasticache_groups import Group
from local.aws.state import ADDRESSES, LOCK


def report_group(elasticache: ElastiCache, group: Group, known: Known) -> None:
    """Bring a replication group's status and addresses up to date."""
    if group.leaves:
        names = [redis_name(node.cluster_id, group.region) for node in group.nodes]
        if not any(name in known for name in (*names, endpoint_name(group), configuration_name(group))):
            elasticache.forget(group)
        return
    users, parts = elasticache.users_of(group), list[Server]()
    if group.clustered:
        parts += [*cluster_nodes(group, users), redis_cluster(group)]
    else:
        servers = redis_servers(group, users)
        _pardon(group, servers, known)
        parts += [*servers, redis_endpoint(group)]
    if all(is_ready(part, known) for part in parts):
        _tell_addresses(group)
        # From now on it may be watched: then it is available when it is.
        group.formed = True
        if elasticache.is_snapshotting(group) or group.status == "deleting":
            return
        if any(each.leaves for each in group.node_groups):
            # Others have their slots by now; it is available when their nodes are gone too.
            group.node_groups = [each for each in group.node_groups if not each.leaves]
        elif group.status != "available" and (not is_watched(group) or _watches(group, known)):
            group.status = "available"
    elif group.status == "creating" and any(has_failed(part, known) for part in parts):
        group.status = "create-failed"
    elif group.status == "available" and any(_is_in_trouble(part, known) for part in parts):
        group.status = "modifying"


def _tell_addresses(group: Group) -> None:
    for node in group.nodes:
        node.address = ADDRESSES.allocate(redis_name(node.cluster_id, group.region))
    if group.clustered:
        group.configuration_address = ADDRESSES.allocate(configuration_name(group))
    else:
        group.primary_address = ADDRESSES.allocate(endpoint_name(group))
        group.reader_address = ADDRESSES.allocate(reader_owner(group))


def report_snapshots(known: Known, size: Callable[[str], int]) -> None:
    """Bring the statuses of snapshots up to date.

    Args:
        size: Bytes of a snapshot that is there, by its name in the data plane.
    """
    with LOCK:
        for elasticache in resources.elasticache():
            for snapshot in list(elasticache.snapshots_kept.values()):
                names = [snapshot_name(snapshot, part) for part in snapshot.parts]
                if snapshot.status == "deleting" and not any(name in known for name in names):
                    elasticache.drop_snapshot(snapshot)
                elif snapshot.status == "creating" and all(is_ready(file, known) for file in redis_snapshots(snapshot)):
                    for part, name in zip(snapshot.parts, names, strict=True):
                        part.size = size(name)
                    snapshot.status, snapshot.origin, snapshot.source = "available", None, None


def reader_owners(servers: Iterable[Server]) -> set[str]:
    """Under which names the addresses of these servers' reader endpoints are taken."""
    readers = {server.reader for server in servers if isinstance(server, RedisEndpoint)}
    return {owner for owner, address in ADDRESSES.taken.items() if address in readers}


def _pardon(group: Group, servers: list[RedisServer], known: Known) -> None:
    """A server that was the primary and now replicates another is one like any other again."""
    for node, server in zip(group.nodes, servers, strict=True):
        if node.deposed and is_ready(server, known):
            group.recover(node)


def _watches(group: Group, known: Known) -> bool:
    """Whether all three Sentinels have taken the group on."""
    sentinels = [known.get(sentinel_name(group.tls, number)) for number in SENTINELS]
    applied = [None if actual is None else actual.applied for actual in sentinels]
    return all(
        isinstance(each, RedisSentinel) and watch_name(group) in {watch.group for watch in each.watches}
        for each in applied
    )


def _is_in_trouble(part: Server, known: Known) -> bool:
    actual = known.get(part.name)
    return actual is not None and bool(actual.problem)
