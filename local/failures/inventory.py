"""What there is that can fail: plain data, and how it is read from the running platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from local.aws.lifecycle import ENDPOINT, ServerStatus
from local.network.plan import Plan

RECOVERY_REGION = "eu-central-1"
"""The second region of the stacks; what can fail includes it before anything is in it."""

NODE_COMPONENTS = ("kubelet", "kube-proxy", "containerd")


@dataclass(frozen=True)
class Server:
    """A server of the data plane.

    Attributes:
        kind: As in the status.
        zone: As AWS names it; empty for what the region has as a whole.
        addresses: All that lead to it.
        process: Name of its process; empty if it has none.
    """

    name: str
    kind: str
    region: str
    zone: str
    addresses: tuple[str, ...]
    process: str


@dataclass(frozen=True)
class NodePlace:
    """A node of the cluster."""

    name: str
    zone: str
    namespace: str


@dataclass(frozen=True)
class Inventory:
    """The platform as it is now.

    Attributes:
        home: The home region.
        servers: Of the data plane.
        nodes: Of the cluster, none where there is no cluster.
        components: Processes of the cluster.
    """

    home: str
    servers: tuple[Server, ...] = ()
    nodes: tuple[NodePlace, ...] = ()
    components: tuple[str, ...] = ()

    @property
    def zones(self) -> tuple[str, ...]:
        """Those of the home region, and all others in which something is."""
        home = (f"{self.home}{letter}" for letter in "abc")
        places = (*(server.zone for server in self.servers), *(node.zone for node in self.nodes))
        return tuple(sorted({*home, *places} - {""}))

    @property
    def regions(self) -> tuple[str, ...]:
        """Home, the recovery region, and all others in which something is."""
        return tuple(sorted({self.home, RECOVERY_REGION, *(s.region for s in self.servers)} - {"", "global"}))

    @property
    def processes(self) -> tuple[str, ...]:
        """Names of everything that runs: servers, the endpoint, the cluster's components."""
        servers = {server.process for server in self.servers if server.process}
        return tuple(sorted({ENDPOINT, *servers, *self.components}))

    @property
    def disks(self) -> tuple[str, ...]:
        """What can run out of space. A Redis writes nothing that anybody waits for."""
        return (ENDPOINT, *(server.name for server in self.servers if server.kind == "postgres-server"))


def inventory(plan: Plan, lines: Iterable[ServerStatus], components: Iterable[str]) -> Inventory:
    """The inventory from what the status tells.

    Args:
        lines: Of the endpoint and its servers.
        components: Names of the cluster's processes; empty where there is no cluster.
    """
    servers = tuple(
        Server(line.name, line.kind, line.region, line.zone, line.addresses, line.process)
        for line in lines
        if line.kind not in ("endpoint", "redis-snapshot")
    )
    running = tuple(components)
    nodes = tuple(NodePlace(node.name, f"{plan.region}{node.letter}", node.namespace) for node in plan.nodes if running)
    return Inventory(plan.region, servers, nodes, running)
