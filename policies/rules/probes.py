"""SR-PROBES: liveness and readiness exist and differ in effect; liveness asks the process and nothing that it depends
on, readiness asks for dependencies too; a slow start has a startup probe.

A liveness probe that fails while a dependency is away restarts every instance at once, which helps nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.kubernetes import KubernetesObject, objects, of_kinds
from policies.model import Resource, Verdict
from policies.node import Node, distinct, guard
from policies.probe_effects import Question, handlers, question
from policies.workloads import LASTING_KINDS, Container, containers, runs_on

APPLIES: Final = of_kinds(LASTING_KINDS)
_LIVE: Final = "livenessProbe"
_READY: Final = "readinessProbe"
_STARTUP: Final = "startupProbe"
_ASK_ITSELF: Final = "let it ask only whether the process itself still works, for example /health/live"
_ASK_BOTH: Final = "let it ask whether the process and what it depends on are fit, for example /health/ready"
# Aggregates of health frameworks that count dependencies in: Spring Boot Actuator, MicroProfile Health.
_AGGREGATES: Final = frozenset({"/actuator/health", "/manage/health", "/q/health"})
_LIVENESS_WORDS: Final = frozenset({"live", "livez", "liveness", "alive", "ping"})
# The kubelet's defaults (Kubernetes API, Probe); a zero means them too.
_PERIOD: Final = 10
_TIMEOUT: Final = 1
_FAILURES: Final = 3
_PROGRESS_DEADLINE: Final = 600

_HELPERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "helpers": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Names of containers that need no probes; * stands for anything.",
    },
}
SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **_HELPERS,
    "dependencyWords": {
        "type": "array",
        "items": {"type": "string"},
        "default": [
            *("ready", "readyz", "readiness", "deep", "dependencies", "dependency", "deps", "downstream", "upstream"),
            *("db", "database", "postgres", "postgresql", "mysql", "mongo", "mongodb", "redis", "kafka", "rabbitmq"),
        ],
        "description": "Words in a path or gRPC service that say that it answers for dependencies.",
    },
    "slowStartSeconds": {
        "type": "integer",
        "minimum": 0,
        "default": 30,
        "description": "Longest initial delay of a probe without a startup probe.",
    },
    "deadAfterSeconds": {
        "type": "integer",
        "minimum": 1,
        "default": 300,
        "description": "Longest time until a liveness probe restarts a dead process.",
    },
}
READINESS_SCHEMA: Final = _HELPERS


@dataclass(frozen=True)
class _Pod:
    """What the judging of one container needs to know around it."""

    one: KubernetesObject
    host_network: bool


def probes_are_sound(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the probes of one workload's containers."""
    for one in objects(resource):
        yield from distinct(guard(resource, _object(one, settings)))


