"""SR-SHUTDOWN between resources: a pod goes on serving until nobody sends it requests any more.

Requests still come after the order to stop: until every node's kube-proxy has heard of it, longer where a load
balancer has to hear of it too, and, where AWS sends requests to pods directly, for as long as its target group waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from policies.durations import shown
from policies.exposures import DELAY_ATTRIBUTE, Edge, Exposures, targets_of
from policies.index import index_of
from policies.kubernetes import KubernetesObject
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, distinct, guard
from policies.rules.shutdown import too_short
from policies.stopping import VARIABLES_SCHEMA, NoDuration, grace_of, keeps_serving, longest_job, need_of
from policies.workloads import Container, containers, named_port, runs_on

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "serviceSeconds": {
        "type": "integer",
        "minimum": 0,
        "default": 5,
        "description": "Seconds until no node sends requests to a stopping pod any more.",
    },
    "edgeSeconds": {
        "type": "integer",
        "minimum": 0,
        "default": 15,
        "description": "The same where an Ingress, a Gateway or a load balancer has to hear of it too.",
    },
    **VARIABLES_SCHEMA,
}


def serves_until_deregistered(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge the stack: how each workload that Services lead to is stopped. Workers that tell their longest job take
    their work from queues, and Services of theirs serve metrics alone."""
    everything = index_of(resources).objects
    exposures = Exposures(everything)
    for one in everything:
        yield from distinct(guard(one.resource, _workload(one, exposures, settings)))


def _workload(one: KubernetesObject, exposures: Exposures, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    spec = one.pod_spec
    if spec is None or not runs_on(one):
        return
    services = exposures.services_of(one)
    if not services:
        return
    try:
        running = [container for container in containers(spec) if not container.sidecar]
        if any(longest_job(one, container.node, settings) is not None for container in running):
            return
    except (NoDuration, Undetermined):
        return  # judged from the workload alone
    edges = [edge for service in services for edge in exposures.edges_of(service)]
    targets = [target for service in services for target in targets_of(service)]
    for container in _serving(running, targets):
        yield from guard(one.resource, _container(one, spec, container, edges, settings))


def _serving(running: Sequence[Container], targets: Sequence[Node]) -> list[Container]:
    """The containers that declare a port that a Service leads to; all of them where none declares one."""
    declaring = [container for container in running if any(_listens(container, target) for target in targets)]
    return declaring or list(running)


def _listens(container: Container, target: Node) -> bool:
    ports = [port["containerPort"].whole(0, "port") for port in container.node["ports"].elements()]
    return named_port(container.node, target) in ports


def _container(
    one: KubernetesObject, spec: Node, container: Container, edges: Sequence[Edge], settings: Mapping[str, Any]
) -> Iterator[Verdict]:
    try:
        serves, need = keeps_serving(one, container), need_of(one, container.node, settings)
    except (NoDuration, Undetermined):
        return  # judged from the workload alone
    least = settings["edgeSeconds"] if edges else settings["serviceSeconds"]
    hook = container.node.at("lifecycle", "preStop")
    if serves < least:
        who = f'until {edges[0].source.kind} "{edges[0].source.resource.name}"' if edges else "until every node"
        short = f"lets the process go on for {shown(serves)} s only" if hook.present or serves else "is not set"
        yield Verdict(
            one.resource,
            hook.path,
            None,
            f"{short}, but requests come for up to {least} s, {who} has heard that the pod stops",
            f"set {hook.path}.sleep.seconds to {least}",
        )
    delay, edge = max(((edge.delay or 0, edge) for edge in edges), key=lambda each: each[0], default=(0, None))
    # What is too short without it is told from the workload alone.
    if edge is not None and grace_of(spec) > serves + need.seconds:
        told = "" if edge.told else ", AWS's default,"
        reason = (
            f"{delay} s{told} of deregistration by {edge.source.kind} "
            f'"{edge.source.resource.name}" and {shown(need.seconds)} s for {need.purpose}'
        )
        yield from too_short(one, spec, delay + need.seconds, reason, f"shorten {DELAY_ATTRIBUTE}")
