"""Reads every server every ten seconds, and puts what it finds where PutMetricData would."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from local.aws.monitoring import postgres_metrics, processes, redis_metrics, stores
from local.aws.monitoring.postgres_metrics import InStep, Status
from local.aws.monitoring.reading import Reading
from local.aws.monitoring.store import Metric, Point
from local.aws.monitoring.targets import PostgresInstance, RedisNode, postgres_instances, redis_nodes

INTERVAL = 10.0
"""Seconds between readings: the shortest period that an alarm can have. CloudWatch has the same metrics of ElastiCache
and RDS once a minute."""

PATIENCE = 3.0
"""Seconds after which a server's answer is not waited for any longer: it has no data points then."""

_T = TypeVar("_T", RedisNode, PostgresInstance)
_A = TypeVar("_A")

_log = logging.getLogger("local.aws")


class Servers(Protocol):
    """Asks servers what they say of themselves; raises whatever keeps them from it."""

    async def redis(self, node: RedisNode) -> Mapping[str, Any]: ...
    async def postgres(self, instance: PostgresInstance) -> Status: ...
    async def forget(self, target: RedisNode | PostgresInstance) -> None: ...
    def known(self) -> list[RedisNode | PostgresInstance]: ...


@dataclass(frozen=True)
class CpuTime:
    """Processor time of a server.

    Attributes:
        process: Its first one.
        at: When, seconds of the monotonic clock.
    """

    process: int
    seconds: float
    at: float


@dataclass(frozen=True)
class _Memory:
    """What was found the last time."""

    redis: Mapping[RedisNode, Mapping[str, Any]] = field(default_factory=dict)
    postgres: Mapping[PostgresInstance, Status] = field(default_factory=dict)
    cpu: Mapping[PostgresInstance, CpuTime] = field(default_factory=dict)
    in_step: Mapping[PostgresInstance, InStep] = field(default_factory=dict)


class Sampler:
    """A thread with an event loop of its own: a server that hangs holds up no other, and never the API.

    Args:
        servers: Asks them.
        interval: Seconds between readings, on the clock's own multiples of it.
    """

    def __init__(self, servers: Servers, interval: float = INTERVAL) -> None:
        self._servers = servers
        self._interval = interval
        self._memory = _Memory()
        self._silent: set[RedisNode | PostgresInstance] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._loop()), name="metrics", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when it has."""
        self._stopping.set()
        self._thread.join()

    async def look(self, now: float) -> None:
        """Read every server once.

        Args:
            now: The time that the data points get, so that every period has one.
        """
        nodes, instances = redis_nodes(), postgres_instances()
        for gone in set(self._servers.known()) - {*nodes, *instances}:
            await self._servers.forget(gone)
        redis = await self._ask(nodes, self._servers.redis)
        writers = [each for each in instances if each.source is None]
        # Sources first: what a replica has is held against what its source had before.
        postgres = await self._ask(writers, self._servers.postgres)
        postgres |= await self._ask([each for each in instances if each.source is not None], self._servers.postgres)
        self._keep_redis(redis, now)
        self._keep_postgres(postgres, now)
        # One that does not answer now was in step once all the same.
        kept = {each: last for each, last in self._memory.in_step.items() if each in instances}
        self._memory = replace(self._memory, in_step=kept)

    async def _loop(self) -> None:
        while not await asyncio.to_thread(self._stopping.wait, until(time.time(), self._interval)):
            try:
                await self.look(time.time() // self._interval * self._interval)
            except Exception:  # noqa: BLE001  # what went wrong once must not end the readings
                _log.exception("reading metrics")
        for each in self._servers.known():
            await self._servers.forget(each)

    async def _ask(self, targets: Sequence[_T], question: Callable[[_T], Coroutine[Any, Any, _A]]) -> dict[_T, _A]:
        """What those that answer say, all asked at once."""
        answers = await asyncio.gather(*(self._ask_one(target, question) for target in targets))
        return {target: answer for target, answer in zip(targets, answers, strict=True) if answer is not None}

    async def _ask_one(self, target: _T, question: Callable[[_T], Coroutine[Any, Any, _A]]) -> _A | None:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await question(target)
        except Exception as error:  # noqa: BLE001  # whatever it is, the server has no data points now
            if target not in self._silent:
                _log.warning("no metrics of %s: %s: %s", target.identifier, type(error).__name__, error)
            self._silent.add(target)
            await self._servers.forget(target)
            return None
        self._silent.discard(target)
        return answer

    def _keep_redis(self, told: Mapping[RedisNode, Mapping[str, Any]], now: float) -> None:
        lags: dict[str, float] = {}
        for info in told.values():
            lags |= redis_metrics.told_lags(info)
        for node, info in told.items():
            lag = redis_metrics.lag_of(info, node.address, lags)
            found = redis_metrics.readings(info, self._memory.redis.get(node), lag, node.leads_secondary)
            _put(node.region, redis_metrics.NAMESPACE, redis_metrics.DIMENSION, node.identifier, found, now)
        self._memory = replace(self._memory, redis=dict(told))

    def _keep_postgres(self, told: Mapping[PostgresInstance, Status], now: float) -> None:
        positions = {instance.server: status.position for instance, status in told.items()}
        cpu: dict[PostgresInstance, CpuTime] = {}
        in_step = dict(self._memory.in_step)
        for instance, status in told.items():
            taken = _cpu_time(status.backend)
            if taken is not None:
                cpu[instance] = taken
            lag = None
            if status.replica:
                source = positions.get(instance.source) if instance.source else None
                lag, last = postgres_metrics.follow(status, source, self._memory.in_step.get(instance))
                if last is not None:
                    in_step[instance] = last
            found = postgres_metrics.readings(
                status,
                self._memory.postgres.get(instance),
                instance.storage_gib,
                _percent(taken, self._memory.cpu.get(instance)),
                lag,
            )
            _put(
                instance.region, postgres_metrics.NAMESPACE, postgres_metrics.DIMENSION, instance.identifier, found, now
            )
        self._memory = replace(self._memory, postgres=dict(told), cpu=cpu, in_step=in_step)


def until(now: float, interval: float) -> float:
    """Seconds until the clock is at a multiple of the interval."""
    return interval - now % interval


def _cpu_time(backend: int) -> CpuTime | None:
    """Of the server that has this process."""
    server = processes.parent_of(backend)
    taken = None if server is None else processes.cpu_seconds(server)
    return None if server is None or taken is None else CpuTime(server, taken, time.monotonic())


def _percent(now: CpuTime | None, before: CpuTime | None) -> float | None:
    if now is None or before is None or now.process != before.process:
        return None
    return processes.percent(now.seconds, before.seconds, now.at - before.at)


def _put(region: str, namespace: str, dimension: str, identifier: str, found: Sequence[Reading], now: float) -> None:
    store = stores.of(region)
    for reading in found:
        metric = Metric(namespace, reading.metric, frozenset({(dimension, identifier)}))
        store.add(metric, reading.unit, [Point.of(now, reading.value)], now)
