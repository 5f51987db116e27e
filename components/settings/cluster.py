"""Settings that tell what the cluster has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from components.settings.base import NAME_PATTERN, Cidr, Items, Model

Label = Annotated[str, Field(pattern=r"^(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9._-]{1,63}$")]
NamespaceName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=63)]


class Keda(Model):
    """KEDA, version 2.15 or later."""

    namespace: NamespaceName = Field(default="keda", description="namespace that KEDA runs in")


class Metrics(Model):
    """Prometheus, with an adapter that serves its metrics to the cluster."""

    namespace: NamespaceName = Field(default="monitoring", description="namespace that Prometheus runs in")


class PrometheusOperator(Model):
    """The Prometheus operator (monitoring.coreos.com/v1), whose Prometheus looks at this stack's namespace."""

    namespace: NamespaceName = Field(default="monitoring", description="namespace that Prometheus runs in")
    labels: Mapping[Label, Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,63}$")]] = Field(
        default={}, description="labels that it selects monitors and rules by, for example release: prometheus"
    )


class Gateway(Model):
    """A Gateway (gateway.networking.k8s.io/v1) with an HTTPS listener."""

    name: NamespaceName = Field(description="name of the Gateway")
    namespace: NamespaceName = Field(description="namespace of the Gateway")
    section: NamespaceName | None = Field(default=None, description="name of its HTTPS listener; all without one")
    client_namespace: NamespaceName | None = Field(
        default=None, description="namespace that its proxies run in; the Gateway's own without one"
    )
    client_cidrs: Items[Cidr] = Field(
        default=(), description="address ranges that its load balancer calls pods from, if it has no proxies"
    )


class Ingress(Model):
    """An Ingress controller."""

    class_name: NamespaceName = Field(description="name of the IngressClass")
    client_namespace: NamespaceName = Field(description="namespace that its proxies run in")
    client_cidrs: Items[Cidr] = Field(
        default=(), description="address ranges that its load balancer calls pods from, if it has no proxies"
    )


class ExternalSecrets(Model):
    """The External Secrets operator (external-secrets.io/v1) with a store for Secrets Manager."""

    store: NamespaceName = Field(description="name of the operator's store")
    kind: Literal["ClusterSecretStore", "SecretStore"] = Field(
        default="ClusterSecretStore", description="kind of the store"
    )


class Egress(Model):
    """Somewhere else that pods may connect to."""

    cidr: Cidr = Field(description="address range, for example 203.0.113.0/24")
    ports: Items[Annotated[int, Field(ge=1, le=65535)]] = Field(min_length=1, description="TCP ports")


class Cluster(Model):
    """What the cluster has: this program makes use of it and installs none of it."""

    keda: Keda | None = Field(default=None, description="KEDA: workers scale on their backlog")
    metrics: Metrics | None = Field(default=None, description="Prometheus and its adapter: the same without KEDA")
    prometheus_operator: PrometheusOperator | None = Field(
        default=None, description="the Prometheus operator: it is told of metrics and rules"
    )
    external_secrets: ExternalSecrets | None = Field(
        default=None, description="the External Secrets operator: it brings secrets to the cluster"
    )
    gateway: Gateway | None = Field(default=None, description="the Gateway that services are exposed by")
    ingress: Ingress | None = Field(default=None, description="the Ingress controller, where there is no Gateway")
    egress: Items[Egress] = Field(
        default=(), description="where pods may connect to, beside each other, names, the stores and HTTPS"
    )
