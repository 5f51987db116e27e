"""Settings of services, queues and their pods that are right one by one and wrong together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from components import queue_rules, reader_pool_rules, rules, service_rules
from components.errors import Refusal
from components.pod_options import has_password
from components.pods import RESERVED_VARIABLES, grace_seconds, worker_grace_seconds
from components.reader_pool_config import READERS
from components.settings.base import Model
from components.settings.model import Settings
from components.settings.problems import did_you_mean
from components.workload_settings import pool_knobs, service_knobs

_SECRET_VARIABLE = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|API_?KEY|ACCESS_?KEY|CREDENTIAL")


def refusals(settings: Settings, secure: frozenset[str]) -> Iterator[tuple[str, Refusal]]:
    """Rules of pods, services, queues and the dashboard.

    Args:
        settings: Valid one by one.
        secure: Top-level keys that are encrypted in the stack file.
    """
    yield from _under("workload", rules.resources(settings.workload.resources))
    yield from _under("workload", _variables(settings.workload.environment))
    too_long = list(rules.grace(grace_seconds(settings.workload.drain_seconds), "drain_seconds"))
    yield from _under("workload", iter(too_long))
    yield from _under("dashboard", rules.replica_range(settings.dashboard.replicas))
    if settings.dashboard.resources:
        yield from _under("dashboard", rules.resources(settings.dashboard.resources))
    for name, service in settings.services.items():
        path = f"services.{name}"
        yield from _under(path, rules.replica_range(service.replicas))
        yield from _under(path, _variables(service.environment))
        if service.resources:
            yield from _under(path, rules.resources(service.resources))
        for refusal in service_rules.refusals(service_knobs(service, settings.workload, settings.cluster)):
            # What is inherited is told once, where it stands.
            if too_long and service.drain_seconds is None and refusal.setting == "drain_seconds":
                continue
            yield path, replace(refusal, setting=refusal.setting.replace("arguments.", "args."))
        for suffix in ("-canary", "-metrics"):
            if f"{name}{suffix}" in settings.services:
                yield f"{path}{suffix}", Refusal("", f"{name}{suffix}", "parts of another service have this name")
        for bucket in sorted(service.buckets.keys() - settings.buckets.keys()):
            yield path, Refusal("buckets", bucket, f"is no bucket; {did_you_mean(bucket, settings.buckets)}")
        for variable in sorted(service.secrets):
            yield from _under(path, _secret(variable, service.environment, "services" in secure, name))
    yield from _queues(settings)
    yield from _unused(settings)
    yield from _cidrs(settings)
    yield from _reader_pool(settings)


def _cidrs(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    cluster = settings.cluster
    written = [(f"egress.{index}.cidr", rule.cidr) for index, rule in enumerate(cluster.egress)]
    for name, feature in (("gateway", cluster.gateway), ("ingress", cluster.ingress)):
        if feature is not None:
            written += [(f"{name}.client_cidrs.{index}", cidr) for index, cidr in enumerate(feature.client_cidrs)]
    for setting, cidr in written:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            fault = Refusal(setting, cidr, f"is no address range ({error}): write one such as 203.0.113.0/24")
            yield "cluster", fault


def _reader_pool(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    pool = settings.database.reader_pool
    if pool is None:
        return
    knobs = pool_knobs(
        pool,
        settings.database,
        local=settings.environment == "local",
        certificates=settings.workload.trusted_certificates is not None,
    )
    yield from _under("database.readerPool", reader_pool_rules.refusals(knobs))
    for name in sorted({READERS, f"{READERS}-config"} & settings.services.keys()):
        yield f"services.{name}", Refusal("", name, "the pool of read replicas has this name: rename the service")


def _queues(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    for name, queue in settings.queues.items():
        path = f"queues.{name}"
        yield from _under(path, rules.replica_range(queue.replicas))
        yield from _under(path, rules.grace(worker_grace_seconds(queue.longest_job_seconds), "longest_job_seconds"))
        if queue.resources:
            yield from _under(path, rules.resources(queue.resources))
        if queue.owner not in settings.services:
            yield path, Refusal("owner", queue.owner, f"is no service; {did_you_mean(queue.owner, settings.services)}")
        for schedule_name, schedule in queue.schedules.items():
            yield from _under(f"{path}.schedules.{schedule_name}", queue_rules.schedule(schedule))
        if queue.backlog_per_worker is not None and settings.cluster.keda is None and settings.cluster.metrics is None:
            yield (
                path,
                Refusal(
                    "backlog_per_worker",
                    queue.backlog_per_worker,
                    "nothing in the cluster can see the backlog, so that workers scale on their CPU: write "
                    "cluster.keda or cluster.metrics if the cluster has them, or leave this out",
                ),
            )


def _unused(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    """What is written for queues in Redis where there are none: it would be read and never made."""
    if settings.queues_in_redis:
        return
    cure = "there is no queue of kind bullmq, so that nothing would be made of this: leave it out"
    if "queue" in settings.redis.model_fields_set:
        yield "redis", Refusal("queue", _written(settings.redis.queue), cure)
    if "dashboard" in settings.model_fields_set:
        yield "", Refusal("dashboard", _written(settings.dashboard), cure)


def _written(part: Model) -> dict[str, object]:
    return part.model_dump(by_alias=True, exclude_unset=True)


def _variables(environment: Mapping[str, str]) -> Iterator[Refusal]:
    for name in sorted(environment):
        if name in RESERVED_VARIABLES:
            yield Refusal(f"environment.{name}", environment[name], "is set by the platform: leave it out")
        elif _SECRET_VARIABLE.search(name) or has_password(environment[name]):
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


def tagged_images(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    """Images that can be moved to other code under the same name."""
    images: list[tuple[str, str, str | None]] = [("workload", "image", settings.workload.image)]
    for name, service in settings.services.items():
        images.append((f"services.{name}", "image", service.image))
        images.append((f"services.{name}", "canary.image", service.canary.image if service.canary else None))
    if settings.database.reader_pool is not None:
        images.append(("database.readerPool", "image", settings.database.reader_pool.image))
    for path, setting, image in images:
        if image is not None:
            allowed = settings.workload.allow_image_tags
            yield from _under(path, service_rules.image(image, allow_tag=allowed, setting=setting))


def _under(path: str, found: Iterator[Refusal]) -> Iterator[tuple[str, Refusal]]:
    for refusal in found:
        yield path, refusal
