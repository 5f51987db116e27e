"""The engine's promises on the real thing: same inputs, same result; exact changes; nothing left; safe to kill."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from groundwork.rehearsal import Rehearsal
from groundwork.rehearsal.inventory import world
from local.paths import Paths
from tests.e2e.system.conftest import kill_after, refresh, small_settings, small_stack, steps, up

pytestmark = pytest.mark.e2e

KILLS = 10
FEWEST_KILLS = KILLS // 2
"""An update may be through before its moment: so many have to be hit."""


@pytest.fixture(scope="module")
def running(platform: Paths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A small stack whose engine was SIGKILLed at ten random moments before it was brought up; tests leave it as it is.

    At the end it is destroyed, and nothing of it is left.
    """
    before = world(platform)
    with small_stack(tmp_path_factory.mktemp("running"), platform, "running") as stack:
        moments = random.Random(20261122)
        killed = 0
        for attempt in range(KILLS):
            # Early in the first runs, ever later in the next, so that creating, waiting and the last resources are hit.
            killed += kill_after(stack, moments.uniform(2.0, 5.0 + 2.0 * attempt))
            stack.release_locks()
        assert killed >= FEWEST_KILLS
        up(stack)
        yield stack
    assert world(platform) == before


def test_killed_at_ten_random_moments_the_next_up_completes(running: Rehearsal) -> None:
    """No resource is orphaned or doubled, whenever the engine is killed: nothing to change, nothing that drifted."""
    up(running, "--expect-no-changes")
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
