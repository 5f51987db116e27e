"""Settings of what observes a stack that are right one by one and wrong together."""

from __future__ import annotations

from collections.abc import Iterator

from components import observability_rules, service_rules, slo
from components.errors import Refusal
from components.settings.model import Settings


def refusals(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    """Rules of objectives and logs."""
    operator = settings.cluster.prometheus_operator is not None
    for refusal in observability_rules.indicators(settings.observability.indicators, operator):
        yield "observability", refusal
    for refusal in observability_rules.pod_logs(settings.observability.logs):
        yield "observability.logs", refusal
    yield from _fluent_bit(settings)
    for name, service in settings.services.items():
        if service.slo is not None:
            for refusal in slo.refusals(service.slo):
                yield f"services.{name}.slo", refusal


def _fluent_bit(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    collector = settings.observability.logs.fluent_bit
    if collector is None:
        return
    tags = settings.environment == "local" or settings.workload.allow_image_tags
    for refusal in service_rules.image(collector.image, allow_tag=tags):
        yield "observability.logs.fluentBit", refusal
    for refusal in observability_rules.exemption(collector):
        yield "observability.logs.fluentBit", refusal
