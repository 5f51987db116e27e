"""Settings that are right one by one and wrong together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components import database_rules, network_rules, redis_rules
from components.errors import Refusal
from components.lean import to_camel
from components.naming import PREFIX_LIMIT, Names
from components.network_rules import nat_of
from components.settings import backup_combinations as backups
from components.settings import delivery_combinations as delivery
from components.settings import observability_combinations as observability
from components.settings import workload_combinations as workloads
from components.settings.model import Settings
from components.settings.problems import NAMESPACE, Problem, shown
from components.settings.redis import Redis

PLACEHOLDER_DIGEST = "@sha256:" + "0" * 64
PLACEHOLDER_ISSUER = "/id/EXAMPLE"
"""What the delivered stack files have in place of the user's own values: previews run, deployments are refused."""


def problems(settings: Settings, stack: str, secure: frozenset[str], region: str | None = None) -> Iterator[Problem]:
    """All refused combinations.

    Args:
        settings: Valid one by one.
        stack: The stack's name.
        secure: Top-level keys that are encrypted in the stack file.
        region: `aws:region`, if set.
    """
    for path, refusal in _refusals(settings, stack, secure, region):
        key = ".".join(part for part in (path, _camel(refusal.setting)) if part)
        found = shown(refusal.value, key, key.split(".")[0] in secure)
        yield Problem(f"{NAMESPACE}:{key}", f"is {found}", _camel_words(refusal.cure))


def _refusals(
    settings: Settings, stack: str, secure: frozenset[str], region: str | None
) -> Iterator[tuple[str, Refusal]]:
    yield from _under("", _names(settings, stack))
    yield from _under("network", _network(settings))
    for name, redis in (("cache", settings.redis.cache), ("queue", settings.redis.queue)):
        yield from _under(f"redis.{name}", redis_rules.refusals(redis))
        yield from _under(f"redis.{name}", redis_rules.key_refusals(redis.kms_key_arn, region))
        yield from _secondaries(f"redis.{name}.secondaries", redis, region)
    yield from _under("database", database_rules.refusals(settings.database))
    yield from _under("", delivery.storage(settings, stack, region))
    yield from _under("", delivery.cdn(settings))
    yield from _under("", backups.refusals(settings, region))
    yield from workloads.refusals(settings, secure)
    yield from observability.refusals(settings)
    if settings.environment != "local":
        yield from _highly_available(settings)
    if settings.environment == "production":
        yield from _production(settings)
        yield from _under("", delivery.production(settings))
        yield from _under("", backups.production(settings))


def _under(path: str, refusals: Iterator[Refusal]) -> Iterator[tuple[str, Refusal]]:
    for refusal in refusals:
        yield path, refusal


def _names(settings: Settings, stack: str) -> Iterator[Refusal]:
    prefix = Names(settings.system, stack).prefix
    if not re.fullmatch(r"[a-z](?:-?[a-z0-9])*", prefix) or len(prefix) > PREFIX_LIMIT:
        yield Refusal(
            "system",
            settings.system,
            f"with the stack's name it makes {prefix!r}, which starts all names: {PREFIX_LIMIT} or fewer lower-case "
            "letters, digits and single hyphens, or AWS does not accept them",
        )
    for name in sorted(settings.services.keys() & {f"{queue}-worker" for queue in settings.queues}):
        yield Refusal(f"services.{name}", name, "a queue's workers already have this name: rename the service")
    if settings.queues and "queue-dashboard" in settings.services:
        yield Refusal("services.queue-dashboard", "queue-dashboard", "the dashboard has this name: rename the service")


def _network(settings: Settings) -> Iterator[Refusal]:
    create, existing = settings.network.create, settings.network.existing
    if (create is None) == (existing is None):
        written = "both" if create else "neither"
        yield Refusal("", written, "write either network.create or network.existing: there is one network")
    found: list[tuple[str, Refusal]] = []
    if create:
        nat = nat_of(settings.environment, create.nat)
        found += _under("create", network_rules.created(create))
        if settings.environment != "local":
            found += _under("create", network_rules.without_nat(nat, create.endpoints))
        if settings.environment == "production":
            found += _under("create", network_rules.single(nat, create.single_nat_accepted))
    if existing:
        found += _under("existing", network_rules.zones(existing.zones))
        found += _under("existing", network_rules.clients(existing.client_cidrs))
    for place, refusal in found:
        yield Refusal(f"{place}.{refusal.setting}", refusal.value, refusal.cure)


def _secondaries(path: str, redis: Redis, region: str | None) -> Iterator[tuple[str, Refusal]]:
    if len(redis.secondaries) > redis_rules.MOST_SECONDARIES:
        most = redis_rules.MOST_SECONDARIES
        yield path, Refusal("", sorted(redis.secondaries), f"a global datastore has {most} at most: leave one out")
    for name, secondary in redis.secondaries.items():
        for refusal in redis_rules.secondary_refusals(name, region, secondary):
            # The region is the key here.
            setting = "" if refusal.setting == "region" else refusal.setting
            yield f"{path}.{name}", Refusal(setting, refusal.value, refusal.cure)


def _highly_available(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    where = f"in {settings.environment}"
    for name, redis in (("cache", settings.redis.cache), ("queue", settings.redis.queue)):
        if redis.replicas < 1:
            yield (
                f"redis.{name}",
                Refusal(
                    "replicas", redis.replicas, f"without a replica there is no failover: {where}, write 1 or more"
                ),
            )
    if not settings.database.multi_az:
        yield (
            "database",
            Refusal("multi_az", False, f"the writer's zone would be a single point of failure: {where}, write true"),
        )
    if settings.database.backup_retention_days < 1:
        yield (
            "database",
            Refusal(
                "backup_retention_days",
                settings.database.backup_retention_days,
                f"{where}, backups are on: write 1 or more",
            ),
        )
    yield from workloads.tagged_images(settings)


def _production(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    database = settings.database
    if not database.deletion_protection:
        yield (
            "database",
            Refusal("deletion_protection", False, "in production, write true: a slip would delete all data"),
        )
    if database.final_snapshot is False:
        yield "database", Refusal("final_snapshot", False, "in production, write true: it is the last way back")
    if database.replicas < 1:
        yield "database", Refusal("replicas", database.replicas, "in production, reads have a replica: write 1 or more")
    if database.backup_retention_days < 7:
        yield (
            "database",
            Refusal(
                "backup_retention_days",
                database.backup_retention_days,
                "in production, write 7 or more: damage is often noticed days later",
            ),
        )
    for name, redis in (("cache", settings.redis.cache), ("queue", settings.redis.queue)):
        if redis.profile != "cache":
            yield from _under(f"redis.{name}", _kept(redis))


def _kept(redis: Redis) -> Iterator[Refusal]:
    """Jobs and state exist nowhere else."""
    if redis.snapshot_retention_days < 1:
        yield Refusal(
            "snapshot_retention_days", 0, "in production, what exists nowhere else is snapshotted: write 1 or more"
        )
    if redis.final_snapshot is False:
        yield Refusal("final_snapshot", False, "in production, write true: it is the last way back")


def _camel(setting: str) -> str:
    """Attribute names to the file's spelling; names of variables and of server parameters stay as they are."""
    if setting.startswith("parameters."):
        return setting
    return ".".join(part if part.isupper() else to_camel(part) for part in setting.split("."))


def _camel_words(cure: str) -> str:
    return re.sub(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b", lambda match: to_camel(match.group()), cure)
