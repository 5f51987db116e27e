"""What a pool in front of read replicas may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components import rules, service_rules
from components.errors import Refusal
from components.pods import grace_seconds

SHARE = 0.8
"""Share of a replica's connections that the pool may take: the rest is for whoever has to look at the replica."""


@dataclass(frozen=True, kw_only=True)
class PoolKnobs:
    """What decides about a pool's safety.

    Attributes:
        image: Reference of the image; None where it is judged elsewhere.
        allow_image_tag: Whether a tag will do.
        readers: How many read replicas there are.
        connections: Connections that each of them takes.
        replicas: How many PgBouncers the autoscaler may run.
        pool_size: Connections of one PgBouncer to one replica.
        max_clients: Connections of clients to one PgBouncer.
        drain_seconds: For transactions under way when one stops.
        resources: Requests and limits.
        certificates: Whether it is given the authorities that the replicas' certificates are signed by.
        tls_secret: Name of the Secret with its own certificate, or none.
        allow_plain_clients: Whether clients may come without TLS.
    """

    image: object
    allow_image_tag: bool
    readers: int
    connections: int
    replicas: rules.ReplicaRange
    pool_size: int
    max_clients: int
    drain_seconds: int
    resources: rules.ResourceKnobs
    certificates: bool
    tls_secret: str | None
    allow_plain_clients: bool


def refusals(knobs: PoolKnobs) -> Iterator[Refusal]:
    """Rules of one pool."""
    yield from rules.replica_range(knobs.replicas)
    yield from rules.resources(knobs.resources)
    yield from rules.grace(grace_seconds(knobs.drain_seconds), "drain_seconds")
    yield from service_rules.image(knobs.image, allow_tag=knobs.allow_image_tag)
    if not knobs.readers:
        yield Refusal("", knobs.readers, "there are no read replicas to pool: write replicas 1 or more, or no pool")
    yield from _sizes(knobs)
    if not knobs.certificates:
        yield Refusal(
            "certificates",
            None,
            "the replicas' certificates cannot be verified without the authority that signed them: write "
            "workload.trusted_certificates, or no pool",
        )
    if knobs.tls_secret is None and not knobs.allow_plain_clients:
        yield Refusal(
            "tls_secret",
            None,
            "rows would cross the cluster's network in the clear: write the name of a kubernetes.io/tls Secret for "
            "the pool's Service name",
        )


def _sizes(knobs: PoolKnobs) -> Iterator[Refusal]:
    if knobs.pool_size < 1:
        yield Refusal("pool_size", knobs.pool_size, "without connections nobody is served: write 1 or more")
        return
    most = int(knobs.connections * SHARE)
    taken = knobs.pool_size * knobs.replicas.max
    if taken > most:
        yield Refusal(
            "pool_size",
            knobs.pool_size,
            f"{knobs.replicas.max} pools of {knobs.pool_size} are {taken} connections to each replica, which takes "
            f"{knobs.connections}: write {max(1, most // knobs.replicas.max)} or less, or fewer replicas.max",
        )
    if knobs.max_clients < knobs.pool_size:
        yield Refusal(
            "max_clients",
            knobs.max_clients,
            f"is less than pool_size ({knobs.pool_size}): connections to the replicas would never be used",
        )
