"""Settings that are right one by one and wrong together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

from components import rules
from components.errors import Refusal
from components.lean import to_camel
from components.naming import PREFIX_LIMIT, Names
from components.pods import RESERVED_VARIABLES, grace_seconds, worker_grace_seconds
from components.settings import delivery_combinations as delivery
from components.settings.model import Settings
from components.settings.problems import NAMESPACE, Problem, did_you_mean, shown

_SECRET_VARIABLE = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|API_?KEY|ACCESS_?KEY|CREDENTIAL")
_BY_DIGEST = re.compile(r"^[^@]+@sha256:[0-9a-f]{64}$")
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
        yield from _under(f"redis.{name}", rules.redis(redis))
    yield from _under("database", rules.database(settings.database))
    yield from _under("", delivery.storage(settings, stack, region))
    yield from _under("", delivery.cdn(settings))
    yield from _workload(settings, secure)
    if settings.environment != "local":
        yield from _highly_available(settings)
    if settings.environment == "production":
        yield from _production(settings)
        yield from _under("", delivery.production(settings))


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
    for setting, cidr in [
        *([("create.cidr", create.cidr)] if create else []),
        *(
            (f"existing.client_cidrs.{index}", item)
            for index, item in enumerate(existing.client_cidrs if existing else ())
        ),
    ]:
        try:
            network = ipaddress.ip_network(cidr)
        except ValueError as error:
            yield Refusal(setting, cidr, f"is no address range ({error}): write one such as 10.20.0.0/16")
            continue
        if setting == "create.cidr" and not 16 <= network.prefixlen <= 20:
            yield Refusal(setting, cidr, "nine subnets have to fit into what AWS allows: write a /16 to a /20")
        if setting != "create.cidr" and network.prefixlen < 8:
            yield Refusal(setting, cidr, "opens the data stores to most of the internet: write the pods' own ranges")
    for place, zones in (("create", create and create.zones), ("existing", existing and existing.zones)):
        if zones and len(set(zones)) != len(zones):
            yield Refusal(f"{place}.zones", zones, "names a zone twice: a zone's failure would take both")


def _workload(settings: Settings, secure: frozenset[str]) -> Iterator[tuple[str, Refusal]]:
    yield from _under("workload", rules.resources(settings.workload.resources))
    yield from _under("workload", _variables(settings.workload.environment))
    yield from _under("workload", rules.grace(grace_seconds(settings.workload.drain_seconds), "drain_seconds"))
    yield from _under("dashboard", rules.replica_range(settings.dashboard.replicas))
    if settings.dashboard.resources:
        yield from _under("dashboard", rules.resources(settings.dashboard.resources))
    for name, service in settings.services.items():
        path = f"services.{name}"
        yield from _under(path, rules.replica_range(service.replicas))
        yield from _under(path, _variables(service.environment))
        if service.resources:
            yield from _under(path, rules.resources(service.resources))
        if service.drain_seconds is not None:
            yield from _under(path, rules.grace(grace_seconds(service.drain_seconds), "drain_seconds"))
        for bucket in sorted(service.buckets.keys() - settings.buckets.keys()):
            yield path, Refusal("buckets", bucket, f"is no bucket; {did_you_mean(bucket, settings.buckets)}")
        for variable in sorted(service.secrets):
            yield from _under(path, _secret(variable, service.environment, "services" in secure, name))
    for name, queue in settings.queues.items():
        path = f"queues.{name}"
        yield from _under(path, rules.replica_range(queue.replicas))
        yield from _under(path, rules.grace(worker_grace_seconds(queue.longest_job_seconds), "longest_job_seconds"))
        if queue.resources:
            yield from _under(path, rules.resources(queue.resources))
        if queue.owner not in settings.services:
            yield path, Refusal("owner", queue.owner, f"is no service; {did_you_mean(queue.owner, settings.services)}")


def _variables(environment: Mapping[str, str]) -> Iterator[Refusal]:
    for name in sorted(environment):
        if name in RESERVED_VARIABLES:
            yield Refusal(f"environment.{name}", environment[name], "is set by the platform: leave it out")
        elif _SECRET_VARIABLE.search(name):
            yield Refusal(
                f"environment.{name}",
                "[secret]",
                "looks like a secret and would be readable by everybody: put it under the service's secrets",
            )


def _secret(variable: str, environment: Mapping[str, str], encrypted: bool, service: str) -> Iterator[Refusal]:
    if variable in RESERVED_VARIABLES or variable in environment:
        yield Refusal(
            f"secrets.{variable}", "[secret]", "is set already, by the platform or by environment: leave one out"
        )
    if not encrypted:
        yield Refusal(
            f"secrets.{variable}",
            "[secret]",
            "stands in the file in the clear: remove it, change it where it was used, and write it with "
            f"`pulumi config set --secret --path 'groundwork:services.{service}.secrets.{variable}'`",
        )


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
    images = [("workload", settings.workload.image)]
    images += [(f"services.{name}", service.image) for name, service in settings.services.items() if service.image]
    for path, image in images:
        if not _BY_DIGEST.match(image):
            yield (
                path,
                Refusal(
                    "image",
                    image,
                    f"a tag can be moved to other code: {where}, write name@sha256:<64 hexadecimal digits>",
                ),
            )


def _production(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    database = settings.database
    if not database.deletion_protection:
        yield (
            "database",
            Refusal("deletion_protection", False, "in production, write true: a slip would delete all data"),
        )
    if not database.final_snapshot:
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
    if settings.redis.queue.snapshot_retention_days < 1:
        yield (
            "redis.queue",
            Refusal("snapshot_retention_days", 0, "in production, queued jobs are snapshotted: write 1 or more"),
        )


def _camel(setting: str) -> str:
    """Attribute names to the file's spelling; names of variables stay as they are."""
    return ".".join(part if part.isupper() else to_camel(part) for part in setting.split("."))


def _camel_words(cure: str) -> str:
    return re.sub(r"\b[a-z]+(?:_[a-z]+)+\b", lambda match: to_camel(match.group()), cure)
