"""The kubernetes provider: life cycle of any object that the API server knows."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import Any

from local.plugins.kubernetes import changes, conflicts, judge, manifests, objects, readiness, settings
from local.plugins.kubernetes.client import ApiError, Client, Unreachable
from local.plugins.kubernetes.kinds import Kind, kind_of
from local.plugins.kubernetes.settings import Settings
from local.plugins.kubernetes.waiting import Limits, NotReady, Waiter
from local.plugins.provider import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InitError,
    Provider,
    ProviderError,
    ReadRequest,
    ReadResult,
    UpdateRequest,
)

Object = dict[str, Any]

_DELETE_SECONDS = 600.0
_UNPROCESSABLE = 422


@dataclass(frozen=True)
class _Server:
    """The API server, and what asks it."""

    client: Client
    waiter: Waiter
    judge: judge.Judge


class KubernetesProvider(Provider):
    """See `Provider`. The manager of a resource's fields is kept in its outputs."""

    name = "kubernetes"
    judges_by_asking = True

    def __init__(self) -> None:
        self.version = importlib.metadata.version("pulumi-kubernetes")
        self._settings = Settings()
        self._server: _Server | None = None
        self._namespace = "default"
        self._reached: bool | None = None

    # Configuration

    def check_config(self, config: dict[str, Any]) -> list[CheckFailure]:
        return settings.check(config)

    def configure(self, config: dict[str, Any]) -> None:
        self._settings = settings.parse(config)
        access = settings.access(self._settings)
        if access is None:
            self._namespace = self._settings.namespace or "default"
            return
        self._namespace = access.namespace
        client = Client(access)
        self._server = _Server(client, Waiter(client), judge.Judge(client))

    def _connected(self) -> tuple[Client, Waiter]:
        if self._server is None:
            raise ProviderError(
                "no kubeconfig: set kubernetes:kubeconfig (a path or the contents) or KUBECONFIG, "
                "or make ~/.kube/config"
            )
        return self._server.client, self._server.waiter

    def _reachable(self) -> _Server | None:
        """The server, unless a preview has to do without one."""
        if self._server is not None and self._reached is None:
            try:
                self._server.client.request("GET", "/version")
                self._reached = True
            except Unreachable:
                self._reached = False
        return self._server if self._reached else None

    def _namespaced(self, kind: Kind, server: _Server | None) -> bool:
        if server is None or kind.known_cluster_scoped:
            return not kind.known_cluster_scoped
        try:
            return server.client.resource(kind).namespaced
        except ProviderError:
            # Its CustomResourceDefinition may be made in the same run; almost all have namespaces.
            return True

    # Resources

    def check(self, request: CheckRequest) -> CheckResult:
        kind = kind_of(request.type)
        server = self._reachable()
        inputs, failures = manifests.completed(
            kind, request, self._namespace if self._namespaced(kind, server) else None
        )
        if not failures and server is not None:
            failures = server.judge.failures(kind, inputs, existing=bool(request.old_inputs))
        return CheckResult(objects.sealed(kind, inputs), failures)

    def diff(self, request: DiffRequest) -> DiffResult:
        kind = kind_of(request.type)
        mutable = self._settings.mutable_config_maps if kind.kind == "ConfigMap" else self._settings.mutable_secrets
        result = changes.diff(kind, request.old_inputs, request.inputs, mutable=mutable)
        replaces = any(change.replaces for change in result.changes.values())
        server = None if not result.changes or replaces else self._reachable()
        if server is None or not objects.fully_known(request.inputs):
            return result
        namespace, _ = objects.split_identity(request.id)
        body = objects.wire(kind, request.inputs)
        try:
            server.client.apply(kind, namespace, body, manager=_manager(request), force=True, dry_run=True)
        except ApiError as error:
            if error.code == _UNPROCESSABLE:
                return changes.refused(error, result, request.old_inputs, request.inputs)
        return result

    def create(self, request: CreateRequest) -> CreateResult:
        kind = kind_of(request.type)
        meta = objects.metadata(request.inputs)
        if request.preview:
            name = meta.get("name")
            id = objects.identity(meta.get("namespace"), name) if objects.fully_known(meta) and name else ""
            return CreateResult(id, objects.expected_outputs(kind, request.inputs))
        client, waiter = self._connected()
        manager = objects.field_manager(request.urn)
        existing = client.get(kind, meta.get("namespace"), meta["name"])
        if existing is not None and existing["metadata"].get("deletionTimestamp"):
            request.log(f"waiting for the former {kind.kind} {meta['name']} to be gone", "info", True)
            waiter.until_gone(
                kind, existing, Limits(request.timeout or _DELETE_SECONDS, request.log, request.cancelled)
            )
        elif existing is not None and not self._settings.upsert and not objects.is_managed_by(existing, manager):
            raise ProviderError(
                f"{kind} {objects.identity(meta.get('namespace'), meta['name'])} exists already, and not by this "
                f'resource: take it over with the resource option import_="'
                f'{objects.identity(meta.get("namespace"), meta["name"])}", delete it, or name this one otherwise'
            )
        live = self._apply(client, kind, request.inputs, manager)
        return CreateResult(_id(live), self._ready(kind, request, live, manager))

    def update(self, request: UpdateRequest) -> Object:
        kind = kind_of(request.type)
        manager = request.old_outputs.get(objects.MANAGER) or objects.field_manager(request.urn)
        if request.preview:
            return objects.expected_update(kind, request.inputs, request.old_outputs)
        client, _ = self._connected()
        live = self._apply(client, kind, request.inputs, manager)
        return self._ready(kind, request, live, manager)

    def _apply(self, client: Client, kind: Kind, inputs: Object, manager: str) -> Object:
        body = objects.wire(kind, inputs)
        force = self._settings.force or (objects.annotation(inputs, objects.PATCH_FORCE) or "").lower() == "true"
        redact = objects.redactor(kind, inputs)
        try:
            return client.apply(kind, objects.metadata(body).get("namespace"), body, manager=manager, force=force)
        except ApiError as error:
            if conflicts.is_conflict(error):
                raise ProviderError(conflicts.explained(error, kind, body)) from None
            raise ProviderError(redact(error.message)) from None

    def _ready(self, kind: Kind, request: CreateRequest | UpdateRequest, live: Object, manager: str) -> Object:
        """Wait until it is ready; the outputs then."""
        rule = readiness.rule(kind, request.inputs)
        if rule is not None:
            _, waiter = self._connected()
            seconds = request.timeout or _annotated_seconds(request.inputs) or rule.seconds
            try:
                live = waiter.until_ready(kind, live, rule, Limits(seconds, request.log, request.cancelled))
            except NotReady as error:
                outputs = objects.outputs(kind, request.inputs, error.live, manager)
                raise InitError(_id(error.live), outputs, error.reasons) from None
        return objects.outputs(kind, request.inputs, live, manager)

    def read(self, request: ReadRequest) -> ReadResult | None:
        kind = kind_of(request.type)
        client, _ = self._connected()
        namespace, name = objects.split_identity(request.id)
        if namespace is None and client.resource(kind).namespaced:
            namespace = self._namespace
        try:
            live = client.get(kind, namespace, name)
        except Unreachable:
            if self._settings.delete_unreachable:
                return None
            raise
        if live is None:
            return None
        manager = request.outputs.get(objects.MANAGER) or objects.field_manager(request.urn)
        if request.inputs:
            wanted = judge.wanted(client, kind, namespace, request.inputs, manager, live)
            inputs = objects.live_inputs(kind, request.inputs, live, wanted)
        else:
            inputs = objects.applied_by_people(live)
        return ReadResult(
            _id(live), objects.sealed(kind, inputs), objects.outputs(kind, request.inputs or inputs, live, manager)
        )

    def delete(self, request: DeleteRequest) -> None:
        kind = kind_of(request.type)
        client, waiter = self._connected()
        namespace, name = objects.split_identity(request.id)
        try:
            live = client.get(kind, namespace, name)
        except Unreachable:
            if self._settings.delete_unreachable:
                request.log(f"{kind.kind} {name} counts as deleted: the API server cannot be reached", "warning")
                return
            raise
        uid = objects.metadata(request.outputs).get("uid")
        if live is None or (uid and live["metadata"]["uid"] != uid):
            return
        client.delete(kind, namespace, name)
        waiter.until_gone(kind, live, Limits(request.timeout or _DELETE_SECONDS, request.log, request.cancelled))

    def discard(self, request: DeleteRequest) -> None:
        # An object with a name of its own is found again, and taken over, by the next update.
        if objects.annotation(request.inputs, objects.AUTONAMED) == "true":
            self.delete(request)

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        if token == "kubernetes:yaml:decode":
            return {"result": manifests.decoded(args.get("text") or "", args.get("defaultNamespace"))}
        return super().invoke(token, args)


def _manager(request: DiffRequest) -> str:
    return str(request.old_outputs.get(objects.MANAGER) or objects.field_manager(request.urn))


def _id(live: Object) -> str:
    return objects.identity(live["metadata"].get("namespace"), live["metadata"]["name"])


def _annotated_seconds(inputs: Object) -> float | None:
    text = objects.annotation(inputs, objects.TIMEOUT)
    return float(text) if text else None
