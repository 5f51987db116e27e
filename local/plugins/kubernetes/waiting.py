"""Waiting until an object is ready, or gone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Any

from local.plugins.kubernetes import reasons
from local.plugins.kubernetes.client import Client
from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.readiness import READY, Rule, State, Verdict
from local.plugins.kubernetes.watch import View, Views
from local.plugins.provider import Log, ProviderError

Object = dict[str, Any]

_LOOK_SECONDS = 0.5
_SERVICE_NAME = "kubernetes.io/service-name"


class NotReady(Exception):
    """It did not get ready; why, and the object as it was seen last."""

    def __init__(self, reasons: list[str], live: Object) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons
        self.live = live


@dataclass(frozen=True)
class Limits:
    """How long to wait, whom to tell, and what interrupts it."""

    seconds: float
    log: Log
    cancelled: Event


class Waiter:
    """Waits on the shared views of one API server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._views = Views(client)

    def until_ready(self, kind: Kind, applied: Object, rule: Rule, limits: Limits) -> Object:
        """The object once it is ready.

        Args:
            applied: The object as the server answered the apply: no older state counts.

        Raises:
            NotReady: it failed, the time was over, or the user interrupted.
        """
        meta = applied["metadata"]
        deadline = time.monotonic() + limits.seconds
        with ExitStack() as stack:
            view = stack.enter_context(self._views.view(self._client.collection(kind, meta.get("namespace"))))
            slices = stack.enter_context(self._views.view(_slices(meta["namespace"]))) if rule.endpoints else None
            version, told, live = -1, "", applied
            while True:
                seen = view.get(meta["name"])
                verdict = Verdict(State.WAITING, view.problem or "")
                if seen is not None and _is_current(seen, meta):
                    live = seen
                    verdict = rule.judge(seen, _slices_of(meta["name"], slices))
                if verdict.state is State.READY and (slices is None or slices.listed):
                    if told:
                        limits.log("ready", "info", True)
                    return live
                if verdict.state is State.FAILED:
                    raise self._not_ready(kind, live, rule, verdict.message)
                if limits.cancelled.is_set():
                    raise NotReady([f"{kind.kind} {meta['name']}: interrupted; {verdict.message}"], live)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._not_ready(kind, live, rule, f"not ready after {limits.seconds:g} s: {verdict.message}")
                if verdict.message and verdict.message != told:
                    told = verdict.message
                    limits.log(told, "info", True)
                version = self._views.changed(version, min(left, _LOOK_SECONDS))

    def _not_ready(self, kind: Kind, live: Object, rule: Rule, message: str) -> NotReady:
        try:
            return NotReady(reasons.of(self._client, kind.kind, live, rule.selector(live), message), live)
        except ProviderError as error:
            return NotReady([f"{kind.kind} {live['metadata']['name']}: {message}", f"more is not known: {error}"], live)

    def until_gone(self, kind: Kind, live: Object, limits: Limits) -> None:
        """Return once the object is gone.

        Raises:
            ProviderError: the time was over or the user interrupted; names what holds the object.
        """
        meta = live["metadata"]
        namespace, name = meta.get("namespace"), meta["name"]
        deadline = time.monotonic() + limits.seconds
        with self._views.view(self._client.collection(kind, namespace)) as view:
            version = -1
            while True:
                seen = view.get(name)
                if view.listed and (seen is None or seen["metadata"]["uid"] != meta["uid"]):
                    # The view may be behind: only the server's own answer counts.
                    seen = self._client.get(kind, namespace, name)
                    if seen is None or seen["metadata"]["uid"] != meta["uid"]:
                        return
                left = deadline - time.monotonic()
                if limits.cancelled.is_set() or left <= 0:
                    why = "interrupted" if left > 0 else f"still there after {limits.seconds:g} s"
                    raise ProviderError(f"deleting {kind.kind} {name}: {why}{_held(seen or live)}")
                if seen is not None and (held := _held(seen)):
                    limits.log(f"being deleted{held}", "info", True)
                version = self._views.changed(version, min(left, _LOOK_SECONDS))


def _slices(namespace: str) -> str:
    return f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"


def _slices_of(service: str, view: View | None) -> list[Mapping[str, Any]]:
    if view is None:
        return []
    return [each for each in view.all() if (each["metadata"].get("labels") or {}).get(_SERVICE_NAME) == service]


def _is_current(seen: Object, applied: Mapping[str, Any]) -> bool:
    meta = seen["metadata"]
    return bool(meta["uid"] == applied["uid"] and meta.get("generation", 0) >= applied.get("generation", 0))


def _held(live: Object) -> str:
    finalizers = [*live["metadata"].get("finalizers", []), *(live.get("spec") or {}).get("finalizers", [])]
    messages = [
        str(each.get("message"))
        for each in (live.get("status") or {}).get("conditions") or []
        if each.get("status") == "True" and "ontent" in str(each.get("type"))
    ]
    held = [*messages, *(f"finalizer {each}" for each in finalizers)]
    return f", held by: {'; '.join(held)}" if held else ""


__all__ = ["READY", "Limits", "NotReady", "Waiter"]
