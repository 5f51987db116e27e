"""Redis on ElastiCache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_random as random

from components import aws, redis_rules
from components.errors import refuse
from components.guards import guarded
from components.keys import store_key
from components.logs import RetentionDays
from components.network import StoreAccess, store_security_group
from components.options import child
from components.redis_access import AuthUpdate, workload_user
from components.redis_guards import judge_datastore_update, judge_update
from components.redis_logs import log_deliveries
from components.redis_rules import FAMILIES, Eviction, memory_policy
from components.redis_users import RedisUserArgs, RedisUsers, RedisUsersArgs
from components.rules import Profile
from components.secrets import Credential, CredentialArgs

PORT = 6379
READ_ONCE = ("snapshotName", "snapshotArns")
"""Properties that count when a cluster is made: naming another snapshot must not replace one that is in use."""
OF_ALL_MEMBERS = ("engineVersion", "nodeType", "numNodeGroups", "parameterGroupName")
"""Properties that ElastiCache changes for all members of a global datastore at once, and for none alone."""


@dataclass(frozen=True, kw_only=True)
class RedisClusterArgs:
    """A Redis cluster. TLS, encryption at rest and authentication are always on, by a token unless `users` are named;
    automatic failover and multi-AZ follow from `replicas`.

    Attributes:
        identifier: Name of the replication group, 40 characters or fewer, for example `aiponge-prod-cache`.
        secret_identifier: Name of its token in Secrets Manager; with users, `/<user>` follows.
        profile: What it holds. `queue` (jobs) and `state` (sessions, idempotency keys, uploads, limits, breakers)
            never evict; `cache` holds only what can be computed again, and forgets it when memory is short.
        access: Where it lives and who may connect.
        eviction: What a `cache` forgets first; by default the least recently used of all keys.
        node_type: ElastiCache node type.
        replicas: Replicas of each primary, 0 to 5. With one or more, nodes are spread over zones and failover is
            automatic; with none, the loss of the node is an outage.
        shards: Number of primaries in cluster mode, which clients have to speak; without it, one primary and no
            cluster mode.
        engine_version: Redis version, one of `redis_rules.FAMILIES`.
        auth_update_strategy: How a changed token takes effect: `SET` lets in clients with the new one only, `ROTATE`
            those with the last one too, which is what a rotation without errors takes. Without it, `SET`.
        token_generation: Of the token; one more rotates it.
        users: Who may log in instead of whoever has the token, by name; the user `default` is off then.
        workload_user: The user whose name and password `url` has; may be left out where there is only one.
        snapshot_retention_days: Days that daily snapshots are kept, up to 35; 0: none are taken.
        snapshot_window: When they are taken, UTC, an hour or more, for example `02:00-03:00`.
        maintenance_window: When AWS maintains, UTC, an hour or more, for example `sun:03:30-sun:04:30`; must not
            overlap with the snapshots.
        final_snapshot: Take a snapshot before deleting the cluster.
        restore_from_snapshot: Name of a snapshot that it begins with. Counts when the cluster is made, and is ignored
            afterwards: it may stay or go, and never replaces the cluster.
        restore_from_s3: ARNs of snapshots exported to S3 that it begins with instead, one of each shard; the same
            holds. ElastiCache has to be allowed to read them (ElastiCache User Guide, Seeding a new cluster with an
            externally created backup).
        log_retention_days: Days that slow log and engine log are kept in CloudWatch; None: they are not delivered.
        apply_immediately: Change now instead of in the maintenance window.
        global_datastore: End of the name of a global datastore that it is the primary of; `RegionalRedis` are its
            secondaries. Version, node type and shards are then changed for all of its members at once.
        own_kms_key: Make a key for encryption at rest.
        kms_key_arn: A key that exists for encryption at rest; with neither, AWS's own.
        region: Where the cluster is made, which is the provider's region; given, a key of another one is refused.
        recovery_days: Days in which a deleted token or password can be restored; 0 deletes at once.
        tags: On everything.
    """

    identifier: str
    secret_identifier: str
    profile: Profile
    access: StoreAccess
    eviction: Eviction | None = None
    node_type: str = "cache.t4g.small"
    replicas: int = 1
    shards: int | None = None
    engine_version: str = "7.1"
    auth_update_strategy: AuthUpdate | None = None
    token_generation: int = 1
    users: Mapping[str, RedisUserArgs] = field(default_factory=dict)
    workload_user: str | None = None
    snapshot_retention_days: int = 7
    snapshot_window: str = "02:00-03:00"
    maintenance_window: str = "sun:03:30-sun:04:30"
    final_snapshot: bool = True
    restore_from_snapshot: str | None = None
    restore_from_s3: Sequence[str] = ()
    log_retention_days: RetentionDays | None = 30
    apply_immediately: bool = False
    global_datastore: str | None = None
    own_kms_key: bool = False
    kms_key_arn: str | None = None
    region: str | None = None
    recovery_days: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Login:
    """How clients log in.

    Attributes:
        own: What the workloads' URL has before the `@`; secret.
        secret_arn: Where they find it.
        properties: What the replication group is told of it.
        token: The token, where it is one.
        users: The same as `own` by user.
    """

    own: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    properties: Mapping[str, Any]
    token: pulumi.Output[str] | None = None
    users: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)


class RedisCluster(pulumi.ComponentResource):
    """One primary with replicas, or several in cluster mode.

    Requirements: P0-REDIS, SR-REDIS-HA.

    Attributes:
        profile: Its parameter profile.
        identifier: Name of the replication group, known beforehand.
        node_type: Its nodes' type.
        node_ids: Names of its nodes, by shard.
        replication_group_id: Its name, known when it exists.
        primary_endpoint: Host for reads and writes, which follows a failover; in cluster mode, where clients ask for
            the shards.
        reader_endpoint: Host for reads.
        url: `rediss://` with the token, or with the workload user's name and password; secret.
        urls: The same by user; secret. Empty with a token.
        token: The token; secret. None with users.
        auth_update_strategy: How a changed token takes effect.
        clustered: Whether clients have to speak cluster mode.
        global_datastore_id: The global datastore that it is the primary of, if any.
        copies: Regions of its secondaries, as they are made.
        auth_secret_arn: Where the token is kept, as `{"token": …}`, or the workload user's password, as
            `{"username": …, "password": …}`.
        outputs: All of it without the URLs, as stack outputs.
    """

    profile: Profile
    identifier: str
    node_type: str
    node_ids: Sequence[Sequence[str]]
    replication_group_id: pulumi.Output[str]
    primary_endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    url: pulumi.Output[str]
    urls: Mapping[str, pulumi.Output[str]]
    token: pulumi.Output[str] | None
    auth_update_strategy: AuthUpdate
    clustered: bool
    global_datastore_id: pulumi.Output[str] | None
    copies: list[str]
    auth_secret_arn: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: RedisClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RedisCluster", name, None, opts)
        refuse(
            f"RedisCluster {name!r}",
            [*redis_rules.refusals(args), *redis_rules.key_refusals(args.kms_key_arn, args.region)],
        )
        login = self._token(name, args) if not args.users else self._users(name, args)
        cluster = self._cluster(name, args, login)
        self.profile = args.profile
        self.identifier = args.identifier
        self.node_type = args.node_type
        self.node_ids = node_ids(args.identifier, args.replicas, args.shards)
        self.replication_group_id = cluster.id
        self.token = login.token
        self.auth_update_strategy = args.auth_update_strategy or "SET"
        self.copies = []
        self.global_datastore_id = self._datastore(name, args, args.global_datastore, cluster)
        self.clustered = clustered = args.shards is not None
        self.primary_endpoint = (
            cluster.configuration_endpoint_address if clustered else cluster.primary_endpoint_address
        )
        self.reader_endpoint = cluster.configuration_endpoint_address if clustered else cluster.reader_endpoint_address
        self.auth_secret_arn = login.secret_arn
        self.urls = {
            user: pulumi.Output.format("rediss://{0}@{1}:{2}", known, self.primary_endpoint, PORT)
            for user, known in login.users.items()
        }
        self.url = pulumi.Output.format("rediss://{0}@{1}:{2}", login.own, self.primary_endpoint, PORT)
        self.outputs = {
            "replicationGroupId": self.replication_group_id,
            "primaryEndpoint": self.primary_endpoint,
            "readerEndpoint": self.reader_endpoint,
            "port": PORT,
            "tls": True,
            "authSecretArn": self.auth_secret_arn,
            "username": workload_user(args),
            "profile": self.profile,
            "clusterMode": clustered,
        }
        if self.global_datastore_id is not None:
            self.outputs = {**self.outputs, "globalDatastoreId": self.global_datastore_id}
        self.register_outputs(dict(self.outputs))

    def _token(self, name: str, args: RedisClusterArgs) -> _Login:
        token = Credential(
            f"{name}-token",
            CredentialArgs(
                identifier=args.secret_identifier,
                description=f"Token of {args.identifier}",
                key="token",
                generation=args.token_generation,
                length=64,
                recovery_days=args.recovery_days,
                tags=args.tags,
            ),
            child(self),
        )
        return _Login(
            own=pulumi.Output.format(":{0}", token.value),
            token=token.value,
            secret_arn=token.secret_arn,
            properties={
                "auth_token": token.value,
                "auth_token_update_strategy": args.auth_update_strategy or "SET",
            },
        )

    def _users(self, name: str, args: RedisClusterArgs) -> _Login:
        made = RedisUsers(
            f"{name}-users",
            RedisUsersArgs(
                identifier=args.identifier,
                secret_identifier=args.secret_identifier,
                users=args.users,
                recovery_days=args.recovery_days,
                tags=args.tags,
            ),
            child(self),
        )
        own = workload_user(args) or ""
        return _Login(
            own=made.logins[own],
            secret_arn=made.secret_arns[own],
            users=made.logins,
            # Counts only for a cluster that had a token: it goes in the same request as the users come.
            properties={"user_group_ids": [made.group_id], "auth_token_update_strategy": "DELETE"},
        )

    def _cluster(self, name: str, args: RedisClusterArgs, login: _Login) -> aws.ReplicationGroup:
        tags, clustered = dict(args.tags), args.shards is not None
        group = store_security_group(self, name, args.identifier, PORT, args.access, args.tags)
        subnets = aws.CacheSubnetGroup(
            f"{name}-subnets",
            name=args.identifier,
            description=f"Subnets of {args.identifier}",
            subnet_ids=list(args.access.subnet_ids),
            tags=tags,
            opts=child(self),
        )
        return aws.ReplicationGroup(
            f"{name}-cluster",
            replication_group_id=args.identifier,
            description=f"Redis of {args.identifier}",
            engine="redis",
            engine_version=args.engine_version,
            node_type=args.node_type,
            # The number of clusters and the two of cluster mode exclude each other.
            cluster_mode="enabled" if clustered else None,
            num_cache_clusters=None if clustered else args.replicas + 1,
            num_node_groups=args.shards,
            replicas_per_node_group=args.replicas if clustered else None,
            automatic_failover_enabled=args.replicas > 0,
            multi_az_enabled=args.replicas > 0,
            port=PORT,
            parameter_group_name=self._parameters(name, args).name,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            at_rest_encryption_enabled=True,
            kms_key_id=store_key(
                self, name, args.identifier, own=args.own_kms_key, given=args.kms_key_arn, tags=args.tags
            ),
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            **login.properties,
            snapshot_retention_limit=args.snapshot_retention_days,
            snapshot_window=args.snapshot_window,
            snapshot_name=args.restore_from_snapshot,
            snapshot_arns=list(args.restore_from_s3) or None,
            final_snapshot_identifier=self._final_snapshot(name, args),
            maintenance_window=args.maintenance_window,
            log_delivery_configurations=log_deliveries(self, name, args.identifier, args.log_retention_days, args.tags),
            auto_minor_version_upgrade=True,
            apply_immediately=args.apply_immediately,
            # What may be evicted and what may not is known by it, to policies too.
            tags={**tags, "purpose": args.profile},
            opts=guarded(
                child(self, ignore_changes=[*READ_ONCE, *(() if args.global_datastore is None else OF_ALL_MEMBERS)]),
                f"{name}-update",
                judge_update,
            ),
        )

    def _datastore(
        self, name: str, args: RedisClusterArgs, suffix: str | None, cluster: aws.ReplicationGroup
    ) -> pulumi.Output[str] | None:
        if suffix is None:
            return None
        datastore = aws.GlobalReplicationGroup(
            f"{name}-datastore",
            global_replication_group_id_suffix=suffix,
            global_replication_group_description=f"{args.identifier} and its copies in other regions",
            primary_replication_group_id=cluster.id,
            engine_version=args.engine_version,
            cache_node_type=args.node_type,
            num_node_groups=args.shards,
            opts=guarded(child(self), f"{name}-datastore-update", judge_datastore_update),
        )
        return datastore.global_replication_group_id

    def _parameters(self, name: str, args: RedisClusterArgs) -> aws.CacheParameterGroup:
        wanted = {"maxmemory-policy": memory_policy(args.profile, args.eviction)}
        if args.shards is not None:
            wanted["cluster-enabled"] = "yes"
        family = FAMILIES[args.engine_version]
        # All that cannot be changed in place is part of the name: an upgrade needs the new group beside the old one,
        # which cannot go while the cluster uses it.
        return aws.CacheParameterGroup(
            f"{name}-parameters",
            name=f"{args.identifier}-{family.replace('.', '-')}",
            family=family,
            description=f"Parameters of {args.identifier}",
            parameters=[{"name": key, "value": value} for key, value in sorted(wanted.items())],
            tags=dict(args.tags),
            opts=child(self),
        )

    def _final_snapshot(self, name: str, args: RedisClusterArgs) -> pulumi.Output[str] | None:
        if not args.final_snapshot:
            return None
        # A snapshot outlives its cluster: a fixed name would be taken when the next one of that name is deleted.
        suffix = random.RandomId(f"{name}-final-snapshot", byte_length=4, opts=child(self))
        return pulumi.Output.format("{0}-final-{1}", args.identifier, suffix.hex)


def node_ids(identifier: str, replicas: int, shards: int | None) -> list[list[str]]:
    """The names that ElastiCache gives to the nodes, by shard."""
    if shards is None:
        return [[f"{identifier}-{number:03}" for number in range(1, replicas + 2)]]
    return [
        [f"{identifier}-{shard:04}-{number:03}" for number in range(1, replicas + 2)] for shard in range(1, shards + 1)
    ]
