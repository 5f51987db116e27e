"""Which knobs of queues and their workers are unsafe, whoever sets them: pure functions over plain values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from components import cron
from components.errors import Refusal
from components.queues import QueueKind

_TIMEZONE = re.compile(r"^(?:UTC|[A-Z][A-Za-z_+-]+(?:/[A-Z][A-Za-z0-9_+-]+)+)$")
_SECRET_WORD = re.compile(r"password|passwd|secret|token|private|api_?key|access_?key|credential", re.IGNORECASE)


class QueueKnobs(Protocol):
    """How a queue keeps and repeats its jobs."""

    @property
    def attempts(self) -> int: ...
    @property
    def backoff_seconds(self) -> int: ...
    @property
    def keep_failed_days(self) -> int: ...
    @property
    def keep_failed(self) -> int: ...


class WorkerKnobs(Protocol):
    """How a worker takes jobs and is watched."""

    @property
    def concurrency(self) -> int: ...
    @property
    def stalled_after_seconds(self) -> int: ...
    @property
    def max_stalled(self) -> int: ...
    @property
    def backlog_per_worker(self) -> int | None: ...


class ScheduleKnobs(Protocol):
    """When a job is due."""

    @property
    def cron(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, object]: ...


def queue(knobs: QueueKnobs) -> Iterator[Refusal]:
    """Rules of one queue."""
    if not 1 <= knobs.attempts <= 100:
        yield Refusal("attempts", knobs.attempts, "a job is tried at least once and not for ever: write 1 to 100")
    if not 1 <= knobs.backoff_seconds <= 3600:
        yield Refusal(
            "backoff_seconds", knobs.backoff_seconds, "without a pause, tries are a storm on what is down: 1 to 3600"
        )
    if not 1 <= knobs.keep_failed_days <= 90:
        yield Refusal("keep_failed_days", knobs.keep_failed_days, "somebody has to see dead letters: write 1 to 90")
    if not 1 <= knobs.keep_failed <= 1_000_000:
        yield Refusal(
            "keep_failed",
            knobs.keep_failed,
            "without dead letters failures are lost, without a bound they fill the store: write 1 to 1000000",
        )


def worker(knobs: WorkerKnobs) -> Iterator[Refusal]:
    """Rules of one queue's workers."""
    if not 1 <= knobs.concurrency <= 1000:
        yield Refusal("concurrency", knobs.concurrency, "write 1 to 1000 jobs at a time")
    if not 10 <= knobs.stalled_after_seconds <= 300:
        yield Refusal(
            "stalled_after_seconds",
            knobs.stalled_after_seconds,
            "shorter than a failover, every failover gives running jobs to a second worker; longer, the jobs of a dead "
            "worker wait: write 10 to 300",
        )
    if not 1 <= knobs.max_stalled <= 1000:
        yield Refusal("max_stalled", knobs.max_stalled, "a job outlives at least one worker: write 1 to 1000")
    if knobs.backlog_per_worker is not None and knobs.backlog_per_worker < 1:
        yield Refusal("backlog_per_worker", knobs.backlog_per_worker, "write 1 or more jobs for each worker")


def place(kind: QueueKind, redis_profile: str | None) -> Iterator[Refusal]:
    """A queue has one place: a Redis that never evicts, or the database, and then no Redis at all."""
    if kind == "bullmq" and redis_profile is None:
        yield Refusal("redis", None, "a queue of kind 'bullmq' is kept in Redis: give one with the profile 'queue'")
    elif kind == "postgres" and redis_profile is not None:
        yield Refusal("redis", redis_profile, "a queue of kind 'postgres' is kept in the database: leave redis out")
    elif redis_profile not in (None, "queue"):
        yield Refusal(
            "redis.profile",
            redis_profile,
            "this Redis evicts keys when memory is short, and with them jobs: use one with the profile 'queue'",
        )


def schedule(knobs: ScheduleKnobs) -> Iterator[Refusal]:
    """Rules of one schedule."""
    if fault := cron.fault(knobs.cron):
        yield Refusal("cron", knobs.cron, f"{fault}: write for example 0 3 * * * for three o'clock every night")
    if not _TIMEZONE.match(knobs.timezone):
        yield Refusal("timezone", knobs.timezone, "is no name of a time zone: write UTC or for example Europe/Vienna")
    for key in sorted(knobs.payload):
        if _SECRET_WORD.search(key):
            yield Refusal(
                f"payload.{key}",
                "[secret]",
                "looks like a secret and would be readable in the queue: let the job take it from its environment",
            )
        if key == "lease":
            yield Refusal("payload.lease", knobs.payload[key], "is set by the platform: write exclusive: true")
