"""What services and workers share: Deployment, autoscaler and disruption budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.autoscaling import Scaling, autoscaler_manifest
from components.kubernetes import KubernetesObject
from components.options import child
from components.pods import Pod, labels, selector, template


def make_workload(
    parent: pulumi.Resource,
    name: str,
    namespace: pulumi.Input[str],
    pod: Pod,
    scaling: Scaling,
    needs: Sequence[pulumi.Resource],
) -> tuple[KubernetesObject, ...]:
    """Register a Deployment with its disruption budget and autoscaler; returns them, the Deployment first.

    The engine carries out few operations at a time, and one that waits keeps its place: whatever a waiting object
    waits for has to come before it, or they wait for each other.

    Args:
        parent: The component.
        name: Its name.
        namespace: Where.
        pod: The pods.
        scaling: How many of them.
        needs: What the pods do not start without, beyond what their manifest refers to.
    """
    deployment = KubernetesObject(
        f"{name}-deployment", deployment_manifest(namespace, pod), child(parent, depends_on=needs)
    )
    budget = KubernetesObject(f"{name}-budget", budget_manifest(pod.name, _metadata(pod, namespace)), child(parent))
    autoscaler = KubernetesObject(
        f"{name}-autoscaler",
        autoscaler_manifest(pod.name, _metadata(pod, namespace), scaling),
        # An autoscaler without its target reports an error and looks again only a quarter of a minute later. One that
        # scales while the rollout is awaited makes that wait for its pods too.
        child(parent, depends_on=[deployment]),
    )
    return deployment, budget, autoscaler


def deployment_manifest(namespace: pulumi.Input[str], pod: Pod) -> dict[str, Any]:
    """No replica count: the autoscaler owns that field, and a second owner would fight it at every deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(pod, namespace),
        "spec": {
            "revisionHistoryLimit": 5,
            # The API keeps no zero: one that is sent would differ from what is read.
            **({"minReadySeconds": pod.rollout.min_ready_seconds} if pod.rollout.min_ready_seconds else {}),
            "progressDeadlineSeconds": pod.startup_seconds + pod.rollout.min_ready_seconds + 180,
            "selector": {"matchLabels": selector(pod.name)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {
                    "maxSurge": pod.rollout.max_surge,
                    "maxUnavailable": pod.rollout.max_unavailable,
                },
            },
            "template": template(pod),
        },
    }


def budget_manifest(target: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """One pod at a time: it never blocks a drain, since there are always two, and never takes all.

    Args:
        target: Name of the Deployment.
        metadata: Of the budget.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": dict(metadata),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(target)},
            # A pod that does not get ready is no reason to keep its node from being drained.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def _metadata(pod: Pod, namespace: pulumi.Input[str]) -> Mapping[str, Any]:
    return {"name": pod.name, "namespace": namespace, "labels": labels(pod.name, pod.system)}
