"""A thin client of the API server: enough to wait for the cluster and to put its own objects into it."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx

from local.cluster.errors import ClusterError
from local.cluster.layout import Layout

FIELD_MANAGER = "groundwork-local"


class Api:
    """The API server of the cluster in the layout, as its administrator. Use as a context manager."""

    def __init__(self, layout: Layout) -> None:
        context = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
        context.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
        # Not by a proxy of the environment: the address is on this machine.
        self._client = httpx.Client(base_url=layout.server, verify=context, timeout=10.0, trust_env=False)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def is_ready(self) -> bool:
        """Whether the API server says that it is ready to serve."""
        try:
            return self._client.get("/readyz", timeout=3.0).status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path: str) -> dict[str, Any]:
        """One object or list.

        Raises:
            ClusterError: the API server does not answer, or refuses.
        """
        return self._answer("GET", path)

    def apply(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Server-side apply, in order; fields that others set meanwhile are taken back.

        Raises:
            ClusterError: the API server does not answer, or refuses.
        """
        for item in objects:
            self._answer(
                "PATCH",
                object_path(item),
                params={"fieldManager": FIELD_MANAGER, "force": "true"},
                content=json.dumps(item),
                headers={"content-type": "application/apply-patch+yaml"},
            )

    def _answer(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, **options)
            if answer.is_error:
                raise ClusterError(f"the API server refuses {method} {path}: {_reason(answer)}")
            content = answer.json()
        except (httpx.HTTPError, ValueError) as problem:
            raise ClusterError(f"the API server does not answer {method} {path}: {problem}") from problem
        return content if isinstance(content, dict) else {}


def wait_until(condition: Callable[[], bool], seconds: float, failure: Callable[[], str]) -> None:
    """Return as soon as the condition holds.

    Raises:
        ClusterError: it does not hold after `seconds`; the message is what `failure` says then.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(failure())
        time.sleep(0.2)


def is_ready(node: Mapping[str, Any]) -> bool:
    """Whether a Node object's Ready condition is true."""
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def is_available(deployment: Mapping[str, Any]) -> bool:
    """Whether every replica that a Deployment asks for is available in its newest form."""
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    current = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return bool(current and status.get("updatedReplicas", 0) == wanted == status.get("availableReplicas", 0))


# Kinds without a namespace among the cluster's own objects.
_CLUSTER_SCOPED = {"ClusterRole", "ClusterRoleBinding", "Namespace"}


def object_path(item: Mapping[str, Any]) -> str:
    """The URL path of an object of one of the kinds that the cluster's own objects have."""
    version, kind, metadata = item["apiVersion"], item["kind"], item["metadata"]
    prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
    scope = "" if kind in _CLUSTER_SCOPED else f"/namespaces/{metadata['namespace']}"
    return f"{prefix}{scope}/{kind.lower()}s/{metadata['name']}"


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
