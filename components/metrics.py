"""How a workload that serves nobody is asked for its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.exposure import namespace_source, policy_manifest
from components.kubernetes import KubernetesObject
from components.options import child
from components.pods import cluster_service

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
    sources = [namespace_source(reader) for reader in readers]
    policy = KubernetesObject(
        f"{name}-metrics-policy", policy_manifest(identifier, metadata, sources, "http"), child(parent)
    )
    return service, policy


def metrics_service_manifest(identifier: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Each worker of a queue tells the same, so that any of them may be asked."""
    return cluster_service(identifier, metadata, [{"name": "http", "port": 80, "targetPort": "http"}])
