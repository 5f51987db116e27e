"""Tells the API who the primaries of clusters are and what slots they have, and helps where the nodes cannot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

import redis

from local.aws import resources
from local.aws.dataplane.context import Context
from local.aws.dataplane.redis_access import connect
from local.aws.dataplane.redis_cluster_desired import RedisCluster, redis_cluster
from local.aws.dataplane.redis_cluster_shape import heirs
from local.aws.dataplane.redis_cluster_view import View, Views
from local.aws.dataplane.redis_desired import redis_name
from local.aws.extensions.elasticache_groups import Group
from local.aws.state import ADDRESSES, LOCK

_log = logging.getLogger("local.aws")


class ClusterWatch:
    """Asks the nodes of every cluster.

    Args:
        judge: Told what the nodes of a cluster say.
        wake: Set when something was found out.
    """

    def __init__(
        self,
        context: Context,
        views: Views,
        judge: Callable[[RedisCluster, Mapping[str, View]], None],
        wake: threading.Event,
    ) -> None:
        self._context = context
        self._views = views
        self._judge = judge
        self._wake = wake

    def look(self) -> None:
        """Ask once."""
        with LOCK:
            watched = [(group, redis_cluster(group)) for group in _clustered()]
        self._views.keep({cluster.group: {member.address for member in cluster.members} for _, cluster in watched})
        for group, cluster in watched:
            views = self._views.of(cluster)
            self._judge(cluster, views)
            for address in heirs(cluster, views, self._views.running(cluster)):
                self._promote(cluster, address)
            with LOCK:
                if follow(group, views):
                    self._wake.set()

    def _promote(self, cluster: RedisCluster, address: str) -> None:
        """Have a replica take over although nobody elects it."""
        _log.info("%s: %s is to take over: too few primaries are left to elect it", cluster.name, address)
        try:
            with connect(self._context, address, cluster.port, cluster.tls) as client:
                client.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        except redis.RedisError as error:
            _log.warning("%s: %s does not take over: %s", cluster.name, address, error)


def follow(group: Group, views: Mapping[str, View]) -> bool:
    """Note who the primaries are now and what slots they have.

    Args:
        views: What the nodes say that answer, by address.

    Returns:
        Whether somebody else has become a primary.
    """
    changed = False
    for node_group in group.node_groups:
        answers = [
            (node, views[address])
            for node in node_group.nodes
            if (address := ADDRESSES.taken.get(redis_name(node.cluster_id, group.region))) in views and address
        ]
        leading = [(node, view) for node, view in answers if view.own.is_primary and view.own.slots]
        if leading:
            # One that was away may still think that it leads: the later one does.
            node, view = max(leading, key=lambda each: each[1].own.epoch)
            if node is not node_group.primary:
                _log.info("%s: %s has become a primary", group.identifier, node.cluster_id)
                group.fail_over(node)
                changed = True
            node_group.slots = view.own.slots
        elif any(node is node_group.primary and view.own.is_primary for node, view in answers):
            node_group.slots = ()
        for node, view in answers:
            if node.deposed and view.own.primary is not None and view.in_step:
                group.recover(node)
    return changed


def _clustered() -> list[Group]:
    return [
        group
        for elasticache in resources.elasticache()
        for group in elasticache.groups.values()
        if group.clustered and not group.leaves
    ]
