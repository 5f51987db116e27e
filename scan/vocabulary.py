"""Words by which timers, files and files' places are told apart, whatever the language."""

from __future__ import annotations

from typing import Final

CLEANUP: Final = frozenset(
    "clean cleanup cleaner purge prune evict eviction expire expired sweep sweeper gc reap reaper health healthcheck "
    "check checks monitor monitoring metric metrics heartbeat ping keepalive stats report sample probe watchdog lag "
    "rotate trim flushmetrics collect log".split()
)
"""What timers do that S001 finds acceptable: they clean up, watch or measure, each instance for itself."""

WORK: Final = frozenset(
    "process poll dequeue send sync job jobs queue drain run retry charge deliver publish notify import export execute "
    "work worker fetch generate bill billing email mail remind reminder invoice dispatch consume next campaign".split()
)
"""What timers do that each instance would do again."""

SCRIPTS: Final = frozenset("scripts script bin tools tooling migrations migrate seeds seed benchmarks bench".split())
"""Folders of what people or a build run."""

TESTS: Final = frozenset(
    "test tests __tests__ spec specs e2e __mocks__ mocks fixtures fixture cypress stories __snapshots__ testing".split()
)
"""Folders of tests."""

REDIS: Final = frozenset({"redis", "ioredis", "valkey", "redix", "keydb", "redisurl"})
"""Words of Redis and its relatives."""

PRODUCTION: Final = frozenset({"production", "prod", "isprod", "isproduction"})
DEVELOPMENT: Final = frozenset({"development", "dev", "test", "isdev", "istest", "isdevelopment", "debug", "local"})
