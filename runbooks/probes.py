"""Clients of the stores that write what a measurement counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Set
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import psycopg
from redis.exceptions import RedisError

from checks import postgres, redis_store
from checks.outputs import Database, Redis
from runbooks.scene import Scene

_KEEP_SECONDS: Final = 24 * 3600
"""Canaries in Redis that nobody removed expire."""
_CLOSE_SECONDS: Final = 1.0
TABLE: Final = "groundwork_canary"


class _Connected:
    """A client that is connected anew after each error, as a service's would be."""

    def __init__(self, open_client: Any) -> None:
        self._open = open_client
        self._stack = AsyncExitStack()
        self._client: Any = None

    async def client(self) -> Any:
        """The client, connected."""
        if self._client is None:
            self._client = await self._stack.enter_async_context(self._open())
        return self._client

    async def drop(self) -> None:
        """Have the next one connect anew."""
        self._client, stack, self._stack = None, self._stack, AsyncExitStack()
        # What is broken may not even close.
        with suppress(RedisError, psycopg.Error, OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await stack.aclose()


class RedisProbe:
    """Adds numbers to a set behind the primary endpoint."""

    def __init__(self, connected: _Connected, key: str) -> None:
        """Use `redis_probe`."""
        self._connected, self._key = connected, key

    async def write(self, number: int) -> None:
        """Add a number; raises unless the primary has acknowledged it."""
        try:
            client = await self._connected.client()
            await client.sadd(self._key, number)
            await client.expire(self._key, _KEEP_SECONDS)
        except BaseException:
            await self._connected.drop()
            raise

    async def survivors(self) -> Set[int]:
        """The numbers that are there."""
        client = await self._connected.client()
        return {int(number) for number in await client.smembers(self._key)}

    async def clear(self) -> None:
        """Remove the set."""
        client = await self._connected.client()
        await client.delete(self._key)


@asynccontextmanager
async def redis_probe(scene: Scene, redis: Redis) -> AsyncIterator[RedisProbe]:
    """A client of one Redis; it connects with its first request."""
    password = await redis_store.password_of(scene.context, redis)
    connected = _Connected(lambda: redis_store.connected(scene.context, redis, password))
    try:
        yield RedisProbe(connected, f"groundwork:canary:{scene.run}")
    finally:
        await connected.drop()


class PostgresProbe:
    """Inserts numbers into a table of its own through the writer's endpoint."""

    def __init__(self, connected: _Connected, run: str) -> None:
        """Use `postgres_probe`."""
        self._connected, self._run = connected, run

    async def write(self, number: int) -> None:
        """Insert a number; raises unless its commit was acknowledged."""
        try:
            client = await self._connected.client()
            await client.execute(f"INSERT INTO {TABLE} VALUES (%s, %s)", (self._run, number))
        except BaseException:
            await self._connected.drop()
            raise

    async def survivors(self) -> Set[int]:
        """The numbers that are there."""
        try:
            client = await self._connected.client()
            found = await client.execute(f"SELECT number FROM {TABLE} WHERE run = %s", (self._run,))
            return {row["number"] for row in await found.fetchall()}
        except BaseException:
            await self._connected.drop()
            raise

    async def clear(self) -> None:
        """Remove the table: nobody else may use it, since there is one run at a time."""
        client = await self._connected.client()
        await client.execute(f"DROP TABLE IF EXISTS {TABLE}")


@asynccontextmanager
async def postgres_probe(scene: Scene, database: Database) -> AsyncIterator[PostgresProbe]:
    """A client of the database's writer; it connects with its first request."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        async with postgres.connected(scene.context, database, database.writer_endpoint) as connection:
            await connection.set_autocommit(True)
            await connection.execute(
                f"CREATE TABLE IF NOT EXISTS {TABLE} (run text, number bigint, PRIMARY KEY (run, number))"
            )
            yield connection

    connected = _Connected(opened)
    try:
        yield PostgresProbe(connected, scene.run)
    finally:
        await connected.drop()
