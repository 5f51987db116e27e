"""P0-REDIS against real Redis servers, each check shown to fail when what it guards is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis as Client

from checks import redis_store
from checks.context import Context
from checks.engine import Check, run
from checks.outputs import Redis
from checks.result import Outcome, Result
from tests.fixtures.checks.fakes import FakeAws, context, outputs
from tests.fixtures.checks.servers import Server, free_port, redis_server

pytestmark = pytest.mark.unit

TOKEN = "a token that nobody must see"
PASSWORD = "a-password-that-nobody-must-see"


def _context(server: Server, token: str = TOKEN) -> Context:
    return context(aws=FakeAws({"arn:queue": {"token": token}}), authorities=server.authorities)


def _redis(server: Server, **changes: object) -> Redis:
    return outputs().redis["queue"].model_copy(update={"port": server.port, **changes})


async def _judge(given: Context, redis: Redis, function: object) -> Result:
    (result,) = await run(given, [Check("redis", "P0-REDIS", lambda ctx: function(ctx, redis))])  # type: ignore[operator]
    return result


SOUND = {"requirepass": TOKEN, "maxmemory-policy": "noeviction"}


async def test_a_sound_queue_redis_passes_every_check_and_keeps_nothing(tmp_path: Path) -> None:
    """P0-REDIS: TLS, token, primary, eviction policy."""
    with redis_server(tmp_path, SOUND) as server:
        for function in (
            redis_store.round_trip,
            redis_store.is_primary,
            redis_store.evicts_as_its_profile_wants,
            redis_store.refuses_strangers,
            redis_store.refuses_plain_text,
        ):
            result = await _judge(_context(server), _redis(server), function)
            assert result.outcome is Outcome.PASS, result
            assert TOKEN not in repr(result)
        client = Client("127.0.0.1", server.port, password=TOKEN, ssl=True, ssl_ca_certs=str(server.authorities))
        assert client.keys() == []
        client.close()


async def test_a_redis_with_users_is_asked_as_the_workloads_user(tmp_path: Path) -> None:
    """P0-REDIS, SR-REDIS-HA: its own name and password, and nobody as the user that everybody is."""
    with redis_server(tmp_path, {"maxmemory-policy": "noeviction"}) as server:
        with Client("127.0.0.1", server.port, ssl=True, ssl_ca_certs=str(server.authorities)) as anybody:
            anybody.execute_command(
                *f"ACL SETUSER app on >{PASSWORD} ~* &* +@all -@dangerous +info".split(),
            )
            anybody.execute_command("ACL", "SETUSER", "default", "off")
        given = context(aws=FakeAws({"arn:queue": {"password": PASSWORD}}), authorities=server.authorities)
        for function in (
            redis_store.round_trip,
            redis_store.is_primary,
            redis_store.evicts_as_its_profile_wants,
            redis_store.refuses_strangers,
        ):
            result = await _judge(given, _redis(server, username="app"), function)
            assert result.outcome is Outcome.PASS, result
            assert PASSWORD not in repr(result)


async def test_a_wrong_token_fails_without_showing_it(tmp_path: Path) -> None:
    with redis_server(tmp_path, SOUND) as server:
        result = await _judge(_context(server, "rotated away"), _redis(server), redis_store.round_trip)
    assert result.outcome is Outcome.FAIL
    assert "rotated away" not in repr(result)
    assert result.summary.startswith("AuthenticationError")


async def test_a_certificate_of_another_authority_fails(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with redis_server(tmp_path / "one", SOUND) as server, redis_server(tmp_path / "two", SOUND) as other:
        stranger = Server(server.port, other.authorities, server.folder)
        result = await _judge(_context(stranger), _redis(server), redis_store.round_trip)
    assert result.outcome is Outcome.FAIL
    assert "certificate verify failed" in result.summary.lower()


async def test_a_server_that_is_away_fails(tmp_path: Path) -> None:
    server = Server(free_port(), outputs_authorities(), tmp_path)
    result = await _judge(_context(server), _redis(server), redis_store.round_trip)
    assert result.outcome is Outcome.FAIL
    assert "ConnectionError" in result.summary


def outputs_authorities() -> Path:
    """Any bundle: the connection fails before it matters."""
    return context().authorities


async def test_a_primary_endpoint_that_leads_to_a_replica_fails(tmp_path: Path) -> None:
    options = {**SOUND, "replicaof": f"127.0.0.1 {free_port()}"}
    with redis_server(tmp_path, options) as server:
        result = await _judge(_context(server), _redis(server), redis_store.is_primary)
    assert (result.outcome, result.summary) == (Outcome.FAIL, "the primary endpoint leads to a slave")


@pytest.mark.parametrize(
    ("profile", "policy", "outcome"),
    [
        ("queue", "noeviction", Outcome.PASS),
        ("queue", "allkeys-lru", Outcome.FAIL),
        ("state", "volatile-lru", Outcome.FAIL),
        ("cache", "allkeys-lru", Outcome.PASS),
        ("cache", "noeviction", Outcome.FAIL),
    ],
)
async def test_a_queue_never_evicts_and_a_cache_does(
    tmp_path: Path, profile: str, policy: str, outcome: Outcome
) -> None:
    with redis_server(tmp_path, {**SOUND, "maxmemory-policy": policy}) as server:
        redis = _redis(server, profile=profile)
        result = await _judge(_context(server), redis, redis_store.evicts_as_its_profile_wants)
    assert result.outcome is outcome
    assert result.evidence["policy"] == policy


async def test_a_server_without_a_password_fails(tmp_path: Path) -> None:
    with redis_server(tmp_path, {"maxmemory-policy": "noeviction"}) as server:
        result = await _judge(_context(server), _redis(server), redis_store.refuses_strangers)
    assert (result.outcome, result.summary) == (Outcome.FAIL, "a client without a password may read")


@pytest.mark.parametrize("options", [{}, {"requirepass": TOKEN}])
async def test_a_server_that_speaks_plain_text_fails(tmp_path: Path, options: dict[str, str]) -> None:
    with redis_server(tmp_path, options, tls=False) as server:
        result = await _judge(_context(server), _redis(server), redis_store.refuses_plain_text)
    assert (result.outcome, result.summary) == (Outcome.FAIL, "speaks to clients without TLS")


async def test_plain_text_by_declaration_is_skipped(tmp_path: Path) -> None:
    with redis_server(tmp_path, {}, tls=False) as server:
        redis = _redis(server, tls=False)
        result = await _judge(_context(server), redis, redis_store.refuses_plain_text)
    assert result.outcome is Outcome.SKIPPED
