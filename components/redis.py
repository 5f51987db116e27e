"""Redis on ElastiCache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components import aws, rules
from components.errors import refuse
from components.network import StoreAccess, store_security_group
from components.options import child
from components.rules import Profile
from components.secrets import Credential, CredentialArgs

PORT = 6379
FAMILY = "redis7"

PARAMETERS: Mapping[Profile, Mapping[str, str]] = {
    "queue": {"maxmemory-policy": "noeviction"},
    "cache": {"maxmemory-policy": "allkeys-lru"},
}
"""Parameters by profile: a queue answers with an error when memory is short, a cache forgets what is used least."""


@dataclass(frozen=True, kw_only=True)
class RedisClusterArgs:
    """A Redis cluster. TLS, encryption at rest and token authentication are always on.

    Attributes:
        identifier: Name of the replication group, 40 characters or fewer, for example `aiponge-prod-cache`.
        secret_identifier: Name of its token in Secrets Manager.
        profile: `queue` (never evicts) or `cache` (evicts the least recently used).
        access: Where it lives and who may connect.
        node_type: ElastiCache node type.
        replicas: Replicas of the primary, 0 to 5. With one or more, nodes are spread over zones and failover is
            automatic; with none, the loss of the node is an outage.
        engine_version: Redis version, 7.x.
        snapshot_retention_days: Days that daily snapshots are kept; 0: none are taken.
        apply_immediately: Change now instead of in the maintenance window.
        kms_key_arn: Key for encryption at rest; without one, AWS's own.
        recovery_days: Days in which a deleted token can be restored; 0 deletes at once.
        tags: On everything.
    """

    identifier: str
    secret_identifier: str
    profile: Profile
    access: StoreAccess
    node_type: str = "cache.t4g.small"
    replicas: int = 1
    engine_version: str = "7.1"
    snapshot_retention_days: int = 7
    apply_immediately: bool = False
    kms_key_arn: str | None = None
    recovery_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)


class RedisCluster(pulumi.ComponentResource):
    """One primary with replicas.

    Attributes:
        profile: Its parameter profile.
        replication_group_id: Its name.
        primary_endpoint: Host for reads and writes; follows a failover.
        reader_endpoint: Host for reads.
        url: `rediss://` with the token; secret.
        auth_secret_arn: Where the token is kept, as `{"token": …}`.
        outputs: All of it without the URL, as stack outputs.
    """

    profile: Profile
    replication_group_id: pulumi.Output[str]
    primary_endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    url: pulumi.Output[str]
    auth_secret_arn: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: RedisClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RedisCluster", name, None, opts)
        refuse(f"RedisCluster {name!r}", rules.redis(args))
        available = args.replicas > 0
        tags = dict(args.tags)
        token = Credential(
            f"{name}-token",
            CredentialArgs(
                identifier=args.secret_identifier,
                description=f"Token of {args.identifier}",
                key="token",
                length=64,
                recovery_days=args.recovery_days,
                tags=args.tags,
            ),
            child(self),
        )
        group = store_security_group(self, name, args.identifier, PORT, args.access, args.tags)
        subnets = aws.CacheSubnetGroup(
            f"{name}-subnets",
            name=args.identifier,
            description=f"Subnets of {args.identifier}",
            subnet_ids=list(args.access.subnet_ids),
            tags=tags,
            opts=child(self),
        )
        # The family is part of the name: an upgrade needs the new group before it lets go of the old one.
        parameters = aws.CacheParameterGroup(
            f"{name}-parameters",
            name=f"{args.identifier}-{FAMILY}",
            family=FAMILY,
            description=f"Profile {args.profile}",
            parameters=[{"name": key, "value": value} for key, value in sorted(PARAMETERS[args.profile].items())],
            tags=tags,
            opts=child(self),
        )
        cluster = aws.ReplicationGroup(
            f"{name}-cluster",
            replication_group_id=args.identifier,
            description=f"Redis with the profile {args.profile}",
            engine="redis",
            engine_version=args.engine_version,
            node_type=args.node_type,
            num_cache_clusters=args.replicas + 1,
            automatic_failover_enabled=available,
            multi_az_enabled=available,
            port=PORT,
            parameter_group_name=parameters.name,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            at_rest_encryption_enabled=True,
            kms_key_id=args.kms_key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=token.value,
            # ROTATE would go on letting clients in without a token.
            auth_token_update_strategy="SET",
            snapshot_retention_limit=args.snapshot_retention_days,
            snapshot_window="02:00-03:00",
            maintenance_window="sun:03:30-sun:04:30",
            auto_minor_version_upgrade=True,
            apply_immediately=args.apply_immediately,
            tags=tags,
            opts=child(self),
        )
        self.profile = args.profile
        self.replication_group_id = cluster.id
        self.primary_endpoint = cluster.primary_endpoint_address
        self.reader_endpoint = cluster.reader_endpoint_address
        self.auth_secret_arn = token.secret_arn
        self.url = pulumi.Output.format("rediss://:{0}@{1}:{2}", token.value, self.primary_endpoint, PORT)
        self.outputs = {
            "replicationGroupId": self.replication_group_id,
            "primaryEndpoint": self.primary_endpoint,
            "readerEndpoint": self.reader_endpoint,
            "port": PORT,
            "tls": True,
            "authSecretArn": self.auth_secret_arn,
            "profile": self.profile,
        }
        self.register_outputs(dict(self.outputs))
