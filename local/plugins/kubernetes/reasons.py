"""Why something is not ready, in words that help: states of containers, events, the end of a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.plugins.kubernetes.client import Client
from local.plugins.kubernetes.readiness import condition

Object = Mapping[str, Any]

_PODS = 5
_LOG_LINES = 8
_EVENTS = 3


def of(client: Client, kind: str, object: Object, selector: Mapping[str, str] | None, message: str) -> list[str]:
    """The reasons for an object that is not ready, the plainest first."""
    meta = object["metadata"]
    found = [f"{kind} {meta['name']}: {message}"]
    namespace = meta.get("namespace")
    if not namespace:
        return found
    failure = condition(object, "ReplicaFailure")
    if failure.get("status") == "True":
        found.append(str(failure.get("message")))
    found += events(client, namespace, meta["uid"])
    if not selector:
        return found
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    pods = client.list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=labels).get("items") or []
    unready = [pod for pod in pods if condition(pod, "Ready").get("status") != "True" and not _done(pod)]
    if not pods:
        found.append(f"there is no pod with the labels {labels}")
    for pod in unready[:_PODS]:
        found += pod_reasons(client, namespace, pod)
    if len(unready) > _PODS:
        found.append(f"and {len(unready) - _PODS} more pods that are not ready")
    return found


def _done(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("phase") == "Succeeded")


def pod_reasons(client: Client, namespace: str, pod: Object) -> list[str]:
    """Why a pod is not ready."""
    name = pod["metadata"]["name"]
    said = [f"Pod {name}: {state}" for state in states(pod)]
    said += [f"Pod {name}: {event}" for event in events(client, namespace, pod["metadata"]["uid"])]
    for container, crashed in logging_containers(pod):
        tail = client.log_tail(namespace, name, container, _LOG_LINES, previous=crashed)
        if tail:
            said.append(f"Pod {name}: end of the log of {container}:\n{tail}")
    return said


def states(pod: Object) -> list[str]:
    """What the pod's own status says against it; never empty."""
    status = pod.get("status") or {}
    found = []
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        found.append(f"not scheduled: {scheduled.get('message') or scheduled.get('reason')}")
    for each in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state, last = each.get("state") or {}, (each.get("lastState") or {}).get("terminated")
        waiting, terminated = state.get("waiting"), state.get("terminated")
        what = ""
        if waiting and waiting.get("reason") not in (None, "PodInitializing"):
            what = f"is waiting: {waiting['reason']}" + (f", {waiting['message']}" if waiting.get("message") else "")
        elif terminated and terminated.get("exitCode"):
            what = f"ended with exit code {terminated['exitCode']} ({terminated.get('reason')})"
        elif not each.get("ready") and "running" in state:
            what = "is running but not ready"
        if what and last:
            what += f"; before that it ended with exit code {last.get('exitCode')} ({last.get('reason')})"
        if what:
            found.append(f"container {each['name']} {what}")
    return found or [f"{status.get('phase') or 'new'} and not ready"]


def logging_containers(pod: Object) -> list[tuple[str, bool]]:
    """Containers whose log may tell why they are not ready, and whether it is the previous run's log that does."""
    found = []
    for each in (pod.get("status") or {}).get("containerStatuses") or []:
        state = each.get("state") or {}
        if each.get("ready"):
            continue
        if "running" in state or (state.get("terminated") or {}).get("exitCode"):
            found.append((str(each["name"]), False))
        elif (each.get("lastState") or {}).get("terminated"):
            found.append((str(each["name"]), True))
    return found


def events(client: Client, namespace: str, uid: str) -> list[str]:
    """The newest warnings about an object."""
    selector = f"involvedObject.uid={uid},type=Warning"
    listed = client.list(f"/api/v1/namespaces/{namespace}/events", fieldSelector=selector).get("items") or []
    newest = sorted(listed, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    said = [f"{event.get('reason')}: {event.get('message')}" for event in newest]
    return list(dict.fromkeys(said))[-_EVENTS:]
