"""The engine's promises on the real thing: same inputs, same result; exact changes; nothing left; safe to kill."""

from __future__ import annotations

import random

import pytest

from tests.e2e.system.conftest import SmallStack, small_settings, world

pytestmark = pytest.mark.e2e

KILLS = 10


def test_up_again_changes_nothing_refresh_finds_no_drift_and_destroy_leaves_nothing(small: SmallStack) -> None:
    before = world(small.paths)
    small.up()
    small.up("--expect-no-changes")
    small.succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert world(small.paths) != before
    small.succeed("destroy", "--yes", "--skip-preview")
    assert world(small.paths) == before


def test_a_changed_property_makes_exactly_the_expected_change(small: SmallStack) -> None:
    small.up()

    changed = small_settings()
    owner, service = next(iter(changed["config"]["groundwork:services"].items()))
    service.setdefault("replicas", {})["max"] = 7
    small.write(changed)
    assert small.steps() == {
        f"kubernetes:autoscaling/v2:HorizontalPodAutoscaler::{owner}": "update",
    }

    changed = small_settings()
    changed["config"].setdefault("groundwork:redis", {}).setdefault("cache", {})["snapshotRetentionDays"] = 3
    small.write(changed)
    [(key, op)] = small.steps().items()
    assert key.startswith("aws:elasticache/replicationGroup:ReplicationGroup::") and op == "update"

    changed = small_settings()
    changed["config"]["groundwork:database"]["username"] = "somebody"
    small.write(changed)
    steps = small.steps()
    [writer] = [
        op for key, op in steps.items() if key.startswith("aws:rds/instance:Instance::") and "replica" not in key
    ]
    assert writer == "replace"


def test_killed_at_ten_random_moments_the_next_up_completes(small: SmallStack) -> None:
    """No resource is orphaned or doubled, whenever the engine is SIGKILLed."""
    before = world(small.paths)
    moments = random.Random(20261122)
    killed = 0
    for attempt in range(KILLS):
        # Early in each run, then ever later, so that creation, waiting and the last resources are all hit.
        killed += small.kill_after(moments.uniform(1.5, 5.0 + 2.5 * attempt))
        small.release_locks()
    assert killed >= KILLS // 2
    small.up()
    small.up("--expect-no-changes")
    small.succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    small.succeed("destroy", "--yes", "--skip-preview")
    assert world(small.paths) == before


def test_secrets_are_never_in_the_state_in_the_clear(small: SmallStack) -> None:
    """P0-SECRETS."""
    small.up()
    clear = small.succeed("stack", "export", "--show-secrets")
    state = small.succeed("stack", "export")
    plain = _secret_values(clear, state)
    assert plain, "the stack has secrets"
    leaked = {value[:4] for value in plain if value in state}
    assert not leaked


def _secret_values(clear: str, state: str) -> set[str]:
    """Generated passwords: what `--show-secrets` shows under `result` of the random passwords."""
    import json

    resources = json.loads(clear)["deployment"]["resources"]
    passwords = [item for item in resources if item["type"] == "random:index/randomPassword:RandomPassword"]
    return {json.loads(item["outputs"]["result"]["plaintext"]) for item in passwords}
