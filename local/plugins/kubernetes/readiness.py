"""When an object is ready: pure functions from objects to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from local.plugins.kubernetes import wait_for
from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.objects import SKIP_AWAIT, WAIT_FOR, annotation

Object = Mapping[str, Any]


class State(Enum):
    """Where an object stands."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True)
class Verdict:
    """State, and what is being waited for or what went wrong."""

    state: State
    message: str = ""


READY: Final = Verdict(State.READY)


@dataclass(frozen=True)
class Rule:
    """How one kind is awaited.

    Attributes:
        judge: From the object (and its endpoint slices, for a Service) to a verdict.
        seconds: How long by default.
        selector: The label selector of its pods, for the reasons when it does not get ready.
        endpoints: Whether `judge` needs endpoint slices.
    """

    judge: Callable[[Object, list[Object]], Verdict]
    seconds: float = 600.0
    selector: Callable[[Object], Mapping[str, str] | None] = lambda object: None
    endpoints: bool = False


def rule(kind: Kind, manifest: Object) -> Rule | None:
    """How to await an object; None when there is nothing to wait for."""
    if (annotation(manifest, SKIP_AWAIT) or "").lower() == "true":
        return None
    if expression := annotation(manifest, WAIT_FOR):
        asked = wait_for.parse(expression)
        return Rule(lambda object, _: READY if asked(object) else _waiting(f"waiting for {expression}"))
    return _RULES.get((kind.group, kind.kind))


def _waiting(message: str) -> Verdict:
    return Verdict(State.WAITING, message)


def _status(object: Object) -> Mapping[str, Any]:
    return object.get("status") or {}


def _spec(object: Object) -> Mapping[str, Any]:
    return object.get("spec") or {}


def _observed(object: Object) -> bool:
    return int(_status(object).get("observedGeneration") or 0) >= int(object["metadata"].get("generation") or 0)


def condition(object: Object, type: str) -> Mapping[str, Any]:
    """A condition of the status; {} when it has none of that type."""
    for each in _status(object).get("conditions") or []:
        if each.get("type") == type:
            return dict(each)
    return {}


def _match_labels(object: Object) -> Mapping[str, str] | None:
    return (_spec(object).get("selector") or {}).get("matchLabels")


