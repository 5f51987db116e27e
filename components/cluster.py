"""What one cluster has and another has not: told by the settings, made use of, never installed by this program.

Objects of a kind that the cluster does not know fail, and so they do in the run that installs the kind: whatever is
named here has to be there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class GatewayFeature:
    """A Gateway (gateway.networking.k8s.io/v1) that routes may attach to. TLS ends there.

    Attributes:
        name: Of the Gateway.
        namespace: Of the Gateway.
        section: Name of its HTTPS listener, or none for all listeners.
        client_namespace: Where its proxies run; by default the Gateway's namespace.
        client_cidrs: Address ranges that its load balancer calls pods from, where it has no proxies in the cluster.
    """

    name: str
    namespace: str
    section: str | None = None
    client_namespace: str | None = None
    client_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IngressFeature:
    """An Ingress controller.

    Attributes:
        class_name: Of the IngressClass.
        client_namespace: Where its proxies run.
        client_cidrs: Address ranges that its load balancer calls pods from, where it has no proxies in the cluster.
    """

    class_name: str
    client_namespace: str
    client_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PrometheusFeature:
    """The Prometheus operator (monitoring.coreos.com/v1), and a Prometheus that looks at this namespace's objects.

    Attributes:
        namespace: Where Prometheus runs.
        labels: That it selects monitors and rules by.
    """

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ClusterFeatures:
    """What the cluster has.

    Attributes:
        keda_namespace: Where KEDA runs (2.15 or later: it reads Prometheus' format), or none.
        metrics_namespace: Where Prometheus runs, whose adapter serves external and custom metrics, or none.
        gateway: The Gateway that services are exposed by, or none.
        ingress: The Ingress controller that they are exposed by where there is no Gateway, or none.
        prometheus: The Prometheus operator that is told of metrics and rules, or none.
    """

    keda_namespace: str | None = None
    metrics_namespace: str | None = None
    gateway: GatewayFeature | None = None
    ingress: IngressFeature | None = None
    prometheus: PrometheusFeature | None = None

    @property
    def metrics_readers(self) -> tuple[str, ...]:
        """Namespaces from which metrics are read."""
        prometheus = self.prometheus.namespace if self.prometheus else None
        return tuple(sorted({name for name in (self.keda_namespace, self.metrics_namespace, prometheus) if name}))

    @property
    def sees_backlogs(self) -> bool:
        """Whether an autoscaler can scale on what workers tell; that somebody collects it is not enough."""
        return bool(self.keda_namespace or self.metrics_namespace)
