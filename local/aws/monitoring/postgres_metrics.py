"""From what a PostgreSQL says of itself to CloudWatch's metrics of RDS.

RDS User Guide, Amazon CloudWatch metrics for Amazon RDS; PostgreSQL documentation, The cumulative statistics system.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.aws.dataplane.postgres_config import ADMINISTRATOR, REPLICATOR
from local.aws.monitoring.reading import Reading

NAMESPACE = "AWS/RDS"
DIMENSION = "DBInstanceIdentifier"
GIB = 2**30

QUERY = f"""
SELECT pg_backend_pid(),
  extract(epoch FROM clock_timestamp())::float8,
  extract(epoch FROM pg_postmaster_start_time())::float8,
  (SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND usename NOT IN ('{ADMINISTRATOR}', '{REPLICATOR}')),
  ((SELECT sum(pg_database_size(oid)) FROM pg_database)
    + (SELECT coalesce(sum(size), 0) FROM pg_ls_waldir()))::int8,
  CASE WHEN current_setting('track_io_timing')::bool THEN io.read_ms END,
  io.reads::int8,
  CASE WHEN current_setting('track_wal_io_timing')::bool THEN wal.wal_write_time + wal.wal_sync_time END,
  wal.wal_write,
  pg_is_in_recovery(),
  (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::int8,
  extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8
FROM (SELECT sum(blk_read_time) AS read_ms, sum(blks_read) AS reads FROM pg_stat_database) io, pg_stat_wal wal
"""
"""What a server is asked: one row, in the order of `Status`."""


@dataclass(frozen=True)
class Status:
    """What a server says of itself.

    Attributes:
        backend: Process that answered.
        time: The server's, seconds since the epoch.
        started: When it was started, likewise.
        connections: Clients that are connected, without the platform's own.
        used: Bytes of all databases and of the write-ahead log.
        read_ms: Milliseconds spent reading blocks since the start; None where that is not timed.
        reads: Blocks read since the start.
        write_ms: Milliseconds spent writing and syncing the write-ahead log; None where that is not timed.
        writes: Writes of it.
        replica: Whether it follows another server.
        position: Of the write-ahead log, bytes: what is written, or on a replica what is replayed.
        replayed_ago: Seconds since the last transaction that was replayed was committed; None if there was none.
    """

    backend: int
    time: float
    started: float
    connections: int
    used: int
    read_ms: float | None
    reads: int
    write_ms: float | None
    writes: int
    replica: bool
    position: int
    replayed_ago: float | None


def readings(
    now: Status, before: Status | None, storage_gib: int, cpu: float | None, lag: float | None
) -> list[Reading]:
    """The metrics that an instance has.

    Args:
        before: What it said the last time, if it did; what counts something since then is left out without it.
        storage_gib: As declared.
        cpu: Percent of the machine that its processes took since the last time.
        lag: Seconds that it is behind, for a replica.
    """
    found = [
        Reading("DatabaseConnections", float(now.connections), "Count"),
        Reading("FreeStorageSpace", max(0.0, float(storage_gib * GIB - now.used)), "Bytes"),
    ]
    if cpu is not None:
        found.append(Reading("CPUUtilization", cpu, "Percent"))
    if lag is not None:
        found.append(Reading("ReplicaLag", lag, "Seconds"))
    if before is None or before.started != now.started:
        return found
    read = _latency(now.read_ms, before.read_ms, now.reads - before.reads)
    written = _latency(now.write_ms, before.write_ms, now.writes - before.writes)
    latencies = {"ReadLatency": read, "WriteLatency": written}
    return [*found, *(Reading(name, value, "Seconds") for name, value in latencies.items() if value is not None)]


def _latency(now: float | None, before: float | None, operations: int) -> float | None:
    """Seconds of an operation on average; 0 if there was none, as RDS has it; None where nothing is timed."""
    if now is None or before is None:
        return None
    return max(0.0, now - before) / 1000 / operations if operations > 0 else 0.0


@dataclass(frozen=True)
class InStep:
    """When a replica last had everything that its source had written.

    Attributes:
        at: Seconds since the epoch.
    """

    at: float


def follow(now: Status, source: int | None, last: InStep | None) -> tuple[float | None, InStep | None]:
    """How far behind a replica is, in seconds, and when it was last in step.

    The age of the last transaction replayed alone would tell of a lag wherever nobody writes; the time since the
    replica was last seen in step alone would tell of one wherever somebody always writes. The lag is neither's fault:
    it is the smaller of both.

    Args:
        now: What the replica says.
        source: What its source had written, bytes of its log, before the replica was asked; None: it did not answer.
        last: When it was in step, if it ever was.
    """
    if source is not None and now.position >= source:
        return 0.0, InStep(now.time)
    ages = [age for age in (now.replayed_ago, None if last is None else now.time - last.at) if age is not None]
    return (max(0.0, min(ages)) if ages else None), last
