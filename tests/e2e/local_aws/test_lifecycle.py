"""Start, stop, kill -9 and start again: nothing is left that the next start stumbles over."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.aws import lifecycle
from local.aws.dataplane.clean import addresses
from local.aws.layout import Layout
from local.network import namespaces
from local.network.plan import Plan, plan_of
from local.paths import Paths
from local.processes import Processes, Running

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def own_plan() -> Iterator[Plan]:
    """A second hub, so that these tests' endpoints come and go while another one runs."""
    own = plan_of(217, "gl")
    namespaces.up(own)
    yield own
    namespaces.down(own)


@pytest.fixture
def own_paths(own_plan: Plan, tmp_path: Path) -> Iterator[Paths]:
    paths = Paths(cache=tmp_path / "cache", state=tmp_path / "state")
    yield paths
    lifecycle.stop(paths, own_plan)


def test_everything_killed_comes_back_with_the_same_state(
    own_paths: Paths, own_plan: Plan, eventually: Callable[..., None]
) -> None:
    """As after a reboot: no process and no network is left, only files; then the end leaves nothing at all."""
    layout = Layout.of(own_paths)

    def redis_is_ready() -> bool:
        return any(line.kind == "redis" and line.state == "ready" for line in lifecycle.status(own_paths, own_plan))

    lifecycle.start(own_paths, own_plan)
    declare_redis(own_plan)
    eventually(redis_is_ready, "redis runs")
    eventually(lambda: described(own_plan)["Status"] == "available", "the group is available")
    before = described(own_plan)
    servers = Processes(layout.server_records).all()
    assert servers
    kill_all(Processes(layout.endpoint_records).all() + servers)
    eventually(lambda: not Processes(layout.server_records).all(), "the servers are dead")
    namespaces.down(own_plan)
    namespaces.up(own_plan)
    assert addresses(own_plan) == []

    lifecycle.start(own_paths, own_plan)
    eventually(lambda: len(Processes(layout.server_records).all()) == len(servers), "the servers run again")
    eventually(redis_is_ready, "redis runs again")
    assert described(own_plan) == before

    lifecycle.stop(own_paths, own_plan)
    assert lifecycle.status(own_paths, own_plan) == []
    assert addresses(own_plan) == []
    assert not layout.root.exists() and not layout.servers.exists()
    assert listeners(own_plan) == []


def test_a_state_of_another_version_is_refused_until_it_is_removed(
    own_paths: Paths, own_plan: Plan, eventually: Callable[..., None]
) -> None:
    """One message with the cure, and servers that are left of it do not run on unknown."""
    layout = Layout.of(own_paths)
    lifecycle.start(own_paths, own_plan)
    kill_all(Processes(layout.endpoint_records).all())
    eventually(lambda: not Processes(layout.endpoint_records).all(), "the endpoint is dead")
    with sqlite3.connect(layout.memory / "state.db") as connection:
        connection.execute("UPDATE written_by SET version = 'an older one'")
    with pytest.raises(lifecycle.EndpointError, match="groundwork local down"):
        lifecycle.start(own_paths, own_plan)
    lifecycle.stop(own_paths, own_plan)
    lifecycle.start(own_paths, own_plan)
    assert lifecycle.status(own_paths, own_plan)[0].state == "ready"


def test_stopping_what_does_not_run_is_no_error(own_paths: Paths, own_plan: Plan) -> None:
    lifecycle.stop(own_paths, own_plan)
    assert lifecycle.status(own_paths, own_plan) == []


def test_a_running_endpoint_keeps_its_place(own_paths: Paths, own_plan: Plan, tmp_path: Path) -> None:
    """A second start changes nothing; another platform is told that the address is taken."""
    lifecycle.start(own_paths, own_plan)
    first = lifecycle.status(own_paths, own_plan)[0].since
    lifecycle.start(own_paths, own_plan)
    assert lifecycle.status(own_paths, own_plan)[0].since == first
    with pytest.raises(lifecycle.EndpointError, match="another platform"):
        lifecycle.start(Paths(cache=tmp_path / "cache", state=tmp_path / "other"), own_plan)


def declare_redis(plan: Plan) -> None:
    elasticache(plan).create_replication_group(ReplicationGroupId="life", ReplicationGroupDescription="tests")


def elasticache(plan: Plan) -> Any:
    return boto3.client(
        "elasticache",
        endpoint_url=plan.aws_url,
        region_name=plan.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def described(plan: Plan) -> dict[str, Any]:
    groups = elasticache(plan).describe_replication_groups(ReplicationGroupId="life")["ReplicationGroups"]
    found: dict[str, Any] = groups[0]
    return found


def kill_all(processes: list[Running]) -> None:
    """The watcher first, which would start the endpoint again."""
    for each in sorted(processes, key=lambda one: one.name != lifecycle.WATCHER):
        os.kill(each.pid, signal.SIGKILL)


def listeners(plan: Plan) -> list[str]:
    """Whoever listens in the hub."""
    command = ["nsenter", f"--net=/run/netns/{plan.hub}", "ss", "-Hltn"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
