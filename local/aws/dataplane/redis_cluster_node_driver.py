"""Runs the redis-servers of clusters. What they are to each other `redis_cluster_driver` tells them."""

from __future__ import annotations

import time
from collections.abc import Mapping

import redis

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.redis_access import USER, connect, credentials
from local.aws.dataplane.redis_cluster_desired import ClusterNode
from local.aws.dataplane.redis_cluster_view import View, ask
from local.aws.dataplane.redis_config import NODES_FILE, render_node
from local.aws.dataplane.redis_process import die, end, has_begun, lay_out, note_begun, tune
from local.aws.dataplane.redis_roles import PATIENCE


class ClusterNodeDriver:
    """One redis-server a node. It keeps what it knows of the cluster over its own end, and its data it does not."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[str, float] = {}

    def ensure(self, node: ClusterNode) -> None:
        """Bring the server to what is declared; returns when it answers, a replica when it is in step.

        Raises:
            NotReady: it is not there yet.
        """
        context, server = self._context, node.server
        context.add_address(server.address)
        folder = own_folder(context.folder(server.name), USER)
        die(context, server, folder)
        loads = not has_begun(server, folder)
        addresses = [server.address, *server.endpoints]
        own = credentials(context, server.name, server.tls, addresses, for_peers=True)
        configuration = folder / "redis.conf"
        write_private(configuration, render_node(node, folder, own), USER)
        if context.is_running(server.name):
            self._tune(node)
        else:
            if (folder / NODES_FILE).exists():
                self._let_others_lead(node)
            lay_out(context, server, folder, loads)
            context.run(server.name, ["redis-server", str(configuration)], USER, folder)
        wait_until(lambda: self._answers(node), 10, f"{server.name} answers")
        note_begun(server, folder)

    def is_alive(self, node: ClusterNode) -> bool:
        """Whether its process runs."""
        return self._context.is_running(node.name)

    def remove(self, node: ClusterNode) -> None:
        """End the server and remove its data and address."""
        end(self._context, node.server)
        self._waiting.pop(node.name, None)

    def _let_others_lead(self, node: ClusterNode) -> None:
        """Raise NotReady while the server, should it start, would take its primary's data from those that have them."""
        heirs = [name for name in node.server.peers if self._context.is_running(name)]
        views: dict[str, View] = {}
        for name in heirs:
            address = node.server.peers[name]
            try:
                with self._connect(node, address) as client:
                    views[address] = ask(client)
            except redis.RedisError:
                continue
        since = self._waiting.setdefault(node.name, time.monotonic())
        if heirs and not may_start(node.address, views) and time.monotonic() - since < PATIENCE:
            raise NotReady(f"{node.name} waits for one of {', '.join(heirs)} to become the primary")
        self._waiting.pop(node.name, None)

    def _connect(self, node: ClusterNode, address: str) -> redis.Redis:
        return connect(self._context, address, node.server.port, node.server.tls)

    def _answers(self, node: ClusterNode) -> bool:
        if not self._context.is_running(node.name):
            raise NotReady(f"{node.name} ended; see {self._context.log(node.name)}")
        try:
            with self._connect(node, node.address) as client:
                return ask(client).in_step
        except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
            return False

    def _tune(self, node: ClusterNode) -> None:
        try:
            with self._connect(node, node.address) as client:
                tune(client, node.server)
        except redis.RedisError as error:
            raise NotReady(f"{node.name}: {error}") from error


def may_start(address: str, peers: Mapping[str, View]) -> bool:
    """Whether a server that ended may start again while others of its node group run.

    It begins empty. Were it still their primary, they would take that for their data: it waits until one of them has
    become the primary.

    Args:
        address: The server's.
        peers: What the others say that answer.
    """
    return any(_leads_or_follows_another(view, address) for view in peers.values())


def _leads_or_follows_another(view: View, address: str) -> bool:
    if view.own.primary is None:
        return bool(view.own.slots)
    primary = view.known.get(view.own.primary)
    return primary is not None and primary.address != address
