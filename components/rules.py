"""Which combinations of knobs are unsafe, whoever sets them.

Pure functions over plain values. A component refuses its arguments with them at construction; the settings refuse a
stack file with the same ones before anything is registered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from components.errors import Refusal
from components.quantities import memory_bytes

Profile = Literal["queue", "state", "cache"]
"""What a Redis holds: jobs, state that exists nowhere else, or what can be computed again."""
Purpose = Literal["uploads", "assets", "logs", "backups"]

MAX_GRACE_SECONDS = 3600


class ReplicaRange(Protocol):
    """How many instances an autoscaler may run."""

    @property
    def min(self) -> int: ...
    @property
    def max(self) -> int: ...


class ResourceKnobs(Protocol):
    """What a container asks for and may use."""

    @property
    def memory_request(self) -> str: ...
    @property
    def memory_limit(self) -> str: ...


def replica_range(knobs: ReplicaRange, prefix: str = "replicas") -> Iterator[Refusal]:
    """SR-REPLICAS: at least two instances, and a range that is one."""
    if knobs.min < 2:
        yield Refusal(
            f"{prefix}.min",
            knobs.min,
            "one instance is an outage at every restart, eviction and zone failure: write 2 or more",
        )
    if knobs.max < knobs.min:
        yield Refusal(f"{prefix}.max", knobs.max, f"must not be below {prefix}.min ({knobs.min})")


def resources(knobs: ResourceKnobs, prefix: str = "resources") -> Iterator[Refusal]:
    """A limit below the request can never be scheduled."""
    if memory_bytes(knobs.memory_limit) < memory_bytes(knobs.memory_request):
        yield Refusal(
            f"{prefix}.memory_limit",
            knobs.memory_limit,
            f"must not be below the request ({knobs.memory_request}), or the pod is never accepted",
        )


def grace(seconds: int, setting: str) -> Iterator[Refusal]:
    """A pod that takes longer than this to stop blocks every node drain."""
    if seconds > MAX_GRACE_SECONDS:
        yield Refusal(
            setting,
            seconds,
            f"a pod would take more than {MAX_GRACE_SECONDS} s to stop and block node upgrades: split the work into "
            "shorter jobs that resume",
        )
