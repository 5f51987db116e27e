"""At which values alarms go off: one table, with units and sources.

Two named profiles: `production` warns while there is time to act, `staging` tells what is broken without waking
anybody for load tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

AlarmProfile = Literal["production", "staging"]
Capacity = Literal["connections", "storage"]
"""What a threshold is a share of."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that is watched on all nodes of a store; the worst node counts.

    Attributes:
        name: End of the alarm's name.
        meaning: What it means when the alarm goes off.
        metric: CloudWatch metric.
        statistic: Of each minute.
        bad: Which side of the threshold is bad.
        unit: Of the threshold.
        thresholds: Value by profile; a share of `share_of` where that is set.
        share_of: The capacity that the thresholds are shares of.
        minutes: Minutes in a row that it has to last.
        nodes: Nodes that have the metric.
        silence_is_bad: Whether missing values are told too: the node does not answer.
        source: Where the threshold comes from.
    """

    name: str
    meaning: str
    metric: str
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"]
    bad: Literal["above", "below"] = "above"
    unit: str
    thresholds: Mapping[AlarmProfile, float]
    share_of: Capacity | None = None
    minutes: int
    nodes: Literal["all", "replicas", "writer"] = "all"
    silence_is_bad: bool = False
    source: str

    def threshold(self, profile: AlarmProfile, capacity: Mapping[Capacity, float]) -> float:
        """The threshold in the metric's unit."""
        value = self.thresholds[profile]
        return value if self.share_of is None else value * capacity[self.share_of]


_REDIS_GUIDE = "ElastiCache User Guide, Which metrics should I monitor?"
_RDS_GUIDE = "RDS User Guide, Monitoring metrics with CloudWatch: performance guidelines"

REDIS: Sequence[Condition] = (
    Condition(
        name="cpu",
        meaning="Redis runs its commands on one core, and that core is nearly full: commands queue",
        metric="EngineCPUUtilization",
        statistic="Average",
        unit="percent",
        thresholds={"production": 80, "staging": 90},
        minutes=5,
        silence_is_bad=True,
        source=_REDIS_GUIDE,
    ),
    Condition(
        name="memory",
        meaning="memory is nearly full: soon writes fail, or a cache forgets",
        metric="DatabaseMemoryUsagePercentage",
        statistic="Maximum",
        unit="percent",
        thresholds={"production": 75, "staging": 90},
        minutes=5,
        source=_REDIS_GUIDE,
    ),
    Condition(
        name="connections",
        meaning="clients open more connections than planned: at the limit, new ones are refused",
        metric="CurrConnections",
        statistic="Maximum",
        unit="share of the node's connections",
        thresholds={"production": 0.5, "staging": 0.8},
        share_of="connections",
        minutes=5,
        source=_REDIS_GUIDE,
    ),
    Condition(
        name="replication-lag",
        meaning="a failover now would lose the writes of this time",
        metric="ReplicationLag",
        statistic="Maximum",
        unit="seconds",
        thresholds={"production": 5, "staging": 30},
        minutes=3,
        nodes="all",
        source=_REDIS_GUIDE,
    ),
)
"""What is watched on every Redis. Any node may be a replica after a failover."""

EVICTIONS = Condition(
    name="evictions",
    meaning="keys are being evicted from a Redis that must not forget: its parameter group was changed",
    metric="Evictions",
    statistic="Sum",
    unit="keys a minute",
    thresholds={"production": 0, "staging": 0},
    minutes=1,
    source="the profiles queue and state are noeviction: one eviction is one too many",
)
CACHE_EVICTIONS = replace(
    EVICTIONS,
    meaning="the cache is too small for what is asked of it: it forgets faster than it serves",
    thresholds={"production": 1000, "staging": 10_000},
    minutes=15,
    source=f"{_REDIS_GUIDE}; the number is ours: about 1 in 100 of what a small node serves",
)

GLOBAL_LAG = Condition(
    name="global-lag",
    meaning="a region that is promoted now would lose the writes of this time",
    metric="GlobalDatastoreReplicationLag",
    statistic="Maximum",
    unit="seconds",
    thresholds={"production": 10, "staging": 60},
    minutes=5,
    source="ElastiCache User Guide, Replication across regions using global datastores: typically below one second",
)
"""What is watched on a secondary beside the rest: only its primary node has the metric."""

