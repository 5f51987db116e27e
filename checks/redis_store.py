"""Is a Redis there, for the right clients only, as primary, and does it treat its keys as its profile wants?"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio import Redis as Client
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from checks.context import Context
from checks.outputs import Redis
from checks.result import Finding, failed, passed, skipped

CANARY_SECONDS: Final = 60
_TIMEOUT: Final = 10.0
_SILENCE: Final = 3.0
# What jobs and state need, and what a cache may choose from.
_POLICIES: Final[Mapping[str, frozenset[str]]] = {
    "queue": frozenset({"noeviction"}),
    "state": frozenset({"noeviction"}),
    "cache": frozenset({"allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl"}),
}


async def round_trip(context: Context, redis: Redis) -> Finding:
    """Log in over TLS, write a key that expires, read it back, and remove it."""
    key, value = f"groundwork:check:{secrets.token_hex(8)}", secrets.token_hex(16)
    async with connected(context, redis, await password_of(context, redis)) as client:
        start = time.monotonic()
        await client.set(key, value, ex=CANARY_SECONDS)
        read = await client.get(key)
        seconds = time.monotonic() - start
        await client.delete(key)
    evidence = {"tls": redis.tls, "milliseconds": round(seconds * 1000, 2)}
    if read != value:
        return failed("a key reads back other than it was written", **evidence)
    return passed(f"wrote and read a key in {evidence['milliseconds']} ms", **evidence)


async def is_primary(context: Context, redis: Redis) -> Finding:
    """The primary endpoint must lead to a primary."""
    async with connected(context, redis, await password_of(context, redis)) as client:
        info = await client.info("replication")
    evidence = {"role": info["role"], "connectedReplicas": int(info.get("connected_slaves", 0))}
    if info["role"] != "master":
        return failed(f"the primary endpoint leads to a {info['role']}", **evidence)
    return passed(f"primary with {evidence['connectedReplicas']} connected replicas", **evidence)


async def evicts_as_its_profile_wants(context: Context, redis: Redis) -> Finding:
    """What holds jobs or state never evicts; a cache does."""
    async with connected(context, redis, await password_of(context, redis)) as client:
        # INFO, because managed Redis refuses CONFIG.
        info = await client.info("memory")
    policy = str(info.get("maxmemory_policy", ""))
    evidence = {"policy": policy, "maxmemory": info.get("maxmemory"), "usedMemory": info.get("used_memory")}
    wanted = _POLICIES[redis.profile]
    if policy not in wanted:
        return failed(
            f"maxmemory-policy {policy or 'unknown'}: a {redis.profile} needs {' or '.join(sorted(wanted))}", **evidence
        )
    return passed(f"maxmemory-policy {policy}", **evidence)


async def refuses_strangers(context: Context, redis: Redis) -> Finding:
    """Without a password (a token, or a user's) and with a wrong one nothing may be read."""
    for who, password in (("without a password", None), ("with a wrong password", secrets.token_hex(16))):
        async with connected(context, redis, password) as client:
            try:
                await client.get("groundwork:check:stranger")
            except (AuthenticationError, NoPermissionError):
                continue
            except ResponseError as error:
                # A server with no password set refuses a wrong one by calling it superfluous.
                if "no password" in str(error).lower():
                    return failed("clients need no password", who=who)
                raise
        return failed(f"a client {who} may read", who=who)
    return passed("refuses clients without a password and with a wrong one")


async def refuses_plain_text(_context: Context, redis: Redis) -> Finding:
    """A client that does not speak TLS must get no answer in Redis' own protocol."""
    if not redis.tls:
        return skipped("TLS is switched off for this Redis")
    # Who cannot connect at all has not been refused, so that raises.
    reader, writer = await asyncio.wait_for(asyncio.open_connection(_host(redis), redis.port), _TIMEOUT)
    try:
        writer.write(b"PING\r\n")
        answer = await asyncio.wait_for(reader.read(64), _SILENCE)
    except (TimeoutError, ConnectionError):
        answer = b""
    finally:
        writer.close()
    if answer[:1] in (b"+", b"-"):
        return failed("speaks to clients without TLS")
    return passed("does not speak to clients without TLS")


async def password_of(context: Context, redis: Redis) -> str:
    """The token, or the password of the user that the workloads are."""
    key = "token" if redis.username is None else "password"
    (password,) = await context.aws.secret(redis.auth_secret_arn, key)
    return password


@asynccontextmanager
async def connected(context: Context, redis: Redis, password: str | None) -> AsyncIterator[Any]:
    """A client of the primary endpoint, over verified TLS where the Redis has it; it tries nothing twice."""
    tls: dict[str, Any] = {"tls": context.tls} if redis.tls else {}
    pool = ConnectionPool(
        connection_class=_VerifiedConnection if redis.tls else Connection,
        host=_host(redis),
        port=redis.port,
        # Without a password nobody in particular asks, as whoever found the address would.
        username=None if password is None else redis.username,
        password=password,
        decode_responses=True,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        # One try: a check reports what it meets, and the library's own tries would outlast its deadline.
        retry=Retry(NoBackoff(), 0),
        **tls,
    )
    client = Client.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()


class _VerifiedConnection(SSLConnection):
    """Uses TLS settings made before: the library would read all authorities anew for every connection."""

    def __init__(self, *, tls: ssl.SSLContext, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.ssl_context.context = tls


def _host(redis: Redis) -> str:
    return redis.primary_endpoint.partition(":")[0]