def readiness_knows_dependencies(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge whether readiness can tell that a dependency is away, as far as the probe shows it."""
    for one in objects(resource):
        yield from guard(resource, _readiness(one, settings))


def _object(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None or not runs_on(one):
        return
    pod = _Pod(one, spec["hostNetwork"].truthy)
    for container in containers(spec):
        if _is_helper(container, settings):
            continue
        yield from guard(one.resource, _exist(one, container))
        for key in (_LIVE, _READY, _STARTUP):
            yield from guard(one.resource, _probe(pod, container, container.node[key]))
        yield from guard(one.resource, _liveness(pod, container, settings))
        yield from guard(one.resource, _slow_start(one, container, settings))
        yield from guard(one.resource, _startup(one, container))


def _is_helper(container: Container, settings: Mapping[str, Any]) -> bool:
    return any(fnmatchcase(container.name, str(pattern)) for pattern in settings["helpers"])


def _exist(one: KubernetesObject, container: Container) -> Iterator[Verdict]:
    """Containers have both; sidecars may go without, since the container beside them answers for the pod."""
    if container.sidecar:
        return
    live, ready = container.node[_LIVE], container.node[_READY]
    if not live.present:
        problem = "is not set, so a process that hangs is never restarted"
        yield Verdict(one.resource, live.path, None, problem, f"add one and {_ASK_ITSELF}")
    if not ready.present:
        problem = "is not set, so requests come before the process can answer them"
        yield Verdict(one.resource, ready.path, None, problem, f"add one and {_ASK_BOTH}")


def _probe(pod: _Pod, container: Container, probe: Node) -> Iterator[Verdict]:
    """What is wrong with a probe by itself."""
    if not probe.present:
        return
    given = handlers(probe)
    if len(given) != 1:
        problem = f"has the handlers {' and '.join(given)}" if given else "has no handler"
        cure = "write exactly one of httpGet, tcpSocket, exec and grpc"
        yield Verdict(pod.one.resource, probe.path, None, f"{problem}, and Kubernetes takes exactly one", cure)
    else:
        yield from guard(pod.one.resource, _asked(pod, container, probe))
    timeout, period = _number(probe, "timeoutSeconds", _TIMEOUT), _number(probe, "periodSeconds", _PERIOD)
    if timeout > period:
        yield Verdict(
            pod.one.resource,
            probe["timeoutSeconds"].path,
            timeout,
            f"is longer than the period of {period} s, so a slow answer delays the next question",
            f"set it to {period} or less",
        )


def _asked(pod: _Pod, container: Container, probe: Node) -> Iterator[Verdict]:
    """What is wrong with whom a probe asks."""
    asked = question(probe, container.node, host_network=pod.host_network)
    handler = probe[asked.handler]
    if isinstance(asked.port, str):
        port = handler["port"]
        problem = "is no port of the container, so the probe always fails"
        yield Verdict(pod.one.resource, port.path, port.value, problem, "write a number, or a name of the container's")
    if asked.host:
        host = handler["host"]
        problem = "is asked instead of the pod, so the answer says nothing about the pod"
        yield Verdict(pod.one.resource, host.path, host.value, problem, "remove it")


def _question(pod: _Pod, container: Container, key: str) -> Question | None:
    """What a probe asks; `None` without the probe, or when it is invalid, which `_probe` reports."""
    probe = container.node[key]
    if not probe.present or len(handlers(probe)) != 1:
        return None
    return question(probe, container.node, host_network=pod.host_network)


def _liveness(pod: _Pod, container: Container, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Liveness asks the process alone."""
    live = _question(pod, container, _LIVE)
    if live is None:
        return
    probe, resource = container.node[_LIVE], pod.one.resource
    where, value = _shown(probe, live)
    ready = _question(pod, container, _READY)
    if live == ready:
        problem = "asks the same as readiness, so a dependency that is away restarts every instance"
        yield Verdict(resource, where.path, value, problem, _ASK_ITSELF)
        return
    if ready is not None and live.same_place(ready):
        problem = "asks the path that readiness asks, so a dependency that is away restarts every instance"
        yield Verdict(resource, where.path, value, problem, _ASK_ITSELF)
        return
    others = sorted(set(live.others()))
    if others:
        problem = f"asks {' and '.join(others)}, so every instance is restarted when that is away"
        yield Verdict(resource, where.path, value, problem, _ASK_ITSELF)
        return
    meant = sorted(live.words() & {str(word).lower() for word in settings["dependencyWords"]})
    if meant:
        problem = f'answers for dependencies by its name ("{meant[0]}"), so one that is away restarts every instance'
        yield Verdict(resource, where.path, value, problem, _ASK_ITSELF)
    elif any(path.rstrip("/") in _AGGREGATES for path in live.paths()):
        problem = "is an aggregate that counts dependencies in, so one that is away restarts every instance"
        yield Verdict(resource, where.path, value, problem, _ASK_ITSELF)


def _shown(probe: Node, asked: Question) -> tuple[Node, Any]:
    """The node that says most about what a probe asks, and its value."""
    handler = probe[asked.handler]
    node = {"httpGet": handler["path"], "exec": handler["command"], "grpc": handler["service"]}.get(
        asked.handler, handler["port"]
    )
    return (node, node.known()) if node.present else (handler, None)


def _slow_start(one: KubernetesObject, container: Container, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    live, startup = container.node[_LIVE], container.node[_STARTUP]
    if not live.present:
        return
    if not startup.present:
        for probe in (live, container.node[_READY]):
            delay = probe["initialDelaySeconds"]
            if delay.whole(0, "number of seconds") > settings["slowStartSeconds"]:
                problem = "tells of a slow start that nothing watches: liveness guesses how long it takes"
                yield Verdict(
                    one.resource, delay.path, delay.value, problem, "add a startupProbe, and drop the initial delay"
                )
    period, failures = _number(live, "periodSeconds", _PERIOD), _number(live, "failureThreshold", _FAILURES)
    longest = settings["deadAfterSeconds"]
    if period * failures > longest:
        yield Verdict(
            one.resource,
            live["failureThreshold"].path,
            failures,
            f"restarts a dead process only after {period * failures} s, {failures} failures every {period} s",
            f"let a startupProbe bear a slow start, and stay within {longest} s here",
        )


def _startup(one: KubernetesObject, container: Container) -> Iterator[Verdict]:
    """A start may not take longer than the rollout waits for it."""
    startup = container.node[_STARTUP]
    if not startup.present or one.kind not in {"Deployment", "Rollout"}:
        return
    delay = startup["initialDelaySeconds"].whole(0, "number of seconds")
    period, failures = _number(startup, "periodSeconds", _PERIOD), _number(startup, "failureThreshold", _FAILURES)
    deadline = one.node.at("spec", "progressDeadlineSeconds").whole(_PROGRESS_DEADLINE, "number of seconds")
    longest = delay + period * failures
    if longest > deadline:
        yield Verdict(
            one.resource,
            startup["failureThreshold"].path,
            failures,
            f"lets a start take {longest} s, but the rollout has failed after {deadline} s",
            f"set spec.progressDeadlineSeconds to more than {longest}, or let the start take less",
        )


def _readiness(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None or not runs_on(one):
        return
    pod = _Pod(one, spec["hostNetwork"].truthy)
    for container in containers(spec):
        if not container.sidecar and not _is_helper(container, settings):
            yield from guard(one.resource, _dependency_aware(pod, container))


def _dependency_aware(pod: _Pod, container: Container) -> Iterator[Verdict]:
    ready = _question(pod, container, _READY)
    if ready is None:
        return
    where, value = _shown(container.node[_READY], ready)
    if ready.handler == "tcpSocket":
        problem = "only asks whether something listens, so the pod stays ready when what it depends on is away"
        yield Verdict(pod.one.resource, where.path, value, problem, _ASK_BOTH)
    elif meant := sorted(ready.words() & _LIVENESS_WORDS):
        problem = f'answers for liveness by its name ("{meant[0]}"), so the pod stays ready when a dependency is away'
        yield Verdict(pod.one.resource, where.path, value, problem, _ASK_BOTH)


def _number(probe: Node, key: str, default: int) -> int:
    return probe[key].whole(default, "number of seconds") or default
