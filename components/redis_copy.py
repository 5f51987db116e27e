"""A copy of a Redis in another region, which its global datastore keeps: where a system goes on that lost its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components import aws
from components.errors import Refusal, refuse
from components.guards import guarded
from components.logs import RetentionDays
from components.network import StoreAccess, store_security_group
from components.options import child
from components.redis import PORT, RedisCluster, node_ids
from components.redis_guards import judge_update
from components.redis_logs import log_deliveries
from components.redis_rules import MOST_SECONDARIES, secondary_refusals
from components.rules import Profile


@dataclass(frozen=True, kw_only=True)
class RegionalRedisArgs:
    """A secondary of a global datastore. Engine, version, node type, shards, parameters and encryption are its
    primary's; the token is the same. It takes no writes, and ElastiCache never promotes it by itself.

    Attributes:
        identifier: Name of the replication group in its region, 40 characters or fewer.
        primary: The Redis that it copies, made with `global_datastore`.
        primary_region: Where that is.
        region: Where this one is made. Every resource of it says so, so that the stack's own provider makes them; a
            provider of that region (`opts=ResourceOptions(provider=…)`) does as well.
        access: Where it lives there, and who may connect.
        replicas: Replicas of each primary node, 1 to 5: it has to fail over by itself.
        kms_key_arn: Key of that region for encryption at rest; without one, AWS's own.
        maintenance_window: When AWS maintains it, UTC.
        log_retention_days: Days that its slow log and engine log are kept there; None: they are not delivered.
        apply_immediately: Change now instead of in the maintenance window.
        tags: On everything.
    """

    identifier: str
    primary: RedisCluster
    primary_region: str
    region: str
    access: StoreAccess
    replicas: int = 1
    kms_key_arn: str | None = None
    maintenance_window: str = "sun:05:00-sun:06:00"
    log_retention_days: RetentionDays | None = 30
    apply_immediately: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


class RegionalRedis(pulumi.ComponentResource):
    """One secondary of a global datastore.

    Attributes:
        identifier: Name of the replication group in its region.
        region: Where it is.
        profile: What its primary is for.
        node_ids: Names of its nodes, by shard.
        primary_endpoint: Host for reads, and for writes once it is promoted; in cluster mode, where clients ask for the
            shards.
        reader_endpoint: Host for reads.
        url: `rediss://` with the token; secret.
        outputs: All of it without the URL, as stack outputs.
    """

    identifier: str
    region: str
    profile: Profile
    node_ids: Sequence[Sequence[str]]
    primary_endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    url: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: RegionalRedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RegionalRedis", name, None, opts)
        refuse(f"RegionalRedis {name!r}", refusals(args))
        args.primary.copies.append(args.region)
        primary, tags, region = args.primary, dict(args.tags), args.region
        self.identifier, self.region, self.profile = args.identifier, region, primary.profile
        self.node_ids = node_ids(args.identifier, args.replicas, len(primary.node_ids) if primary.clustered else None)
        group = store_security_group(self, name, args.identifier, PORT, args.access, args.tags, region)
        subnets = aws.CacheSubnetGroup(
            f"{name}-subnets",
            name=args.identifier,
            description=f"Subnets of {args.identifier}",
            subnet_ids=list(args.access.subnet_ids),
            region=region,
            tags=tags,
            opts=child(self),
        )
        cluster = aws.ReplicationGroup(
            f"{name}-cluster",
            replication_group_id=args.identifier,
            description=f"Copy of {primary.identifier}",
            global_replication_group_id=primary.global_datastore_id,
            num_cache_clusters=None if primary.clustered else args.replicas + 1,
            replicas_per_node_group=args.replicas if primary.clustered else None,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            port=PORT,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            kms_key_id=args.kms_key_arn,
            auth_token=primary.token,
            auth_token_update_strategy=primary.auth_update_strategy,
            maintenance_window=args.maintenance_window,
            log_delivery_configurations=log_deliveries(
                self, name, args.identifier, args.log_retention_days, args.tags, region
            ),
            auto_minor_version_upgrade=True,
            apply_immediately=args.apply_immediately,
            region=region,
            tags=tags,
            opts=guarded(child(self), f"{name}-update", judge_update),
        )
        self.primary_endpoint = (
            cluster.configuration_endpoint_address if primary.clustered else cluster.primary_endpoint_address
        )
        self.reader_endpoint = (
            cluster.configuration_endpoint_address if primary.clustered else cluster.reader_endpoint_address
        )
        self.url = pulumi.Output.format("rediss://:{0}@{1}:{2}", primary.token, self.primary_endpoint, PORT)
        self.outputs = {
            "replicationGroupId": cluster.id,
            "region": region,
            "primaryEndpoint": self.primary_endpoint,
            "readerEndpoint": self.reader_endpoint,
            "port": PORT,
            "tls": True,
            "authSecretArn": primary.auth_secret_arn,
            "clusterMode": primary.clustered,
        }
        self.register_outputs(dict(self.outputs))


def refusals(args: RegionalRedisArgs) -> Iterator[Refusal]:
    """Rules of a secondary."""
    if args.primary.global_datastore_id is None:
        yield Refusal(
            "primary",
            args.primary.identifier,
            "is in no global datastore: give its RedisCluster a global_datastore",
        )
    yield from secondary_refusals(args.region, args.primary_region, args)
    regions = [*args.primary.copies, args.region]
    if len(set(regions)) < len(regions):
        yield Refusal("region", args.region, "has a secondary of this Redis already: name another one")
    elif len(regions) > MOST_SECONDARIES:
        yield Refusal(
            "region", args.region, f"a global datastore has {MOST_SECONDARIES} secondaries at most: leave one out"
        )
