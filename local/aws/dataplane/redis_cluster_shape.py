"""From what the nodes of a Redis Cluster say to what they have to be told: decisions on plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.aws.dataplane.redis_cluster_desired import Member, RedisCluster
from local.aws.dataplane.redis_cluster_view import Entry, View
from local.aws.extensions.elasticache_node_groups import SLOTS, Slots, numbers, ranges, size

THRESHOLD = 2
"""Percent by which a node group may have more or fewer slots than its share."""


@dataclass(frozen=True)
class Order:
    """What one node is told: the words after `CLUSTER`."""

    address: str
    words: tuple[str, ...]


def orders(cluster: RedisCluster, views: Mapping[str, View]) -> list[Order]:
    """What is to be said next, so that the nodes are what is declared; nothing if that is so, or will be.

    Before anything else they forget nodes that are gone, then all meet, then replicas get their primaries, and
    primaries the slots that nobody has.

    Args:
        views: What every node says, by address.
    """
    for stage in (_strangers, _introductions, _replicas, _slots):
        if found := stage(cluster, views):
            return found
        if stage is _introductions and not know_each_other(views):
            return []
    return []


def know_each_other(views: Mapping[str, View]) -> bool:
    """Whether every node has met every other."""
    ids = {view.own.id for view in views.values()}
    return all(ids <= {entry.id for entry in view.known.values() if entry.is_met} for view in views.values())


def leader(members: Sequence[Member], views: Mapping[str, View]) -> Entry:
    """The primary of a node group: who has its slots, else who is followed by others, else the first."""
    own = [views[member.address].own for member in members]
    followed = [entry.primary for entry in own]
    best = max(
        range(len(own)),
        key=lambda place: (
            own[place].is_primary and bool(own[place].slots),
            own[place].epoch if own[place].slots else 0,
            own[place].is_primary,
            followed.count(own[place].id),
            -place,
        ),
    )
    return own[best]


def is_settled(cluster: RedisCluster, views: Mapping[str, View]) -> bool:
    """Whether the nodes are what is declared and all know it, their slots apart that are still to be moved."""
    if set(views) != {member.address for member in cluster.members} or not know_each_other(views):
        return False
    if orders(cluster, views) or not all(view.in_step for view in views.values()):
        return False
    told = {view.own.id: view.own for view in views.values()}
    return all(_agrees(entry, told) for view in views.values() for entry in view.known.values())


def is_balanced(cluster: RedisCluster, views: Mapping[str, View]) -> bool:
    """Whether every node group has its share of the slots, one that leaves none, and none is on its way."""
    counts = {shard: size(leader(members, views).slots) for shard, members in cluster.shards.items()}
    share = SLOTS / (len(counts) - len(cluster.leaving))
    tolerance = 1 + share * THRESHOLD / 100
    return not any(view.own.moves for view in views.values()) and all(
        count == 0 if shard in cluster.leaving else abs(count - share) <= tolerance for shard, count in counts.items()
    )


def heirs(cluster: RedisCluster, views: Mapping[str, View], running: set[str]) -> list[str]:
    """Addresses of the replicas that have to be told to take over, because the nodes cannot agree on it any more.

    A replica is elected by most of the primaries that have slots (Redis Cluster specification, Replica election). Of
    fewer than three nobody is left to elect; ElastiCache promotes a replica itself then, as the data plane does here.

    Args:
        views: What those nodes say that answer.
        running: Addresses of the nodes whose processes run.
    """
    lost: list[str] = []
    led = 0
    for members in cluster.shards.values():
        answers = [(member.address, views[member.address]) for member in members if member.address in views]
        if any(view.own.is_primary and view.own.slots for _, view in answers):
            led += 1
            continue
        replicas = [each for each in answers if _has_lost(each[1], running)]
        if replicas:
            lost.append(max(replicas, key=lambda each: each[1].offset)[0])
    return [] if led > len(cluster.shards) // 2 else lost


def _has_lost(view: View, running: set[str]) -> bool:
    primary = None if view.own.primary is None else view.known.get(view.own.primary)
    return primary is not None and (primary.is_missed or primary.address not in running)


def _strangers(_: RedisCluster, views: Mapping[str, View]) -> list[Order]:
    ids = {view.own.id for view in views.values()}
    return [
        Order(address, ("FORGET", entry.id))
        for address, view in views.items()
        for entry in view.known.values()
        if entry.id not in ids and entry.is_met
    ]


def _introductions(cluster: RedisCluster, views: Mapping[str, View]) -> list[Order]:
    anchor = cluster.members[0].address
    under_way = {entry.address for entry in views[anchor].known.values() if not entry.is_met}
    return [
        Order(anchor, ("MEET", address, str(cluster.port), str(cluster.bus)))
        for address, view in views.items()
        if view.own.id not in views[anchor].known and address not in under_way
    ]


def _replicas(cluster: RedisCluster, views: Mapping[str, View]) -> list[Order]:
    found = []
    for members in cluster.shards.values():
        primary = leader(members, views)
        for member in members:
            own = views[member.address].own
            # A primary that was deposed still has its slots until it has heard of it.
            if own.id != primary.id and own.primary != primary.id and not own.slots:
                found.append(Order(member.address, ("REPLICATE", primary.id)))
    return found


def _slots(cluster: RedisCluster, views: Mapping[str, View]) -> list[Order]:
    shards = cluster.shards
    primaries = {shard: leader(members, views) for shard, members in shards.items()}
    free = set(range(SLOTS)).difference(*(numbers(view.own.slots) for view in views.values()))
    if not free:
        return []
    given: dict[str, set[int]] = {shard: free & numbers(cluster.planned.get(shard, ())) for shard in shards}
    rest = free.difference(*given.values())
    staying = [shard for shard in shards if shard not in cluster.leaving]
    given[staying[0]] |= rest
    return [
        Order(primaries[shard].address, ("ADDSLOTSRANGE", *_words(ranges(mine))))
        for shard, mine in given.items()
        if mine
    ]


def _words(slots: Slots) -> list[str]:
    return [str(number) for each in slots for number in each]


def _agrees(entry: Entry, told: Mapping[str, Entry]) -> bool:
    """Whether what is said of a node is what it says itself."""
    own = told.get(entry.id)
    return own is not None and (entry.primary, entry.slots, entry.is_missed) == (own.primary, own.slots, False)
