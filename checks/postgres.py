"""Does the database's writer write, and does each replica follow it?"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from checks.context import Context
from checks.outputs import Database
from checks.result import Finding, failed, passed, warned

_CONNECT_SECONDS: Final = 10
_REPLAY_SECONDS: Final = 8.0
_POLL_SECONDS: Final = 0.05
WARN_LAG_SECONDS: Final = 5.0

_ABOUT: Final = "SELECT pg_is_in_recovery() AS in_recovery, current_setting('server_version') AS version"
_REPLICA_STATE: Final = """
SELECT pg_is_in_recovery() AS in_recovery,
       pg_last_wal_replay_lsn() >= %(canary)s::pg_lsn AS replayed,
       pg_wal_lsn_diff(%(canary)s::pg_lsn, pg_last_wal_replay_lsn())::bigint AS behind_bytes,
       (SELECT status FROM pg_stat_wal_receiver) AS receiver
"""


async def writer_round_trip(context: Context, database: Database) -> Finding:
    """Log in over TLS, write to a table that only this session sees, read it back."""
    value = secrets.token_hex(16)
    async with connected(context, database, database.writer_endpoint) as connection:
        start = time.monotonic()
        async with connection.cursor() as cursor:
            await cursor.execute(
                "SELECT pg_is_in_recovery() AS in_recovery, current_setting('server_version') AS version"
            )
            about = await cursor.fetchone()
            if about["in_recovery"]:
                return failed("the writer endpoint leads to a replica", version=about["version"])
            await cursor.execute("CREATE TEMPORARY TABLE groundwork_check (value text) ON COMMIT DROP")
            await cursor.execute("INSERT INTO groundwork_check VALUES (%s)", (value,))
            await cursor.execute("SELECT value FROM groundwork_check")
            read = await cursor.fetchone()
        await connection.rollback()
        seconds = time.monotonic() - start
    evidence = {"version": about["version"], "tls": True, "milliseconds": round(seconds * 1000, 2)}
    if read is None or read["value"] != value:
        return failed("a row reads back other than it was written", **evidence)
    return passed(f"PostgreSQL {about['version']}: wrote and read a row in {evidence['milliseconds']} ms", **evidence)


async def refuses_plain_text(context: Context, database: Database) -> Finding:
    """A client that does not speak TLS must not get in."""
    username, password = await context.aws.secret(database.secret_arn, "username", "password")
    host, port = _address(database.writer_endpoint, database.port)
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=host,
            port=port,
            dbname=database.name,
            user=username,
            password=password,
            sslmode="disable",
            connect_timeout=_CONNECT_SECONDS,
        )
    except psycopg.OperationalError as error:
        text = str(error)
        if "no pg_hba.conf entry" in text or "no encryption" in text or "SSL" in text:
            return passed("does not let clients in without TLS")
        raise
    await connection.close()
    return failed("lets clients in without TLS")


async def replica_follows(context: Context, database: Database, endpoint: str) -> Finding:
    """What is written on the writer now must be replayed on the replica soon."""
    async with (
        connected(context, database, database.writer_endpoint) as writer,
        connected(context, database, endpoint) as replica,
    ):
        await replica.set_autocommit(True)
        canary = await _write_canary(writer)
        start = time.monotonic()
        state = await _replica_state(replica, canary)
        first_behind = state["behind_bytes"]
        while not state["replayed"] and time.monotonic() - start < _REPLAY_SECONDS and state["in_recovery"]:
            await asyncio.sleep(_POLL_SECONDS)
            state = await _replica_state(replica, canary)
        seconds = time.monotonic() - start
    evidence = {
        "endpoint": endpoint,
        "canaryLsn": canary,
        "inRecovery": state["in_recovery"],
        "receiver": state["receiver"],
        "lagBytes": max(0, first_behind or 0),
        "lagSeconds": round(seconds, 4),
    }
    return judge_replica(bool(state["in_recovery"]), bool(state["replayed"]), state["receiver"], seconds, evidence)


def judge_replica(
    in_recovery: bool, replayed: bool, receiver: str | None, seconds: float, evidence: dict[str, Any]
) -> Finding:
    """Decide from a replica's state after the canary was given time to arrive."""
    if not in_recovery:
        return failed("is no replica: it is not in recovery", **evidence)
    if not replayed:
        return failed(f"has not replayed a write of {seconds:.1f} s ago", **evidence)
    # Who lacks pg_read_all_stats sees no status, which says nothing.
    if receiver is not None and receiver != "streaming":
        return warned(f"follows, but its receiver is {receiver}, not streaming", **evidence)
    if seconds > WARN_LAG_SECONDS:
        return warned(f"follows {seconds:.1f} s behind", **evidence)
    return passed(f"replayed a write within {seconds * 1000:.0f} ms, {evidence['lagBytes']} bytes behind", **evidence)


async def _write_canary(writer: Any) -> str:
    """Put a message into the write-ahead log, where it changes no table; returns the position behind it."""
    async with writer.cursor() as cursor:
        await cursor.execute("SELECT pg_logical_emit_message(true, 'groundwork', %s)", (secrets.token_hex(8),))
        await writer.commit()
        await cursor.execute("SELECT pg_current_wal_flush_lsn()::text AS lsn")
        row = await cursor.fetchone()
        await writer.rollback()
    return str(row["lsn"])


async def _replica_state(replica: Any, canary: str) -> dict[str, Any]:
    async with replica.cursor() as cursor:
        await cursor.execute(_REPLICA_STATE, {"canary": canary})
        state: dict[str, Any] = await cursor.fetchone()
        return state


@asynccontextmanager
async def connected(context: Context, database: Database, endpoint: str) -> AsyncIterator[Any]:
    """A connection to one of the database's endpoints as the secret's user, over verified TLS."""
    username, password = await context.aws.secret(database.secret_arn, "username", "password")
    host, port = _address(endpoint, database.port)
    connection = await psycopg.AsyncConnection.connect(
        host=host,
        port=port,
        dbname=database.name,
        user=username,
        password=password,
        sslmode="verify-full",
        sslrootcert=str(context.authorities),
        connect_timeout=_CONNECT_SECONDS,
        application_name="groundwork check",
        row_factory=dict_row,
    )
    try:
        yield connection
    finally:
        await connection.close()


def _address(endpoint: str, port: int) -> tuple[str, int]:
    """Host and port of an endpoint with or without a port of its own."""
    host, _, given = endpoint.partition(":")
    return host, int(given) if given else port
