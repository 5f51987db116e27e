"""Up, down and an `up` that is killed on its way: what is left is a cluster or nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from local.network import namespaces
from tests.e2e.cluster.conftest import Cluster, hello_deployment, namespace_object
from tests.e2e.cluster.footprint import footprint

pytestmark = pytest.mark.e2e

_UP = """
import json, sys
from pathlib import Path
import local.cluster
from local.paths import Paths
from tests.e2e.cluster.conftest import TEST_PLAN
tools = {name: Path(path) for name, path in json.loads(sys.argv[3]).items()}
local.cluster.up(Paths(Path(sys.argv[1]), Path(sys.argv[2])), tools, plan=TEST_PLAN)
"""


def test_down_leaves_nothing_and_up_changes_nothing_of_the_hosts(fresh: Cluster) -> None:
    before = footprint(fresh.paths.state, fresh.plan)
    fresh.up()
    fresh.load()
    fresh.kubectl.apply(namespace_object("hello"), *hello_deployment("hello"))
    fresh.kubectl("rollout", "status", "-n", "hello", "deployment/hello", "--timeout=120s")
    during = footprint(fresh.paths.state, fresh.plan)
    for kind in ("settings", "firewall", "mounts"):
        assert during[kind] == before[kind]
    for kind in ("links", "routes", "namespaces", "cgroups", "processes", "files"):
        assert during[kind] != before[kind]
    fresh.down()
    namespaces.down(fresh.plan)
    assert footprint(fresh.paths.state, fresh.plan) == before


def test_a_killed_up_can_be_repeated_and_taken_down(fresh: Cluster) -> None:
    """Wherever the kills hit, the outcome is the same; the times only spread the places."""
    before = footprint(fresh.paths.state, fresh.plan)
    for seconds in (0.7, 1.5, 4.0, 6.0, 8.0):
        _killed_up(fresh, seconds)
    fresh.up()
    assert fresh.status().healthy
    _killed_up(fresh, 0.8)
    fresh.down()
    namespaces.down(fresh.plan)
    assert footprint(fresh.paths.state, fresh.plan) == before


def test_a_killed_up_can_be_taken_down_at_once(fresh: Cluster) -> None:
    before = footprint(fresh.paths.state, fresh.plan)
    for seconds in (0.9, 2.0, 5.0, 9.0):
        _killed_up(fresh, seconds)
        fresh.down()
        namespaces.down(fresh.plan)
        assert footprint(fresh.paths.state, fresh.plan) == before


def test_down_when_there_is_nothing(fresh: Cluster) -> None:
    before = footprint(fresh.paths.state, fresh.plan)
    fresh.down()
    fresh.down()
    assert footprint(fresh.paths.state, fresh.plan) == before


def _killed_up(cluster: Cluster, seconds: float) -> None:
    tools = json.dumps({name: str(path) for name, path in cluster.tools.items()})
    argv = [sys.executable, "-c", _UP, str(cluster.paths.cache), str(cluster.paths.state), tools]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait()
