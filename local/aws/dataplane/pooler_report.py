"""Tells the API what became of RDS proxies and their targets."""

from __future__ import annotations

from typing import Protocol

from local.aws import resources
from local.aws.dataplane.desired import proxy_server
from local.aws.dataplane.pooler_health import Health
from local.aws.dataplane.reconciler import Known, has_failed, is_ready
from local.aws.extensions.rds import RDS
from local.aws.extensions.rds_proxy import Proxy


class Poolers(Protocol):
    """What is to be known of proxies besides."""

    def health(self, name: str) -> Health | None:
        """What was last found out about the target; None before it was asked."""


def report_proxies(known: Known, poolers: Poolers) -> None:
    """Bring statuses of proxies and the health of their targets up to date.

    Args:
        known: What the reconciler knows, by server name.
    """
    for rds in resources.rds():
        for leaving in list(rds.proxies_leaving.values()):
            if leaving.server not in known:
                rds.forget_proxy(leaving)
        for proxy in rds.proxies:
            _proxy(rds, proxy, known, poolers)


def _proxy(rds: RDS, proxy: Proxy, known: Known, poolers: Poolers) -> None:
    server = proxy_server(rds, proxy)
    if not is_ready(server, known):
        if proxy.status == "creating" and has_failed(server, known):
            proxy.status = "insufficient-resource-limits"
        return
    proxy.status = "available"
    target, health = proxy.target, poolers.health(server.name)
    if target is None or health is None:
        return
    target.state = "AVAILABLE" if health.is_well else "UNAVAILABLE"
    target.reason, target.description = health.reason, health.description
