"""Words by which timers, files and files' places are told apart, whatever the language."""

from __future__ import annotations

from typing import Final

from scan.words import listed

CLEANUP: Final = listed(
    "clean cleanup cleaner purge prune evict eviction expire expired sweep sweeper gc reap reaper health healthcheck "
    "check checks monitor monitoring metric metrics heartbeat ping keepalive stats report sample probe watchdog lag "
    "rotate trim collect log renew extend refresh reload look watch beat heartbeats idle timeout stale"
)
"""What timers do that S001 finds acceptable: they clean up, watch or measure, each instance for itself."""

WORK: Final = listed(
    "process poll dequeue send sync job jobs queue drain run retry charge deliver publish notify import export execute "
    "work worker fetch generate bill billing email mail remind reminder invoice dispatch consume next campaign"
)
"""What timers do that each instance would do again."""

SCRIPTS: Final = listed("scripts script bin tools tooling migrations migrate seeds seed benchmarks bench")
"""Folders of what people or a build run."""

TESTS: Final = listed(
    "test tests __tests__ spec specs e2e __mocks__ mocks fixtures fixture cypress stories __snapshots__ testing"
)
"""Folders of tests."""

REDIS: Final = frozenset({"redis", "ioredis", "valkey", "redix", "keydb", "redisurl"})
"""Words of Redis and its relatives."""

PRODUCTION: Final = frozenset({"production", "prod", "isprod", "isproduction"})
DEVELOPMENT: Final = frozenset({"development", "dev", "test", "isdev", "istest", "isdevelopment", "debug", "local"})

CLIENTS: Final = listed(
    "bull bullmq bee-queue ioredis redis pg mysql2 mongodb mongoose kafkajs amqplib axios undici knex typeorm "
    "sequelize @prisma/client @grpc/grpc-js pino winston stripe openai nodemailer @elastic/elasticsearch nats"
)
"""Packages whose objects are clients, pools and loggers: they hold connections, no state of the service."""

SENDS: Final = listed("send write emit publish broadcast json push sendtext send_text send_json send_bytes")
"""What is called on a connection to tell its client something."""


def names_redis(module: str) -> bool:
    """Whether a module's path has a part that is Redis, such as `redis.asyncio` or `./redis`; `redis_view` is not."""
    return bool(set(module.replace("/", ".").split(".")) & (REDIS | {"aioredis"}))
