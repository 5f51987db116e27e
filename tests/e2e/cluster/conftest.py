"""A cluster of the tests' own: other names, other addresses, another state folder than the platform's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import local.cluster
import local.toolchain
from local.cluster import images
from local.network import namespaces
from local.network.plan import Plan, plan_of
from local.paths import Paths

HELLO = "groundwork.local/hello:test"
TEST_PLAN = plan_of(215, "gt", "abc")


@dataclass(frozen=True)
class Kubectl:
    """The real kubectl against the tests' cluster."""

    program: Path
    kubeconfig: Path

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        argv = [str(self.program), f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False, input=stdin, timeout=180)

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        answer = self.run(*arguments, stdin=stdin)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        self("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def ask(self, namespace: str, pod: str, path: str) -> Any:
        """What the pod answers by way of the API server's proxy."""
        return json.loads(self("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}:8080/proxy{path}"))


@dataclass(frozen=True)
class Cluster:
    """The tests' cluster and how to bring it up again."""

    paths: Paths
    plan: Plan
    tools: dict[str, Path]
    hello: Path

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.tools["kubectl"], self.paths.kubeconfig)

    def up(self) -> None:
        local.cluster.up(self.paths, self.tools, plan=self.plan)

    def down(self) -> None:
        local.cluster.down(self.paths, plan=self.plan)

    def status(self) -> local.cluster.ClusterStatus:
        found = local.cluster.status(self.paths, plan=self.plan)
        assert found is not None
        return found

    def pid(self, component: str) -> int:
        (pid,) = [part.pid for part in self.status().components if part.name == component]
        assert pid is not None
        return pid

    def load(self) -> bool:
        return local.cluster.load_image(self.paths, self.hello, plan=self.plan)


def hello_deployment(namespace: str, name: str = "hello", replicas: int = 3) -> list[dict[str, Any]]:
    """A Deployment that the `restricted` level admits, spread over the zones, and its Service on port 80."""
    labels = {"app": name}
    container = {
        "name": "hello",
        "image": HELLO,
        "imagePullPolicy": "Never",
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": labels},
    }
    pod = {
        "containers": [container],
        "topologySpreadConstraints": [spread],
        "terminationGracePeriodSeconds": 1,
    }
    metadata = {"name": name, "namespace": namespace}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    ]


def namespace_object(name: str) -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def eventually(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait until it holds; `seconds` only bounds how long a failure takes to show."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.3)


def ready_pods(kubectl: Kubectl, namespace: str, selector: str) -> list[Any]:
    """Pods that are ready and not about to end."""
    items: Iterable[Any] = kubectl.json("get", "pods", "-n", namespace, "-l", selector)["items"]
    return [
        pod
        for pod in items
        if "deletionTimestamp" not in pod["metadata"]
        and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    ]


@pytest.fixture(scope="session")
def tools() -> dict[str, Path]:
    return local.toolchain.ensure([*local.cluster.TOOLS, "kubectl", "go"], Paths.from_environment())


@pytest.fixture(scope="session")
def hello_archive(tools: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).parents[2] / "fixtures" / "hello"
    binary = images.build_static(tools["go"], source, Paths.from_environment().cache / "tests")
    archive = tmp_path_factory.mktemp("images") / "hello.tar"
    images.write_archive(images.ImageSpec(HELLO, {"/hello": binary}, ["/hello"]), archive)
    return archive


@pytest.fixture
def fresh(tools: dict[str, Path], hello_archive: Path) -> Iterator[Cluster]:
    """A cluster that is not up yet; whatever the test leaves of it is removed."""
    # Not below pytest's own folder: a unix socket's path must stay short.
    state = Path(tempfile.mkdtemp(prefix="gt-", dir="/tmp"))
    cluster = Cluster(Paths(Paths.from_environment().cache, state), TEST_PLAN, tools, hello_archive)
    try:
        yield cluster
    finally:
        cluster.down()
        namespaces.down(TEST_PLAN)
        shutil.rmtree(state)


@pytest.fixture(scope="module")
def cluster(tools: dict[str, Path], hello_archive: Path) -> Iterator[Cluster]:
    """A running cluster with the test image loaded, shared by the tests of one module."""
    assert os.geteuid() == 0, "the tests of the cluster need root"
    state = Path(tempfile.mkdtemp(prefix="gt-", dir="/tmp"))
    running = Cluster(Paths(Paths.from_environment().cache, state), TEST_PLAN, tools, hello_archive)
    try:
        running.up()
        running.load()
        yield running
    finally:
        running.down()
        namespaces.down(TEST_PLAN)
        shutil.rmtree(state)
