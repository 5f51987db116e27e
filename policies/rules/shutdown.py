"""SR-SHUTDOWN: the grace period outlasts the wait before SIGTERM and what the process needs after it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.durations import shown
from policies.kubernetes import KubernetesObject, objects, of_kinds
from policies.model import Resource, Verdict, undetermined
from policies.node import Node, distinct, guard
from policies.stopping import (
    LONGEST_JOB,
    VARIABLES_SCHEMA,
    NoDuration,
    grace_of,
    keeps_serving,
    longest_job,
    looks_like_worker,
    need_of,
)
from policies.workloads import LASTING_KINDS, Container, containers, runs_on

APPLIES: Final = of_kinds(LASTING_KINDS)
SCHEMA: Final = VARIABLES_SCHEMA
_AT_ONCE: Final = 1


def grace_outlasts_draining(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge how one workload's pods are stopped."""
    for one in objects(resource):
        yield from distinct(guard(resource, _object(one, settings)))


def too_short(one: KubernetesObject, spec: Node, needed: float, reason: str, other: str = "") -> Iterator[Verdict]:
    """A verdict when the grace period is not longer than what is needed.

    Args:
        one: The workload.
        spec: Specification of its pods.
        needed: Seconds from the order to stop to the end of the process.
        reason: What takes that time.
        other: Another cure.
    """
    grace = grace_of(spec)
    node = spec["terminationGracePeriodSeconds"]
    if grace <= needed:
        problem = "is no longer than" if node.present else f"is not set, and the default of {grace} s is no longer than"
        cure = f"set it to {math.floor(needed) + 1} or more"
        yield Verdict(
            one.resource, node.path, node.value, f"{problem} {reason}", f"{cure}, or {other}" if other else cure
        )


def _object(one: KubernetesObject, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None or not runs_on(one):
        return
    grace = spec["terminationGracePeriodSeconds"]
    if grace_of(spec) <= _AT_ONCE:
        problem = "ends the process before it can finish what it is doing"
        cure = "remove it, or set it to more than the wait before SIGTERM and the draining take together"
        yield Verdict(one.resource, grace.path, grace.value, problem, cure)
        return
    for container in containers(spec):
        yield from guard(one.resource, _signal(one, container))
        yield from guard(one.resource, _container(one, spec, container, settings))
    yield from guard(one.resource, _worker(one, spec, settings))


def _signal(one: KubernetesObject, container: Container) -> Iterator[Verdict]:
    signal = container.node.at("lifecycle", "stopSignal")
    if signal.text == "SIGKILL":
        yield Verdict(one.resource, signal.path, signal.text, "cannot be handled by the process", "use SIGTERM")


def _container(
    one: KubernetesObject, spec: Node, container: Container, settings: Mapping[str, Any]
) -> Iterator[Verdict]:
    try:
        serves, need = keeps_serving(one, container), need_of(one, container.node, settings)
    except NoDuration as fault:
        node = fault.node
        yield Verdict(one.resource, node.path, node.value, "is no number of seconds", "write for example 25 or 90s")
        return
    reason = f'{shown(need.seconds)} s of "{container.name}" for {need.purpose}'
    if serves:
        reason = f"{shown(serves)} s in which requests still come and {reason}"
    yield from too_short(one, spec, serves + need.seconds, reason)


def _worker(one: KubernetesObject, spec: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """A worker says how long its jobs take, or nobody knows whether they can be finished."""
    if not looks_like_worker(one):
        return
    try:
        told = [longest_job(one, container.node, settings) for container in containers(spec)]
    except NoDuration:
        return  # judged with its container
    if not any(need is not None for need in told):
        yield undetermined(
            one.resource,
            spec["terminationGracePeriodSeconds"].path,
            f"how long the worker's longest job takes is not declared; write the annotation groundwork/{LONGEST_JOB}",
        )
