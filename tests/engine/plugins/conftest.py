"""A real Kubernetes API server and controller manager on loopback; no kubelet, so pods' states are set by the tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from tests.engine.attached import Attached

_TOKEN = "for-tests-only"
_START_SECONDS = 90
_NODE = "nowhere"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@dataclass
class ApiServer:
    """The API server as the tests use it: plain requests as an administrator."""

    url: str
    kubeconfig: Path
    context: ssl.SSLContext

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        **query: str,
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}{path}" + (f"?{urlencode(query)}" if query else ""),
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {_TOKEN}", "Content-Type": content_type},
        )
        with urllib.request.urlopen(request, context=self.context, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def get(self, path: str) -> dict[str, Any] | None:
        try:
            return self.call("GET", path)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def merge(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        return self.call("PATCH", path, body, "application/merge-patch+json", **query)

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.call("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
        return items

    def set_pod(self, pod: dict[str, Any], *, phase: str, ready: bool, statuses: list[dict[str, Any]]) -> None:
        """Write a pod's status, as its kubelet would."""
        meta = pod["metadata"]
        status = {
            "phase": phase,
            "podIP": "10.0.0.1",
            "podIPs": [{"ip": "10.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": statuses,
        }
        self.merge(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status", {"status": status})


@dataclass
class Kubelet:
    """Stands in for the nodes: sets the state of every new pod of a namespace, until it is stopped."""

    api: ApiServer
    namespace: str
    act: Callable[[ApiServer, dict[str, Any]], None]
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Kubelet:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        done: set[str] = set()
        while not self._ended.wait(0.1):
            # What fails once, because a controller was faster or the machine is busy, is tried again.
            with contextlib.suppress(OSError):
                self._look(done)

    def _look(self, done: set[str]) -> None:
        for pod in self.api.pods(self.namespace):
            meta = pod["metadata"]
            if meta.get("deletionTimestamp"):
                path = f"/api/v1/namespaces/{self.namespace}/pods/{meta['name']}"
                self.api.call("DELETE", path, {"gracePeriodSeconds": 0})
            elif meta["uid"] not in done:
                if not pod["spec"].get("nodeName"):
                    self._bind(meta["name"])
                self.act(self.api, pod)
                done.add(meta["uid"])

    def _bind(self, pod: str) -> None:
        """What a scheduler does; endpoints are made only of pods on a node."""
        binding = {"metadata": {"name": pod}, "target": {"kind": "Node", "name": _NODE}}
        self.api.call("POST", f"/api/v1/namespaces/{self.namespace}/pods/{pod}/binding", binding)


def running(api: ApiServer, pod: dict[str, Any]) -> None:
    """The pod runs and is ready."""
    statuses = [
        {"name": each["name"], "ready": True, "restartCount": 0, "image": each["image"], "imageID": "",
         "state": {"running": {}}}
        for each in pod["spec"]["containers"]
    ]  # fmt: skip
    api.set_pod(pod, phase="Running", ready=True, statuses=statuses)


def cannot_pull(api: ApiServer, pod: dict[str, Any]) -> None:
    """The pod's images cannot be pulled."""
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    statuses = [
        {"name": each["name"], "ready": False, "restartCount": 0, "image": each["image"], "imageID": "",
         "state": {"waiting": waiting}}
        for each in pod["spec"]["containers"]
    ]  # fmt: skip
    api.set_pod(pod, phase="Pending", ready=False, statuses=statuses)


def succeeded(api: ApiServer, pod: dict[str, Any]) -> None:
    """The pod has done its work."""
    statuses = [
        {"name": each["name"], "ready": False, "restartCount": 0, "image": each["image"], "imageID": "",
         "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
        for each in pod["spec"]["containers"]
    ]  # fmt: skip
    api.set_pod(pod, phase="Succeeded", ready=False, statuses=statuses)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], Path]) -> Iterator[ApiServer]:
    """etcd, API server and controller manager, started once for all tests."""
    root = tmp_path_factory.mktemp("control-plane")
    etcd, peer, port, manager = _free_ports(4)
    url = f"https://127.0.0.1:{port}"
    (root / "tokens.csv").write_text(f'{_TOKEN},admin,admin,"system:masters"\n')
    subprocess.run(["openssl", "genrsa", "-out", str(root / "accounts.key"), "2048"], check=True, capture_output=True)
    kubeconfig = root / "kubeconfig"
    processes = [
        _start(
            root, "etcd", tool("etcd"), f"--data-dir={root}/etcd", "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{etcd}", f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
        ),
        _start(
            root, "kube-apiserver", tool("kube-apiserver"), f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}",
            f"--cert-dir={root}/certificates", f"--token-auth-file={root}/tokens.csv", "--authorization-mode=RBAC",
            f"--service-account-key-file={root}/accounts.key", "--service-cluster-ip-range=10.96.0.0/16",
            f"--service-account-signing-key-file={root}/accounts.key", f"--service-account-issuer={url}",
        ),
    ]  # fmt: skip
    try:
        authority = root / "certificates" / "apiserver.crt"
        _until(authority.exists, processes)
        context = ssl.create_default_context(cafile=str(authority))
        kubeconfig.write_text(yaml.safe_dump(_kubeconfig(url, authority)))
        server = ApiServer(url, kubeconfig, context)
        _until(lambda: _answers(server), processes)
        processes.append(
            _start(
                root, "kube-controller-manager", tool("kube-controller-manager"), f"--kubeconfig={kubeconfig}",
                "--bind-address=127.0.0.1", f"--secure-port={manager}", f"--cert-dir={root}/manager",
                "--leader-elect=false", f"--service-account-private-key-file={root}/accounts.key",
            )
        )  # fmt: skip
        _until(lambda: server.get("/api/v1/namespaces/default/serviceaccounts/default") is not None, processes)
        server.call("POST", "/api/v1/nodes", {"metadata": {"name": _NODE}})
        yield server
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGKILL)
            process.wait()


