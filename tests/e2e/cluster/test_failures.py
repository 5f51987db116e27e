"""A zone and a node are taken away from the cluster, and are back when healed (PV-KILL, SR-REPLICAS)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from local.failures.control import Control
from local.failures.rules import TABLE
from local.network.namespaces import NAMESPACES
from tests.e2e.cluster.conftest import Cluster, eventually, hello_deployment, namespace_object, ready_pods

pytestmark = pytest.mark.e2e


@pytest.fixture
def control(cluster: Cluster) -> Iterator[Control]:
    yield Control(cluster.paths, cluster.plan)
    Control(cluster.paths, cluster.plan).heal()
    for namespace in (cluster.plan.hub, *(node.namespace for node in cluster.plan.nodes)):
        inside = ["nsenter", f"--net={NAMESPACES / namespace}", "iptables", "--wait", "10", "-t", TABLE, "-S"]
        assert "groundwork" not in subprocess.run(inside, capture_output=True, text=True, check=True).stdout


def test_a_zone_that_is_cut_off_and_a_node_that_hangs_come_back(cluster: Cluster, control: Control) -> None:
    """The zone's pod reaches nobody at once; the hanging node's goes on; both nodes are given up until healed."""
    cluster.kubectl.apply(namespace_object("failures"), *hello_deployment("failures"))
    eventually(lambda: len(ready_pods(cluster.kubectl, "failures", "app=hello")) == 3, "three ready pods")
    pods = {
        pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in ready_pods(cluster.kubectl, "failures", "app=hello")
    }
    assert set(pods) == {"node-a", "node-b", "node-c"}

    def answers(node: str) -> bool:
        path = f"/api/v1/namespaces/failures/pods/{pods[node]}:8080/proxy/"
        return cluster.kubectl.run("get", "--raw", path, "--request-timeout=5s").returncode == 0

    control.fail("node-b")
    control.fail("zone-c")
    assert answers("node-a") and answers("node-b") and not answers("node-c")
    eventually(
        lambda: {node.name for node in cluster.status().nodes if not node.ready} == {"node-b", "node-c"},
        "the cluster gives both nodes up",
    )
    control.heal("zone-c")
    control.heal("node-b")
    eventually(lambda: cluster.status().healthy, "all nodes are ready")
    eventually(lambda: all(answers(node) for node in pods), "every pod answers")
