"""Crashes while the cluster runs: one more `up` and all is well."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import local.cluster
from local.cluster import ClusterError, strays
from local.cluster.layout import Layout
from local.failures.control import Control
from local.failures.rules import TABLE
from local.network.namespaces import NAMESPACES
from local.paths import Paths
from tests.e2e.cluster.conftest import Cluster, eventually, hello_deployment, namespace_object, ready_pods

pytestmark = pytest.mark.e2e


@pytest.fixture
def whole(cluster: Cluster) -> Cluster:
    """The cluster with three pods running, whatever the test before did."""
    cluster.up()
    cluster.load()
    cluster.kubectl.apply(namespace_object("hello"), *hello_deployment("hello"))
    eventually(lambda: _hello_is_whole(cluster), "three ready pods")
    return cluster


def test_components_that_were_killed_come_back_and_pods_outlive_them(whole: Cluster) -> None:
    before = _restarts(whole)
    for component in ("kube-apiserver", "node-b-containerd", "node-c-kubelet", "etcd"):
        os.kill(whole.pid(component), signal.SIGKILL)
    assert not whole.status().healthy
    whole.up()
    eventually(lambda: _hello_is_whole(whole), "three ready pods")
    assert _restarts(whole) == before
    assert whole.status().healthy


def test_a_node_that_lost_its_mounts_is_made_anew(whole: Cluster) -> None:
    os.kill(whole.pid("node-a-anchor"), signal.SIGKILL)
    whole.up()
    assert whole.load() is True
    eventually(lambda: _hello_is_whole(whole), "three ready pods")


def test_a_node_that_falls_silent_is_noticed(whole: Cluster) -> None:
    os.kill(whole.pid("node-b-kubelet"), signal.SIGKILL)
    eventually(lambda: [n.name for n in whole.status().nodes if not n.ready] == ["node-b"], "node-b not ready")
    whole.up()
    assert whole.status().healthy


def test_a_zone_that_is_cut_off_and_a_node_that_hangs_come_back(whole: Cluster) -> None:
    """PV-KILL, SR-REPLICAS: the zone's pod reaches nobody at once, the hanging node's goes on; both nodes are given up.

    Healed, both are ready again, and no rule is left anywhere.
    """
    pods = {pod["spec"]["nodeName"]: pod["metadata"]["name"] for pod in ready_pods(whole.kubectl, "hello", "app=hello")}

    def answers(node: str) -> bool:
        path = f"/api/v1/namespaces/hello/pods/{pods[node]}:8080/proxy/"
        return whole.kubectl.run("get", "--raw", path, "--request-timeout=5s").returncode == 0

    control = Control(whole.paths, whole.plan)
    try:
        control.fail("node-b")
        control.fail("zone-c")
        assert answers("node-a") and answers("node-b") and not answers("node-c")
        eventually(
            lambda: {node.name for node in whole.status().nodes if not node.ready} == {"node-b", "node-c"},
            "the cluster gives both nodes up",
        )
    finally:
        control.heal()
    eventually(lambda: whole.status().healthy, "all nodes are ready")
    eventually(lambda: all(answers(node) for node in pods), "every pod answers")
    for namespace in (whole.plan.hub, *(node.namespace for node in whole.plan.nodes)):
        inside = ["nsenter", f"--net={NAMESPACES / namespace}", "iptables", "--wait", "10", "-t", TABLE, "-S"]
        assert "groundwork" not in subprocess.run(inside, capture_output=True, text=True, check=True).stdout


def test_a_process_that_no_record_names_is_found(whole: Cluster) -> None:
    """As if `up` had been killed between starting the API server and writing that down."""
    pid = whole.pid("kube-apiserver")
    (whole.paths.cluster / "processes" / "kube-apiserver.json").unlink()
    layout = Layout.of(whole.paths, whole.plan)
    assert strays.unrecorded(layout, {path.resolve() for path in whole.tools.values()}) == {pid}
    whole.up()
    assert whole.status().healthy
    assert not Path(f"/proc/{pid}").exists()


def test_a_cluster_of_the_users_own_is_used_and_left_alone(whole: Cluster, tmp_path: Path) -> None:
    """The tests' cluster stands for the user's: on loopback, as kind and k3d publish theirs."""
    with _published(whole.plan.hub_address, 6443) as port:
        theirs = tmp_path / "kubeconfig"
        config = whole.paths.kubeconfig.read_text()
        theirs.write_text(config.replace(f"{whole.plan.hub_address}:6443", f"127.0.0.1:{port}"))
        other = Cluster(Paths(tmp_path / "cache", tmp_path / "state"), whole.plan, whole.tools, whole.hello)
        local.cluster.up(other.paths, other.tools, plan=other.plan, kubeconfig_of_user=theirs)
        assert other.status().external == theirs
        assert len(other.kubectl.json("get", "nodes")["items"]) == 3
        with pytest.raises(ClusterError, match="not ours"):
            other.load()
        running = {part.name: part.pid for part in whole.status().components}
        other.down()
        assert not other.paths.cluster.exists()
        assert {part.name: part.pid for part in whole.status().components} == running
        assert whole.status().healthy


@pytest.mark.parametrize("server", ["https://192.0.2.77:6443", "https://cluster.example.org"])
def test_a_cluster_on_another_machine_is_refused(whole: Cluster, tmp_path: Path, server: str) -> None:
    theirs = tmp_path / "kubeconfig"
    theirs.write_text(whole.paths.kubeconfig.read_text().replace(f"https://{whole.plan.hub_address}:6443", server))
    paths = Paths(tmp_path / "cache", tmp_path / "state")
    with pytest.raises(ClusterError, match="not on this machine"):
        local.cluster.up(paths, whole.tools, plan=whole.plan, kubeconfig_of_user=theirs)
    assert not paths.cluster.exists()


def _hello_is_whole(cluster: Cluster) -> bool:
    pods = ready_pods(cluster.kubectl, "hello", "app=hello")
    return {pod["spec"]["nodeName"] for pod in pods} == {"node-a", "node-b", "node-c"}


def _restarts(cluster: Cluster) -> dict[str, int]:
    pods = ready_pods(cluster.kubectl, "hello", "app=hello")
    return {pod["metadata"]["uid"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods}


@contextmanager
def _published(address: str, port: int) -> Iterator[int]:
    """Forward a port of 127.0.0.1 to the address; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def copy(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    there = socket.create_connection((address, port))
                    for pair in ((caller, there), (there, caller)):
                        threading.Thread(target=copy, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
