"""What a Redis cluster may be: profiles, versions, and which knobs contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

from components import redis_access, windows
from components.errors import Refusal
from components.redis_access import AccessKnobs
from components.rules import Profile

Eviction = Literal["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu"]
"""Policies of a cache (ElastiCache User Guide, Redis OSS 7 parameters, `maxmemory-policy`)."""

DEFAULT_EVICTION: Eviction = "allkeys-lru"
NEVER = "noeviction"

FAMILIES: Mapping[str, str] = {"6.2": "redis6.x", "7.0": "redis7", "7.1": "redis7"}
"""Parameter group family by engine version: all that ElastiCache has of Redis OSS under standard support."""

MOST_REPLICAS = 5
MOST_NODES = 90
MOST_SECONDARIES = 2
"""ElastiCache quotas: replicas of a shard, nodes of a cluster, and secondaries of a global datastore."""
GLOBAL_NODES = re.compile(r"cache\.(?:c7gn|m5|m6g|m7g|r5|r6g|r6gd|r7g)\.\d*x?large")
"""Node types of a global datastore (ElastiCache User Guide, Global datastores: prerequisites and limitations)."""
S3_OBJECT = re.compile(r"arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^,]+\.rdb")
"""A snapshot in S3 (ElastiCache API Reference, `CreateReplicationGroup`, `SnapshotArns`: no commas)."""
SNAPSHOT_MINUTES = 60
"""Least length of a snapshot and of a maintenance window (ElastiCache API Reference, `CreateReplicationGroup`)."""


class RedisKnobs(AccessKnobs, Protocol):
    """What decides about a Redis cluster's safety."""

    @property
    def profile(self) -> Profile: ...
    @property
    def eviction(self) -> Eviction | None: ...
    @property
    def node_type(self) -> str: ...
    @property
    def replicas(self) -> int: ...
    @property
    def shards(self) -> int | None: ...
    @property
    def snapshot_retention_days(self) -> int: ...
    @property
    def snapshot_window(self) -> str: ...
    @property
    def maintenance_window(self) -> str: ...
    @property
    def global_datastore(self) -> str | None: ...
    @property
    def restore_from_snapshot(self) -> str | None: ...
    @property
    def restore_from_s3(self) -> Sequence[str]: ...
    @property
    def own_kms_key(self) -> bool: ...
    @property
    def kms_key_arn(self) -> str | None: ...


class SecondaryKnobs(Protocol):
    """What decides about the safety of a copy in another region."""

    @property
    def replicas(self) -> int: ...
    @property
    def kms_key_arn(self) -> str | None: ...


def memory_policy(profile: Profile, eviction: Eviction | None) -> str:
    """`maxmemory-policy`: what holds jobs or state answers with an error when memory is short, a cache forgets.

    An error is seen and retried. A forgotten session, idempotency key or upload is neither: the volatile policies
    would not help, since all of these expire and are exactly what such a policy evicts.
    """
    return (eviction or DEFAULT_EVICTION) if profile == "cache" else NEVER


def refusals(knobs: RedisKnobs) -> Iterator[Refusal]:
    """Rules of one Redis cluster."""
    yield from _memory(knobs)
    yield from _nodes(knobs)
    yield from redis_access.refusals(knobs)
    yield from _restores(knobs)
    yield from _global(knobs)
    if knobs.engine_version not in FAMILIES:
        yield Refusal(
            "engine_version", knobs.engine_version, f"ElastiCache has no such Redis: write one of {', '.join(FAMILIES)}"
        )
    if knobs.own_kms_key and knobs.kms_key_arn is not None:
        yield Refusal("own_kms_key", True, "kms_key_arn names a key already: leave one of the two out")
    yield from windows.refusals(
        ("snapshot_window", knobs.snapshot_window),
        ("maintenance_window", knobs.maintenance_window),
        SNAPSHOT_MINUTES,
    )


def _restores(knobs: RedisKnobs) -> Iterator[Refusal]:
    objects = list(knobs.restore_from_s3)
    if not objects:
        return
    if knobs.restore_from_snapshot is not None:
        yield Refusal(
            "restore_from_snapshot",
            knobs.restore_from_snapshot,
            "restore_from_s3 says where to begin already: leave one of the two out",
        )
    wrong = [item for item in objects if not S3_OBJECT.fullmatch(item)]
    if wrong:
        yield Refusal(
            "restore_from_s3", wrong[0], "is no snapshot in S3: write such as arn:aws:s3:::backups/cache-0001.rdb"
        )
    shards = knobs.shards or 1
    if len(objects) not in (1, shards) or len(set(objects)) < len(objects):
        yield Refusal(
            "restore_from_s3",
            objects,
            f"write one object for each shard, and none twice: {shards}" if shards > 1 else "write one object",
        )


