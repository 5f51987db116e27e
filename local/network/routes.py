"""Decisions about routes: pure functions, no I/O."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local.network.plan import Node, Plan


@dataclass(frozen=True)
class Route:
    """A destination and how to get there: by a neighbour's address, or straight onto a device."""

    destination: str
    via: str | None = None
    device: str | None = None

    def arguments(self) -> list[str]:
        """As `ip route replace` takes it."""
        way = [] if self.via is None else ["via", self.via]
        out = [] if self.device is None else ["dev", self.device]
        return [self.destination, *way, *out]


def host_routes(plan: Plan) -> list[Route]:
    """All of the platform by the hub, neighbours on the link too.

    Answers come by the hub (see `node_routes`), and a firewall that sees only one direction drops what it sees.
    """
    return [Route(f"{plan.hub_address}/32", device=plan.host_interface), Route(plan.network, via=plan.hub_address)]


def hub_routes(plan: Plan) -> list[Route]:
    """Every node's pods by way of the node, and the Services.

    Nothing answers at a Service's address: the rules of kube-proxy rewrite it. But the kernel looks up a route
    before it applies them to traffic that begins in the hub, so there must be one.
    """
    pods = [Route(node.pods, via=node.address) for node in plan.nodes]
    return [*pods, Route(plan.services, device=plan.bridge)]


def node_routes(plan: Plan, node: Node) -> list[Route]:
    """The other nodes' pods straight by way of their node; all else of the platform, host included, by the hub.

    The host is on the same link, yet its answers go by the hub as well: a host's call to a Service was rewritten
    there, and only the hub can turn the answer's address back.
    """
    others = [Route(other.pods, via=other.address) for other in plan.nodes if other != node]
    return [*others, Route(plan.network, via=plan.hub_address), Route(f"{plan.host_address}/32", via=plan.hub_address)]


def foreign_route(plan: Plan, routes: Iterable[Mapping[str, object]]) -> str | None:
    """The first of the host's routes that overlaps the platform's network and isn't the platform's own.

    The default route is no obstacle: the platform's is more specific and takes nothing from it that is in use.

    Returns:
        The route as `DESTINATION dev DEVICE`, or None.
    """
    network = ipaddress.ip_network(plan.network)
    for route in routes:
        destination, device = str(route.get("dst", "default")), str(route.get("dev", "?"))
        if destination == "default" or device == plan.host_interface:
            continue
        if ipaddress.ip_network(destination, strict=False).overlaps(network):
            return f"{destination} dev {device}"
    return None
