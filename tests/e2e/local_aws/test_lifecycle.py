"""Start, stop, kill -9 and start again: nothing is left that the next start stumbles over."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from local.aws import lifecycle
from local.aws.dataplane.clean import addresses
from local.aws.layout import Layout
from local.network import namespaces
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes, is_alive

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def own_plan() -> Iterator[Plan]:
    """A second hub, so that these tests' endpoints come and go while another one runs."""
    own = Plan(
        network="10.217.0.0/16",
        hub="gl-hub",
        bridge="gl0",
        hub_address="10.217.0.1",
        host_interface="gl-host",
        host_address="10.217.0.254",
        data_plane="10.217.16.0/20",
        services="10.217.128.0/20",
        cluster_dns="10.217.128.10",
        pods="10.217.0.0/22",
        nodes=(),
    )
    namespaces.up(own)
    yield own
    namespaces.down(own)


@pytest.fixture
def own_paths(own_plan: Plan, tmp_path: Path) -> Iterator[Paths]:
    paths = Paths(cache=tmp_path / "cache", state=tmp_path / "state")
    yield paths
    lifecycle.stop(paths, own_plan)


def test_a_killed_endpoint_is_followed_by_a_clean_start(
    own_paths: Paths, own_plan: Plan, eventually: Callable[..., None]
) -> None:
    def redis_is_ready() -> bool:
        return any(line.kind == "redis" and line.state == "ready" for line in lifecycle.status(own_paths, own_plan))

    lifecycle.start(own_paths, own_plan)
    declare_redis(own_plan)
    eventually(redis_is_ready, "redis runs")
    layout = Layout.of(own_paths)
    orphans = Processes(layout.server_records).all()
    endpoint = Processes(layout.endpoint_records).running(lifecycle.ENDPOINT)
    assert orphans and endpoint is not None
    os.kill(endpoint.pid, signal.SIGKILL)
    eventually(lambda: Processes(layout.endpoint_records).running(lifecycle.ENDPOINT) is None, "the endpoint is dead")
    assert all(is_alive(each.pid, each.started) for each in orphans)

    lifecycle.start(own_paths, own_plan)
    assert not any(is_alive(each.pid, each.started) for each in orphans)
    assert addresses(own_plan) == []
    declare_redis(own_plan)
    eventually(redis_is_ready, "redis runs again")

    lifecycle.stop(own_paths, own_plan)
    assert lifecycle.status(own_paths, own_plan) == []
    assert addresses(own_plan) == []
    assert not layout.root.exists() and not layout.servers.exists()
    assert listeners(own_plan) == []


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
    boto3.client(
        "elasticache",
        endpoint_url=plan.aws_url,
        region_name=plan.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    ).create_replication_group(ReplicationGroupId="life", ReplicationGroupDescription="tests")


def listeners(plan: Plan) -> list[str]:
    """Whoever listens in the hub."""
    command = ["nsenter", f"--net=/run/netns/{plan.hub}", "ss", "-Hltn"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
