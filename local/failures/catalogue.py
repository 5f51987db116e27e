"""The one list of what can fail. Failure tests and runbooks take their names from here.

A failure's full name is its own and its target's, `partition-redis-eu-west-1-orders-001`; `named` lists them all for
what runs at the moment. What a failure means for the platform is decided in `effects`, how it is done elsewhere.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum

from local.failures.inventory import Inventory


class Target(Enum):
    """What a failure is said of."""

    ZONE = "a zone: `a`, `b` and `c` are those of the home region, others have their full name"
    REGION = "a region"
    NODE = "a node of the cluster"
    PROCESS = "a process"
    SERVER = "a server of the data plane with an address of its own"
    DISK = "a database server, or the AWS endpoint"
    BUCKETS = "the buckets of a region; without a target those of all regions"


@dataclass(frozen=True)
class Amount:
    """How strong a failure is.

    Attributes:
        unit: ms or percent.
        default: Unless another one is asked for.
    """

    unit: str
    default: int
    least: int
    most: int


@dataclass(frozen=True)
class Failure:
    """Something that can fail.

    Attributes:
        name: First part of its full name.
        target: What the second part names.
        does: What happens.
        heals: What `heal` does, and what comes back by itself.
        serves: IDs of the requirements that it is for.
        amount: None where there is no more or less of it.
        lasts: Until it is healed; otherwise it is over at once, and there is nothing to heal.
    """

    name: str
    target: Target
    does: str
    heals: str
    serves: tuple[str, ...]
    amount: Amount | None = None
    lasts: bool = True


ZONE = Failure(
    "zone",
    Target.ZONE,
    "Its node, with kubelet and pods, and its Redis, Sentinel and PostgreSQL servers reach nobody and are reached by "
    "nobody. Sentinel and Patroni fail over by themselves; endpoints, being the region's, stay.",
    "Packets pass again; servers that were left behind come back as replicas and standbys.",
    ("PV-REDISFAIL", "PV-DBFAIL", "PV-KILL", "P0-REDIS", "P0-REPLICA", "SR-REPLICAS"),
)
REGION = Failure(
    "region",
    Target.REGION,
    "Its endpoints and servers of Redis and PostgreSQL answer nobody; requests to its AWS APIs and to its buckets end "
    "without an answer, and nothing is replicated from or to these buckets. The cluster and the edge stay.",
    "Everything answers again; replication catches up.",
    ("RB-REGION", "RB-S3", "RB-BACKUP"),
)
NODE = Failure(
    "node",
    Target.NODE,
    "Its kubelet, kube-proxy and containerd stand still, as on a machine that hangs; pods go on until they are given "
    "up (after 20 s the node is not ready).",
    "They go on.",
    ("PV-KILL", "SR-REPLICAS", "SR-PDB"),
)
KILL = Failure(
    "kill",
    Target.PROCESS,
    "Its processes end at once (kill -9).",
    "Nothing to heal: the platform starts them again. The cluster's take one more `groundwork local up`.",
    ("PV-REDISFAIL", "PV-DBFAIL", "RB-REDIS", "RB-DB"),
    lasts=False,
)
FREEZE = Failure(
    "freeze",
    Target.PROCESS,
    "Its processes stand still (SIGSTOP): connections stay open and nothing answers.",
    "They go on.",
    ("PV-REDISFAIL", "PV-DBFAIL", "PV-HEALTH"),
)
PARTITION = Failure(
    "partition",
    Target.SERVER,
    "No packet gets to it or leaves it; its processes run on.",
    "Packets pass again.",
    ("PV-REDISFAIL", "PV-DBFAIL", "PV-REPLICA", "PV-HEALTH"),
)
DELAY = Failure(
    "delay",
    Target.SERVER,
    "Every packet to it arrives later.",
    "Packets arrive as soon as they are sent.",
    ("PV-REPLICA", "PV-LOAD", "P0-OBS"),
    Amount("ms", 200, 1, 10_000),
)
LOSS = Failure(
    "loss",
    Target.SERVER,
    "Packets to it are lost at random.",
    "No packet is lost.",
    ("PV-REPLICA", "PV-LOAD", "P0-OBS"),
    Amount("percent", 20, 1, 100),
)
DISK_FULL = Failure(
    "disk-full",
    Target.DISK,
    "No file can be made or changed where it writes first: a database's log, the endpoint's state with the contents of "
    "objects. What it has open already it can write on; then it gets ENOSPC.",
    "There is space again, with everything that was acknowledged; a database starts again by itself.",
    ("PV-DBFAIL", "RB-DB", "RB-S3"),
)
S3_ERRORS = Failure(
    "s3-errors",
    Target.BUCKETS,
    "That part of S3's requests is answered with 503 SlowDown.",
    "Requests are answered as usual.",
    ("P0-S3", "RB-S3", "PV-HEALTH"),
    Amount("percent", 50, 1, 100),
)
S3_SLOW = Failure(
    "s3-slow",
    Target.BUCKETS,
    "Each request to S3 is answered later.",
    "Requests are answered at once.",
    ("P0-S3", "P0-OBS", "PV-HEALTH"),
    Amount("ms", 2000, 1, 60_000),
)

FAILURES = (ZONE, REGION, NODE, KILL, FREEZE, PARTITION, DELAY, LOSS, DISK_FULL, S3_ERRORS, S3_SLOW)


@dataclass(frozen=True)
class Fault:
    """A failure of something in particular.

    Attributes:
        target: Its name; a zone's is AWS's, `eu-west-1a`. Empty for all buckets.
    """

    name: str
    failure: Failure
    target: str


class UnknownFailure(ValueError):
    """There is no such name; the message has those that are near."""


def failure_of(name: str) -> Failure:
    """The failure of this name (without a target).

    Raises:
        KeyError: there is none.
    """
    return {failure.name: failure for failure in FAILURES}[name]


def named(inventory: Inventory) -> dict[str, Fault]:
    """Everything that can fail now, by its full name."""
    found: dict[str, Fault] = {}
    for failure in FAILURES:
        for short, target in _targets(failure.target, inventory):
            name = f"{failure.name}-{short}" if short else failure.name
            found[name] = Fault(name, failure, target)
    return found


def find(name: str, inventory: Inventory) -> Fault:
    """What is meant by a full name.

    Raises:
        UnknownFailure: nothing is.
    """
    known = named(inventory)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=4, cutoff=0.5)
        hint = f"near: {', '.join(near)}" if near else "there is none like it"
        raise UnknownFailure(f"nothing that can fail has the name {name!r} ({hint}); `local failures` lists all names")
    return known[name]


def amount_of(failure: Failure, asked: int | None) -> int | None:
    """How strong the failure is to be.

    Raises:
        ValueError: it cannot be that strong, or there is no more or less of it.
    """
    if failure.amount is None:
        if asked is not None:
            raise ValueError(f"{failure.name} has no amount")
        return None
    if asked is None:
        return failure.amount.default
    if not failure.amount.least <= asked <= failure.amount.most:
        limits = f"{failure.amount.least} to {failure.amount.most} {failure.amount.unit}"
        raise ValueError(f"the amount of {failure.name} is {limits}, not {asked}")
    return asked


def _targets(target: Target, inventory: Inventory) -> list[tuple[str, str]]:
    """Names that can stand in a full name, with the target's own."""
    if target is Target.ZONE:
        return [(zone.removeprefix(inventory.home), zone) for zone in inventory.zones]
    if target is Target.NODE:
        return [(node.name.removeprefix("node-"), node.name) for node in inventory.nodes]
    if target is Target.BUCKETS:
        return [("", ""), *((region, region) for region in inventory.regions)]
    names = {
        Target.REGION: inventory.regions,
        Target.PROCESS: inventory.processes,
        Target.SERVER: tuple(server.name for server in inventory.servers if server.addresses),
        Target.DISK: inventory.disks,
    }[target]
    return [(name, name) for name in names]
