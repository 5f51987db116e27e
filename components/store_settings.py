"""From settings to the arguments of network, Redis and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.database import PointInTimeArgs, PostgresClusterArgs
from components.database_proxy import WriterProxyArgs
from components.naming import Names
from components.network import CreatedNetworkArgs, ExistingNetworkArgs, StoreAccess
from components.network_rules import nat_of
from components.protection import database_tags
from components.redis import RedisCluster, RedisClusterArgs
from components.redis_copy import RegionalRedisArgs
from components.redis_users import RedisUserArgs
from components.settings.model import Settings
from components.settings.redis import CacheRedis, QueueRedis

PRIVATE_CIDRS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@dataclass(frozen=True, kw_only=True)
class Place:
    """What all stores of a stack have in common.

    Attributes:
        names: Names of what belongs to the stack.
        region: Where it is deployed.
        local: Whether that is the local platform, which keeps no snapshots and restores nothing.
        tags: On everything.
    """

    names: Names
    region: str
    local: bool
    tags: Mapping[str, str]

    @property
    def recovery_days(self) -> int:
        """Days in which a deleted secret can be restored, during which its name is taken."""
        return 0 if self.local else 30

    def keeps(self, final_snapshot: bool | None) -> bool:
        """Whether a store leaves a snapshot behind: unless said otherwise, everywhere but on the local platform."""
        return not self.local if final_snapshot is None else final_snapshot

    def measures(self, alarm: bool | None) -> bool | None:
        """Whether the recovery point is measured: unless said otherwise, not on the local platform."""
        return False if alarm is None and self.local else alarm


def store_cidrs(settings: Settings) -> Sequence[str]:
    """Where the data stores' addresses are; in the user's own network, wherever private ones are."""
    network = settings.network
    return [network.create.cidr] if network.create is not None else PRIVATE_CIDRS


def network_args(settings: Settings, place: Place) -> CreatedNetworkArgs | ExistingNetworkArgs:
    """The network to make, or the user's own."""
    network = settings.network
    if network.existing is not None:
        return ExistingNetworkArgs(
            region=place.region,
            vpc_id=network.existing.vpc_id,
            data_subnet_ids=network.existing.data_subnet_ids,
            client_cidrs=network.existing.client_cidrs,
            zones=network.existing.zones,
        )
    if network.create is None:
        raise ValueError("settings were not judged: neither network.create nor network.existing")
    return CreatedNetworkArgs(
        identifier=place.names.prefix,
        region=place.region,
        cidr=network.create.cidr,
        zones=network.create.zones,
        nat=nat_of(settings.environment, network.create.nat),
        endpoints=network.create.endpoints,
        endpoint_accounts=network.create.endpoint_accounts,
        flow_log_days=network.create.flow_log_days,
        flow_log_traffic=network.create.flow_log_traffic,
        tags=place.tags,
    )


def redis_args(redis: CacheRedis | QueueRedis, key: str, access: StoreAccess, place: Place) -> RedisClusterArgs:
    """A Redis, by the key that it has among the settings."""
    return RedisClusterArgs(
        identifier=place.names.of(key),
        secret_identifier=f"{place.names.prefix}/redis/{key}",
        profile=redis.profile,
        access=access,
        eviction=redis.eviction,
        node_type=redis.node_type,
        replicas=redis.replicas,
        shards=redis.shards,
        engine_version=redis.engine_version,
        auth_update_strategy=redis.auth_update_strategy,
        token_generation=redis.token_generation,
        users={
            name: RedisUserArgs(access=user.access, generation=user.generation) for name, user in redis.users.items()
        },
        workload_user=redis.workload_user,
        snapshot_retention_days=redis.snapshot_retention_days,
        snapshot_window=redis.snapshot_window,
        maintenance_window=redis.maintenance_window,
        final_snapshot=place.keeps(redis.final_snapshot),
        restore_from_snapshot=redis.restore_from_snapshot,
        restore_from_s3=redis.restore_from_s3,
        global_datastore=place.names.of(key) if redis.secondaries else None,
        log_retention_days=redis.log_retention_days,
        apply_immediately=redis.apply_immediately,
        own_kms_key=redis.own_kms_key,
        kms_key_arn=redis.kms_key_arn,
        region=place.region,
        recovery_days=place.recovery_days,
        tags=place.tags,
    )


def redis_copy_args(
    redis: CacheRedis | QueueRedis, key: str, region: str, primary: RedisCluster, place: Place
) -> RegionalRedisArgs:
    """A Redis's copy in another region."""
    secondary = redis.secondaries[region]
    return RegionalRedisArgs(
        identifier=place.names.of(key),
        primary=primary,
        primary_region=place.region,
        region=region,
        access=StoreAccess(
            vpc_id=secondary.vpc_id, subnet_ids=secondary.data_subnet_ids, client_cidrs=secondary.client_cidrs
        ),
        replicas=secondary.replicas,
        kms_key_arn=secondary.kms_key_arn,
        log_retention_days=redis.log_retention_days,
        apply_immediately=redis.apply_immediately,
        tags=place.tags,
    )


def database_args(settings: Settings, zones: Sequence[str], access: StoreAccess, place: Place) -> PostgresClusterArgs:
    """The writer and its replicas, spread over the zones."""
    database = settings.database
    return PostgresClusterArgs(
        identifier=place.names.of("database"),
        secret_identifier=f"{place.names.prefix}/database",
        access=access,
        zones=zones,
        recovery_days=place.recovery_days,
        writer_tags=database_tags(settings, place.names.of("backup")),
        tags=place.tags,
        instance_class=database.instance_class,
        engine_version=database.engine_version,
        parameters=database.parameters,
        name=database.name,
        username=database.username,
        storage_gb=database.storage_gb,
        max_storage_gb=database.max_storage_gb,
        replicas=database.replicas,
        replica_engine_version=database.replica_engine_version,
        multi_az=database.multi_az,
        backup_retention_days=database.backup_retention_days,
        backup_window=database.backup_window,
        maintenance_window=database.maintenance_window,
        rpo_minutes=database.rpo_minutes,
        recovery_point_alarm=place.measures(database.recovery_point_alarm),
        deletion_protection=database.deletion_protection,
        final_snapshot=place.keeps(database.final_snapshot),
        blue_green_updates=database.blue_green_updates,
        restore_from_snapshot=database.restore_from_snapshot,
        restore_to=None
        if database.restore_to is None
        else PointInTimeArgs(source=database.restore_to.source, time=database.restore_to.time),
        ca_certificate=database.ca_certificate,
        performance_insights_days=database.performance_insights_days,
        monitoring_seconds=database.monitoring_seconds,
        log_retention_days=database.log_retention_days,
        proxy=None if database.proxy is None else WriterProxyArgs(**database.proxy.model_dump()),
        iam_authentication=database.iam_authentication,
        apply_immediately=database.apply_immediately,
        own_kms_key=database.own_kms_key,
        kms_key_arn=database.kms_key_arn,
    )
