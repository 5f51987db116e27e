"""What a server was found to be at, as a metric."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One metric's value now, in one of CloudWatch's units."""

    metric: str
    value: float
    unit: str