POSTGRES: Sequence[Condition] = (
    Condition(
        name="cpu",
        meaning="queries wait for a processor",
        metric="CPUUtilization",
        statistic="Average",
        unit="percent",
        thresholds={"production": 80, "staging": 90},
        minutes=15,
        silence_is_bad=True,
        source=_RDS_GUIDE,
    ),
    Condition(
        name="connections",
        meaning="at max_connections, new clients are refused",
        metric="DatabaseConnections",
        statistic="Maximum",
        unit="share of max_connections",
        thresholds={"production": 0.8, "staging": 0.9},
        share_of="connections",
        minutes=5,
        source=_RDS_GUIDE,
    ),
    Condition(
        name="storage",
        meaning="a full disk stops the database",
        metric="FreeStorageSpace",
        statistic="Minimum",
        bad="below",
        unit="share of the storage that it began with",
        thresholds={"production": 0.15, "staging": 0.1},
        share_of="storage",
        minutes=5,
        source=f"{_RDS_GUIDE} (investigate above 85 percent used)",
    ),
    Condition(
        name="read-latency",
        meaning="the disk answers reads slowly: input and output are at their limit",
        metric="ReadLatency",
        statistic="Average",
        unit="seconds",
        thresholds={"production": 0.02, "staging": 0.05},
        minutes=10,
        source="EBS User Guide, gp3: single-digit milliseconds; twice that and more is not normal",
    ),
    Condition(
        name="write-latency",
        meaning="the disk answers writes slowly: commits wait",
        metric="WriteLatency",
        statistic="Average",
        unit="seconds",
        thresholds={"production": 0.02, "staging": 0.05},
        minutes=10,
        source="EBS User Guide, gp3: single-digit milliseconds; a Multi-AZ commit writes twice",
    ),
)
"""What is watched on the writer and every replica."""

REPLICA_LAG = Condition(
    name="replica-lag",
    meaning="replicas answer with old data, and one that is promoted now would lose this time",
    metric="ReplicaLag",
    statistic="Maximum",
    unit="seconds",
    thresholds={"production": 30, "staging": 120},
    minutes=5,
    nodes="replicas",
    source="RDS User Guide, Monitoring read replication; never above the declared recovery point",
)

RECOVERY_POINT_METRIC = "RecoveryPointAge"
"""Seconds since the newest moment that a database can be restored to: measured by `components.recovery_point`."""


def recovery_point_condition(rpo_minutes: int) -> Condition:
    """What is watched where a recovery point was promised.

    Args:
        rpo_minutes: Minutes of data that a recovery may lose.
    """
    return Condition(
        name="recovery-point",
        meaning="a restore would lose more than was promised: backups, or the upload of the log, have stopped",
        metric=RECOVERY_POINT_METRIC,
        statistic="Maximum",
        unit="seconds",
        thresholds={"production": rpo_minutes * 60.0, "staging": rpo_minutes * 60.0},
        minutes=10,
        nodes="writer",
        silence_is_bad=True,
        source="the declared recovery point; RDS uploads its log every five minutes, so that one reading above it "
        "means nothing yet",
    )


def redis_conditions(evicts: bool) -> list[Condition]:
    """What is watched on a Redis.

    Args:
        evicts: Whether it may evict keys.
    """
    return [*REDIS, CACHE_EVICTIONS if evicts else EVICTIONS]


def postgres_conditions(rpo_minutes: int | None) -> list[Condition]:
    """What is watched on a PostgreSQL.

    Args:
        rpo_minutes: Minutes of data that a recovery may lose, if promised: no replica may lag more without an alarm.
    """
    if rpo_minutes is None:
        return [*POSTGRES, REPLICA_LAG]
    bounded = {profile: min(value, rpo_minutes * 60.0) for profile, value in REPLICA_LAG.thresholds.items()}
    return [*POSTGRES, replace(REPLICA_LAG, thresholds=bounded)]
