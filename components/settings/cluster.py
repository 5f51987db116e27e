"""Settings that tell what the cluster has."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.settings.base import NAME_PATTERN, Model

NamespaceName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=63)]


class Keda(Model):
    """KEDA, version 2.15 or later."""

    namespace: NamespaceName = Field(default="keda", description="namespace that KEDA runs in")


class Metrics(Model):
    """Prometheus, with an adapter that serves its metrics to the cluster."""

    namespace: NamespaceName = Field(default="monitoring", description="namespace that Prometheus runs in")


class Cluster(Model):
    """What the cluster has: this program makes use of it and installs none of it."""

    keda: Keda | None = Field(default=None, description="KEDA: workers scale on their backlog")
    metrics: Metrics | None = Field(default=None, description="Prometheus and its adapter: the same without KEDA")
