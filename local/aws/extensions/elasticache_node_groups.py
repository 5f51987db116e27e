"""Node groups (the console's shards): a primary with its replicas, and with cluster mode the hash slots they have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

ZONES = "abc"
NODE_ID = "0001"
"""Of the only node that a Redis cache cluster has."""
SLOTS = 16384
"""Hash slots of a cluster (Redis Cluster specification, Key distribution model)."""

Slots = tuple[tuple[int, int], ...]
"""Ranges of hash slots, first and last included."""


@dataclass
class Node:
    """One member of a replication group.

    Attributes:
        address: Set once the data plane serves it.
        deposed: It was the primary and is not known to be a replica yet: no client may reach it as a primary.
        deaths: How often it has been made to fail by TestFailover.
    """

    cluster_id: str
    zone: str
    address: str | None = None
    deposed: bool = False
    deaths: int = 0


@dataclass
class NodeGroup:
    """A primary with its replicas.

    Attributes:
        identifier: Four digits.
        primary_id: Cluster ID of the primary: what the Sentinels, or the cluster's nodes, decided last.
        planned: With cluster mode, slots that it begins with; none for a node group that is added later.
        slots: With cluster mode, those that it has.
        leaves: It is to go, as soon as others have its slots.
    """

    identifier: str
    nodes: list[Node] = field(default_factory=list)
    primary_id: str = ""
    planned: Slots = ()
    slots: Slots = ()
    leaves: bool = False

    @property
    def primary(self) -> Node:
        """The node that takes writes."""
        return next((node for node in self.nodes if node.cluster_id == self.primary_id), self.nodes[0])

    def resize(self, prefix: str, region: str, count: int) -> None:
        """Have `count` nodes, and never lose the primary.

        Args:
            prefix: Of their cluster IDs.
        """
        replicas = [node for node in self.nodes if node is not self.primary] if self.nodes else []
        for node in replicas[::-1][: max(len(self.nodes) - count, 0)]:
            self.nodes.remove(node)
        taken = {node.cluster_id for node in self.nodes}
        for number in range(1, count + 1):
            name = f"{prefix}-{number:0>3}"
            if name not in taken and len(self.nodes) < count:
                # Neighbours are in different zones, and so are the node groups' first nodes.
                zone = ZONES[(int(self.identifier) + number - 2) % len(ZONES)]
                self.nodes.append(Node(name, f"{region}{zone}"))
        self.nodes.sort(key=lambda node: node.cluster_id)
        self.primary_id = self.primary.cluster_id


def even_slots(count: int) -> list[Slots]:
    """All slots in as many ranges of the same size, as far as that is possible."""
    ends = [(2 * SLOTS * number + count) // (2 * count) for number in range(count + 1)]
    return [((first, end - 1),) for first, end in pairwise(ends)]


def told(slots: Slots) -> str:
    """Slots as the API writes them: `0-5460,10923-16383`."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in slots)


def size(slots: Slots) -> int:
    """How many slots there are in these ranges."""
    return sum(last - first + 1 for first, last in slots)


def ranges(numbers: Iterable[int]) -> Slots:
    """Slots as ranges, in order."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def numbers(slots: Slots) -> set[int]:
    """Every slot of these ranges."""
    return {number for first, last in slots for number in range(first, last + 1)}
