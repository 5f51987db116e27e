"""The local platform's network: namespaces joined by a bridge, made and removed as one.

`up` looks at what is there and adds what is missing, so it also mends what a crash left half made. Nothing but one
interface and one route appears on the host; its settings and firewall are not touched.
"""

from __future__ import annotations

from pathlib import Path

from local.network.ip import NetworkError, ip, ip_json, ip_succeeds, set_sysctls
from local.network.plan import PLAN, Node, Plan
from local.network.routes import Route, foreign_route, host_routes, hub_routes, node_routes

NAMESPACES = Path("/run/netns")
HOST_PEER = "to-host"
NODE_INTERFACE = "eth0"

# The bridge forwards frames between nodes without a look at the hub's firewall: those packets are not the hub's.
_HUB_SYSCTLS = (
    ("ipv4/ip_forward", "1"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    ("bridge/bridge-nf-call-iptables", "0"),
    ("bridge/bridge-nf-call-ip6tables", "0"),
    ("bridge/bridge-nf-call-arptables", "0"),
)
_NODE_SYSCTLS = (("ipv4/ip_forward", "1"),)


def up(plan: Plan = PLAN) -> None:
    """Make the namespaces, links, addresses and routes of the plan, or whatever of them is missing.

    Raises:
        NetworkError: the plan's network is routed elsewhere on this host already, or `ip` failed.
    """
    taken = foreign_route(plan, ip_json("-4", "route", "show"))
    if taken is not None:
        raise NetworkError(
            f"the local platform needs the network {plan.network}, but this host routes {taken} already: "
            "disconnect what owns that route (a VPN, a container network), then try again"
        )
    _hub(plan)
    for node in plan.nodes:
        _node(plan, node)
    # After the nodes: a route by way of a node's address needs the bridge only, but nothing uses it earlier.
    _routes(hub_routes(plan), plan.hub)


def down(plan: Plan = PLAN) -> None:
    """Remove all of it; what runs inside a namespace loses its network at once. Nothing happens if it is gone."""
    # Links first: a process that still sits in a namespace would keep it, and with it the host's interface, alive.
    if ip_succeeds("link", "show", plan.host_interface):
        ip("link", "delete", plan.host_interface)
    for node in plan.nodes:
        if ip_succeeds("link", "show", NODE_INTERFACE, namespace=node.namespace):
            ip("link", "delete", NODE_INTERFACE, namespace=node.namespace)
        _remove_namespace(node.namespace)
    _remove_namespace(plan.hub)


def is_up(plan: Plan = PLAN) -> bool:
    """Whether every namespace of the plan exists and the host can reach the hub."""
    names = (plan.hub, *(node.namespace for node in plan.nodes))
    return all(map(_usable, names)) and ip_succeeds("link", "show", plan.host_interface)


def add_address(address: str, plan: Plan = PLAN) -> None:
    """Give the hub one more address (a /32); nothing happens if it has it.

    Raises:
        NetworkError: there is no hub.
    """
    ip("address", "replace", f"{address}/32", "dev", plan.bridge, namespace=plan.hub)


def remove_address(address: str, plan: Plan = PLAN) -> None:
    """Take the address from the hub; nothing happens if it hasn't it or if there is no hub."""
    if not ip_succeeds("link", "show", plan.bridge, namespace=plan.hub):
        return
    if ip_json("address", "show", "dev", plan.bridge, "to", f"{address}/32", namespace=plan.hub):
        ip("address", "delete", f"{address}/32", "dev", plan.bridge, namespace=plan.hub)


def _hub(plan: Plan) -> None:
    _namespace(plan.hub)
    set_sysctls(plan.hub, _HUB_SYSCTLS)
    if not ip_succeeds("link", "show", plan.bridge, namespace=plan.hub):
        # A bridge without an address of its own takes its ports' lowest, and changes it with them.
        ip("link", "add", plan.bridge, "address", "02:67:77:00:00:01", "type", "bridge", namespace=plan.hub)
    ip("address", "replace", f"{plan.hub_address}/{plan.link_prefix}", "dev", plan.bridge, namespace=plan.hub)
    ip("link", "set", plan.bridge, "up", namespace=plan.hub)
    if not ip_succeeds("link", "show", plan.host_interface):
        # With the peer named in the hub from the start there is no moment at which it stands on the host.
        ip("link", "add", plan.host_interface, "type", "veth", "peer", "name", HOST_PEER, "netns", plan.hub)
    ip("link", "set", HOST_PEER, "master", plan.bridge, "up", namespace=plan.hub)
    ip("address", "replace", f"{plan.host_address}/32", "dev", plan.host_interface)
    ip("link", "set", plan.host_interface, "up")
    _routes(host_routes(plan), None)


def _node(plan: Plan, node: Node) -> None:
    port = f"port-{node.letter}"
    _namespace(node.namespace)
    set_sysctls(node.namespace, _NODE_SYSCTLS)
    if not ip_succeeds("link", "show", NODE_INTERFACE, namespace=node.namespace):
        peer = ("peer", "name", NODE_INTERFACE, "netns", node.namespace)
        ip("link", "add", port, "type", "veth", *peer, namespace=plan.hub)
    ip("link", "set", port, "master", plan.bridge, "up", namespace=plan.hub)
    address = f"{node.address}/{plan.link_prefix}"
    ip("address", "replace", address, "dev", NODE_INTERFACE, namespace=node.namespace)
    ip("link", "set", NODE_INTERFACE, "up", namespace=node.namespace)
    _routes(node_routes(plan, node), node.namespace)


def _routes(routes: list[Route], namespace: str | None) -> None:
    for route in routes:
        ip("route", "replace", *route.arguments(), namespace=namespace)


def _namespace(name: str) -> None:
    if not _usable(name):
        # `ip netns add` makes a file, then mounts the namespace on it; a crash in between leaves the bare file.
        _remove_namespace(name)
        ip("netns", "add", name)
    ip("link", "set", "lo", "up", namespace=name)


def _remove_namespace(name: str) -> None:
    if _usable(name):
        ip("netns", "delete", name)
    (NAMESPACES / name).unlink(missing_ok=True)


def _usable(name: str) -> bool:
    return (NAMESPACES / name).exists() and ip_succeeds("link", "show", "lo", namespace=name)
