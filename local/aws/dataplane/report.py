"""Tells the API what became of what was declared: statuses and addresses, so that waiters end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from local.aws import resources
from local.aws.dataplane.desired import (
    EdgeSite,
    PostgresServer,
    Server,
    address_owners,
    desired,
    edge_site,
    postgres_name,
    postgres_server,
    postgres_snapshot,
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


class Databases(Protocol):
    """What is to be known of database instances besides."""

    def needs_restart(self, name: str) -> bool:
        """Whether it waits for a reboot to take a parameter."""

    def writer(self, name: str) -> str | None:
        """Letter of the server that writes; None while none does."""


def report(known: Known, databases: Databases) -> None:
    """Bring the API's models up to date.

    Args:
        known: What the reconciler knows, by server name.
        databases: What the driver of database instances knows.
    """
    with LOCK:
        for elasticache in resources.elasticache():
            for group in list(elasticache.groups.values()):
                _group(elasticache, group, known)
        for rds in resources.rds():
            for instance in list(rds.instances):
                _instance(rds, instance, known, databases)
            for snapshot in rds.snapshots:
                if is_ready(postgres_snapshot(snapshot), known):
                    snapshot.complete()
            rds.settle_proxies(partial(_is_reached, rds, known))
        for cloudfront in resources.cloudfront():
            for distribution in cloudfront.served.values():
                _distribution(cloudfront, distribution, known)
        for name in set(ADDRESSES.taken) - _owners(known):
            ADDRESSES.release(name)


def is_ready(server: Server, known: Known) -> bool:
    """Whether the server is what it should be."""
    actual = known.get(server.name)
    return actual is not None and actual.applied == server


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


def _instance(rds: RDS, instance: Instance, known: Known, databases: Databases) -> None:
    name = postgres_name(instance.db_instance_identifier, instance.region)
    if instance.status == "deleting":
        if instance.is_leaving and name not in known:
            rds.forget(instance)
        return
    writer = databases.writer(name)
    if writer is not None:
        instance.writer = writer
    server = postgres_server(instance)
    if is_ready(server, known):
        instance.server_address = server.address
        if writer is not None:
            instance.status = "backing-up" if rds.is_backing_up(instance) else "available"
            rds.keep_backups(instance)
        elif instance.status == "available":
            # Everything runs and nobody writes: whoever did is gone, and nobody has taken over yet.
            instance.status = "failing-over"
        instance.pending_parameters = databases.needs_restart(name)
    elif instance.status == "creating" and _has_failed(server, known):
        instance.status = "failed"


def _is_reached(rds: RDS, known: Known, owner: str, identifier: str) -> bool:
    """Whether the instance's server listens on the proxy's address."""
    actual = known.get(postgres_name(identifier, rds.region_name))
    served = actual.applied if actual is not None else None
    return isinstance(served, PostgresServer) and owner in served.proxies


def _owners(known: Known) -> set[str]:
    """Under which names addresses are taken: for what is declared, and for what still has them."""
    servers = [each for actual in known.values() for each in (actual.latest, actual.applied) if each is not None]
    owners = [address_owners(server) for server in (*servers, *desired().values())]
    return resources.proxy_owners().union(*owners)


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
