"""The engine's promises on the real thing: same inputs, same result; exact changes; nothing left; safe to kill."""

from __future__ import annotations

import json
import random

import pytest

from groundwork.rehearsal import Rehearsal
from tests.e2e.system.conftest import destroy, kill_after, refresh, small_settings, steps, up, world

pytestmark = pytest.mark.e2e

KILLS = 10


def test_up_again_changes_nothing_refresh_finds_no_drift_and_destroy_leaves_nothing(small: Rehearsal) -> None:
    before = world(small.paths)
    up(small)
    up(small, "--expect-no-changes")
    refresh(small, "--expect-no-changes")
    assert world(small.paths) != before
    destroy(small)
    assert world(small.paths) == before


def test_a_changed_property_makes_exactly_the_expected_change(small: Rehearsal) -> None:
    up(small)

    changed = small_settings()
    owner, service = next(iter(changed["config"]["groundwork:services"].items()))
    service.setdefault("replicas", {})["max"] = 7
    small.write(changed)
    assert steps(small) == {
        f"kubernetes:autoscaling/v2:HorizontalPodAutoscaler::{owner}": "update",
    }

    changed = small_settings()
    changed["config"].setdefault("groundwork:redis", {}).setdefault("cache", {})["snapshotRetentionDays"] = 3
    small.write(changed)
    [(key, op)] = steps(small).items()
    assert key.startswith("aws:elasticache/replicationGroup:ReplicationGroup::") and op == "update"

    changed = small_settings()
    changed["config"]["groundwork:database"]["username"] = "somebody"
    small.write(changed)
    found = steps(small)
    [writer] = [
        op for key, op in found.items() if key.startswith("aws:rds/instance:Instance::") and "replica" not in key
    ]
    assert writer == "replace"


def test_killed_at_ten_random_moments_the_next_up_completes(small: Rehearsal) -> None:
    """No resource is orphaned or doubled, whenever the engine is SIGKILLed."""
    before = world(small.paths)
    moments = random.Random(20261122)
    killed = 0
    for attempt in range(KILLS):
        # Early in each run, then ever later, so that creation, waiting and the last resources are all hit.
        killed += kill_after(small, moments.uniform(1.5, 5.0 + 2.5 * attempt))
        small.release_locks()
    assert killed >= KILLS // 2
    up(small)
    up(small, "--expect-no-changes")
    refresh(small, "--expect-no-changes")
    destroy(small)
    assert world(small.paths) == before


def test_secrets_are_never_in_the_state_in_the_clear(small: Rehearsal) -> None:
    """P0-SECRETS."""
    up(small)
    clear = small.answer("stack", "export", "--show-secrets")
    state = small.answer("stack", "export")
    plain = _secret_values(clear, state)
    assert plain, "the stack has secrets"
    leaked = {value[:4] for value in plain if value in state}
    assert not leaked


def _secret_values(clear: str, state: str) -> set[str]:
    """Generated passwords: what `--show-secrets` shows under `result` of the random passwords."""
    resources = json.loads(clear)["deployment"]["resources"]
    passwords = [item for item in resources if item["type"] == "random:index/randomPassword:RandomPassword"]
    return {json.loads(item["outputs"]["result"]["plaintext"]) for item in passwords}
