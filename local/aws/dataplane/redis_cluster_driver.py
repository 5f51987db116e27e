"""Makes the nodes of a replication group one Redis Cluster, divides the slots among them, and serves its endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import redis

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.haproxy import Check, HAProxy, Listener, Pool, Proxy
from local.aws.dataplane.haproxy import Member as Backend
from local.aws.dataplane.redis_access import USER, connect
from local.aws.dataplane.redis_cluster_desired import RedisCluster
from local.aws.dataplane.redis_cluster_shape import Order, is_balanced, is_settled, leader, orders
from local.aws.dataplane.redis_cluster_view import View, Views
from local.aws.dataplane.redis_config import CHECK_USER, CONTROL_USER, own_password

_POOL = "nodes"


class RedisClusterDriver:
    """One cluster.

    Slots are moved by `redis-cli --cluster`, a process with a record like any server's: the next endpoint finds it, and
    waits for it instead of starting another.
    """

    def __init__(self, context: Context, views: Views) -> None:
        self._context = context
        self._views = views
        self._haproxy = HAProxy(context)
        self._unsettled: set[str] = set()

    def ensure(self, cluster: RedisCluster) -> None:
        """Bring the nodes to what is declared; returns when all slots are served and the endpoint leads to every node.

        Raises:
            NotReady: they are not there yet.
        """
        context = self._context
        context.add_address(cluster.address)
        self._haproxy.ensure(proxy(cluster, own_password(context.control_password, CHECK_USER, cluster.group)))
        self._await_mover(cluster)
        views = self._settle(cluster)
        # A node that sees the whole cluster is served; one that does not would take no slots either.
        names = {member.name for member in cluster.members}
        wait_until(lambda: self._haproxy.serving(cluster.name)[_POOL] == names, 10, f"{cluster.name} serves every node")
        if not is_balanced(cluster, views):
            self._move(cluster, views)
            if not is_balanced(cluster, self._settle(cluster)):
                raise NotReady(f"{cluster.name}: slots are still to be moved; see {context.log(_at(cluster))}")
        self._unsettled.discard(cluster.name)

    def is_alive(self, cluster: RedisCluster) -> bool:
        """Whether its endpoint is served, and the nodes were one cluster when they were last asked."""
        return self._haproxy.is_alive(cluster.name) and cluster.name not in self._unsettled

    def remove(self, cluster: RedisCluster) -> None:
        """End what serves the endpoint, and take its address away."""
        self._context.processes.stop(_mover(cluster))
        self._haproxy.remove(cluster.name)
        self._context.remove_address(cluster.address)
        self._unsettled.discard(cluster.name)

    def judge(self, cluster: RedisCluster, views: Mapping[str, View]) -> None:
        """Note whether the nodes are one cluster, by what they say."""
        if is_settled(cluster, views):
            self._unsettled.discard(cluster.name)
        else:
            self._unsettled.add(cluster.name)

    def _settle(self, cluster: RedisCluster) -> dict[str, View]:
        """Have the nodes become one cluster; what they say then."""
        views: dict[str, View] = {}

        def is_done() -> bool:
            nonlocal views
            views = self._views.of(cluster)
            if len(views) < len(cluster.members):
                return False
            self._tell(cluster, orders(cluster, views))
            return is_settled(cluster, views)

        wait_until(is_done, 15, f"{cluster.name}: the nodes are one cluster")
        return views

    def _tell(self, cluster: RedisCluster, told: list[Order]) -> None:
        with ExitStack() as opened:
            clients: dict[str, Any] = {}
            for order in told:
                if order.address not in clients:
                    client = connect(self._context, order.address, cluster.port, cluster.tls)
                    clients[order.address] = opened.enter_context(client)
                try:
                    clients[order.address].execute_command("CLUSTER", *order.words)
                except redis.RedisError as error:
                    raise NotReady(f"{cluster.name}: {order.words[0]} at {order.address}: {error}") from error

    def _move(self, cluster: RedisCluster, views: Mapping[str, View]) -> None:
        """Have the slots divided evenly among the node groups that stay; first, have moves ended that were interrupted.

        Every key stays reachable meanwhile.
        """
        context, at = self._context, _at(cluster)
        folder = context.folder(at)
        tls = ["--tls", "--cacert", str(folder / "tls" / "ca.pem")] if cluster.tls else []
        argv = ["redis-cli", "--user", CONTROL_USER, *tls, *arguments(cluster, views)]
        # In the environment only its own user and root can read the password.
        password = {"REDISCLI_AUTH": context.control_password}
        context.run(_mover(cluster), argv, USER, folder, owner=at, environment=password)
        self._await_mover(cluster)

    def _await_mover(self, cluster: RedisCluster) -> None:
        name = _mover(cluster)
        wait_until(lambda: not self._context.is_running(name), 20, f"{cluster.name}: slots are being moved")


def arguments(cluster: RedisCluster, views: Mapping[str, View]) -> list[str]:
    """What redis-cli is told, so that slots are where they are to be."""
    anywhere = f"{cluster.members[0].address}:{cluster.port}"
    if any(view.own.moves for view in views.values()):
        return ["--cluster", "fix", anywhere, "--cluster-yes"]
    weights = [f"{leader(cluster.shards[shard], views).id}=0" for shard in sorted(cluster.leaving)]
    chosen = ["--cluster-weight", *weights] if weights else []
    return ["--cluster", "rebalance", anywhere, "--cluster-use-empty-masters", "--cluster-threshold", "1", *chosen]


def proxy(cluster: RedisCluster, password: str) -> Proxy:
    """The configuration endpoint leads to any node that sees the whole cluster; clients learn of the others from it.

    Args:
        password: Of the user that asks.
    """
    ask = rf'tcp-check send "AUTH {CHECK_USER} {password}\r\nCLUSTER INFO\r\nQUIT\r\n"'
    check = Check(("option tcp-check", ask, "tcp-check expect string cluster_state:ok"), tls=cluster.tls)
    members = tuple(Backend(member.name, member.address, cluster.port) for member in cluster.members)
    listener = Listener("configuration-endpoint", cluster.address, cluster.port, (_POOL,))
    return Proxy(cluster.name, (listener,), (Pool(_POOL, members, check),))


def _at(cluster: RedisCluster) -> str:
    """Name of the server whose folder and log redis-cli uses."""
    return cluster.members[0].name


def _mover(cluster: RedisCluster) -> str:
    return f"{cluster.name}-slots"
