"""The engine's promises on the real thing: same inputs, same result; exact changes; nothing left; safe to kill."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from groundwork.rehearsal import Rehearsal
from groundwork.rehearsal.inventory import world
from tests.e2e.system.conftest import destroy, kill_after, refresh, small_settings, steps, up

pytestmark = pytest.mark.e2e

KILLS = 10


def test_up_again_changes_nothing(running: Rehearsal) -> None:
    up(running, "--expect-no-changes")


def test_refresh_finds_no_drift(running: Rehearsal) -> None:
    refresh(running, "--expect-no-changes")


@pytest.fixture
def restored(running: Rehearsal) -> Iterator[Rehearsal]:
    """The running stack, whose settings the test may change."""
    yield running
    running.write(small_settings(running.stack))


def _more_replicas(config: dict[str, Any]) -> None:
    next(iter(config["groundwork:services"].values())).setdefault("replicas", {})["max"] = 7


def _longer_snapshots(config: dict[str, Any]) -> None:
    config["groundwork:redis"]["cache"]["snapshotRetentionDays"] = 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_more_replicas, ("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "update")),
        (_longer_snapshots, ("aws:elasticache/replicationGroup:ReplicationGroup", "update")),
    ],
)
def test_a_changed_property_updates_exactly_one_resource(
    restored: Rehearsal, change: Callable[[dict[str, Any]], None], expected: tuple[str, str]
) -> None:
    content = small_settings(restored.stack)
    change(content["config"])
    restored.write(content)
    [(resource, operation)] = steps(restored).items()
    assert (resource.rpartition("::")[0], operation) == expected


def test_another_owner_of_the_database_replaces_the_writer(restored: Rehearsal) -> None:
    content = small_settings(restored.stack)
    content["config"]["groundwork:database"]["username"] = "somebody"
    restored.write(content)
    instances = {key: op for key, op in steps(restored).items() if key.startswith("aws:rds/instance:Instance::")}
    [writer] = [op for key, op in instances.items() if "replica" not in key]
    assert writer == "replace"


def test_secrets_are_never_in_the_state_in_the_clear(running: Rehearsal) -> None:
    """P0-SECRETS."""
    clear = json.loads(running.answer("stack", "export", "--show-secrets"))["deployment"]["resources"]
    passwords = [item for item in clear if item["type"] == "random:index/randomPassword:RandomPassword"]
    plain = {json.loads(item["outputs"]["result"]["plaintext"]) for item in passwords}
    assert len(plain) >= 4
    state = running.answer("stack", "export")
    assert not [value[:2] for value in plain if value in state]


def test_killed_at_ten_random_moments_the_next_up_completes(fresh: Rehearsal) -> None:
    """No resource is orphaned or doubled, whenever the engine is SIGKILLed, and destroy leaves nothing."""
    before = world(fresh.paths)
    moments = random.Random(20261122)
    killed = 0
    for attempt in range(KILLS):
        # Early in the first runs, ever later in the next, so that creating, waiting and the last resources are hit.
        killed += kill_after(fresh, moments.uniform(2.0, 5.0 + 2.0 * attempt))
        fresh.release_locks()
    assert killed >= KILLS // 2
    up(fresh)
    up(fresh, "--expect-no-changes")
    refresh(fresh, "--expect-no-changes")
    assert world(fresh.paths) != before
    destroy(fresh)
    assert world(fresh.paths) == before
