"""What a replication group with cluster mode asks for: its nodes, and that they are one cluster with an endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.aws.dataplane.redis_desired import RedisServer, redis_name, redis_users, seed_name, watch_name
from local.aws.extensions.elasticache_groups import Group
from local.aws.extensions.elasticache_node_groups import NodeGroup, Slots
from local.aws.extensions.elasticache_users import User
from local.aws.state import ADDRESSES

_BUS_OFFSET = 10000
"""Between the port for clients and the nodes' own (Redis documentation, Redis Cluster TCP ports)."""


@dataclass(frozen=True)
class ClusterNode:
    """One redis-server of a cluster.

    Attributes:
        server: What it has in common with every other; its peers are those of its node group.
        bus: Port that the nodes talk to each other on.
    """

    server: RedisServer
    bus: int

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def address(self) -> str:
        return self.server.address


@dataclass(frozen=True)
class Member:
    """A node as its cluster sees it."""

    name: str
    address: str
    shard: str


@dataclass(frozen=True)
class RedisCluster:
    """The nodes of one replication group as one cluster, and the address that leads to any of them.

    Attributes:
        address: The configuration endpoint's.
        members: In the order of their names. Of a node group that has no primary yet the first becomes it.
        planned: Slots that node groups begin with.
        leaving: Node groups that are to have no slots.
    """

    name: str
    address: str
    port: int
    bus: int
    tls: bool
    group: str
    members: tuple[Member, ...]
    planned: Mapping[str, Slots]
    leaving: frozenset[str] = frozenset()

    @property
    def shards(self) -> dict[str, list[Member]]:
        """Members by node group."""
        found: dict[str, list[Member]] = {}
        for member in self.members:
            found.setdefault(member.shard, []).append(member)
        return found


def configuration_name(group: Group) -> str:
    """Name of the cluster, under which its configuration endpoint's address is taken."""
    return f"redis-{group.region}-{group.identifier}-configuration"


def bus_port(port: int) -> int:
    """Port that nodes with this port for clients talk to each other on."""
    return port + _BUS_OFFSET if port + _BUS_OFFSET < 2**16 else port - _BUS_OFFSET


def cluster_nodes(group: Group, users: Sequence[User] = ()) -> list[ClusterNode]:
    """The group's servers, in the order of its nodes.

    Args:
        group: A replication group with cluster mode.
        users: Those of its user group, if it has one.
    """
    allowed, endpoint = redis_users(users), ADDRESSES.allocate(configuration_name(group))
    found = []
    for number, node_group in enumerate(group.node_groups):
        addresses = _addresses(node_group, group)
        for place, (node, (name, address)) in enumerate(zip(node_group.nodes, addresses.items(), strict=True)):
            server = RedisServer(
                name=name,
                address=address,
                port=group.port,
                tls=group.tls,
                tokens=tuple(group.tokens or [""]),
                settings=group.settings,
                primary=None,
                users=allowed,
                group=watch_name(group),
                endpoints=(endpoint,),
                peers={other: addresses[other] for other in addresses if other != name},
                deaths=node.deaths,
                seed=seed_name(group, number) if place == 0 else None,
            )
            found.append(ClusterNode(server, bus_port(group.port)))
    return found


def redis_cluster(group: Group) -> RedisCluster:
    """The group's nodes as one cluster."""
    name = configuration_name(group)
    return RedisCluster(
        name=name,
        address=ADDRESSES.allocate(name),
        port=group.port,
        bus=bus_port(group.port),
        tls=group.tls,
        group=watch_name(group),
        members=tuple(
            Member(name, address, node_group.identifier)
            for node_group in group.node_groups
            for name, address in _addresses(node_group, group).items()
        ),
        planned={each.identifier: each.planned for each in group.node_groups if each.planned},
        leaving=frozenset(each.identifier for each in group.node_groups if each.leaves),
    )


def _addresses(node_group: NodeGroup, group: Group) -> dict[str, str]:
    names = [redis_name(node.cluster_id, group.region) for node in node_group.nodes]
    return {name: ADDRESSES.allocate(name) for name in names}
