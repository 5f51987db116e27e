"""P0-REPLICA and PV-REPLICA against a real PostgreSQL and its streaming replica; each check shown to fail as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from checks import postgres
from checks.context import Context
from checks.engine import Check, run
from checks.outputs import Database
from checks.result import Outcome, Result
from tests.fixtures.checks.fakes import FakeAws, context, outputs
from tests.fixtures.checks.servers import Server, postgres_pair

pytestmark = pytest.mark.unit

PASSWORD = "a password that nobody must see"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    with postgres_pair(tmp_path_factory.mktemp("pair"), PASSWORD) as servers:
        yield servers


def _context(authorities: Path, password: str = PASSWORD) -> Context:
    aws = FakeAws({"arn:database": {"username": "shop", "password": password}})
    return context(aws=aws, authorities=authorities)


def _database(writer: Server, **changes: object) -> Database:
    database = outputs().database
    assert database is not None
    return database.model_copy(update={"port": writer.port, **changes})


def _execute(server: Server, statement: str) -> None:
    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="shop", password=PASSWORD, dbname="shop", autocommit=True
    ) as connection:
        connection.execute(statement)


async def _judge(given: Context, function: object, *arguments: object) -> Result:
    (result,) = await run(given, [Check("pg", "P0-REPLICA", lambda ctx: function(ctx, *arguments))])  # type: ignore[operator]
    assert PASSWORD not in repr(result)
    return result


async def test_a_sound_writer_passes_and_keeps_nothing(pair: tuple[Server, Server]) -> None:
    """P0-REPLICA: TLS verified, a row written and read."""
    writer, _ = pair
    result = await _judge(_context(writer.authorities), postgres.writer_round_trip, _database(writer))
    assert result.outcome is Outcome.PASS, result


async def test_a_replica_behind_the_writer_endpoint_fails(pair: tuple[Server, Server]) -> None:
    _, replica = pair
    result = await _judge(_context(replica.authorities), postgres.writer_round_trip, _database(replica))
    assert (result.outcome, result.summary) == (Outcome.FAIL, "the writer endpoint leads to a replica")


async def test_a_wrong_password_fails_without_showing_it(pair: tuple[Server, Server]) -> None:
    writer, _ = pair
    given = _context(writer.authorities, "rotated away")
    result = await _judge(given, postgres.writer_round_trip, _database(writer))
    assert result.outcome is Outcome.FAIL
    assert "rotated away" not in repr(result)


async def test_a_certificate_that_is_not_trusted_fails(pair: tuple[Server, Server]) -> None:
    writer, _ = pair
    result = await _judge(_context(context().authorities), postgres.writer_round_trip, _database(writer))
    assert result.outcome is Outcome.FAIL
    assert "certificate" in result.summary


async def test_plain_text_is_refused(pair: tuple[Server, Server]) -> None:
    writer, _ = pair
    result = await _judge(_context(writer.authorities), postgres.refuses_plain_text, _database(writer))
    assert result.outcome is Outcome.PASS, result


async def test_a_server_that_takes_plain_text_fails(pair: tuple[Server, Server]) -> None:
    writer, _ = pair
    rules = writer.folder / "writer" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(before.replace("hostssl", "host"))
    _execute(writer, "SELECT pg_reload_conf()")
    try:
        result = await _judge(_context(writer.authorities), postgres.refuses_plain_text, _database(writer))
    finally:
        rules.write_text(before)
        _execute(writer, "SELECT pg_reload_conf()")
    assert (result.outcome, result.summary) == (Outcome.FAIL, "lets clients in without TLS")


async def test_a_replica_that_follows_passes(pair: tuple[Server, Server]) -> None:
    """PV-REPLICA: a write of now is replayed, lag measured."""
    writer, replica = pair
    endpoint = f"127.0.0.1:{replica.port}"
    result = await _judge(_context(writer.authorities), postgres.replica_follows, _database(writer), endpoint)
    assert result.outcome is Outcome.PASS, result
    assert result.evidence["receiver"] == "streaming"
    assert result.evidence["inRecovery"] is True


async def test_a_replica_that_stands_still_fails(pair: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """PV-REPLICA: replay paused."""
    writer, replica = pair
    monkeypatch.setattr(postgres, "_REPLAY_SECONDS", 0.5)
    _execute(replica, "SELECT pg_wal_replay_pause()")
    try:
        result = await _judge(
            _context(writer.authorities), postgres.replica_follows, _database(writer), f"127.0.0.1:{replica.port}"
        )
    finally:
        _execute(replica, "SELECT pg_wal_replay_resume()")
    assert result.outcome is Outcome.FAIL
    assert result.summary.startswith("has not replayed a write of 0.")


async def test_a_reader_endpoint_that_leads_to_the_writer_fails(pair: tuple[Server, Server]) -> None:
    """PV-REPLICA."""
    writer, _ = pair
    endpoint = f"127.0.0.1:{writer.port}"
    result = await _judge(_context(writer.authorities), postgres.replica_follows, _database(writer), endpoint)
    assert (result.outcome, result.summary) == (Outcome.FAIL, "is no replica: it is not in recovery")


@pytest.mark.parametrize(
    ("receiver", "seconds", "outcome"),
    [
        ("streaming", 0.1, Outcome.PASS),
        (None, 0.1, Outcome.PASS),
        ("waiting", 0.1, Outcome.WARN),
        ("streaming", 6.0, Outcome.WARN),
    ],
)
def test_a_slow_replica_or_one_that_does_not_stream_is_a_warning(
    receiver: str | None, seconds: float, outcome: Outcome
) -> None:
    assert postgres.judge_replica(True, True, receiver, seconds, {"lagBytes": 0}).outcome is outcome
