"""Connections to the servers that are read: as the platform itself, kept open from one reading to the next.

The only place that knows where the drivers have their servers and how they let the platform in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from local.aws.dataplane.context import Context
from local.aws.dataplane.postgres_config import ADMINISTRATOR, PORT
from local.aws.dataplane.redis_config import CONTROL_USER
from local.aws.monitoring import postgres_metrics, redis_metrics
from local.aws.monitoring.postgres_metrics import Status
from local.aws.monitoring.targets import PostgresInstance, RedisNode

Postgres = psycopg.AsyncConnection[tuple[Any, ...]]


class Access:
    """Asks servers what they say of themselves."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._redis: dict[RedisNode, Redis] = {}
        self._postgres: dict[PostgresInstance, Postgres] = {}

    async def redis(self, node: RedisNode) -> Mapping[str, Any]:
        """The fields of INFO that metrics are made from."""
        client = self._redis.get(node)
        if client is None:
            client = self._redis[node] = self._redis_client(node)
        told: Mapping[str, Any] = await client.info(*redis_metrics.SECTIONS)
        return told

    async def postgres(self, instance: PostgresInstance) -> Status:
        """What the instance's server says."""
        connection = self._postgres.get(instance)
        if connection is None or connection.closed:
            connection = self._postgres[instance] = await self._postgres_connection(instance)
        cursor = await connection.execute(postgres_metrics.QUERY)
        row = await cursor.fetchone()
        assert row is not None
        return Status(*row)

    async def forget(self, target: RedisNode | PostgresInstance) -> None:
        """Close the connection to a server that is gone, or that does not answer; the next question opens another."""
        if isinstance(target, RedisNode):
            client = self._redis.pop(target, None)
            if client is not None:
                if client.connection is not None:
                    # Without the goodbye, which a server that hangs would not return.
                    await client.connection.disconnect(nowait=True)
                await client.aclose()
        else:
            connection = self._postgres.pop(target, None)
            if connection is not None:
                await connection.close()

    def known(self) -> list[RedisNode | PostgresInstance]:
        """Those that a connection is kept to."""
        return [*self._redis, *self._postgres]

    def _redis_client(self, node: RedisNode) -> Redis:
        context = self._context
        return Redis(
            host=node.address,
            port=node.port,
            username=CONTROL_USER,
            password=context.control_password,
            ssl=node.tls,
            ssl_ca_certs=str(context.authority.root) if node.tls else None,
            decode_responses=True,
            single_connection_client=True,
            # The next reading is the next try.
            retry=Retry(NoBackoff(), 0),
        )

    async def _postgres_connection(self, instance: PostgresInstance) -> Postgres:
        return await psycopg.AsyncConnection.connect(
            host=str(self._context.socket_folder(instance.member)),
            port=PORT,
            user=ADMINISTRATOR,
            dbname="postgres",
            autocommit=True,
            application_name="rdsmonitor",
            prepare_threshold=2,
        )
