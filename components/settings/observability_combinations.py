"""Settings of what observes a stack that are right one by one and wrong together."""

from __future__ import annotations

from collections.abc import Iterator

from components import observability_rules, slo
from components.errors import Refusal
from components.settings.model import Settings


def refusals(settings: Settings) -> Iterator[tuple[str, Refusal]]:
    """Rules of objectives and logs."""
    operator = settings.cluster.prometheus_operator is not None
    for refusal in observability_rules.indicators(settings.observability.indicators, operator):
        yield "observability", refusal
    for refusal in observability_rules.pod_logs(settings.observability.logs):
        yield "observability.logs", refusal
    for name, service in settings.services.items():
        if service.slo is not None:
            for refusal in slo.refusals(service.slo):
                yield f"services.{name}.slo", refusal
