"""What a scan finds, in terms that all languages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import PurePosixPath


class Severity(IntEnum):
    """How much a finding stands in the way of a second instance; the grades of S001."""

    LOW = 1
    """Acceptable."""
    MEDIUM = 2
    """Monitor or improve: instances differ, nothing is lost that matters."""
    HIGH = 3
    """Should be fixed: instances disagree, or a restart loses something."""
    CRITICAL = 4
    """Blocks horizontal scaling."""


class Form(StrEnum):
    """What keeps the state, as the code has it."""

    MAP = "map"
    SET = "set"
    LIST = "list"
    OBJECT = "object"
    COUNTER = "counter"
    CACHE = "cache"
    QUEUE = "queue"
    PROCESS = "process state"
    DICTIONARY = "process dictionary"
    SINGLETON = "singleton"
    TIMER = "timer"
    SCHEDULE = "schedule"
    DEFERRED = "deferred work"
    FILE = "local file"
    LOG_FILE = "log file"
    DATABASE = "local database"
    SESSION_STORE = "session store"
    RATE_LIMITER = "rate limiter"
    BREAKER = "circuit breaker"


class Trait(StrEnum):
    """What is known about one place besides its names."""

    FALLBACK = "fallback"
    """Used instead of Redis when Redis is away or not set up."""
    DEVELOPMENT = "development"
    """Cannot be reached in production: guarded by a test for it, or refused there."""
    TEMPORARY = "temporary"
    """Under the operating system's folder for temporary files."""
    DELETED = "deleted"
    """The same function or class deletes what it writes."""
    CLEANUP = "cleanup"
    """Cleans up, watches or measures."""
    RELAYED = "relayed"
    """The file also listens to Redis Pub/Sub, or another broker: the local end of something shared."""
    SCRIPT = "script"
    """In a script that people or a build run, not in the service."""
    AWAITED = "awaited"
    """Whoever queues it waits for it."""
    PURE = "pure"
    """Keeps what the arguments alone decide."""
    CODE = "code"
    """Holds functions or classes, which are the same in each instance."""
    PROMISES = "promises"
    """Holds work in flight."""
    SILENT = "silent"
    """Connections that are counted and closed, but never told anything through this."""


@dataclass(frozen=True)
class Sighting:
    """A place that keeps state, before it is graded.

    Attributes:
        path: The file, from the root of the scan.
        line: From 1.
        holder: What keeps it: `TaskTracker.tasks`, `cache`, `setInterval in start`.
        form: What kind of thing that is.
        reach: How long it lives and why that is known, in words.
        own: Words of its own name.
        context: Words of the class, function and file around it, nearest first.
        operations: What is done to it, such as `push` and `shift`.
        traits: What else is known.
    """

    path: PurePosixPath
    line: int
    holder: str
    form: Form
    reach: str
    own: frozenset[str]
    context: tuple[frozenset[str], ...] = ()
    operations: frozenset[str] = frozenset()
    traits: frozenset[Trait] = frozenset()


@dataclass(frozen=True)
class Grade:
    """What a sighting amounts to.

    Attributes:
        rule: Stable name of the rule, such as `memory-queue`.
        title: State type in a word or two.
        severity: S001's grade.
        action: What to do instead.
    """

    rule: str
    title: str
    severity: Severity
    action: str


@dataclass(frozen=True)
class Finding:
    """A graded sighting.

    Attributes:
        service: Name of the service that it belongs to.
        fingerprint: The same after lines moved: made of service, file, rule and holder.
        exemption: What an exempting comment says, or why it does not hold; empty without one.
        exempt: Whether that comment holds.
    """

    service: str
    sighting: Sighting
    grade: Grade
    fingerprint: str
    exemption: str = ""
    exempt: bool = False

    @property
    def storage(self) -> str:
        """Where the state is: in memory, beside Redis, on disk."""
        if self.sighting.form in (Form.FILE, Form.LOG_FILE, Form.DATABASE):
            return "local disk"
        return "memory, instead of Redis" if Trait.FALLBACK in self.sighting.traits else "in memory"

    @property
    def shared(self) -> str:
        """Whether other instances see it."""
        if self.sighting.form is Form.SINGLETON:
            return "n/a"
        return "partial" if {Trait.FALLBACK, Trait.RELAYED} & self.sighting.traits else "no"

    @property
    def message(self) -> str:
        """One line: what it is, where it lives and what to do."""
        seen = self.sighting
        return f"{seen.holder}: {self.grade.title} ({seen.form}, {seen.reach}). {self.grade.action}"


@dataclass(frozen=True)
class Note:
    """Something that the reader should know about a file: not read, not of its language, an exemption without use."""

    path: PurePosixPath
    text: str
    line: int = 0


@dataclass(frozen=True)
class Service:
    """A folder with a manifest of its own.

    Attributes:
        name: As its manifest names it, else the folder's name.
        root: The folder, from the root of the scan.
        files: How many of its files were judged.
    """

    name: str
    root: PurePosixPath
    files: int


@dataclass(frozen=True)
class Inventory:
    """All that one scan found.

    Attributes:
        skipped: Why files were left out, with how many; what stands in ignored folders is not even counted.
        prefix: From the working folder to the root of the scan, for paths that people and tools can open.
    """

    services: tuple[Service, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    prefix: PurePosixPath = field(default_factory=PurePosixPath)

    def shown(self, path: PurePosixPath) -> str:
        """A path from the working folder."""
        return str(self.prefix / path)

    @property
    def counted(self) -> tuple[Finding, ...]:
        """Findings that no exemption excuses."""
        return tuple(finding for finding in self.findings if not finding.exempt)

    def of(self, service: str) -> tuple[Finding, ...]:
        """A service's findings, the worst first."""
        return tuple(finding for finding in self.findings if finding.service == service)


def readiness(findings: tuple[Finding, ...]) -> str:
    """Whether a service with these findings can run as several instances: ready, needs work, stateful."""
    worst = max((finding.grade.severity for finding in findings if not finding.exempt), default=Severity.LOW)
    return {Severity.CRITICAL: "stateful", Severity.LOW: "ready"}.get(worst, "needs work")
