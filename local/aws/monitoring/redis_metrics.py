"""From what a Redis says of itself to CloudWatch's metrics of ElastiCache.

ElastiCache User Guide, Metrics for Redis OSS, and Host-level metrics; the fields are those of Redis' command INFO.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local.aws.monitoring.reading import Reading

NAMESPACE = "AWS/ElastiCache"
DIMENSION = "CacheClusterId"
SECTIONS = ("server", "clients", "memory", "stats", "replication", "cpu")
"""Of INFO, that the metrics are made from."""

_MICROSECONDS = 1_000_000


def readings(
    now: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    lag: float | None = None,
    leads_secondary: bool = False,
) -> list[Reading]:
    """The metrics that a node has.

    Args:
        now: Fields of INFO.
        before: The same from the last time; what counts something since then is left out without it.
        lag: Seconds that the node, a replica, is behind; None: it is none, or nobody knows.
        leads_secondary: It is the primary node of a secondary of a global datastore: what it is behind is told as the
            datastore's lag.
    """
    found = [
        Reading("CurrConnections", float(now["connected_clients"]), "Count"),
        Reading("BytesUsedForCache", float(now["used_memory"]), "Bytes"),
        Reading("IsMaster", float(now["role"] == "master"), "Count"),
    ]
    if now.get("maxmemory"):
        share = 100 * float(now["used_memory"]) / float(now["maxmemory"])
        found.append(Reading("DatabaseMemoryUsagePercentage", share, "Percent"))
    if lag is not None:
        found.append(Reading("GlobalDatastoreReplicationLag" if leads_secondary else "ReplicationLag", lag, "Seconds"))
    if before is not None and before["run_id"] == now["run_id"]:
        found += _since(now, before)
    return found


def _since(now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterable[Reading]:
    seconds = (float(now["server_time_usec"]) - float(before["server_time_usec"])) / _MICROSECONDS
    if seconds > 0:
        # The engine is the thread that runs the commands; others write to sockets and disks.
        spent = sum(
            float(now[field]) - float(before[field])
            for field in ("used_cpu_user_main_thread", "used_cpu_sys_main_thread")
        )
        yield Reading("EngineCPUUtilization", min(100.0, max(0.0, 100 * spent / seconds)), "Percent")
    for metric, field in _COUNTERS.items():
        yield Reading(metric, float(now[field]) - float(before[field]), "Count")


_COUNTERS: Mapping[str, str] = {
    "Evictions": "evicted_keys",
    "CacheHits": "keyspace_hits",
    "CacheMisses": "keyspace_misses",
    "NewConnections": "total_connections_received",
}
"""Metrics that count what happened since the last time, and the counter that they are made from."""


def told_lags(info: Mapping[str, Any]) -> dict[str, float]:
    """How far behind a node says that its replicas are: seconds by address.

    Redis tells how long ago each last acknowledged what it has; replicas do so once a second. One whose first copy is
    under way has no lag yet.
    """
    found = {}
    for field, replica in info.items():
        if field.startswith("slave") and field[5:].isdecimal() and replica.get("state") == "online":
            found[str(replica["ip"])] = float(replica["lag"])
    return found


def lag_of(info: Mapping[str, Any], address: str, lags: Mapping[str, float]) -> float | None:
    """Seconds that a replica is behind; None for a primary, and for one that never was in step.

    Args:
        info: Of the node.
        address: The node's.
        lags: What all nodes say of their replicas.
    """
    if info["role"] == "master":
        return None
    if info.get("master_link_status") == "up":
        return lags.get(address)
    away = float(info.get("master_link_down_since_seconds", -1))
    return away if away >= 0 else None
