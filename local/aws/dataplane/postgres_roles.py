"""What RDS sets up inside a PostgreSQL server: roles, the first database, replication slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from local.aws.dataplane.postgres_config import REPLICATOR

_SUPERUSER = "rds_superuser"

Connection = psycopg.Connection[Any]


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
    _set_password(connection, master, password)
    _set_password(connection, REPLICATOR, replication_password)


def ensure_database(connection: Connection, name: str, owner: str) -> None:
    """The database, owned by the master user."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))


def ensure_slots(connection: Connection, names: Sequence[str]) -> None:
    """A physical replication slot for each replica; log is kept for it from now on."""
    for name in names:
        if connection.execute("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", (name,)).fetchone() is None:
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (name,))


def drop_slots_except(connection: Connection, names: Sequence[str]) -> None:
    """Drop the slots of replicas that are no more; one still in use makes this fail and be tried again."""
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
        " WHERE slot_type = 'physical' AND NOT temporary AND slot_name <> ALL(%s)",
        (list(names),),
    )


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
