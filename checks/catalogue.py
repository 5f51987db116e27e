"""Which checks a stack has, from its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from checks import cdn, dashboard, health, postgres, queues, redis_store, storage
from checks.context import Context
from checks.engine import Check
from checks.outputs import Database, Service, StackOutputs, Workers
from checks.result import Finding, failed

# Polling for the result takes this long at most; the rest is for the requests themselves.
_JOB_DEADLINE = queues.JOB_SECONDS + 10.0


def catalogue(outputs: StackOutputs) -> list[Check]:
    """All checks for these outputs, in the order in which a person would ask."""
    return [
        *_health(outputs),
        *_redis(outputs),
        *_database(outputs),
        *_storage(outputs),
        *_queues(outputs),
        *_edge(outputs),
    ]


def _health(outputs: StackOutputs) -> Iterator[Check]:
    def of(name: str, workload: Service | Workers) -> Check:
        return Check(name, "PV-HEALTH", partial(health.every_pod_is_live_and_ready, workload=workload))

    for name, service in outputs.services.items():
        yield of(f"service/{name}/pods", service)
    for queue, workers in outputs.workers.items():
        yield of(f"worker/{queue}/pods", workers)
    if outputs.dashboard is not None:
        board = outputs.dashboard
        yield Check("dashboard/pods", "PV-HEALTH", partial(health.every_pod_is_live_and_ready, workload=board))
        yield Check("dashboard/credentials", "P0-QUEUE", partial(dashboard.asks_for_credentials, dashboard=board))


def _redis(outputs: StackOutputs) -> Iterator[Check]:
    for key, redis in outputs.redis.items():
        for aspect, function in (
            ("round-trip", redis_store.round_trip),
            ("primary", redis_store.is_primary),
            ("eviction", redis_store.evicts_as_its_profile_wants),
            ("strangers", redis_store.refuses_strangers),
            ("plain-text", redis_store.refuses_plain_text),
        ):
            yield Check(f"redis/{key}/{aspect}", "P0-REDIS", partial(function, redis=redis))


def _database(outputs: StackOutputs) -> Iterator[Check]:
    if outputs.database is None:
        return
    database = outputs.database
    yield Check("database/writer", "P0-REPLICA", partial(postgres.writer_round_trip, database=database))
    yield Check("database/plain-text", "P0-REPLICA", partial(postgres.refuses_plain_text, database=database))
    for name, endpoint in _replicas(database):
        follows = partial(postgres.replica_follows, database=database, endpoint=endpoint)
        yield Check(f"database/replica/{name}", "PV-REPLICA", follows)


def _replicas(database: Database) -> list[tuple[str, str]]:
    names = database.replica_identifiers
    if len(names) != len(database.reader_endpoints):
        names = [str(number) for number, _ in enumerate(database.reader_endpoints, start=1)]
    return list(zip(names, database.reader_endpoints, strict=True))


def _storage(outputs: StackOutputs) -> Iterator[Check]:
    for key, bucket in outputs.buckets.items():
        yield Check(f"bucket/{key}/round-trip", "P0-S3", partial(storage.round_trip, bucket=bucket))
        yield Check(f"bucket/{key}/public-access", "P0-S3", partial(storage.blocks_public_access, bucket=bucket))
        yield Check(f"bucket/{key}/encryption", "P0-S3", partial(storage.encrypts, bucket=bucket))


def _queues(outputs: StackOutputs) -> Iterator[Check]:
    for queue, workers in outputs.workers.items():
        owner = outputs.services.get(workers.owner)
        if owner is None:
            yield Check(f"queue/{queue}/job", "P0-QUEUE", partial(_no_owner, owner=workers.owner))
        else:
            job = partial(queues.job_round_trip, queue=queue, owner=owner)
            yield Check(f"queue/{queue}/job", "P0-QUEUE", job, _JOB_DEADLINE)


async def _no_owner(_context: Context, owner: str) -> Finding:
    return failed(f'the queue\'s owner "{owner}" is no service of the stack')


def _edge(outputs: StackOutputs) -> Iterator[Check]:
    bucket = outputs.cdn_bucket
    if outputs.cdn is None or bucket is None:
        yield Check("cdn/file", "P0-CDN", cdn.no_cdn)
        return
    regions = {item.name: item.region for item in outputs.buckets.values()}
    through = partial(cdn.file_comes_through, cdn=outputs.cdn, bucket=bucket, region=regions.get(bucket, "us-east-1"))
    yield Check("cdn/file", "P0-CDN", through)
    yield Check("cdn/https", "P0-CDN", partial(cdn.redirects_to_https, cdn=outputs.cdn))
