"""What failures mean for the platform as it is: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from local.aws.lifecycle import ENDPOINT
from local.failures import catalogue
from local.failures.active import Active
from local.failures.inventory import NODE_COMPONENTS, Inventory, Server
from local.network.marks import group_of


@dataclass(frozen=True)
class Effects:
    """What is to be done to packets.

    Attributes:
        cut: Addresses in the hub that nothing gets to and nothing leaves.
        marked: Groups of processes that nothing leaves; theirs are the servers whose packets their address does not
            tell.
        nodes: Namespaces of nodes that are cut off.
        delays: Milliseconds by address in the hub.
        losses: Percent of the packets that are lost, by address in the hub.
    """

    cut: frozenset[str] = frozenset()
    marked: frozenset[int] = frozenset()
    nodes: frozenset[str] = frozenset()
    delays: Mapping[str, int] = field(default_factory=dict)
    losses: Mapping[str, int] = field(default_factory=dict)


def effects(active: Iterable[Active], inventory: Inventory) -> Effects:
    """All that several failures together do to packets; the strongest counts where they meet."""
    away: list[Server] = []
    nodes: set[str] = set()
    delays: dict[str, int] = {}
    losses: dict[str, int] = {}
    for each in active:
        of_name = [server for server in inventory.servers if server.name == each.target]
        match each.failure:
            case catalogue.ZONE.name:
                away += [server for server in inventory.servers if server.zone == each.target]
                nodes |= {node.namespace for node in inventory.nodes if node.zone == each.target}
            case catalogue.REGION.name:
                away += _of_region(each.target, inventory)
            case catalogue.PARTITION.name:
                away += of_name
            case catalogue.DELAY.name:
                _strongest(delays, of_name, each.amount or 0)
            case catalogue.LOSS.name:
                _strongest(losses, of_name, each.amount or 0)
    return Effects(
        cut=frozenset(address for server in away for address in server.addresses),
        marked=frozenset(group_of(server.addresses[0]) for server in away if server.kind == "postgres-server"),
        nodes=frozenset(nodes),
        delays=delays,
        losses=losses,
    )


def struck(active: Iterable[Active], inventory: Inventory) -> dict[str, list[str]]:
    """Which failures concern what: their full names by the name of the server, node or process."""
    found: dict[str, list[str]] = {}
    for each in active:
        concerned = {each.target}
        if each.failure == catalogue.ZONE.name:
            concerned = {server.name for server in inventory.servers if server.zone == each.target}
            concerned |= {node.name for node in inventory.nodes if node.zone == each.target}
        elif each.failure == catalogue.REGION.name:
            concerned = {server.name for server in _of_region(each.target, inventory)}
        elif each.failure == catalogue.NODE.name:
            concerned |= {f"{each.target}-{component}" for component in NODE_COMPONENTS}
        elif each.failure in (catalogue.S3_ERRORS.name, catalogue.S3_SLOW.name):
            concerned = {ENDPOINT}
        elif each.failure == catalogue.FREEZE.name:
            concerned |= {server.name for server in inventory.servers if server.process == each.target}
        for name in concerned:
            found.setdefault(name, []).append(each.name)
    return found


def processes(fault: catalogue.Fault) -> tuple[str, ...]:
    """Names of the processes that a fault is about."""
    if fault.failure is catalogue.NODE:
        return tuple(f"{fault.target}-{component}" for component in NODE_COMPONENTS)
    return (fault.target,) if fault.failure in (catalogue.KILL, catalogue.FREEZE) else ()


def _of_region(region: str, inventory: Inventory) -> list[Server]:
    # The Sentinels watch over the groups of all regions: they are the platform's own.
    return [each for each in inventory.servers if each.region == region and each.kind != "redis-sentinel"]


def _strongest(found: dict[str, int], servers: Iterable[Server], amount: int) -> None:
    for server in servers:
        for address in server.addresses:
            found[address] = max(amount, found.get(address, 0))