def _global(knobs: RedisKnobs) -> Iterator[Refusal]:
    if knobs.global_datastore is None:
        return
    if not re.fullmatch(r"[a-z](?:-?[a-z0-9])*", knobs.global_datastore) or len(knobs.global_datastore) > 32:
        yield Refusal(
            "global_datastore",
            knobs.global_datastore,
            "ends the datastore's name: write 32 or fewer lower-case letters, digits and single hyphens",
        )
    if not GLOBAL_NODES.fullmatch(knobs.node_type):
        yield Refusal(
            "node_type",
            knobs.node_type,
            "cannot be in a global datastore: write M5, M6g, M7g, R5, R6g, R6gd, R7g or C7gn of size large or more, "
            "for example cache.r7g.large, or keep this Redis in one region",
        )
    if knobs.replicas == 0:
        yield Refusal("replicas", 0, "a global datastore needs automatic failover, and that a replica: write 1 or more")
    if knobs.users:
        yield Refusal(
            "users",
            sorted(knobs.users),
            "are of one region, and a secondary would let nobody in: leave the users out, or keep this Redis in one "
            "region",
        )


def key_refusals(key: str | None, region: str | None) -> Iterator[Refusal]:
    """A key of another region is refused by ElastiCache when everything around the cluster has been made.

    Args:
        key: ARN of the key, if there is one.
        region: Where the cluster is; None where that is not known.
    """
    if key is not None and region is not None and not re.fullmatch(rf"arn:[a-z-]+:kms:{re.escape(region)}:.+", key):
        yield Refusal(
            "kms_key_arn", key, f"a key cannot be used outside of its region: write the ARN of a key in {region}"
        )


def secondary_refusals(region: str, primary_region: str | None, knobs: SecondaryKnobs) -> Iterator[Refusal]:
    """Rules of one secondary of a global datastore.

    Args:
        region: Where it is.
        primary_region: Where the primary is; None where that is not known.
        knobs: The rest.
    """
    if region == primary_region:
        yield Refusal("region", region, "is the primary's own region, whose loss would take both: name another one")
    elif primary_region is not None and region.startswith("cn-") != primary_region.startswith("cn-"):
        yield Refusal("region", region, f"ElastiCache does not replicate between {primary_region} and this one")
    yield from key_refusals(knobs.kms_key_arn, region)
    if not 1 <= knobs.replicas <= MOST_REPLICAS:
        yield Refusal(
            "replicas",
            knobs.replicas,
            f"a global datastore needs automatic failover in each region: write 1 to {MOST_REPLICAS}",
        )


def _memory(knobs: RedisKnobs) -> Iterator[Refusal]:
    if knobs.eviction is not None and knobs.profile != "cache":
        yield Refusal(
            "eviction",
            knobs.eviction,
            f"the profile {knobs.profile!r} never evicts, since what it holds exists nowhere else: leave it out, or "
            "write the profile 'cache' if everything in it can be computed again",
        )
    if knobs.snapshot_retention_days and knobs.node_type.startswith("cache.t1."):
        yield Refusal("node_type", knobs.node_type, "cache.t1 nodes cannot be snapshotted: write cache.t4g.micro")


def _nodes(knobs: RedisKnobs) -> Iterator[Refusal]:
    if knobs.replicas > MOST_REPLICAS:
        yield Refusal(
            "replicas",
            knobs.replicas,
            f"ElastiCache allows {MOST_REPLICAS} replicas of a primary: write {MOST_REPLICAS} or less",
        )
    if knobs.shards is None:
        return
    if knobs.profile == "queue":
        yield Refusal(
            "shards",
            knobs.shards,
            "BullMQ keeps a queue's keys in one slot, so that further shards stay empty: leave it out",
        )
    if knobs.replicas == 0:
        yield Refusal(
            "replicas",
            0,
            "in cluster mode failover cannot be switched off, and without a replica it has nowhere to go: write 1 or "
            "more",
        )
    if knobs.shards * (knobs.replicas + 1) > MOST_NODES:
        yield Refusal(
            "shards",
            knobs.shards,
            f"with replicas ({knobs.replicas}) makes more than {MOST_NODES} nodes: write less of one of them",
        )
