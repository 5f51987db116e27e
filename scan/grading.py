"""From a sighting to a grade: decisions, without looking at code."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scan.model import Form, Grade, Severity, Sighting, Trait
from scan.roles import UNKNOWN, role_of
from scan.words import listed

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL

_LIBRARIES: Final = {
    Form.SESSION_STORE: Grade(
        "session-store",
        "sessions",
        CRITICAL,
        "Give the sessions a store in Redis, or use signed tokens: the next request reaches another instance.",
    ),
    Form.RATE_LIMITER: Grade(
        "rate-limiter",
        "rate limits",
        HIGH,
        "Give the limiter a store in Redis: with N instances a client has N times its limit.",
    ),
    Form.BREAKER: Grade(
        "circuit-breaker",
        "circuit breaker",
        CRITICAL,
        "Share the breaker's state through Redis and Pub/Sub: one instance trips, the others do not know.",
    ),
    Form.DATABASE: Grade(
        "local-database",
        "database file",
        CRITICAL,
        "Use PostgreSQL or Redis: a file on this instance's disk is lost with it, and the others never see it.",
    ),
    Form.LOG_FILE: Grade(
        "log-file",
        "log file",
        HIGH,
        "Write to standard output and collect it: files on the instance's disk are lost with it.",
    ),
    Form.SCHEDULE: Grade(
        "schedule",
        "schedule",
        HIGH,
        "Use BullMQ's repeatable jobs, Oban's cron or a CronJob: every instance runs this one.",
    ),
    Form.DEFERRED: Grade(
        "deferred-work",
        "deferred work",
        HIGH,
        "Use a delayed job (BullMQ, Oban): what waits in a timer is lost with the process.",
    ),
    Form.DICTIONARY: Grade(
        "process-dictionary", "process dictionary", LOW, "Acceptable within one request: it ends with the process."
    ),
    Form.SINGLETON: Grade(
        "stateless-singleton", "singleton", LOW, "Acceptable: a wrapper without state of its own, or a pool."
    ),
}

FALLBACK: Final = Grade(
    "memory-fallback",
    "memory instead of Redis",
    CRITICAL,
    "Remove the fallback in production and fail fast: instances part ways as soon as Redis is away.",
)
_QUEUE: Final = Grade(
    "memory-queue",
    "queue",
    CRITICAL,
    "Use BullMQ with Redis (Oban where PostgreSQL holds the jobs): what waits here is lost with the process.",
)
_CACHE: Final = Grade(
    "cache", "cache", MEDIUM, "Move it to Redis, or keep it small and short-lived: each instance has its own copy."
)
_COUNTER: Final = Grade(
    "counter", "counter", MEDIUM, "Count in Redis (INCR) where the sum matters: each instance counts for itself."
)
_UPLOADS: Final = listed(
    "upload uploads uploaded media avatar avatars attachment attachments images photos documents storage"
)
_TAKERS: Final = frozenset({"shift", "popleft", "pop(0)", "get", "get_nowait", "dequeue"})
_GIVERS: Final = frozenset({"push", "append", "unshift", "put", "put_nowait", "enqueue", "add"})
_CONTAINERS: Final = frozenset({Form.MAP, Form.SET, Form.LIST, Form.OBJECT, Form.PROCESS})
_TOLD: Final = frozenset({"connection-registry", "breaker-state", "cache", "config-state", "health-state"})
"""What may be a local copy that a broker keeps up to date."""
_STAY: Final = frozenset({"metrics", "registration", "coalescing"})


def grade(seen: Sighting) -> Grade:
    """What a sighting amounts to, with S001's severity and the advice for it."""
    found = _by_form(seen)
    if seen.traits & {Trait.SCRIPT, Trait.DEVELOPMENT} and found.severity > LOW:
        where = "scripts" if Trait.SCRIPT in seen.traits else "development"
        return replace(found, severity=LOW, action=f"Acceptable in {where}; in a service: {found.action}")
    return found


def _by_form(seen: Sighting) -> Grade:
    if Trait.FALLBACK in seen.traits and Trait.CODE not in seen.traits:
        return FALLBACK
    if seen.form is Form.FILE:
        return _file(seen)
    if seen.form in (Form.TIMER, Form.SCHEDULE) and Trait.CLEANUP in seen.traits:
        return Grade("timer", "clean-up timer", LOW, "Acceptable: each instance cleans up, or watches, for itself.")
    if seen.form is Form.TIMER:
        return Grade(
            "timer",
            "timer",
            MEDIUM,
            "Every instance runs it: coordinate through Redis, or make it a repeatable job of BullMQ or Oban.",
        )
    if seen.form in _LIBRARIES:
        return _LIBRARIES[seen.form]
    return _state(seen)


def _state(seen: Sighting) -> Grade:
    named = role_of(seen.own, seen.context)
    if seen.form is Form.QUEUE:
        if Trait.AWAITED in seen.traits or (named and named.rule == "request-queue"):
            return role_of(frozenset({"request", "queue"}), ()) or _QUEUE
        return _QUEUE
    if named is not None and named.rule in _STAY:
        return named
    if Trait.CODE in seen.traits:
        return role_of(frozenset({"handlers"}), ()) or UNKNOWN
    if Trait.PROMISES in seen.traits:
        return role_of(frozenset({"inflight"}), ()) or UNKNOWN
    if seen.form is Form.CACHE:
        return _cache(seen, named)
    if seen.form is Form.COUNTER:
        return named if named and named.rule in ("sequence", "rate-limit-state", "idempotency-state") else _COUNTER
    if named is not None and named.rule in _TOLD and Trait.RELAYED in seen.traits:
        return replace(named, severity=LOW, action="Acceptable: the local end of what a broker tells every instance.")
    if named is not None and named.rule == "connection-registry" and Trait.SILENT in seen.traits:
        return replace(
            named, severity=LOW, action="Acceptable: counted and closed, never told anything from elsewhere."
        )
    known = role_of(seen.own, ())
    taken = bool(seen.operations & _TAKERS) and bool(seen.operations & _GIVERS)
    if seen.form is Form.LIST and taken and known is None:
        return _QUEUE
    return named if named is not None and seen.form in _CONTAINERS else UNKNOWN


def _cache(seen: Sighting, named: Grade | None) -> Grade:
    if Trait.PURE in seen.traits:
        return replace(_CACHE, severity=LOW, action="Acceptable: what the arguments alone decide is alike everywhere.")
    return named if named is not None and named.severity >= MEDIUM else _CACHE


def _file(seen: Sighting) -> Grade:
    if Trait.TEMPORARY in seen.traits:
        if Trait.DELETED in seen.traits:
            return Grade("temporary-file", "temporary file", LOW, "Acceptable: deleted again by what wrote it.")
        return Grade(
            "temporary-file",
            "temporary file",
            MEDIUM,
            "Delete it where it was written, and bound the scratch space; keep nothing there for another request.",
        )
    action = "Write to object storage (S3): this disk is lost with the instance, and the others never see it."
    words = seen.own.union(*seen.context[:-1])
    return Grade("local-file", "local file", CRITICAL if words & _UPLOADS else HIGH, action)
