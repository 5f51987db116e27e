"""How a workload that serves nobody is asked for its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.kubernetes import KubernetesObject
from components.options import child
from components.pods import selector

METRICS_PATH = "/metrics"


def make_metrics_service(
    parent: pulumi.Resource,
    name: str,
    identifier: str,
    metadata: Mapping[str, Any],
    readers: Sequence[str],
    needs: Sequence[pulumi.Resource],
) -> tuple[KubernetesObject, ...]:
    """Register a Service and let the readers' namespaces call it.

    Args:
        parent: The component.
        name: Its name.
        identifier: Of the Deployment.
        metadata: Of the objects.
        readers: Namespaces from which metrics are read.
        needs: What a ready Service waits for.
    """
    service = KubernetesObject(
        f"{name}-metrics", metrics_service_manifest(identifier, metadata), child(parent, depends_on=needs)
    )
    policy = KubernetesObject(
        f"{name}-metrics-policy", metrics_policy_manifest(identifier, metadata, readers), child(parent)
    )
    return service, policy


def metrics_service_manifest(identifier: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Each worker of a queue tells the same, so that any of them may be asked."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": dict(metadata),
        "spec": {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "selector": selector(identifier),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def metrics_policy_manifest(identifier: str, metadata: Mapping[str, Any], readers: Sequence[str]) -> dict[str, Any]:
    """Opens the port to those namespaces only."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": dict(metadata),
        "spec": {
            "podSelector": {"matchLabels": selector(identifier)},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [
                        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": reader}}}
                        for reader in readers
                    ],
                    "ports": [{"protocol": "TCP", "port": "http"}],
                }
            ],
        },
    }
