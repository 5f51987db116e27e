"""What a Redis cluster may be: profiles, versions, and which knobs contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
"""ElastiCache quotas: replicas of a shard, and nodes of a cluster."""
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
    def own_kms_key(self) -> bool: ...
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
