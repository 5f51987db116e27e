"""Updates of replication groups that are refused for what they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def judge_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Why an update of a replication group is refused."""
    # Tags of the provider's defaults are sent like the resource's own.
    retagged = any(old.get(name) != new.get(name) for name in ("tags", "tagsAll"))
    if old.get("engineVersion") != new.get("engineVersion") and retagged:
        return (
            "engineVersion and tags change in one update: ElastiCache refuses the tags while it upgrades, half-way. "
            "Deploy the tags first, then the version"
        )
    if old.get("userGroupIds") and new.get("authToken") and not old.get("authToken"):
        return (
            "users are given up for a token: ElastiCache lets the users go first, and everybody would be let in until "
            "the token is there. Keep the users, or make another cluster and move clients there"
        )
    if new.get("authTokenUpdateStrategy") == "ROTATE" and not old.get("authToken"):
        return (
            "a first token with ROTATE still lets clients in without one: write SET, and ROTATE only once a token is "
            "in force"
        )
    return None


def judge_datastore_update(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Why an update of a global datastore is refused."""
    before, after = (str(values.get("engineVersion") or "") for values in (old, new))
    if before and after and before.partition(".")[0] != after.partition(".")[0]:
        return (
            f"engineVersion goes from {before} to {after}: ElastiCache takes another major version of a global "
            "datastore only together with parameters of its family, which must not be named at any other time. Upgrade "
            "with aws elasticache modify-global-replication-group, then pulumi refresh, then deploy"
        )
    return None
