"""Updates of database instances that are refused for what they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.database_rules import judge_minor_upgrade


@dataclass(frozen=True)
class MinorUpgrades:
    """Judges whether a writer may take a minor version: its replicas have to be there first.

    Attributes:
        replicas: Names of its replicas.
    """

    replicas: Sequence[str]

    async def __call__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
        before, after = old.get("engineVersion"), new.get("engineVersion")
        if not isinstance(before, str) or not isinstance(after, str) or before == after:
            return None
        running = [await _running_version(replica) for replica in self.replicas]
        return judge_minor_upgrade(before, after, [found for found in running if found])


async def _running_version(identifier: str) -> str | None:
    """The version that an instance runs; None when there is none of this name yet."""
    # Of instances of this name there are none or one; asking for one that does not exist would be an error.
    found = await pulumi.runtime.invoke_async(
        "aws:rds/getInstances:getInstances",
        {"filters": [{"name": "db-instance-id", "values": [identifier]}]},
        pulumi.InvokeOptions(),
    )
    if not found["instanceIdentifiers"]:
        return None
    instance = await pulumi.runtime.invoke_async(
        "aws:rds/getInstance:getInstance", {"dbInstanceIdentifier": identifier}, pulumi.InvokeOptions()
    )
    return str(instance["engineVersion"])


def judge_replica_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Why an update of a replica is refused."""
    if old.get("replicateSourceDb") and new.get("replicateSourceDb") is None:
        return (
            "replicateSourceDb is dropped, which would promote the replica to a second writer: the runbook for "
            "promotion does that on purpose; to be rid of the replica, lower the number of replicas"
        )
    return None
