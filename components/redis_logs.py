"""Where a Redis's logs go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.logs import log_group

LOGS: Mapping[str, str] = {"slow-log": "slow", "engine-log": "engine"}
"""ElastiCache's log types, and what the log groups' names end with."""


def log_deliveries(
    parent: pulumi.Resource,
    name: str,
    identifier: str,
    retention_days: int | None,
    tags: Mapping[str, str],
    region: str | None = None,
) -> list[Any] | None:
    """Deliveries of slow log and engine log, each to a group of its own; None where they are not kept.

    Args:
        parent: The cluster's component.
        name: Its logical name.
        identifier: Name of the cluster.
        retention_days: Days that they are kept; None: they are not delivered.
        tags: On the groups.
        region: Where, if it is not the provider's region.
    """
    if retention_days is None:
        return None
    return [
        {
            "destination": log_group(
                parent, f"{name}-{short}-log", f"/aws/elasticache/{identifier}/{short}", retention_days, tags, region
            ).name,
            "destination_type": "cloudwatch-logs",
            "log_format": "json",
            "log_type": kind,
        }
        for kind, short in LOGS.items()
    ]
