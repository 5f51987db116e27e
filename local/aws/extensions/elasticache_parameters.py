"""Parameters of the ElastiCache family that the local platform runs, and how they become redis.conf settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

FAMILY = "redis7"
DEFAULT_GROUP = f"default.{FAMILY}"
DEFAULT_CLUSTER_GROUP = f"{DEFAULT_GROUP}.cluster.on"
CLUSTER_ENABLED = "cluster-enabled"
"""Decides for what replication groups a parameter group is: those with cluster mode or those without."""

MAXIMUM_MEMORY = 256 * 2**20
"""Bytes that one local Redis may use at most; a node type with less memory gets less."""

_NODE_MEMORY = {"micro": 536870912, "small": 1471026299}
"""`maxmemory` in bytes by size, ElastiCache user guide, Redis node-type specific parameters (t4g)."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of the family.

    Attributes:
        allowed: `a,b,c` for a choice, `1-10` or `-2-10` for a range, empty for free text.
        directive: Name in redis.conf when it is not the parameter's own; None when Redis does not have it.
        live: Whether a change applies without a restart.
    """

    name: str
    default: str
    allowed: str
    kind: str = "integer"
    directive: str | None = ""
    live: bool = True
    modifiable: bool = True

    def accepts(self, value: str) -> bool:
        """Whether the value is inside `allowed`."""
        if not self.allowed:
            return not re.search(r"[\x00-\x1f\"\\]", value)
        span = re.fullmatch(r"(-?\d+)-(\d+)", self.allowed)
        if span:
            return re.fullmatch(r"-?\d+", value) is not None and int(span[1]) <= int(value) <= int(span[2])
        return value in self.allowed.split(",")


def _yes_no(name: str, default: str, **more: object) -> Parameter:
    return Parameter(name, default, "yes,no", "string", **more)  # type: ignore[arg-type]


_EVICTION = "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"
_BIG = "0-9223372036854775807"

PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter("acllog-max-len", "128", "1-10000"),
        _yes_no("activedefrag", "no", directive=None),
        _yes_no("activerehashing", "yes"),
        _yes_no("appendonly", "no", modifiable=False),
        Parameter("client-output-buffer-limit-normal-hard-limit", "0", _BIG),
        Parameter("client-output-buffer-limit-normal-soft-limit", "0", _BIG),
        Parameter("client-output-buffer-limit-normal-soft-seconds", "0", _BIG),
        Parameter("client-output-buffer-limit-pubsub-hard-limit", "33554432", _BIG),
        Parameter("client-output-buffer-limit-pubsub-soft-limit", "8388608", _BIG),
        Parameter("client-output-buffer-limit-pubsub-soft-seconds", "60", _BIG),
        _yes_no("close-on-replica-write", "yes", directive=None),
        _yes_no("cluster-allow-pubsubshard-when-down", "yes"),
        _yes_no("cluster-allow-reads-when-down", "no"),
        _yes_no(CLUSTER_ENABLED, "no", directive=None),
        _yes_no("cluster-require-full-coverage", "no"),
        Parameter("databases", "16", "1-1200000", live=False),
        Parameter("hash-max-listpack-entries", "512", _BIG),
        Parameter("hash-max-listpack-value", "64", _BIG),
        Parameter("hll-sparse-max-bytes", "3000", "1-16000"),
        _yes_no("latency-tracking", "no"),
        _yes_no("lazyfree-lazy-eviction", "yes"),
        _yes_no("lazyfree-lazy-expire", "yes"),
        _yes_no("lazyfree-lazy-server-del", "yes"),
        _yes_no("lazyfree-lazy-user-del", "yes"),
        Parameter("lfu-decay-time", "1", _BIG),
        Parameter("lfu-log-factor", "10", "1-9223372036854775807"),
        Parameter("list-compress-depth", "0", _BIG),
        Parameter("list-max-listpack-size", "-2", "-5-2147483647"),
        Parameter("maxclients", "65000", "1-65000", modifiable=False, directive=None),
        Parameter("maxmemory-policy", "volatile-lru", _EVICTION, "string"),
        Parameter("maxmemory-samples", "3", "1-64"),
        Parameter("min-replicas-max-lag", "10", _BIG),
        Parameter("min-replicas-to-write", "0", _BIG),
        Parameter("notify-keyspace-events", "", "", "string"),
        Parameter("proto-max-bulk-len", "536870912", "1048576-536870912"),
        Parameter("repl-backlog-size", "1048576", "16384-9223372036854775807"),
        Parameter("repl-backlog-ttl", "3600", _BIG),
        Parameter("repl-timeout", "60", "11-9223372036854775807"),
        Parameter("reserved-memory-percent", "25", "0-100", directive=None),
        Parameter("set-max-intset-entries", "512", _BIG),
        Parameter("slowlog-log-slower-than", "10000", "-1-9223372036854775807"),
        Parameter("slowlog-max-len", "128", _BIG),
        Parameter("stream-node-max-bytes", "4096", _BIG),
        Parameter("stream-node-max-entries", "100", _BIG),
        Parameter("tcp-keepalive", "300", "0-2147483647"),
        Parameter("timeout", "0", "0-2147483647"),
        Parameter("tracking-table-max-keys", "1000000", "1-100000000"),
        Parameter("zset-max-listpack-entries", "128", _BIG),
        Parameter("zset-max-listpack-value", "64", _BIG),
    )
}

_BUFFER = re.compile(r"client-output-buffer-limit-(normal|pubsub)-.*")


def redis_settings(changed: Mapping[str, str], node_type: str) -> dict[str, str]:
    """redis.conf settings of a node: the family's defaults with the parameter group's changes.

    Args:
        changed: The parameter group's own values by parameter name.
        node_type: Such as `cache.t4g.micro`; bounds the memory.
    """
    values = {name: changed.get(name, parameter.default) for name, parameter in PARAMETERS.items()}
    settings = {
        (PARAMETERS[name].directive or name): value
        for name, value in values.items()
        if PARAMETERS[name].directive is not None and not _BUFFER.match(name)
    }
    settings["client-output-buffer-limit"] = " ".join(
        f"{client} " + " ".join(values[f"client-output-buffer-limit-{client}-{limit}"] for limit in limits)
        for client in ("normal", "pubsub")
        for limits in [("hard-limit", "soft-limit", "soft-seconds")]
    )
    reserved = int(values["reserved-memory-percent"])
    node_memory = _NODE_MEMORY.get(node_type.rpartition(".")[2], MAXIMUM_MEMORY)
    settings["maxmemory"] = str(min(MAXIMUM_MEMORY, node_memory) * (100 - reserved) // 100)
    return settings


def restart_settings() -> frozenset[str]:
    """Settings that take effect only when the server starts."""
    return frozenset(parameter.directive or name for name, parameter in PARAMETERS.items() if not parameter.live)
