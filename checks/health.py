"""Is every pod of a workload live and ready, and does it say so truthfully?"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.cluster import Answer, Cluster, Pod
from checks.context import Context
from checks.errors import describe
from checks.outputs import Workload
from checks.result import Finding, failed, passed, warned

HEALTH_TYPE: Final = "application/health+json"
_SOUND: Final = frozenset({"pass", "ok", "up", "warn"})


@dataclass(frozen=True)
class Probe:
    """One health answer of one pod.

    Attributes:
        healthy: Whether it says that all is well.
        fault: What is wrong with it; empty when healthy.
        seconds: How long it took.
    """

    healthy: bool
    fault: str
    seconds: float


def judge_answer(answer: Answer) -> str:
    """What is wrong with a health answer: code, media type and body must agree. Empty when all is well."""
    if answer.content_type != HEALTH_TYPE:
        return f"HTTP {answer.code} with content type {answer.content_type or 'none'} instead of {HEALTH_TYPE}"
    try:
        body = json.loads(answer.body)
    except ValueError:
        return f"HTTP {answer.code} with a body that is no JSON"
    status = body.get("status") if isinstance(body, Mapping) else None
    if not isinstance(status, str):
        return f"HTTP {answer.code} with a body that has no status"
    says_sound, code_sound = status.lower() in _SOUND, 200 <= answer.code < 300
    if says_sound != code_sound:
        return f'HTTP {answer.code} contradicts the body\'s status "{status}"'
    return "" if code_sound else f'HTTP {answer.code}, status "{status}"{_causes(body)}'


def _causes(body: Mapping[str, Any]) -> str:
    """The components that a body in the shape of the health-check draft says have failed."""
    found = []
    if body.get("output"):
        found.append(str(body["output"]))
    checks = body.get("checks")
    for name, entries in checks.items() if isinstance(checks, Mapping) else ():
        for entry in entries if isinstance(entries, Sequence) else ():
            if isinstance(entry, Mapping) and str(entry.get("status", "pass")).lower() not in _SOUND:
                output = f" ({entry['output']})" if entry.get("output") else ""
                found.append(f"{str(name).partition(':')[0]}{output}")
    return f": {', '.join(found)}" if found else ""


async def every_pod_is_live_and_ready(context: Context, workload: Workload) -> Finding:
    """Ask each pod itself, not the Service in front of it, and count those that answer as they should."""
    pods = await context.cluster.pods(workload.namespace, workload.selector)
    probes = await asyncio.gather(*(_both(context.cluster, pod, workload) for pod in pods))
    return judge_pods(workload, list(zip(pods, probes, strict=True)))


def judge_pods(workload: Workload, seen: Sequence[tuple[Pod, tuple[Probe, Probe]]]) -> Finding:
    """Decide from the answers of all pods."""
    zones = sorted({pod.zone for pod, _ in seen if pod.zone})
    evidence = {
        "minReplicas": workload.min_replicas,
        "zones": zones,
        "pods": [_evidence(pod, live, ready) for pod, (live, ready) in seen],
    }
    faults = [f"{pod.name} {fault}" for pod, (live, ready) in seen for fault in _faults(pod, live, ready)]
    good = sum(live.healthy and ready.healthy for _, (live, ready) in seen)
    if faults:
        return failed(f"{good} of {len(seen)} pods live and ready; {'; '.join(faults[:3])}", **evidence)
    if good < workload.min_replicas:
        return failed(f"{good} pods where {workload.min_replicas} are the least", **evidence)
    summary = f"{good} pods live and ready in {len(zones)} zones" if zones else f"{good} pods live and ready"
    if good > 1 and len(zones) == 1:
        return warned(f"{summary}: all of them are in {zones[0]}", **evidence)
    return passed(summary, **evidence)


def _faults(pod: Pod, live: Probe, ready: Probe) -> list[str]:
    if pod.phase != "Running":
        return [f"is {pod.phase}{': ' + ', '.join(pod.reasons) if pod.reasons else ''}"]
    faults = [("is not live: ", live.fault), ("is not ready: ", ready.fault)]
    return [f"{what}{fault}" for what, fault in faults if fault]


def _evidence(pod: Pod, live: Probe, ready: Probe) -> dict[str, Any]:
    return {
        "pod": pod.name,
        "node": pod.node,
        "zone": pod.zone,
        "phase": pod.phase,
        "live": {"healthy": live.healthy, "fault": live.fault, "seconds": round(live.seconds, 4)},
        "ready": {"healthy": ready.healthy, "fault": ready.fault, "seconds": round(ready.seconds, 4)},
    }


async def _both(cluster: Cluster, pod: Pod, workload: Workload) -> tuple[Probe, Probe]:
    if pod.phase != "Running":
        none = Probe(False, f"pod is {pod.phase}", 0.0)
        return none, none
    live, ready = await asyncio.gather(
        _probe(cluster, pod, workload.target_port, workload.live_path),
        _probe(cluster, pod, workload.target_port, workload.ready_path),
    )
    return live, ready


async def _probe(cluster: Cluster, pod: Pod, port: int, path: str) -> Probe:
    start = time.monotonic()
    try:
        fault = judge_answer(await cluster.ask_pod(pod, port, path))
    except Exception as error:  # noqa: BLE001 - one pod that cannot be asked must not hide the others' answers
        fault = describe(error)
    return Probe(not fault, fault, time.monotonic() - start)
