"""Which knobs of what observes a stack are unsafe together, whoever sets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from components.errors import Refusal


class PodLogKnobs(Protocol):
    """Where pods' logs are kept."""

    @property
    def existing_group(self) -> str | None: ...
    @property
    def own_kms_key(self) -> bool: ...
    @property
    def kms_key_arn(self) -> str | None: ...


def indicators(chosen: str, operator: bool) -> Iterator[Refusal]:
    """Promises are held against something that is there.

    Args:
        chosen: What they are held against.
        operator: Whether the cluster has the Prometheus operator.
    """
    if chosen == "prometheus" and not operator:
        yield Refusal(
            "indicators",
            chosen,
            "nothing in the cluster reads metrics: write cluster.prometheus_operator if the cluster has it, or logs",
        )


def pod_logs(knobs: PodLogKnobs) -> Iterator[Refusal]:
    """One key at most, and none for what exists."""
    if knobs.own_kms_key and knobs.kms_key_arn is not None:
        yield Refusal("own_kms_key", True, "kms_key_arn names a key already: leave one of the two out")
    if knobs.existing_group is not None and (knobs.own_kms_key or knobs.kms_key_arn is not None):
        yield Refusal(
            "existing_group",
            knobs.existing_group,
            "a group that exists keeps its key: leave out own_kms_key and kms_key_arn",
        )
