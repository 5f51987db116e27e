"""The cluster as checks see it, against a hand-made API server: requests made, and what is made of the answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from checks.cluster import KubernetesCluster, Pod, Unreachable
from checks.context import ContextError, Settings, open_context
from tests.fixtures.checks.fakes import outputs

pytestmark = pytest.mark.unit


def _pod(name: str, phase: str = "Running", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", **more.pop("metadata", {})}
    return {"metadata": metadata, "spec": {"nodeName": "node-b"}, "status": {"phase": phase, **more}}


PODS = [
    _pod("running"),
    _pod("leaving", metadata={"deletionTimestamp": "2026-11-22T00:00:00Z"}),
    _pod("done", "Succeeded"),
    _pod("broken", "Failed"),
    _pod("waiting", "Pending", containerStatuses=[{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]),
]
NODES = [{"metadata": {"name": "node-b", "labels": {"topology.kubernetes.io/zone": "eu-west-1b"}}}]


class _Api(BaseHTTPRequestHandler):
    nodes_code = 200
    asked: list[tuple[str, str, Any]]

    def _answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        type(self).asked.append((self.command, url.path, json.loads(body) if body else parse_qs(url.query)))
        match url.path.removeprefix("/api/v1"):
            case "/version/":
                self._send(200, {"major": "1", "minor": "36", "gitVersion": "v1.36.3"})
            case "/nodes":
                self._send(self.nodes_code, {"items": NODES})
            case "/namespaces/shop/pods":
                self._send(200, {"items": PODS})
            case "/namespaces/shop/pods/running:8080/proxy/health/live":
                self._send(503, {"status": "fail"}, "application/health+json; charset=utf-8")
            case "/namespaces/shop/services/music:80/proxy/jobs":
                self._send(202, {"id": "j"})
            case "/namespaces/shop/pods/waiting:8080/proxy/health/live":
                reason = "error trying to reach service: dial tcp 10.0.0.1:8080: connect: connection refused"
                self._send(503, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason})
            case _:
                self._send(404, {"message": "not found"})

    do_GET = do_POST = _answer

    def _send(self, code: int, body: Any, content_type: str = "application/json") -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[type[_Api], Path]]:
    """A server with a handler of its own, and a kubeconfig that leads to it."""
    handler = type("Handler", (_Api,), {"asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
                "users": [{"name": "test", "user": {"token": "t"}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            }
        )
    )
    yield handler, kubeconfig
    server.shutdown()
    thread.join()
    server.server_close()


async def test_pods_that_should_serve_come_with_zone_and_reason(api: tuple[type[_Api], Path]) -> None:
    handler, kubeconfig = api
    pods = await KubernetesCluster(kubeconfig).pods("shop", {"app": "music", "a": "b"})
    assert pods == [
        Pod("running", "shop", "node-b", "eu-west-1b", "Running"),
        Pod("waiting", "shop", "node-b", "eu-west-1b", "Pending", ("ImagePullBackOff",)),
    ]
    queries = [query for _, path, query in handler.asked if path.endswith("/pods")]
    assert queries == [{"labelSelector": ["a=b,app=music"]}]


async def test_who_may_not_read_nodes_still_sees_pods(api: tuple[type[_Api], Path]) -> None:
    handler, kubeconfig = api
    handler.nodes_code = 403
    pods = await KubernetesCluster(kubeconfig).pods("shop", {"app": "music"})
    assert [(pod.name, pod.zone) for pod in pods] == [("running", None), ("waiting", None)]


async def test_a_pods_own_answer_is_handed_on_whatever_its_code(api: tuple[type[_Api], Path]) -> None:
    _, kubeconfig = api
    answer = await KubernetesCluster(kubeconfig).ask_pod(
        Pod("running", "shop", "", None, "Running"), 8080, "/health/live"
    )
    assert (answer.code, answer.content_type, json.loads(answer.body)) == (
        503,
        "application/health+json",
        {"status": "fail"},
    )


async def test_what_the_api_server_says_itself_is_no_answer_of_the_pod(api: tuple[type[_Api], Path]) -> None:
    pod = Pod("waiting", "shop", "", None, "Running")
    with pytest.raises(Unreachable, match="connection refused"):
        await KubernetesCluster(api[1]).ask_pod(pod, 8080, "/health/live")


async def test_a_service_is_asked_through_the_api_server(api: tuple[type[_Api], Path]) -> None:
    handler, kubeconfig = api
    answer = await KubernetesCluster(kubeconfig).ask_service("shop", "music", 80, "POST", "/jobs", {"queue": "tunes"})
    assert answer.code == 202
    assert handler.asked[-1] == ("POST", "/api/v1/namespaces/shop/services/music:80/proxy/jobs", {"queue": "tunes"})


async def test_a_kubeconfig_that_is_not_there_is_one_clear_message(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with pytest.raises(ContextError, match=r"there is no kubeconfig at .*none"):
        async with open_context(outputs(), Settings(kubeconfig=missing)):
            raise AssertionError("never")


async def test_the_context_trusts_public_authorities_and_the_stacks_own_and_leaves_no_file(
    api: tuple[type[_Api], Path],
) -> None:
    given = outputs().model_copy(update={"trusted_certificates": "OWN AUTHORITY"})
    async with open_context(given, Settings(kubeconfig=api[1], region="eu-west-1")) as context:
        text = context.authorities.read_text()
        assert text.endswith("\nOWN AUTHORITY\n")
        assert text.count("BEGIN CERTIFICATE") > 50
    assert not context.authorities.exists()
