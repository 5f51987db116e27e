"""What checks ask of a Kubernetes cluster: pods, zones, and HTTP answers of single pods and of Services."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import kr8s.asyncio

from checks.forwarding import forwarded

ZONE_LABEL: Final = "topology.kubernetes.io/zone"
_FINISHED: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class Pod:
    """A pod that should be serving.

    Attributes:
        name: Its name.
        namespace: Its namespace.
        node: Node it was scheduled to; empty before that.
        zone: Zone of the node; `None` when unknown.
        phase: `Running`, `Pending` or `Unknown`.
        reasons: Why its containers are not running, for example `ImagePullBackOff`.
    """

    name: str
    namespace: str
    node: str
    zone: str | None
    phase: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """An HTTP answer.

    Attributes:
        code: Status code.
        content_type: Media type without parameters.
        body: The body as text.
        headers: Headers, names in lower case.
    """

    code: int
    content_type: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Unreachable(Exception):
    """Raised when the API server could not pass a request on; the message is its own."""


class Cluster(Protocol):
    """The cluster as checks see it."""

    async def pods(self, namespace: str, selector: Mapping[str, str]) -> list[Pod]:
        """Pods that match the labels and are neither finished nor being deleted, by name."""

    async def ask_pod(self, pod: Pod, port: int, path: str) -> Answer:
        """GET of one pod, through the API server."""

    async def ask_service(
        self, namespace: str, service: str, port: int, method: str, path: str, json: Any = None
    ) -> Answer:
        """A request to a Service, through the API server."""

    def forward(self, pod: Pod, port: int) -> Any:
        """Async context manager with a local port that leads to the pod's, for what the API server's proxy drops."""


class KubernetesCluster:
    """A cluster reached by a kubeconfig."""

    def __init__(self, kubeconfig: Path | None, context: str | None = None) -> None:
        """Reach a cluster.

        Args:
            kubeconfig: File to read; `None` for KUBECONFIG or the usual place.
            context: Context in it; `None` for the current one.
        """
        self._kubeconfig = None if kubeconfig is None else str(kubeconfig)
        self._context = context
        self._api: Any = None
        self._zones: dict[str, str | None] | None = None
        self._lock = asyncio.Lock()

    async def connect(self) -> None:
        """Log in and read the nodes' zones now rather than with the first question."""
        await self._node_zones()

    async def pods(self, namespace: str, selector: Mapping[str, str]) -> list[Pod]:
        """Pods that match the labels and are neither finished nor being deleted, by name."""
        api, zones = await self._connected(), await self._node_zones()
        labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        async with api.call_api("GET", url="pods", namespace=namespace, params={"labelSelector": labels}) as response:
            items = response.json()["items"]
        found = [_pod(item, zones) for item in items if _should_serve(item)]
        return sorted(found, key=lambda pod: pod.name)

    async def ask_pod(self, pod: Pod, port: int, path: str) -> Answer:
        """GET of one pod, through the API server."""
        return await self._proxied(pod.namespace, f"pods/{pod.name}:{port}/proxy{path}", "GET", None)

    async def ask_service(
        self, namespace: str, service: str, port: int, method: str, path: str, json: Any = None
    ) -> Answer:
        """A request to a Service, through the API server."""
        return await self._proxied(namespace, f"services/{service}:{port}/proxy{path}", method, json)

    @asynccontextmanager
    async def forward(self, pod: Pod, port: int) -> AsyncIterator[int]:
        """A local port that leads to the pod's, for what the API server's proxy drops (authorization headers)."""
        api = await self._connected()
        async with forwarded(api, pod.namespace, pod.name, port) as local:
            yield local

    async def _proxied(self, namespace: str, url: str, method: str, json: Any) -> Answer:
        api = await self._connected()
        arguments = {} if json is None else {"json": json}
        async with api.call_api(method, url=url, namespace=namespace, raise_for_status=False, **arguments) as response:
            content_type = response.headers.get("content-type", "").partition(";")[0].strip()
            if response.status_code >= 400 and content_type == "application/json":
                _refuse_own_answer(response.json())
            return Answer(response.status_code, content_type, response.text, dict(response.headers))

    async def _connected(self) -> Any:
        async with self._lock:
            if self._api is None:
                with warnings.catch_warnings():
                    # The client warns of servers newer than itself; what is used here is the stable core API.
                    warnings.filterwarnings("ignore", message="Kubernetes version .* is not supported")
                    self._api = await kr8s.asyncio.api(kubeconfig=self._kubeconfig, context=self._context)
        return self._api

    async def _node_zones(self) -> dict[str, str | None]:
        api = await self._connected()
        async with self._lock:
            if self._zones is None:
                async with api.call_api("GET", url="nodes", raise_for_status=False) as response:
                    # Who may not read nodes still gets every other answer.
                    items = response.json()["items"] if response.status_code == 200 else []
                self._zones = {
                    item["metadata"]["name"]: item["metadata"].get("labels", {}).get(ZONE_LABEL) for item in items
                }
        return self._zones


def _refuse_own_answer(body: Any) -> None:
    """Tell an answer of the API server itself, which is a Status object, from one of the pod behind it."""
    if isinstance(body, Mapping) and body.get("kind") == "Status" and body.get("apiVersion") == "v1":
        raise Unreachable(str(body.get("message", "no answer")))


def _should_serve(item: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" not in item["metadata"] and item["status"].get("phase") not in _FINISHED


def _pod(item: Mapping[str, Any], zones: Mapping[str, str | None]) -> Pod:
    node = item["spec"].get("nodeName", "")
    statuses = item["status"].get("initContainerStatuses", []) + item["status"].get("containerStatuses", [])
    waiting = [status["state"]["waiting"] for status in statuses if "waiting" in status.get("state", {})]
    return Pod(
        name=item["metadata"]["name"],
        namespace=item["metadata"]["namespace"],
        node=node,
        zone=zones.get(node),
        phase=item["status"].get("phase", "Unknown"),
        reasons=tuple(state.get("reason", "waiting") for state in waiting),
    )
