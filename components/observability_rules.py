"""Which knobs of what observes a stack are unsafe together, whoever sets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Protocol

from components.errors import Refusal

_OWNER = re.compile(r"^[A-Za-z0-9@._ -]{1,100}$")


class PodLogKnobs(Protocol):
    """Where pods' logs are kept."""

    @property
    def existing_group(self) -> str | None: ...
    @property
    def own_kms_key(self) -> bool: ...
    @property
    def kms_key_arn(self) -> str | None: ...


class ExemptionKnobs(Protocol):
    """Who answers for what the policies would refuse."""

    @property
    def owner(self) -> str: ...
    @property
    def expires(self) -> str: ...


def exemption(knobs: ExemptionKnobs) -> Iterator[Refusal]:
    """An exemption that the policies can read; whether its day is over is theirs to say."""
    if not _OWNER.match(knobs.owner):
        yield Refusal("owner", knobs.owner, "write who answers for it, for example platform-team")
    try:
        date.fromisoformat(knobs.expires)
    except ValueError:
        yield Refusal("expires", knobs.expires, "write the last day of the exemption, for example 2027-06-30")


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
