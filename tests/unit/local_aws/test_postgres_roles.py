"""What the platform sets up in a database server waits for no standby, and is known to have got there (SR-DB)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from local.aws.dataplane.postgres_roles import ensure_roles, position, standby_has, wait_for_nobody
from tests.fixtures.checks.servers import Server, postgres_pair

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A writer with a replica."""
    with postgres_pair(tmp_path_factory.mktemp("postgres"), "secret") as (writer, _replica):
        yield writer


@pytest.fixture
def connection(writer: Server) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        host=str(writer.folder), port=writer.port, user="shop", dbname="postgres", autocommit=True
    ) as connection:
        yield connection
        connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        connection.execute("SELECT pg_reload_conf()")


def require_standby(connection: psycopg.Connection[Any], name: str) -> None:
    """From now on a commit waits for the standby of this name; `*` is any."""
    connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'".encode())
    connection.execute("SELECT pg_reload_conf()")
    while connection.execute("SHOW synchronous_standby_names").fetchone() != (name,):
        time.sleep(0.01)


def test_roles_are_made_while_a_standby_is_awaited_that_never_comes(connection: psycopg.Connection[Any]) -> None:
    """Whoever brings the standby back is the one who would wait."""
    require_standby(connection, "nobody")
    wait_for_nobody(connection)
    work = threading.Thread(target=ensure_roles, args=(connection, "keeper", "secret", "also secret"), daemon=True)
    work.start()
    work.join(30)
    assert not work.is_alive()
    assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'keeper'").fetchone() == (1,)
    assert not standby_has(connection, position(connection))


def test_what_the_standby_has_is_told_apart_from_what_it_lacks(connection: psycopg.Connection[Any]) -> None:
    require_standby(connection, "*")
    connection.execute("SELECT pg_logical_emit_message(true, 'test', 'something that has to arrive')")
    written = position(connection)
    while not standby_has(connection, written):
        time.sleep(0.01)
    assert not standby_has(connection, "FFFFFFFF/0")
