"""How far a read replica is behind its source, as CloudWatch's `ReplicaLag` tells it.

Source: RDS User Guide, "Monitoring read replication": for PostgreSQL the lag is the time since the last transaction
that was replayed, and nothing when there is nothing to replay.
"""

from __future__ import annotations

from typing import Any

import psycopg

QUESTION = (
    "SELECT pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(),"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8"
    " FROM pg_stat_wal_receiver WHERE status = 'streaming'"
)
"""Asked of the replica; no row while it does not stream."""


def seconds(row: tuple[Any, ...] | None) -> float | None:
    """The lag from the answer to `QUESTION`.

    Returns:
        Seconds; 0 when all that was received is replayed; None while the replica does not stream, since what it is
        behind cannot be known then.
    """
    if row is None:
        return None
    all_replayed, since_last = row
    return 0.0 if all_replayed or since_last is None else max(0.0, float(since_last))


def measure(connection: psycopg.Connection[tuple[Any, ...]]) -> float | None:
    """The lag of the replica that this connection leads to."""
    return seconds(connection.execute(QUESTION).fetchone())
