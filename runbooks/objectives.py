"""What the stack promises of a store, and whether a measurement kept it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import checks


@dataclass(frozen=True)
class Objective:
    """Of one store; `None` where the stack declares nothing.

    Attributes:
        store: Its name among the output `backup.objectives`.
        rto_seconds: How long a recovery may take.
        rpo_seconds: How many seconds of data it may lose.
    """

    store: str
    rto_seconds: float | None
    rpo_seconds: float | None

    def as_data(self) -> dict[str, Any]:
        """As plans and journals have it."""
        return {"store": self.store, "rtoSeconds": self.rto_seconds, "rpoSeconds": self.rpo_seconds}


def declared(outputs: checks.StackOutputs, store: str | None) -> Objective | None:
    """What the stack's outputs promise of a store; `None` if they promise nothing."""
    found = outputs.backup.objectives.get(store) if store and outputs.backup else None
    if store is None or found is None or (found.rto_seconds is None and found.rpo_seconds is None):
        return None
    return Objective(store, found.rto_seconds, found.rpo_seconds)


def breaches(objective: Mapping[str, Any] | None, rto_seconds: float | None, rpo_seconds: float | None) -> list[str]:
    """Each promise that was not kept, in words. What could not be measured was not kept either."""
    if objective is None:
        return []
    found = []
    for name, promised, measured in (
        ("RTO", objective["rtoSeconds"], rto_seconds),
        ("RPO", objective["rpoSeconds"], rpo_seconds),
    ):
        if promised is None:
            continue
        if measured is None:
            found.append(f"{name} of {objective['store']} could not be measured, and {promised:g} s are promised")
        elif measured > promised:
            found.append(f"{name} of {objective['store']}: {measured:.2f} s, and {promised:g} s are promised")
    return found
