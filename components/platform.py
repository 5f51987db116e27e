"""The whole of a stack, composed from its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components import aws
from components.alarms import (
    AlarmTopic,
    AlarmTopicArgs,
    PostgresAlarms,
    PostgresAlarmsArgs,
    RedisAlarms,
    RedisAlarmsArgs,
    RegionalRedisAlarms,
    RegionalRedisAlarmsArgs,
)
from components.autoscaling import ReplicaRangeArgs
from components.backup import Backup, BackupArgs
from components.backup_policies import SERVICE as BACKUP_SERVICE
from components.cdn import Cdn
from components.dashboard_rows import postgres_row, redis_row
from components.database import PostgresCluster
from components.delivery import bucket_args, cdn_args, edge_args
from components.edge import Edge
from components.namespace import EgressRule, WorkloadNamespace, WorkloadNamespaceArgs
from components.naming import Names
from components.network import Network, StoreAccess
from components.observability import Observability
from components.observability_settings import observability_args, observed_by_prometheus, observed_variables
from components.options import Window, child
from components.pods import SecretVariable
from components.protection import bucket_tags, lock_args, plans, told
from components.queue_dashboard import QueueDashboard, QueueDashboardArgs
from components.queue_workers import QUEUE_REDIS_VARIABLE, QueueWorkers, QueueWorkersArgs
from components.queues import QueueOptions, queue_variables
from components.reader_pool import ReaderPool, ReaderPoolArgs, readers_of
from components.reader_pool_config import READERS
from components.redis import RedisCluster
from components.redis_copy import RegionalRedis
from components.secrets import DeliveredSecret, DeliveredSecretArgs, ExternalDelivery
from components.settings.model import Settings
from components.settings.redis import CacheRedis, QueueRedis
from components.settings.workloads import Replicas, Service
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
from components.storage import ObjectStorage, ObjectStorageArgs, StoredBucket
from components.store_settings import Place, database_args, network_args, redis_args, redis_copy_args, store_cidrs
from components.thresholds import AlarmProfile
from components.workload_identity import AUDIENCE, BucketGrant, TokenIssuer
from components.workload_settings import (
    canary,
    cluster_features,
    config_files,
    container_resources,
    expose,
    probes,
    queue_options,
    rollout,
    schedules,
)


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """What a platform is made from.

    Attributes:
        settings: The stack's settings, judged.
        stack: The stack's name.
        account: Number of the account that it is deployed to.
        region: Where it is deployed.
        trusted_certificates: PEM text of further certificate authorities that pods trust, if any.
    """

    settings: Settings
    stack: str
    account: str
    region: str
    trusted_certificates: str | None = None


@dataclass(frozen=True)
class _Stores:
    """The stateful half, as the workloads see it."""

    redis: Mapping[str, RedisCluster]
    redis_copies: Mapping[str, Mapping[str, RegionalRedis]]
    database: PostgresCluster
    storage: ObjectStorage | None
    cdn: Cdn | None
    edge: Edge | None

    @property
    def buckets(self) -> Mapping[str, StoredBucket]:
        """By name."""
        return {} if self.storage is None else self.storage.buckets


@dataclass(frozen=True)
class _OwnSecrets:
    """Variables from a service's own Secret."""

    variables: Sequence[SecretVariable] = ()
    checksum: pulumi.Input[str] = ""


