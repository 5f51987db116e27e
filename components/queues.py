"""What is the same for everybody who puts jobs into a queue or takes them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

QueueKind = Literal["bullmq", "postgres"]

QUEUE_PREFIX = "{groundwork}"
"""Start of the queues' keys. The braces keep a queue's keys in one slot, should its Redis become a cluster."""


@dataclass(frozen=True, kw_only=True)
class QueueOptions:
    """How one queue keeps and repeats its jobs; producers and workers are told the same.

    Attributes:
        kind: Where the queue is: `bullmq` in the Redis that never evicts, `postgres` in the system's own database.
        attempts: How often a job is tried, the first time included; 1 to 100.
        backoff_seconds: Pause before the second try, doubled before each further one; 1 to 3600.
        keep_failed_days: Days that a job is kept after its last try has failed; 1 to 90.
        keep_failed: How many of those dead letters are kept, at most; 1 to 1,000,000.
    """

    kind: QueueKind = "bullmq"
    attempts: int = 5
    backoff_seconds: int = 1
    keep_failed_days: int = 7
    keep_failed: int = 10_000


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """A job by the clock. All workers declare it, none is special: each run is one job of the queue.

    Attributes:
        cron: Minute, hour, day of the month, month, day of the week.
        timezone: IANA name that the fields are meant in.
        exclusive: A run that is due while the last one is under way is skipped; runs hold a lease with a fencing token.
        payload: What the job gets; no secrets.
    """

    cron: str
    timezone: str = "UTC"
    exclusive: bool = False
    payload: Mapping[str, Any] = field(default_factory=dict)


def options_text(queues: Mapping[str, QueueOptions]) -> str:
    """The variable `QUEUE_OPTIONS`: the same text for the same options."""
    return json.dumps(
        {
            name: {
                "kind": options.kind,
                "attempts": options.attempts,
                "backoffSeconds": options.backoff_seconds,
                "keepFailedDays": options.keep_failed_days,
                "keepFailed": options.keep_failed,
            }
            for name, options in queues.items()
        },
        sort_keys=True,
    )


def schedules_text(schedules: Mapping[str, ScheduleArgs]) -> str:
    """The variable `QUEUE_SCHEDULES`."""
    return json.dumps(
        {
            name: {
                "cron": schedule.cron,
                "timezone": schedule.timezone,
                "exclusive": schedule.exclusive,
                "payload": dict(schedule.payload),
            }
            for name, schedule in schedules.items()
        },
        sort_keys=True,
    )


def queue_variables(queues: Mapping[str, QueueOptions]) -> dict[str, str]:
    """What a process has to be told to put jobs into these queues; nothing without queues."""
    if not queues:
        return {}
    return {"QUEUES": ",".join(sorted(queues)), "QUEUE_OPTIONS": options_text(queues), "QUEUE_PREFIX": QUEUE_PREFIX}
