"""What RDS sets up inside a PostgreSQL server: roles and the first database."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from local.aws.dataplane.postgres_config import REPLICATOR

_SUPERUSER = "rds_superuser"
# What pg_rewind asks of the server that it reads from (PostgreSQL documentation, "pg_rewind", notes), and what has the
# log archived up to now.
_FOR_THE_PLATFORM = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
    "pg_switch_wal()",
)

Connection = psycopg.Connection[Any]


def wait_for_nobody(connection: Connection) -> None:
    """Have what this connection commits not wait for a standby.

    Nothing bounds that wait, not even `statement_timeout`, and a standby that is away may be waiting for whoever waits.
    """
    connection.execute("SET synchronous_commit = local")


def position(connection: Connection) -> str:
    """Where the log ends that holds everything committed so far."""
    row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    return "" if row is None else str(row[0])


def standby_has(connection: Connection, position: str) -> bool:
    """Whether the standby has the log up to there on its disk."""
    question = "SELECT bool_or(flush_lsn >= %s::pg_lsn) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
    return connection.execute(question, (position,)).fetchone() == (True,)


def ensure_roles(connection: Connection, master: str, password: str, replication_password: str) -> None:
    """The master user with its password, the group that RDS puts it into, and the replication user.

    Passwords reach the server as SCRAM verifiers, so that no log or view of it ever shows one.
    """
    _ensure_role(connection, _SUPERUSER, "NOLOGIN CREATEDB CREATEROLE")
    # RDS's administrators may watch, end and checkpoint, but are not PostgreSQL superusers.
    connection.execute(
        sql.SQL("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO {} WITH ADMIN OPTION").format(
            sql.Identifier(_SUPERUSER)
        )
    )
    _ensure_role(connection, master, "LOGIN CREATEDB CREATEROLE")
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(_SUPERUSER), sql.Identifier(master)))
    _ensure_role(connection, REPLICATOR, "LOGIN REPLICATION")
    for function in _FOR_THE_PLATFORM:
        connection.execute(f"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO {REPLICATOR}".encode())
    _set_password(connection, master, password)
    _set_password(connection, REPLICATOR, replication_password)


def ensure_database(connection: Connection, name: str, owner: str) -> None:
    """The database, owned by the master user."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))


def _ensure_role(connection: Connection, name: str, attributes: str) -> None:
    verb = "ALTER" if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone() else "CREATE"
    # `verb` and `attributes` are this module's own words; only the name comes from outside.
    statement = sql.SQL("{} ROLE {} WITH {}")
    connection.execute(statement.format(_words(verb), sql.Identifier(name), _words(attributes)))


def _set_password(connection: Connection, role: str, password: str) -> None:
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier.decode()))
    )


def _words(text: str) -> sql.Composed:
    return sql.SQL(" ").join(sql.SQL(word) for word in text.split())
