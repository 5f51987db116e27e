"""Tells the API what became of what was declared: statuses and addresses, so that waiters end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from local.aws import resources
from local.aws.dataplane.desired import (
    EdgeSite,
    address_owners,
    desired,
    edge_site,
    postgres_name,
    postgres_server,
    postgres_snapshot,
)
from local.aws.dataplane.reconciler import Known, has_failed, is_ready
from local.aws.dataplane.redis_report import reader_owners, report_group
from local.aws.extensions.cloudfront import CloudFront, Distribution
from local.aws.extensions.rds import RDS, Instance
from local.aws.state import ADDRESSES, LOCK


class Databases(Protocol):
    """What is to be known of database instances besides."""

    def needs_restart(self, name: str) -> bool:
        """Whether it waits for a reboot to take a parameter."""

    def writer(self, name: str) -> str | None:
        """Letter of the server that writes; None while none does."""


def report(known: Known, databases: Databases, drop_address: Callable[[str], None]) -> None:
    """Bring the API's models up to date.

    Args:
        known: What the reconciler knows, by server name.
        databases: What the driver of database instances knows.
        drop_address: Sees to it that nobody listens on an address, before it is given to somebody else.
    """
    with LOCK:
        for elasticache in resources.elasticache():
            for group in list(elasticache.groups.values()):
                report_group(elasticache, group, known)
        for rds in resources.rds():
            for instance in list(rds.instances):
                _instance(rds, instance, known, databases)
            for snapshot in rds.snapshots:
                if is_ready(postgres_snapshot(snapshot), known):
                    snapshot.complete()
        for cloudfront in resources.cloudfront():
            for distribution in cloudfront.served.values():
                _distribution(cloudfront, distribution, known)
        for name in set(ADDRESSES.taken) - _owners(known):
            # Its driver has done so, unless it was interrupted and knows of it no more.
            drop_address(ADDRESSES.taken[name])
            ADDRESSES.release(name)


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
    elif instance.status == "creating" and has_failed(server, known):
        instance.status = "failed"


def _owners(known: Known) -> set[str]:
    """Under which names addresses are taken: for what is declared, and for what still has them."""
    served = [each for actual in known.values() for each in (actual.latest, actual.applied) if each is not None]
    servers = [*served, *desired().values()]
    return reader_owners(servers).union(*(address_owners(server) for server in servers))


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
