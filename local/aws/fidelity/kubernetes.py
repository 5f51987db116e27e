"""Kubernetes kinds on which the local cluster does not act."""

from __future__ import annotations

WITHOUT_EFFECT = {
    "networking.k8s.io/v1:NetworkPolicy": "recorded: the network plugin of the nodes enforces none",
    "autoscaling/v2:HorizontalPodAutoscaler": "recorded: there is no metrics API, so the number of pods stays",
    "external-secrets.io/v1:ExternalSecret": "refused: its operator is not there; a rehearsal makes Secrets instead",
}
"""Why, by kind."""
