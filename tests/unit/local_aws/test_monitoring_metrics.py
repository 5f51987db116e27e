"""From what servers say of themselves to metrics, and how they are asked (P0-OBS, P0-REDIS, P0-REPLICA)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.thresholds import GLOBAL_LAG, POSTGRES, REPLICA_LAG, redis_conditions
from local.aws.monitoring import postgres_metrics, processes, redis_metrics, sampling, stores
from local.aws.monitoring.postgres_metrics import InStep, Status, follow
from local.aws.monitoring.sampling import Sampler, until
from local.aws.monitoring.store import Metric
from local.aws.monitoring.targets import PostgresInstance, RedisNode

pytestmark = pytest.mark.unit

NOW = 1_800_000_000.0
INFO: dict[str, Any] = {
    "role": "master",
    "run_id": "a",
    "server_time_usec": 100_000_000,
    "connected_clients": 7,
    "used_memory": 64,
    "maxmemory": 256,
    "used_cpu_user_main_thread": 1.0,
    "used_cpu_sys_main_thread": 0.5,
    "evicted_keys": 10,
    "keyspace_hits": 100,
    "keyspace_misses": 20,
    "total_connections_received": 3,
}
LATER = {
    **INFO,
    "server_time_usec": 110_000_000,
    "used_cpu_user_main_thread": 5.0,
    "used_cpu_sys_main_thread": 1.5,
    "evicted_keys": 25,
    "keyspace_hits": 150,
}
REPLICA = {**INFO, "role": "slave", "master_link_status": "up", "master_last_io_seconds_ago": 9}
STATUS = Status(
    backend=1,
    time=NOW,
    started=NOW - 500,
    connections=4,
    used=5 * 2**30,
    read_ms=1000.0,
    reads=100,
    write_ms=50.0,
    writes=10,
    replica=False,
    position=5_000,
    replayed_ago=None,
)


def _by_name(found: Any) -> dict[str, float]:
    return {reading.metric: reading.value for reading in found}


def test_a_redis_is_measured_from_one_reading_to_the_next() -> None:
    assert _by_name(redis_metrics.readings(LATER, INFO)) == {
        "CurrConnections": 7,
        "BytesUsedForCache": 64,
        "IsMaster": 1,
        "DatabaseMemoryUsagePercentage": 25,
        "EngineCPUUtilization": pytest.approx(50),
        "Evictions": 15,
        "CacheHits": 50,
        "CacheMisses": 0,
        "NewConnections": 0,
    }


def test_what_counts_since_the_last_time_is_unknown_after_a_restart() -> None:
    fresh = _by_name(redis_metrics.readings({**LATER, "run_id": "b"}, INFO))
    assert "Evictions" not in fresh and "EngineCPUUtilization" not in fresh
    assert "DatabaseMemoryUsagePercentage" not in _by_name(redis_metrics.readings({**INFO, "maxmemory": 0}, None))


def test_every_metric_of_our_alarms_is_made() -> None:
    """P0-OBS: nothing that `components.thresholds` watches is without a source."""
    redis = _by_name(redis_metrics.readings({**LATER, "role": "slave"}, INFO, lag=1.0))
    assert {condition.metric for evicts in (True, False) for condition in redis_conditions(evicts)} <= redis.keys()
    leading = _by_name(redis_metrics.readings(REPLICA, None, lag=1.0, leads_secondary=True))
    assert leading[GLOBAL_LAG.metric] == 1.0
    assert "ReplicationLag" not in leading
    later = replace(STATUS, time=NOW + 10, reads=150, read_ms=1500.0)
    postgres = _by_name(postgres_metrics.readings(later, STATUS, 20, cpu=12.5, lag=0.0))
    assert {condition.metric for condition in [*POSTGRES, REPLICA_LAG]} <= postgres.keys()


def test_a_replicas_lag_is_what_its_primary_says_while_they_are_connected() -> None:
    """P0-REDIS: an idle primary sends nothing for ten seconds; that is no lag."""
    primary = {
        **INFO,
        "slave0": {"ip": "10.0.0.2", "state": "online", "lag": 1},
        "slave1": {"ip": "10.0.0.3", "state": "wait_bgsave", "lag": 0},
        "slave_read_only": 1,
    }
    lags = redis_metrics.told_lags(primary)
    assert lags == {"10.0.0.2": 1.0}
    assert redis_metrics.lag_of(REPLICA, "10.0.0.2", lags) == 1
    assert redis_metrics.lag_of(REPLICA, "10.0.0.3", lags) is None
    assert redis_metrics.lag_of(primary, "10.0.0.1", lags) is None
    cut_off = {**REPLICA, "master_link_status": "down", "master_link_down_since_seconds": 42}
    assert redis_metrics.lag_of(cut_off, "10.0.0.2", lags) == 42
    assert redis_metrics.lag_of({**cut_off, "master_link_down_since_seconds": -1}, "10.0.0.2", lags) is None


def test_a_postgres_is_measured_from_one_reading_to_the_next() -> None:
    later = replace(STATUS, time=NOW + 10, reads=150, read_ms=1500.0)
    assert _by_name(postgres_metrics.readings(later, STATUS, 20, cpu=12.5, lag=None)) == {
        "DatabaseConnections": 4,
        "FreeStorageSpace": 15 * 2**30,
        "CPUUtilization": 12.5,
        "ReadLatency": pytest.approx(0.01),
        "WriteLatency": 0,
    }
    untimed = replace(later, read_ms=None, write_ms=None)
    assert "ReadLatency" not in _by_name(postgres_metrics.readings(untimed, STATUS, 20, None, None))
    restarted = replace(later, started=NOW)
    assert "ReadLatency" not in _by_name(postgres_metrics.readings(restarted, STATUS, 20, None, None))


def test_a_replica_that_has_everything_has_no_lag_however_old_the_last_transaction_is() -> None:
    """P0-REPLICA."""
    idle = replace(STATUS, replica=True, replayed_ago=3600.0)
    assert follow(idle, 5_000, None) == (0.0, InStep(NOW))
    assert follow(idle, 4_000, InStep(NOW - 10)) == (0.0, InStep(NOW))


@pytest.mark.parametrize(
    ("replayed_ago", "last", "source", "lag"),
    [
        # Somebody always writes, and the replica is half a second behind.
        (0.5, InStep(NOW - 300), 6_000, 0.5),
        # Nobody wrote for an hour, and what was written since the last look is on its way.
        (3600.0, InStep(NOW - 10), 6_000, 10.0),
        # Its source is gone: nothing is known of what it might lack.
        (3600.0, InStep(NOW - 60), None, 60.0),
        (None, None, 6_000, None),
    ],
)
def test_a_replicas_lag(replayed_ago: float | None, last: InStep | None, source: int | None, lag: float | None) -> None:
    """P0-REPLICA."""
    assert follow(replace(STATUS, replica=True, replayed_ago=replayed_ago), source, last) == (lag, last)


def test_processor_time_counts_processes_that_a_process_started() -> None:
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    starter = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}]); input()"
    with subprocess.Popen([sys.executable, "-c", starter], stdin=subprocess.PIPE) as parent:
        assert processes.parent_of(parent.pid) == os.getpid()
        taken = 0.0
        while taken < 0.3:
            taken = processes.cpu_seconds(parent.pid) or 0.0
        parent.communicate(b"\n")
    assert processes.cpu_seconds(parent.pid) is None


@pytest.mark.parametrize(
    ("seconds", "cores", "percent"), [(10.0, 1, 50.0), (10.0, 2, 25.0), (0.0, 2, None), (1.0, 2, 100.0)]
)
def test_processor_time_as_a_share_of_the_machine(seconds: float, cores: int, percent: float | None) -> None:
    assert processes.percent(15.0, 10.0, seconds, cores) == percent


@given(st.floats(0, 1e9), st.sampled_from([1.0, 10.0]))
def test_readings_are_on_multiples_of_the_interval(now: float, interval: float) -> None:
    waited = until(now, interval)
    assert 0 < waited <= interval
    assert (now + waited) / interval == pytest.approx(round((now + waited) / interval))


class _Servers:
    """Servers that answer, hang or fail."""

    def __init__(self) -> None:
        self.hanging: set[str] = set()
        self.forgotten: list[str] = []
        self.asked: list[str] = []

    async def redis(self, node: RedisNode) -> Mapping[str, Any]:
        self.asked.append(node.identifier)
        if node.identifier in self.hanging:
            await asyncio.sleep(3600)
        return INFO

    async def postgres(self, instance: PostgresInstance) -> Status:
        self.asked.append(instance.identifier)
        if instance.identifier in self.hanging:
            raise ConnectionError("gone")
        return replace(STATUS, replica=instance.source is not None, backend=os.getpid())

    async def forget(self, target: RedisNode | PostgresInstance) -> None:
        self.forgotten.append(target.identifier)

    def known(self) -> list[RedisNode | PostgresInstance]:
        return [RedisNode("eu-west-1", "removed", "10.0.0.9", 6379, False)]


def test_a_server_that_hangs_has_no_data_points_and_holds_up_no_other(
    unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [RedisNode(unique, name, "10.0.0.1", 6379, tls=False) for name in ("hangs", "answers")]
    instances = [
        PostgresInstance(unique, name, name, f"{name}.a", 20, source)
        for name, source in (("writer", None), ("fails", None), ("replica", "writer"))
    ]
    servers = _Servers()
    servers.hanging = {"hangs", "fails"}
    monkeypatch.setattr(sampling, "redis_nodes", lambda: nodes)
    monkeypatch.setattr(sampling, "postgres_instances", lambda: instances)
    monkeypatch.setattr(sampling, "PATIENCE", 0.05)
    now = sampling.time.time()
    asyncio.run(Sampler(servers).look(now))

    def has(namespace: str, name: str, dimension: str, identifier: str) -> bool:
        metric = Metric(namespace, name, frozenset({(dimension, identifier)}))
        return bool(stores.of(unique).read(metric, now, now + 1))

    assert has("AWS/ElastiCache", "CurrConnections", "CacheClusterId", "answers")
    assert not has("AWS/ElastiCache", "CurrConnections", "CacheClusterId", "hangs")
    assert has("AWS/RDS", "ReplicaLag", "DBInstanceIdentifier", "replica")
    assert not has("AWS/RDS", "ReplicaLag", "DBInstanceIdentifier", "writer")
    assert not has("AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", "fails")
    assert sorted(servers.forgotten) == ["fails", "hangs", "removed"]
    assert servers.asked.index("replica") > servers.asked.index("writer")
