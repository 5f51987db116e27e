"""What a node of a Redis Cluster says of itself and of the others: `CLUSTER NODES` and `INFO`, as plain data."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from local.aws.dataplane.context import Context
from local.aws.dataplane.redis_access import connect
from local.aws.dataplane.redis_cluster_desired import RedisCluster
from local.aws.extensions.elasticache_node_groups import Slots

# A node of this machine answers within milliseconds; one that does not is not waited for.
_SECONDS = 1.0


@dataclass(frozen=True)
class Entry:
    """One node, as one node sees it (Redis documentation, CLUSTER NODES).

    Attributes:
        primary: ID of the node that it replicates; None for a primary.
        epoch: Of its slots: where two claim the same, the higher one has them.
        slots: Those that it has; a replica has none.
        moves: Some of its slots are on their way to or from another.
    """

    id: str
    address: str
    flags: frozenset[str]
    primary: str | None
    epoch: int
    slots: Slots
    moves: bool

    @property
    def is_primary(self) -> bool:
        return "master" in self.flags

    @property
    def is_met(self) -> bool:
        """Whether it is more than an address yet."""
        return "handshake" not in self.flags

    @property
    def is_missed(self) -> bool:
        """Whether it is taken for dead, by all or at least by who was asked."""
        return bool(self.flags & {"fail", "fail?"})


@dataclass(frozen=True)
class View:
    """What one node says.

    Attributes:
        own: Of itself.
        known: Of every node, itself included, by ID.
        in_step: It is a primary, or a replica that has what its primary has.
        offset: How much of its primary's changes it has.
    """

    own: Entry
    known: Mapping[str, Entry]
    in_step: bool
    offset: int


def view(nodes: str, replication: Mapping[str, Any]) -> View:
    """From the answers to `CLUSTER NODES` and `INFO replication`."""
    entries = {entry.id: entry for entry in map(_entry, nodes.splitlines())}
    own = next(entry for entry in entries.values() if "myself" in entry.flags)
    in_step = replication["role"] == "master" or (
        replication.get("master_link_status") == "up" and not int(replication.get("master_sync_in_progress", 0))
    )
    offset = int(replication.get("slave_repl_offset", replication.get("master_repl_offset", 0)))
    return View(own, entries, in_step, offset)


def _entry(line: str) -> Entry:
    identifier, where, flags, primary, _ping, _pong, epoch, _link, *slots = line.split()
    return Entry(
        id=identifier,
        address=where.rpartition("@")[0].rpartition(":")[0],
        flags=frozenset(flags.split(",")),
        primary=None if primary == "-" else primary,
        epoch=int(epoch),
        # One that is on its way stands in brackets.
        slots=tuple(_range(each) for each in slots if not each.startswith("[")),
        moves=any(each.startswith("[") for each in slots),
    )


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def ask(client: Any) -> View:
    """What a node says now.

    Raises:
        redis.RedisError: it does not answer.
    """
    # In two words: redis-py would take the answer to one apart by itself, and keep one node of those with one address.
    return view(str(client.execute_command("CLUSTER", "NODES")), client.info("replication"))


class Views:
    """Connections to the nodes of all clusters, which are kept: they are asked once a second."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clients: dict[tuple[str, str], redis.Redis] = {}
        self._lock = threading.Lock()

    def of(self, cluster: RedisCluster) -> dict[str, View]:
        """What those nodes say that run and answer, by address."""
        found = {}
        for member in cluster.members:
            if self._context.is_running(member.name):
                try:
                    found[member.address] = ask(self._client(cluster, member.address))
                except redis.RedisError:
                    self.forget(cluster.group, member.address)
        return found

    def running(self, cluster: RedisCluster) -> set[str]:
        """Addresses of the nodes whose processes run."""
        return {member.address for member in cluster.members if self._context.is_running(member.name)}

    def keep(self, clusters: Mapping[str, set[str]]) -> None:
        """Close what leads to anybody else.

        Args:
            clusters: The nodes' addresses by the group that they are of.
        """
        for group, address in list(self._clients):
            if address not in clusters.get(group, set()):
                self.forget(group, address)

    def forget(self, group: str, address: str) -> None:
        """Close the connection to a node."""
        with self._lock:
            client = self._clients.pop((group, address), None)
        if client is not None:
            client.close()

    def _client(self, cluster: RedisCluster, address: str) -> redis.Redis:
        with self._lock:
            key = (cluster.group, address)
            if key not in self._clients:
                self._clients[key] = connect(self._context, address, cluster.port, cluster.tls, _SECONDS)
            return self._clients[key]