def _deployment(object: Object, _: list[Object]) -> Verdict:
    if not _observed(object):
        return _waiting("waiting for the controller to see the change")
    spec, status = _spec(object), _status(object)
    if spec.get("paused"):
        return READY
    progressing = condition(object, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(State.FAILED, str(progressing.get("message") or "the rollout made no progress in time"))
    wanted = spec.get("replicas", 1)
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if updated < wanted:
        return _waiting(f"{updated} of {wanted} new replicas created")
    if available < wanted:
        return _waiting(f"{available} of {wanted} replicas available")
    if total > updated:
        return _waiting(f"{total - updated} old replicas still to end")
    return READY


def _stateful_set(object: Object, _: list[Object]) -> Verdict:
    if not _observed(object):
        return _waiting("waiting for the controller to see the change")
    spec, status = _spec(object), _status(object)
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if ready < wanted:
        return _waiting(f"{ready} of {wanted} replicas ready")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return READY
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    updated = status.get("updatedReplicas", 0)
    if updated < wanted - partition:
        return _waiting(f"{updated} of {wanted - partition} replicas updated")
    return READY


def _daemon_set(object: Object, _: list[Object]) -> Verdict:
    if not _observed(object):
        return _waiting("waiting for the controller to see the change")
    status = _status(object)
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if updated < wanted and (_spec(object).get("updateStrategy") or {}).get("type") != "OnDelete":
        return _waiting(f"{updated} of {wanted} pods updated")
    if available < wanted:
        return _waiting(f"{available} of {wanted} pods available")
    return READY


def _replica_set(object: Object, _: list[Object]) -> Verdict:
    wanted, available = _spec(object).get("replicas", 1), _status(object).get("availableReplicas", 0)
    if not _observed(object) or available < wanted:
        return _waiting(f"{available} of {wanted} replicas available")
    return READY


def _job(object: Object, _: list[Object]) -> Verdict:
    if _spec(object).get("suspend"):
        return READY
    failed = condition(object, "Failed")
    if failed.get("status") == "True":
        return Verdict(State.FAILED, f"the Job failed: {failed.get('message') or failed.get('reason')}")
    if condition(object, "Complete").get("status") == "True":
        return READY
    status = _status(object)
    done, wanted = status.get("succeeded", 0), _spec(object).get("completions", 1)
    return _waiting(
        f"{done} of {wanted} completions, {status.get('active', 0)} active, {status.get('failed', 0)} failed"
    )


def _pod(object: Object, _: list[Object]) -> Verdict:
    status = _status(object)
    phase = status.get("phase")
    if phase == "Succeeded":
        return READY
    if phase == "Failed":
        return Verdict(
            State.FAILED, f"the Pod failed: {status.get('message') or status.get('reason') or 'see its log'}"
        )
    if phase == "Running" and condition(object, "Ready").get("status") == "True":
        return READY
    return _waiting(f"the Pod is {str(phase or 'new').lower()} and not ready")


def needs_endpoints(service: Object) -> bool:
    """Whether a Service is expected to have ready endpoints."""
    spec = _spec(service)
    return spec.get("type") != "ExternalName" and bool(spec.get("selector")) and spec.get("clusterIP") != "None"


def _service(object: Object, slices: list[Object]) -> Verdict:
    spec = _spec(object)
    if spec.get("type") == "LoadBalancer" and not (_status(object).get("loadBalancer") or {}).get("ingress"):
        return _waiting("waiting for an address of the load balancer")
    if not needs_endpoints(object):
        return READY
    # An endpoint that says nothing about readiness counts as ready (EndpointSlice API).
    ready = [
        endpoint
        for each in slices
        for endpoint in each.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready") is not False
    ]
    return READY if ready else _waiting("no ready pod matches the selector yet")


def _disruption_budget(object: Object, _: list[Object]) -> Verdict:
    return READY if _observed(object) else _waiting("waiting for the controller to see the budget")


def _claim(object: Object, _: list[Object]) -> Verdict:
    phase = _status(object).get("phase")
    if phase == "Lost":
        return Verdict(State.FAILED, "the volume of the claim is lost")
    return READY if phase == "Bound" else _waiting(f"the claim is {str(phase or 'new').lower()}, not bound")


def _namespace(object: Object, _: list[Object]) -> Verdict:
    return READY if _status(object).get("phase") == "Active" else _waiting("the namespace is not active")


def _established(object: Object, _: list[Object]) -> Verdict:
    accepted = condition(object, "NamesAccepted")
    if accepted.get("status") == "False":
        return Verdict(State.FAILED, f"the names are not accepted: {accepted.get('message')}")
    established = condition(object, "Established").get("status") == "True"
    return READY if established else _waiting("the API of the custom resource is not established")


def _pod_labels(object: Object) -> Mapping[str, str] | None:
    labels: Mapping[str, str] | None = object["metadata"].get("labels")
    return labels


def _service_selector(object: Object) -> Mapping[str, str] | None:
    return _spec(object).get("selector")


_RULES: Final[Mapping[tuple[str, str], Rule]] = {
    ("", "Namespace"): Rule(_namespace, 60.0),
    ("", "PersistentVolumeClaim"): Rule(_claim, 300.0),
    ("", "Pod"): Rule(_pod, 300.0, _pod_labels),
    ("", "Service"): Rule(_service, 600.0, _service_selector, endpoints=True),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): Rule(_established, 60.0),
    ("apps", "DaemonSet"): Rule(_daemon_set, 600.0, _match_labels),
    ("apps", "Deployment"): Rule(_deployment, 600.0, _match_labels),
    ("apps", "ReplicaSet"): Rule(_replica_set, 600.0, _match_labels),
    ("apps", "StatefulSet"): Rule(_stateful_set, 600.0, _match_labels),
    ("batch", "Job"): Rule(_job, 600.0, _match_labels),
    ("policy", "PodDisruptionBudget"): Rule(_disruption_budget, 120.0),
}
