"""What instance types can carry, for thresholds that are shares of it."""

from __future__ import annotations

from collections.abc import Mapping

GIB = 2**30

REDIS_CONNECTIONS = 65_000
"""`maxclients` of every ElastiCache node, which cannot be changed (ElastiCache User Guide, Redis OSS parameters)."""

_BURSTABLE: Mapping[str, float] = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_LARGE: Mapping[str, float] = {"c": 4, "m": 8, "r": 16, "x": 32}
"""GiB of memory of a `large` by family; each doubling of the size doubles it (RDS User Guide, DB instance classes)."""
_SMALLEST = 1.0
_LEFT_FOR_THE_DATABASE = 0.8
"""Share of an instance's memory that `DBInstanceClassMemory` stands for, on the careful side: the system has the
rest."""
_BYTES_A_CONNECTION = 9_531_392
_MOST_CONNECTIONS = 5000
"""RDS for PostgreSQL sets `max_connections` to LEAST({DBInstanceClassMemory/9531392}, 5000) (RDS User Guide, Quotas
and constraints)."""


def memory_gib(instance_class: str) -> float:
    """Memory of an RDS instance class such as `db.r7g.2xlarge`; one that is not known counts as the smallest."""
    _, family, size = (*instance_class.split("."), "", "", "")[:3]
    if family.startswith("t"):
        return _BURSTABLE.get(size, _SMALLEST)
    large = _LARGE.get(family[:1])
    if large is None:
        return _SMALLEST
    if size == "medium":
        return large / 2
    return large * _times(size)


def _times(size: str) -> int:
    """How many times a `large` this size is."""
    if size == "xlarge":
        return 2
    number = size.removesuffix("xlarge")
    return 2 * int(number) if size.endswith("xlarge") and number.isdecimal() else 1


def postgres_connections(instance_class: str) -> int:
    """Connections that RDS for PostgreSQL takes on an instance of this class, estimated on the careful side."""
    memory = memory_gib(instance_class) * GIB * _LEFT_FOR_THE_DATABASE
    return min(int(memory / _BYTES_A_CONNECTION), _MOST_CONNECTIONS)


def declared_connections(parameters: Mapping[str, str], instance_class: str) -> int:
    """Connections that a server takes: as its parameters say, or else as RDS sets it."""
    declared = parameters.get("max_connections", "")
    return int(declared) if declared.isdecimal() else postgres_connections(instance_class)
