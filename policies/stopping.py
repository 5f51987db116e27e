"""What happens between the order to stop a pod and its end: hooks, draining, the grace period.

All times in seconds. Source: Kubernetes, Pod Lifecycle, termination of Pods; Container Lifecycle Hooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies import durations
from policies.kubernetes import KubernetesObject
from policies.node import Node, Undetermined
from policies.workloads import Container, declaration

GRACE: Final = 30
"""Kubernetes' default of `terminationGracePeriodSeconds`."""
DRAIN: Final = "drain-seconds"
LONGEST_JOB: Final = "longest-job-seconds"
PRE_STOP: Final = "pre-stop-seconds"
ACCEPTS: Final = "accepts-after-sigterm-seconds"
_WORKER: Final = frozenset({"worker", "workers"})
_COMPONENT: Final = "app.kubernetes.io/component"

VARIABLES_SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "drainVariables": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["SHUTDOWN_DRAIN_SECONDS"],
        "description": "Environment variables that tell a process how long it may drain after SIGTERM.",
    },
    "longestJobVariables": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["JOB_MAX_SECONDS"],
        "description": "Environment variables that tell a worker how long a job may take.",
    },
    "drainSeconds": {
        "type": "integer",
        "minimum": 0,
        "default": 5,
        "description": "Seconds that a process needs after SIGTERM where nothing tells.",
    },
}


@dataclass(frozen=True)
class Need:
    """Time that a process needs after SIGTERM.

    Attributes:
        seconds: How long.
        purpose: For what, for messages.
    """

    seconds: float
    purpose: str


class NoDuration(Exception):
    """Raised for a declared duration that is none.

    Attributes:
        node: Where it is declared.
    """

    def __init__(self, node: Node) -> None:
        super().__init__(node.path)
        self.node = node


def grace_of(spec: Node) -> int:
    """The pod's grace period."""
    return spec["terminationGracePeriodSeconds"].whole(GRACE, "number of seconds")


def longest_job(one: KubernetesObject, container: Node, settings: Mapping[str, Any]) -> Need | None:
    """How long a job of a worker may take; `None` where nothing tells.

    Raises:
        NoDuration: for a declaration that is no duration.
        Undetermined: for one that is not known.
    """
    return _longest(one, container, LONGEST_JOB, settings["longestJobVariables"], "the longest job")


def need_of(one: KubernetesObject, container: Node, settings: Mapping[str, Any]) -> Need:
    """What a container's process needs after SIGTERM: its longest job, its declared draining, or the least of all.

    Raises:
        NoDuration: for a declaration that is no duration.
        Undetermined: for one that is not known.
    """
    drain = _longest(one, container, DRAIN, settings["drainVariables"], "draining")
    job = longest_job(one, container, settings)
    declared = [need for need in (job, drain) if need is not None]
    if not declared:
        return Need(float(settings["drainSeconds"]), "draining, as assumed where nothing tells")
    return max(declared, key=lambda need: need.seconds)


def keeps_serving(one: KubernetesObject, container: Container) -> float:
    """Seconds from the order to stop in which requests are still accepted: the hook, and what the process declares.

    Raises:
        NoDuration: for a declaration that is no duration.
        Undetermined: when the hook does not show how long it takes, and nothing declares it.
    """
    accepts = declaration(one, ACCEPTS)
    return _before_sigterm(one, container) + (0.0 if accepts is None else _duration(accepts))


def looks_like_worker(one: KubernetesObject) -> bool:
    """Whether a workload calls itself a worker, by the component label of its pods or the end of its name."""
    if one.pod_metadata["labels"][_COMPONENT].text.lower() in _WORKER:
        return True
    name = one.node.at("metadata", "name")
    return not name.unknown and name.text.lower().rpartition("-")[2] in _WORKER


def _before_sigterm(one: KubernetesObject, container: Container) -> float:
    """Seconds that the container's preStop hook takes, zero without one."""
    hook = container.node.at("lifecycle", "preStop")
    if not hook.present:
        return 0.0
    declared = declaration(one, PRE_STOP)
    if declared is not None:
        return _duration(declared)
    if hook["sleep"].present:
        return float(hook.at("sleep", "seconds").whole(0, "number of seconds"))
    slept = durations.sleep_seconds([word.text for word in hook.at("exec", "command").elements()])
    if slept is None:
        raise Undetermined(hook.path, f"how long the hook takes cannot be read from it; declare groundwork/{PRE_STOP}")
    return slept


def _longest(
    one: KubernetesObject, container: Node, annotation: str, variables: Iterable[str], purpose: str
) -> Need | None:
    found: list[Need] = []
    declared = declaration(one, annotation)
    if declared is not None:
        found.append(Need(_duration(declared), f"{purpose} (groundwork/{annotation})"))
    wanted = set(variables)
    for variable in container["env"].elements():
        name = variable["name"].text
        if name in wanted:
            found.append(Need(_variable(variable), f"{purpose} ({name})"))
    return max(found, key=lambda need: need.seconds, default=None)


def _variable(variable: Node) -> float:
    if variable["valueFrom"].present:
        raise Undetermined(variable["valueFrom"].path, "the value is not in the manifest")
    return _duration(variable["value"])


def _duration(node: Node) -> float:
    duration = durations.seconds(node.text)
    if duration is None:
        raise NoDuration(node)
    return duration
