"""What names say about state: the vocabulary of S001, and how S001 grades each kind.

The first row that fits decides. A row is asked about the state's own name first; only when no row knows that name are
the names around it asked: class, function, file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scan.model import Grade, Severity
from scan.words import listed

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL


@dataclass(frozen=True)
class Role:
    """What state is for.

    Attributes:
        grade: How it is graded.
        own: The name must have one of these words.
        every: The name must have all of these words.
        around: One of these words must stand in a name around it; empty when it does not matter.
    """

    grade: Grade
    own: frozenset[str]
    every: frozenset[str] = frozenset()
    around: frozenset[str] = frozenset()

    def fits(self, name: frozenset[str], around: frozenset[str]) -> bool:
        """Whether a name with these words around it has this role."""
        return (
            bool(self.own & name or (not self.own and self.every))
            and self.every <= name
            and (not self.around or bool(self.around & around))
        )


def _role(
    rule: str, title: str, severity: Severity, action: str, own: str = "", *, every: str = "", around: str = ""
) -> Role:
    grade = Grade(rule, title, severity, action)
    return Role(grade, listed(own), listed(every), listed(around))


_QUEUE: Final = (
    "Use BullMQ with Redis (Oban where PostgreSQL holds the jobs): what waits here is lost with the process."
)
_TASKS: Final = "Keep each task's state in a Redis hash, so that it outlives the process and any instance can answer."
_CACHE: Final = "Move it to Redis, or keep it small and short-lived: each instance has its own copy."
_METRICS: Final = "Acceptable: each instance reports its own figures and Prometheus adds them up."
_HEALTH: Final = "Share it through Redis where instances must agree; this instance's own view may stay local."
_ALERTS: Final = "Keep alerts and their rules in Redis or the database, so that each instance sees the same."
_REGISTRY: Final = "Use Redis, etcd or Kubernetes' own Services for discovery: each instance has its own list."

ROLES: Final[tuple[Role, ...]] = (
    _role(
        "sequence",
        "numbers handed out",
        HIGH,
        "Let the database or Redis (INCR) count, or use random identifiers: two instances hand out the same number.",
        "nextid lastid sequence seq serial idcounter currentid nextnumber",
    ),
    _role(
        "analytics-state",
        "analytics",
        MEDIUM,
        "Move it to Redis: figures that users see differ between instances.",
        "stats statistics usage workflows",
        around="analytics",
    ),
    _role(
        "metrics",
        "metrics",
        LOW,
        _METRICS,
        "metric metrics counter counters gauge gauges histogram histograms stats statistics telemetry latency "
        "latencies timings patterns profile profiles profiler prometheus hits misses sample samples counts tally",
    ),
    _role(
        "idempotency-state",
        "idempotency keys",
        CRITICAL,
        "Keep the keys in Redis with an expiry (SET NX EX) and fail fast without it: another instance does it again.",
        "idempotency idempotent dedupe dedup deduplication deduplicator nonce nonces replay",
    ),
    _role(
        "request-queue",
        "queue of requests",
        MEDIUM,
        "Requests in flight end with their connection; consider Redis when the limit must hold over all instances.",
        every="request queue",
    ),
    _role(
        "cache",
        "cache",
        MEDIUM,
        _CACHE,
        "file files image images upload config configs settings version versions",
        every="cache",
    ),
    _role(
        "config-state",
        "settings changed while running",
        HIGH,
        "Keep it in Redis or the database and announce changes through Pub/Sub: only this instance hears of one.",
        "config configs configuration settings flags features toggles emergency maintenance overrides",
    ),
    _role(
        "breaker-state",
        "circuit breakers",
        CRITICAL,
        "Share the breaker's state through a Redis hash and Pub/Sub: one instance trips, the others do not know.",
        "breaker breakers circuit circuits circuitbreaker circuitbreakers",
    ),
    _role(
        "rate-limit-state",
        "rate limits",
        HIGH,
        "Count in Redis (sliding window): with N instances a client has N times its limit.",
        "ratelimit ratelimits ratelimiter limiter limiters limits throttle throttles throttled throttler "
        "attempts quota quotas buckets windows",
    ),
    _role(
        "repository-state",
        "versions of files",
        HIGH,
        "Move it to the database.",
        "version versions revisions",
    ),
    _role(
        "access-state",
        "permissions and bans",
        HIGH,
        "Move it to the database (or Redis with an expiry): another instance lets through what this one refuses.",
        "permission permissions acl acls roles grants blacklist blacklisted blocklist denylist allowlist revoked "
        "blocked banned bans",
    ),
    _role(
        "session-state",
        "sessions",
        CRITICAL,
        "Keep sessions in Redis, or use signed tokens: the next request reaches another instance.",
        "session sessions logins carts cart otp otps",
    ),
    _role(
        "upload-state",
        "uploads and files",
        CRITICAL,
        "Keep upload sessions in Redis, what is known of files in the database, and the bytes in S3.",
        "upload uploads uploaded file files chunk chunks resumable multipart attachments",
    ),
    _role("health-state", "health of others", HIGH, _HEALTH, "health healths healthy", around="system"),
    _role("alert-state", "alerts", HIGH, _ALERTS, "alert alerts incidents", around="system"),
    _role("health-state", "health of others", MEDIUM, _HEALTH, "health healths healthy checks checker"),
    _role("alert-state", "alerts", MEDIUM, _ALERTS, "alert alerts incidents"),
    _role(
        "credential-cache",
        "credentials",
        MEDIUM,
        "Move them to Redis, encrypted, or keep them for minutes: a rotated one stays in use on some instances.",
        "credential credentials secret secrets apikey apikeys",
    ),
    _role(
        "credential-cache",
        "cached credentials",
        MEDIUM,
        "Move them to Redis, encrypted, or keep them for minutes: a rotated one stays in use on some instances.",
        "cache cached caches",
        around="credential credentials secret secrets",
    ),
    _role(
        "connection-registry",
        "open connections",
        HIGH,
        "A connection is of one instance, what is sent over it is not: publish through Redis Pub/Sub, or the adapter "
        "of the WebSocket library.",
        "client clients socket sockets connection connections conns subscribers subscriptions streams peers room rooms "
        "websocket websockets ws sse channels serverresponse streaming online",
    ),
    _role("memory-queue", "queue", CRITICAL, _QUEUE, "queue queues queued backlog fifo enqueued"),
    _role(
        "coalescing",
        "work in flight",
        LOW,
        "Acceptable: spares this instance a second call; nothing is lost with it.",
        "inflight inprogress coalesce coalesced dataloader",
    ),
    _role(
        "cache",
        "cache",
        MEDIUM,
        _CACHE,
        "cache cached caches memo memoized lru ttl template templates l1",
    ),
    _role(
        "task-state",
        "jobs that run here",
        HIGH,
        _TASKS,
        "task tasks job jobs",
        around="executor executors background processing processor runner",
    ),
    _role("task-state", "state of tasks", CRITICAL, _TASKS, "task tasks job jobs progress workitems"),
    _role(
        "buffer-state",
        "buffer",
        HIGH,
        "Hand each item on at once (Redis stream, BullMQ), or drain at shutdown: what waits here is lost.",
        "buffer buffers batch batches buffered outbox",
    ),
    _role(
        "log-state",
        "logs and events",
        HIGH,
        "Write to standard output and collect it (ELK, Datadog, CloudWatch): each instance shows only its own.",
        "log logs errors events history audit",
    ),
    _role(
        "lock-state",
        "locks",
        HIGH,
        "Use a lock in Redis with an expiry and a token, or a row lock: this one excludes nobody on other instances.",
        "lock locks locked mutex mutexes leases lease semaphore leader",
    ),
    _role(
        "registration",
        "registered code",
        LOW,
        "Acceptable: filled with code, the same on each instance.",
        "handler handlers listener listeners plugin plugins strategy strategies middleware middlewares hook hooks "
        "callback callbacks schema schemas factory factories command commands parser parsers validator validators "
        "serializers converters loaders adapters drivers interceptors collectors hookspecs models",
    ),
    _role(
        "service-registry",
        "service registry",
        HIGH,
        _REGISTRY,
        "registry registries services instances discovery nodes members upstreams backends targets",
    ),
    _role(
        "routes",
        "routes",
        MEDIUM,
        "Move the routes to configuration that all instances read.",
        "route routes router routing",
    ),
    _role(
        "analytics-state",
        "analytics",
        MEDIUM,
        "Move it to Redis: figures that users see differ between instances.",
        "analytics aggregates",
    ),
    _role(
        "repository-state",
        "data of users",
        HIGH,
        "Move it to the database: it is lost with the process, and other instances do not have it.",
        "repository repo users user orders order notifications notification documents messages accounts subscriptions",
    ),
)

UNKNOWN: Final = Grade(
    "module-state",
    "state of the process",
    HIGH,
    "Move it to Redis or the database, or never write to it after it was made.",
)
"""What no name tells anything about."""


def role_of(own: frozenset[str], context: tuple[frozenset[str], ...]) -> Grade | None:
    """What names say; `None` when they say nothing."""
    around = frozenset().union(*context)
    for role in ROLES:
        if role.fits(own, around):
            return role.grade
    for place in context:
        for role in ROLES:
            if role.fits(place, around):
                return role.grade
    return None
