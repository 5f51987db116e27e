"""The Kubernetes API over HTTP: discovery, server-side apply, list, watch.

Plain HTTP rather than a client library, because a plugin has to be up in well under a second and its calls come from
many threads.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.settings import Access
from local.plugins.provider import ProviderError

Object = dict[str, Any]

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_CONNECTIONS = 64


@dataclass(frozen=True)
class Cause:
    """One cause of a refusal: the field it is about, the kind of problem, the server's words."""

    field: str
    reason: str
    message: str


class ApiError(ProviderError):
    """The server refused. `code` is the HTTP status, `reason` Kubernetes' word for it."""

    def __init__(self, code: int, reason: str, message: str, causes: tuple[Cause, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes


class Unreachable(ProviderError):
    """Nothing answers at the server's address."""


@dataclass(frozen=True)
class Resource:
    """How the server calls a kind: plural name, and whether its objects live in namespaces."""

    plural: str
    namespaced: bool


class Client:
    """A connection to one API server; safe to use from several threads."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._headers = {"Accept": "application/json", "User-Agent": "groundwork-kubernetes-stand-in"}
        if access.token:
            self._headers["Authorization"] = f"Bearer {access.token}"
        self._pool = urllib3.PoolManager(
            maxsize=_CONNECTIONS,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            ssl_context=_tls(access) if access.server.startswith("https:") else None,
            assert_hostname=access.server_name,
            server_hostname=access.server_name,
        )
        self._discovered: dict[str, dict[str, Resource]] = {}
        self._lock = threading.Lock()

    @property
    def server(self) -> str:
        """The server's URL."""
        return self._access.server

    def resource(self, kind: Kind) -> Resource:
        """Look a kind up; asks the server once for each group and version.

        Raises:
            ProviderError: the server does not serve it.
        """
        with self._lock:
            known = self._discovered.get(kind.path, {})
        if kind.kind not in known:
            known = self._discover(kind.path)
            with self._lock:
                self._discovered[kind.path] = known
        if kind.kind not in known:
            raise ProviderError(
                f"the API server {self.server} does not serve {kind}. If a CustomResourceDefinition brings it, make "
                "this resource depend on that one"
            )
        return known[kind.kind]

    def _discover(self, path: str) -> dict[str, Resource]:
        try:
            listed = self.request("GET", path)
        except ApiError as error:
            if error.code == 404:
                return {}
            raise
        return {
            each["kind"]: Resource(each["name"], each["namespaced"])
            for each in listed.get("resources", [])
            if "/" not in each["name"]
        }

    def collection(self, kind: Kind, namespace: str | None) -> str:
        """The path of all objects of a kind (in a namespace)."""
        resource = self.resource(kind)
        inside = f"/namespaces/{namespace}" if resource.namespaced and namespace else ""
        return f"{kind.path}{inside}/{resource.plural}"

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """The object, or None."""
        try:
            return self.request("GET", f"{self.collection(kind, namespace)}/{name}")
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def apply(
        self,
        kind: Kind,
        namespace: str | None,
        body: Object,
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
    ) -> Object:
        """Server-side apply, with unknown fields refused."""
        query = {"fieldManager": manager, "force": "true" if force else "false", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        path = f"{self.collection(kind, namespace)}/{body['metadata']['name']}"
        return self.request("PATCH", path, query, body, "application/apply-patch+yaml")

    def validate(self, kind: Kind, namespace: str | None, body: Object) -> None:
        """Let the server judge an object without storing it.

        Raises:
            ApiError: it would be refused (409 only says that there is one already).
        """
        query = {"dryRun": "All", "fieldValidation": "Strict"}
        self.request("POST", self.collection(kind, namespace), query, body)

    def delete(self, kind: Kind, namespace: str | None, name: str) -> None:
        """Delete with everything that belongs to the object; gone already is no error."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        try:
            self.request("DELETE", f"{self.collection(kind, namespace)}/{name}", None, options)
        except ApiError as error:
            if error.code != 404:
                raise

    def list(self, path: str, **query: str) -> Object:
        """A collection."""
        return self.request("GET", path, query)

    def log_tail(self, namespace: str, pod: str, container: str, lines: int, previous: bool) -> str:
        """The last lines of a container's log; "" when there is none."""
        query = {"container": container, "tailLines": str(lines), "previous": "true" if previous else "false"}
        response = self._send("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query)
        return response.data.decode(errors="replace").strip() if response.status == 200 else ""

    def watch(self, path: str, version: str, seconds: int, **query: str) -> Iterator[Object]:
        """Events of a collection from a version on, until the server ends the watch."""
        asked = {**query, "watch": "true", "resourceVersion": version, "timeoutSeconds": str(seconds)}
        asked["allowWatchBookmarks"] = "true"
        response = self._send("GET", path, asked, stream=True, read_seconds=seconds + _CONNECT_SECONDS)
        try:
            if response.status != 200:
                raise _refusal(response.status, response.read())
            pending = b""
            for chunk in response.stream(64 * 1024, decode_content=True):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    if line:
                        yield json.loads(line)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"the watch of {path} broke off: {error}") from None
        finally:
            response.close()

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """One call.

        Raises:
            ApiError: the server refused.
            Unreachable: it did not answer.
        """
        response = self._send(method, path, query, body, content_type)
        if response.status >= 400:
            raise _refusal(response.status, response.data)
        answer = json.loads(response.data)
        assert isinstance(answer, dict)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        *,
        stream: bool = False,
        read_seconds: float = _READ_SECONDS,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self._access.server}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {**self._headers, **({"Content-Type": content_type} if body is not None else {})}
        try:
            return self._pool.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                preload_content=not stream,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=read_seconds),
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(
                f"the Kubernetes API server {self.server} cannot be reached: {_plainly(error)}. "
                "Is the cluster up, and is it the one that the kubeconfig means?"
            ) from None


def _plainly(error: BaseException) -> str:
    return str(error).split(": ", 1)[-1]


def _tls(access: Access) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.authority:
        context.load_verify_locations(cadata=access.authority)
    else:
        context.load_default_certs()
    if access.certificate and access.key:
        # OpenSSL reads a client's key from a file only; this one is gone when the function returns.
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder) / "certificate", Path(folder) / "key"
            certificate.write_text(access.certificate)
            key.touch(0o600)
            key.write_text(access.key)
            context.load_cert_chain(certificate, key)
    return context


def _refusal(code: int, data: bytes) -> ApiError:
    try:
        status = json.loads(data)
    except ValueError:
        status = {}
    if not isinstance(status, dict):
        status = {}
    details = status.get("details") or {}
    causes = tuple(
        Cause(each.get("field", ""), each.get("reason", ""), each.get("message", ""))
        for each in details.get("causes") or []
    )
    message = status.get("message") or f"HTTP status {code}: {data[:200].decode(errors='replace')}"
    return ApiError(code, status.get("reason", ""), message, causes)
