"""The local Kubernetes cluster: a real control plane and three nodes in three zones, on this machine only."""

from local.cluster.errors import ClusterError
from local.cluster.lifecycle import TOOLS, down, load_image, up
from local.cluster.status import ClusterStatus, ComponentStatus, NodeStatus, status

__all__ = [
    "TOOLS",
    "ClusterError",
    "ClusterStatus",
    "ComponentStatus",
    "NodeStatus",
    "down",
    "load_image",
    "status",
    "up",
]
