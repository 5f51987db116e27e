"""Settings of the pool in front of the read replicas."""

from __future__ import annotations

from pydantic import Field

from components.settings.base import NAME_PATTERN, Model
from components.settings.workloads import Image, Replicas, Resources


class ReaderPool(Model):
    """PgBouncer in the cluster, for reads: each pod's DATABASE_READER_URLS lead through it."""

    image: Image = Field(description="image with PgBouncer 1.21 or later, sh and psql; by digest if not local")
    tls_secret: str | None = Field(
        default=None,
        pattern=NAME_PATTERN,
        max_length=63,
        description="kubernetes.io/tls Secret for database-readers.<namespace>.svc; required if not local",
    )
    replicas: Replicas = Field(default=Replicas(min=2, max=4), description="how many PgBouncers may run")
    pool_size: int = Field(default=20, ge=1, le=1000, description="connections of each PgBouncer to each replica")
    max_clients: int = Field(default=1000, ge=1, le=50000, description="clients' connections to each PgBouncer")
    wait_seconds: int = Field(default=10, ge=1, le=300, description="seconds that a client waits for a connection")
    drain_seconds: int = Field(default=30, ge=1, le=3600, description="seconds that transactions get to finish")
    resources: Resources = Field(
        default=Resources.model_validate({"memoryRequest": "64Mi", "memoryLimit": "128Mi"}),
        description="requests and limits",
    )
