"""What one cluster has and another has not: told by the settings, made use of, never installed by this program.

Objects of a kind that the cluster does not know fail, and so they do in the run that installs the kind: whatever is
named here has to be there before.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ClusterFeatures:
    """What the cluster has.

    Attributes:
        keda_namespace: Where KEDA runs (2.15 or later: it reads Prometheus' format), or none.
        metrics_namespace: Where Prometheus runs, whose adapter serves external and custom metrics, or none.
    """

    keda_namespace: str | None = None
    metrics_namespace: str | None = None

    @property
    def metrics_readers(self) -> tuple[str, ...]:
        """Namespaces from which metrics are read."""
        return tuple(sorted({name for name in (self.keda_namespace, self.metrics_namespace) if name}))