class Platform(pulumi.ComponentResource):
    """Network, data stores, CDN, services, workers and dashboard of one stack. Make it with `Platform.create`.

    Attributes:
        outputs: The stack's outputs.
    """

    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Platform", name, None, opts)
        self._args = args
        self._names = Names(args.settings.system, args.stack)
        self._tags = {
            "system": args.settings.system,
            "stack": args.stack,
            "environment": args.settings.environment,
            "managed-by": "groundwork",
        }
        self._place = Place(
            names=self._names, region=args.region, local=args.settings.environment == "local", tags=self._tags
        )
        self._namespace = args.settings.namespace or self._names.prefix
        self._delivered: dict[str, _OwnSecrets] = {}
        self.outputs = {}

    @classmethod
    async def create(cls, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> Platform:
        """Register everything, a few hundred resources at a time; returns when the last ones are on their way."""
        platform = cls(name, args, opts)
        await platform._compose()
        return platform

    async def _compose(self) -> None:
        settings = self._args.settings
        namespace = WorkloadNamespace(
            "namespace",
            WorkloadNamespaceArgs(
                identifier=self._namespace,
                trusted_certificates=self._args.trusted_certificates,
                store_cidrs=store_cidrs(settings),
                egress=[EgressRule(cidr=item.cidr, ports=item.ports) for item in settings.cluster.egress],
                labels={"app.kubernetes.io/part-of": settings.system},
            ),
            child(self),
        )
        stores = self._stores()
        shared = self._shared(namespace)
        pool = self._reader_pool(shared, stores)
        surroundings = self._surroundings(shared, stores, pool)
        window = Window()
        services: dict[str, pulumi.Input[object]] = {}
        for name, service in settings.services.items():
            made = self._service(name, service, surroundings, stores)
            services[name] = {**made.outputs, "queues": self._queues_of(name)}
            await window.admit(made.registered)
        workers: dict[str, pulumi.Input[object]] = {}
        if settings.queues and not surroundings.cluster.sees_backlogs:
            pulumi.log.info(
                "Workers scale on their CPU, which tells nothing of jobs that wait: the settings name neither "
                "cluster.keda nor cluster.metrics.",
                self,
            )
        for queue in settings.queues:
            workers_made = self._workers(queue, surroundings, stores)
            workers[queue] = workers_made.outputs
            await window.admit(workers_made.registered)
        alarms = self._alarms(stores)
        self.outputs = {
            "environment": settings.environment,
            "namespace": namespace.name,
            "services": services,
            "workers": workers,
            "dashboard": self._dashboard(surroundings, stores) if settings.queues_in_redis else None,
            "redis": {key: _redis_outputs(cluster, stores.redis_copies[key]) for key, cluster in stores.redis.items()},
            "database": {**stores.database.outputs, "readerPool": pool.outputs if pool else None},
            "buckets": stores.storage.outputs if stores.storage else {},
            "cdn": stores.cdn.outputs if stores.cdn else None,
            "alarms": alarms,
            "observability": self._observability(alarms, stores, surroundings),
            "backup": self._backup(alarms["topicArn"], stores),
            "edge": stores.edge.outputs if stores.edge else None,
            "trustedCertificates": self._args.trusted_certificates,
        }
        self.register_outputs(dict(self.outputs))

    def _stores(self) -> _Stores:
        settings, names = self._args.settings, self._names
        network = Network("network", network_args(settings, self._place), child(self))
        access = StoreAccess(
            vpc_id=network.vpc_id, subnet_ids=network.data_subnet_ids, client_cidrs=network.client_cidrs
        )
        storage = self._storage() if settings.buckets else None
        edge: Edge | None = None
        cdn: Cdn | None = None
        if settings.cdn is not None and storage is not None:
            edge = Edge("edge", edge_args(settings.edge, names.of("edge"), self._tags), child(self))
            knobs = cdn_args(settings.cdn, storage, names.of("cdn"), edge.web_acl_arn, self._tags)
            cdn = Cdn("cdn", knobs, child(self))
        wanted: dict[str, CacheRedis | QueueRedis] = {"cache": settings.redis.cache}
        if settings.queues_in_redis:
            wanted["queue"] = settings.redis.queue
        redis = {
            key: RedisCluster(f"redis-{key}", redis_args(one, key, access, self._place), child(self))
            for key, one in wanted.items()
        }
        copies = {key: self._copies(key, one, redis[key]) for key, one in wanted.items()}
        database = database_args(settings, network.zones, access, self._place)
        return _Stores(
            redis=redis,
            redis_copies=copies,
            database=PostgresCluster("database", database, child(self)),
            storage=storage,
            cdn=cdn,
            edge=edge,
        )

    def _storage(self) -> ObjectStorage:
        settings = self._args.settings
        return ObjectStorage(
            "storage",
            ObjectStorageArgs(
                prefix=self._names.prefix,
                account=self._args.account,
                region=self._args.region,
                buckets={
                    key: bucket_args(bucket, bucket_tags(settings, key, self._names.of("backup")))
                    for key, bucket in settings.buckets.items()
                },
                # The distribution's reads and TLS only are one policy.
                policies_elsewhere={settings.cdn.bucket} if settings.cdn else (),
                tags=self._tags,
            ),
            child(self),
        )

    def _copies(self, key: str, redis: CacheRedis | QueueRedis, primary: RedisCluster) -> dict[str, RegionalRedis]:
        """Copies in other regions, which nothing of this stack uses before it is moved there."""
        return {
            region: RegionalRedis(
                f"redis-{key}-{region}", redis_copy_args(redis, key, region, primary, self._place), child(self)
            )
            for region in redis.secondaries
        }

    def _alarms(self, stores: _Stores) -> Mapping[str, Any]:
        """The topic, and what is watched on the data stores."""
        settings = self._args.settings
        profile: AlarmProfile = settings.alarms.profile or (
            "production" if settings.environment == "production" else "staging"
        )
        topic = self._alarm_topic("alarms", None, [BACKUP_SERVICE])
        names: list[str] = []
        for key, redis in stores.redis.items():
            redis_alarms = RedisAlarmsArgs(cluster=redis, profile=profile, topic_arn=topic.arn, tags=self._tags)
            names += RedisAlarms(f"redis-{key}-alarms", redis_alarms, child(self)).names
        database_alarms = PostgresAlarmsArgs(
            cluster=stores.database, profile=profile, topic_arn=topic.arn, tags=self._tags
        )
        names += PostgresAlarms("database-alarms", database_alarms, child(self)).names
        regions = self._alarms_elsewhere(profile, stores)
        return {"topicArn": topic.arn, "profile": profile, "names": names, "regions": regions}

    def _alarms_elsewhere(self, profile: AlarmProfile, stores: _Stores) -> Mapping[str, Any]:
        """Alarms on copies in other regions, each with a topic beside it: CloudWatch does not look across."""
        regions: dict[str, dict[str, Any]] = {}
        for key, copies in stores.redis_copies.items():
            for region, copy in copies.items():
                if region not in regions:
                    topic = self._alarm_topic(f"alarms-{region}", region, [])
                    regions[region] = {"topicArn": topic.arn, "names": []}
                args = RegionalRedisAlarmsArgs(
                    cluster=copy, profile=profile, topic_arn=regions[region]["topicArn"], tags=self._tags
                )
                regions[region]["names"] += RegionalRedisAlarms(f"redis-{key}-{region}-alarms", args, child(self)).names
        return regions

    def _alarm_topic(self, name: str, region: str | None, publishers: Sequence[str]) -> AlarmTopic:
        return AlarmTopic(
            name,
            AlarmTopicArgs(
                identifier=self._names.of("alarms"),
                account=self._args.account,
                notify=self._args.settings.alarms.notify,
                publishers=publishers,
                region=region,
                tags=self._tags,
            ),
            child(self),
        )

    def _reader_pool(self, shared: Surroundings, stores: _Stores) -> ReaderPool | None:
        """The pool that reads go through, if the settings ask for one."""
        pool = self._args.settings.database.reader_pool
        if pool is None:
            return None
        return ReaderPool(
            "database-readers",
            ReaderPoolArgs(
                identifier=READERS,
                readers=readers_of(stores.database),
                image=pool.image,
                surroundings=shared,
                tls_secret=pool.tls_secret,
                allow_plain_clients=self._args.settings.environment == "local",
                replicas=_range(pool.replicas),
                pool_size=pool.pool_size,
                max_clients=pool.max_clients,
                wait_seconds=pool.wait_seconds,
                drain_seconds=pool.drain_seconds,
                resources=container_resources(pool.resources),
                trusted_checksum=self._trusted_checksum(),
            ),
            child(self),
        )

    def _trusted_checksum(self) -> str:
        return hashlib.sha256((self._args.trusted_certificates or "").encode()).hexdigest()[:16]

    def _shared(self, namespace: WorkloadNamespace) -> Surroundings:
        """What all workloads have in common, before the stores are known."""
        settings = self._args.settings
        return Surroundings(
            system=settings.system,
            prefix=self._names.prefix,
            namespace=namespace.name,
            issuer=self._issuer(),
            certificates=namespace.certificates,
            cluster=cluster_features(settings.cluster),
            external=self._external_delivery(),
            allow_image_tag=settings.environment == "local" or settings.workload.allow_image_tags,
            tags=self._tags,
        )

    def _observability(
        self, alarms: Mapping[str, Any], stores: _Stores, surroundings: Surroundings
    ) -> Mapping[str, pulumi.Input[object]]:
        """The pods' logs, what the services promise, and a dashboard of everything."""
        region, profile = self._args.region, alarms["profile"]
        rows = [redis_row(f"Redis {key}", redis, profile, region) for key, redis in stores.redis.items()]
        rows.append(postgres_row("PostgreSQL", stores.database, profile, region))
        return Observability(
            "observability",
            observability_args(
                self._args.settings,
                identifier=self._names.prefix,
                account=self._args.account,
                region=self._args.region,
                namespace=self._namespace,
                place=surroundings.namespace,
                issuer=surroundings.issuer,
                topic_arn=alarms["topicArn"],
                rows=rows,
                alarms=alarms["names"],
                distribution_id=stores.cdn.distribution_id if stores.cdn else None,
                tags=self._tags,
            ),
            child(self),
        ).outputs

    def _backup(self, topic_arn: pulumi.Input[str], stores: _Stores) -> Mapping[str, pulumi.Input[object]]:
        """Backups of database and buckets, and what is promised of every store."""
        settings = self._args.settings
        objectives = told(settings)
        made = plans(settings, stores.database, stores.storage)
        if not made:
            return {"objectives": objectives}
        recovery = settings.backup.recovery
        backup = Backup(
            "backup",
            BackupArgs(
                identifier=self._names.of("backup"),
                account=self._args.account,
                region=self._args.region,
                plans=made,
                lock=lock_args(settings.backup.lock),
                recovery_region=recovery.region if recovery else None,
                topic_arn=topic_arn,
                force_destroy=settings.backup.force_destroy,
                tags=self._tags,
            ),
            child(self),
        )
        return {**backup.outputs, "objectives": objectives}

    def _surroundings(self, shared: Surroundings, stores: _Stores, pool: ReaderPool | None) -> Surroundings:
        """What every pod is told: where the stores are, and the secrets that open them."""
        settings = self._args.settings
        cache = self._deliver("redis-cache", shared.namespace, {"REDIS_URL": stores.redis["cache"].url})
        database = self._deliver(
            "database",
            shared.namespace,
            {
                "DATABASE_URL": stores.database.writer_url,
                "DATABASE_READER_URLS": stores.database.reader_urls if pool is None else pool.urls,
            },
        )
        secrets = [
            SecretVariable("REDIS_URL", cache.identifier, "REDIS_URL"),
            SecretVariable("DATABASE_URL", database.identifier, "DATABASE_URL"),
            SecretVariable("DATABASE_READER_URLS", database.identifier, "DATABASE_READER_URLS"),
        ]
        checksums: list[pulumi.Input[str]] = [
            cache.checksum,
            database.checksum,
            self._trusted_checksum(),
        ]
        if "queue" in stores.redis:
            queue = self._deliver("redis-queue", shared.namespace, {QUEUE_REDIS_VARIABLE: stores.redis["queue"].url})
            secrets.append(SecretVariable(QUEUE_REDIS_VARIABLE, queue.identifier, QUEUE_REDIS_VARIABLE))
            checksums.append(queue.checksum)
        return replace(
            shared,
            variables={
                **settings.workload.environment,
                "AWS_REGION": self._args.region,
                **({"CDN_URL": pulumi.Output.concat("https://", stores.cdn.domain)} if stores.cdn else {}),
            },
            secrets=secrets,
            checksum=pulumi.Output.concat(*checksums),
        )

    def _deliver(
        self, name: str, namespace: pulumi.Input[str], data: Mapping[str, pulumi.Input[str]]
    ) -> DeliveredSecret:
        return DeliveredSecret(
            f"{name}-secret",
            DeliveredSecretArgs(
                identifier=name,
                namespace=namespace,
                data=data,
                external=self._external_delivery(),
                labels={"app.kubernetes.io/part-of": self._args.settings.system},
            ),
            child(self),
        )

    def _external_delivery(self) -> ExternalDelivery | None:
        operator = self._args.settings.cluster.external_secrets
        if operator is None:
            return None
        return ExternalDelivery(
            store=operator.store,
            store_kind=operator.kind,
            prefix=self._names.prefix,
            recovery_days=self._place.recovery_days,
            tags=self._tags,
        )

    def _issuer(self) -> TokenIssuer:
        identity = self._args.settings.workload_identity
        if identity.provider_arn is not None:
            return TokenIssuer(identity.issuer, identity.provider_arn)
        provider = aws.OpenIdConnectProvider(
            "token-issuer", url=identity.issuer, client_id_lists=[AUDIENCE], tags=self._tags, opts=child(self)
        )
        return TokenIssuer(identity.issuer, provider.arn)

    def _service(self, name: str, service: Service, surroundings: Surroundings, stores: _Stores) -> StatelessService:
        workload = self._args.settings.workload
        own = self._own_secrets(name, service, surroundings)
        return StatelessService(
            name,
            StatelessServiceArgs(
                identifier=name,
                image=service.image or workload.image,
                surroundings=surroundings,
                command=service.command or workload.command,
                arguments=service.args,
                port=service.port,
                ports=service.ports,
                replicas=_range(service.replicas),
                cpu_target_percent=service.cpu_target_percent,
                memory_target_percent=service.memory_target_percent,
                requests_per_second=service.requests_per_second,
                metrics=observed_by_prometheus(self._args.settings, service),
                resources=container_resources(service.resources or workload.resources),
                scratch_size=service.scratch_size,
                drain_seconds=service.drain_seconds or workload.drain_seconds,
                stream_seconds=service.stream_seconds,
                deregistration_seconds=service.deregistration_seconds,
                startup_seconds=service.startup_seconds,
                probes=probes(service),
                rollout=rollout(service),
                canary=canary(service),
                config=config_files(service),
                variables={
                    **service.environment,
                    **self._bucket_variables(service, stores),
                    **queue_variables(self._queue_options(name)),
                    **observed_variables(self._args.settings, service),
                },
                secrets=own.variables,
                checksum=own.checksum,
                grants=self._grants(service, stores),
                exposed=service.exposed,
                expose=expose(service),
            ),
            child(self),
        )

    def _own_secrets(self, name: str, service: Service, surroundings: Surroundings) -> _OwnSecrets:
        """A service's own secrets, delivered once however many of its queues have workers."""
        if not service.secrets:
            return _OwnSecrets()
        if name not in self._delivered:
            delivered = self._deliver(name, surroundings.namespace, service.secrets)
            variables = [SecretVariable(variable, delivered.identifier, variable) for variable in service.secrets]
            self._delivered[name] = _OwnSecrets(variables, delivered.checksum)
        return self._delivered[name]

    def _workers(self, name: str, surroundings: Surroundings, stores: _Stores) -> QueueWorkers:
        settings = self._args.settings
        queue = settings.queues[name]
        owner = settings.services[queue.owner]
        own = self._own_secrets(queue.owner, owner, surroundings)
        return QueueWorkers(
            name,
            QueueWorkersArgs(
                queue=name,
                owner=queue.owner,
                image=owner.image or settings.workload.image,
                surroundings=surroundings,
                options=queue_options(queue),
                redis=stores.redis["queue"] if queue.kind == "bullmq" else None,
                command=owner.command or settings.workload.command,
                port=owner.port,
                concurrency=queue.concurrency,
                longest_job_seconds=queue.longest_job_seconds,
                stalled_after_seconds=queue.stalled_after_seconds,
                max_stalled=queue.max_stalled,
                schedules=schedules(queue),
                replicas=_range(queue.replicas),
                backlog_per_worker=queue.backlog_per_worker,
                cpu_target_percent=queue.cpu_target_percent,
                resources=container_resources(queue.resources or owner.resources or settings.workload.resources),
                variables={**owner.environment, **self._bucket_variables(owner, stores)},
                secrets=own.variables,
                checksum=own.checksum,
                grants=self._grants(owner, stores),
            ),
            child(self),
        )

    def _dashboard(self, surroundings: Surroundings, stores: _Stores) -> Mapping[str, pulumi.Input[object]]:
        settings = self._args.settings
        return QueueDashboard(
            "dashboard",
            QueueDashboardArgs(
                queues=settings.queues_in_redis,
                redis=stores.redis["queue"],
                image=settings.workload.image,
                surroundings=surroundings,
                secret_identifier=f"{self._names.prefix}/dashboard",
                username=settings.dashboard.username,
                generation=settings.dashboard.generation,
                command=settings.workload.command,
                replicas=_range(settings.dashboard.replicas),
                resources=container_resources(settings.dashboard.resources or settings.workload.resources),
                recovery_days=self._place.recovery_days,
            ),
            child(self),
        ).outputs

    def _queues_of(self, service: str) -> list[str]:
        return sorted(name for name, queue in self._args.settings.queues.items() if queue.owner == service)

    def _queue_options(self, service: str) -> dict[str, QueueOptions]:
        return {name: queue_options(self._args.settings.queues[name]) for name in self._queues_of(service)}

    def _grants(self, service: Service, stores: _Stores) -> list[BucketGrant]:
        buckets = stores.buckets
        return [
            BucketGrant(buckets[key].arn, access, buckets[key].kms_key_arn)
            for key, access in sorted(service.buckets.items())
        ]

    def _bucket_variables(self, service: Service, stores: _Stores) -> dict[str, pulumi.Input[str]]:
        return {f"{key.upper().replace('-', '_')}_BUCKET": stores.buckets[key].name for key in service.buckets}


def _redis_outputs(cluster: RedisCluster, copies: Mapping[str, RegionalRedis]) -> Mapping[str, pulumi.Input[object]]:
    if not copies:
        return cluster.outputs
    return {**cluster.outputs, "secondaries": {region: copy.outputs for region, copy in copies.items()}}


def _range(replicas: Replicas) -> ReplicaRangeArgs:
    return ReplicaRangeArgs(min=replicas.min, max=replicas.max)
