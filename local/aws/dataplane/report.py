"""Tells the API what became of what was declared: statuses and addresses, so that waiters end."""

from __future__ import annotations

from collections.abc import Callable
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
)
from local.aws.dataplane.reconciler import Known, has_failed, is_ready
from local.aws.dataplane.redis_report import reader_owners, report_group
from local.aws.extensions.cloudfront import CloudFront, Distribution
from local.aws.extensions.rds import RDS, Instance
from local.aws.state import ADDRESSES, LOCK


def report(known: Known, needs_restart: Callable[[str], bool]) -> None:
    """Bring the API's models up to date.

    Args:
        known: What the reconciler knows, by server name.
        needs_restart: Whether a database server waits for a reboot to take a parameter.
    """
    with LOCK:
        for elasticache in resources.elasticache():
            for group in list(elasticache.groups.values()):
                report_group(elasticache, group, known)
        for rds in resources.rds():
            for instance in list(rds.instances):
                _instance(rds, instance, known, needs_restart)
            rds.settle_proxies(partial(_is_reached, rds, known))
        for cloudfront in resources.cloudfront():
            for distribution in cloudfront.served.values():
                _distribution(cloudfront, distribution, known)
        wanted = desired()
        kept = {*known, *wanted, *_proxies(known), *reader_owners([*wanted.values(), *_latest(known)])}
        for name in set(ADDRESSES.taken) - kept:
            ADDRESSES.release(name)


def _latest(known: Known) -> list[Server]:
    return [actual.latest for actual in known.values()]


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
    elif instance.status == "creating" and has_failed(server, known):
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
