"""Tells the API what became of what was declared: statuses and addresses, so that waiters end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from local.aws import resources
from local.aws.dataplane.desired import (
    EdgeSite,
    PostgresServer,
    Server,
    desired,
    edge_site,
    postgres_name,
    postgres_server,
    redis_name,
    redis_servers,
)
from local.aws.dataplane.reconciler import FAILED_AFTER, Actual
from local.aws.extensions.cloudfront import CloudFront, Distribution
from local.aws.extensions.elasticache import ElastiCache
from local.aws.extensions.elasticache_groups import Group
from local.aws.extensions.rds import RDS, Instance
from local.aws.state import ADDRESSES, LOCK

Known = Mapping[str, Actual]


def report(known: Known, needs_restart: Callable[[str], bool], drop_address: Callable[[str], None]) -> None:
    """Bring the API's models up to date.

    Args:
        known: What the reconciler knows, by server name.
        needs_restart: Whether a database server waits for a reboot to take a parameter.
        drop_address: Sees to it that nobody listens on an address, before it is given to somebody else.
    """
    with LOCK:
        for elasticache in resources.elasticache():
            for group in list(elasticache.groups.values()):
                _group(elasticache, group, known)
        for rds in resources.rds():
            for instance in list(rds.instances):
                _instance(rds, instance, known, needs_restart)
            rds.settle_proxies(partial(_is_reached, rds, known))
        for cloudfront in resources.cloudfront():
            for distribution in cloudfront.served.values():
                _distribution(cloudfront, distribution, known)
        for name in set(ADDRESSES.taken) - set(known) - set(desired()) - _proxies(known):
            # Its driver has done so, unless it was interrupted and knows of it no more.
            drop_address(ADDRESSES.taken[name])
            ADDRESSES.release(name)


def is_ready(server: Server, known: Known) -> bool:
    """Whether the server is what it should be."""
    actual = known.get(server.name)
    return actual is not None and actual.applied == server and actual.certain


def _has_failed(server: Server, known: Known) -> bool:
    actual = known.get(server.name)
    return actual is not None and actual.applied is None and actual.failures >= FAILED_AFTER


def _group(elasticache: ElastiCache, group: Group, known: Known) -> None:
    if group.status == "deleting":
        if not any(redis_name(node.cluster_id, group.region) in known for node in group.nodes):
            elasticache.forget(group)
        return
    servers = redis_servers(group, elasticache.users_of(group))
    if all(is_ready(server, known) for server in servers):
        for node, server in zip(group.nodes, servers, strict=True):
            node.address = server.address
        group.status = "available"
    elif group.status == "creating" and any(_has_failed(server, known) for server in servers):
        group.status = "create-failed"


def _instance(rds: RDS, instance: Instance, known: Known, needs_restart: Callable[[str], bool]) -> None:
    name = postgres_name(instance.db_instance_identifier, instance.region)
    if instance.status == "deleting":
        if name not in known:
            rds.forget(instance)
        return
    server = postgres_server(instance)
    if is_ready(server, known):
        instance.server_address = server.address
        instance.status = "available"
        instance.pending_parameters = needs_restart(name)
    elif instance.status == "creating" and _has_failed(server, known):
        instance.status = "failed"


def _is_reached(rds: RDS, known: Known, owner: str, identifier: str) -> bool:
    """Whether the instance's server listens on the proxy's address."""
    actual = known.get(postgres_name(identifier, rds.region_name))
    served = actual.applied if actual is not None else None
    return isinstance(served, PostgresServer) and owner in served.proxies


def _proxies(known: Known) -> set[str]:
    """Under which names the addresses of proxies are taken: of those there are, and of those still listened on."""
    servers = [actual.applied for actual in known.values()]
    return resources.proxy_owners() | {
        owner for server in servers if isinstance(server, PostgresServer) for owner in server.proxies
    }


def _distribution(cloudfront: CloudFront, distribution: Distribution, known: Known) -> None:
    actual = known.get(edge_site(cloudfront, distribution).name)
    served = actual.applied if actual is not None else None
    if not isinstance(served, EdgeSite):
        return
    if served.generation == distribution.generation:
        distribution.status = "Deployed"
    for purge in cloudfront.purges.get(distribution.id, []):
        if purge.id in served.purges:
            purge.status = "Completed"
