"""Which servers are read: what the API holds, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from local.aws import resources
from local.aws.dataplane.desired import member_owner, postgres_name
from local.aws.state import LOCK


@dataclass(frozen=True)
class RedisNode:
    """A member of a replication group.

    Attributes:
        identifier: Its cache cluster's.
        leads_secondary: It is the primary node of a secondary of a global datastore.
    """

    region: str
    identifier: str
    address: str
    port: int
    tls: bool
    leads_secondary: bool = False


@dataclass(frozen=True)
class PostgresInstance:
    """A database instance.

    Attributes:
        server: Its name among all servers.
        member: Name of that one of its servers which writes, or would if it were no replica.
        storage_gib: As declared.
        source: Name of the instance that it replicates, None for a writer.
    """

    region: str
    identifier: str
    server: str
    member: str
    storage_gib: int
    source: str | None


def redis_nodes() -> list[RedisNode]:
    """Every member that has been reached before."""
    with LOCK:
        return [
            RedisNode(
                region=group.region,
                identifier=node.cluster_id,
                address=node.address,
                port=group.port,
                tls=group.tls,
                leads_secondary=group.source is not None and node is group.primary,
            )
            for elasticache in resources.elasticache()
            for group in elasticache.groups.values()
            if not group.leaves
            for node in group.nodes
            if node.address
        ]


def postgres_instances() -> list[PostgresInstance]:
    """Every instance that has been reached before, sources before their replicas."""
    with LOCK:
        found = [
            PostgresInstance(
                region=instance.region,
                identifier=instance.db_instance_identifier,
                server=(name := postgres_name(instance.db_instance_identifier, instance.region)),
                member=member_owner(name, instance.writer),
                storage_gib=int(instance.allocated_storage or 0),
                source=_source(instance.source_db_instance_identifier, instance.region)
                if instance.is_replica
                else None,
            )
            for rds in resources.rds()
            for instance in rds.instances
            if not instance.is_leaving and instance.address
        ]
    return sorted(found, key=lambda instance: instance.source is not None)


def _source(identifier: str | None, region: str) -> str | None:
    # One in another region is named by its ARN, which ends with the identifier.
    return None if identifier is None else postgres_name(identifier.rpartition(":")[2], region)