def _start(root: Path, name: str, *command: str | Path) -> subprocess.Popen[bytes]:
    with (root / f"{name}.log").open("wb") as log:
        return subprocess.Popen([str(each) for each in command], stdout=log, stderr=log, cwd=root, env=dict(os.environ))


def _until(true: Callable[[], bool], processes: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not true():
        ended = [each for each in processes if each.poll() is not None]
        assert not ended, f"{ended[0].args} ended with {ended[0].returncode}"
        assert time.monotonic() < deadline, "the control plane did not come up"
        time.sleep(0.1)


def _answers(server: ApiServer) -> bool:
    try:
        return server.get("/readyz?verbose=false") is not None
    except json.JSONDecodeError:
        return True
    except OSError:
        return False


def _kubeconfig(url: str, authority: Path) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(authority)}}],
        "users": [{"name": "admin", "user": {"token": _TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }


@pytest.fixture
def nodes(api: ApiServer, namespace: str) -> Callable[[str], Kubelet]:
    """Stands in for the nodes while the context lasts: `running`, `succeeded` or `cannot_pull` for every pod."""
    acts = {"running": running, "succeeded": succeeded, "cannot_pull": cannot_pull}
    return lambda act: Kubelet(api, namespace, acts[act])


@pytest.fixture
def namespace(api: ApiServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    made = api.call("POST", "/api/v1/namespaces", {"metadata": {"generateName": "test-"}})
    name: str = made["metadata"]["name"]
    _until(lambda: api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default") is not None, [])
    yield name
    api.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def cluster_project(project: Any, api: ApiServer, namespace: str) -> Any:
    """A project whose kubernetes provider uses the test's API server and namespace, with one language host."""
    project.plugins = Attached(project.folder)
    project.config("kubernetes:kubeconfig", str(api.kubeconfig))
    project.config("kubernetes:namespace", namespace)
    return project
