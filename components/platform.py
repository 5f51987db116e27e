"""The whole of a stack, composed from its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import aws
from components.cdn import Cdn
from components.database import PostgresCluster, PostgresClusterArgs
from components.delivery import bucket_args, cdn_args, edge_args
from components.edge import Edge
from components.namespace import WorkloadNamespace, WorkloadNamespaceArgs
from components.naming import Names
from components.network import CreatedNetworkArgs, ExistingNetworkArgs, Network, StoreAccess
from components.options import Window, child
from components.pods import ContainerResources, SecretVariable
from components.queue_workers import QUEUE_PREFIX, QueueDashboard, QueueDashboardArgs, QueueWorkers, QueueWorkersArgs
from components.redis import RedisCluster, RedisClusterArgs
from components.rules import Profile
from components.secrets import DeliveredSecret, DeliveredSecretArgs
from components.settings.model import Redis, Replicas, Resources, Service, Settings
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
from components.storage import ObjectStorage, ObjectStorageArgs
from components.workload import ReplicaRangeArgs
from components.workload_identity import AUDIENCE, BucketGrant, TokenIssuer


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

    redis: Mapping[Profile, RedisCluster]
    database: PostgresCluster
    storage: ObjectStorage
    cdn: Cdn
    edge: Edge


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
        self._tags = {"system": args.settings.system, "stack": args.stack, "managed-by": "groundwork"}
        # Elsewhere a deleted secret can be restored for a month, during which its name is taken.
        self._recovery_days = 0 if args.settings.environment == "local" else 30
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
                identifier=settings.namespace or self._names.prefix,
                trusted_certificates=self._args.trusted_certificates,
                labels={"app.kubernetes.io/part-of": settings.system},
            ),
            child(self),
        )
        stores = self._stores()
        surroundings = self._surroundings(namespace, stores)
        window = Window()
        services: dict[str, pulumi.Input[object]] = {}
        for name, service in settings.services.items():
            made = self._service(name, service, surroundings, stores)
            services[name] = {**made.outputs, "queues": self._queues_of(name)}
            await window.admit(made.registered)
        workers: dict[str, pulumi.Input[object]] = {}
        for queue in settings.queues:
            workers_made = self._workers(queue, surroundings, stores)
            workers[queue] = workers_made.outputs
            await window.admit(workers_made.registered)
        self.outputs = {
            "environment": settings.environment,
            "namespace": namespace.name,
            "services": services,
            "workers": workers,
            "dashboard": self._dashboard(surroundings, stores) if settings.queues else None,
            "redis": {profile: cluster.outputs for profile, cluster in stores.redis.items()},
            "database": stores.database.outputs,
            "buckets": stores.storage.outputs,
            "cdn": stores.cdn.outputs,
            "edge": stores.edge.outputs,
            "trustedCertificates": self._args.trusted_certificates,
        }
        self.register_outputs(dict(self.outputs))

    def _stores(self) -> _Stores:
        settings, names = self._args.settings, self._names
        network = Network("network", self._network(), child(self))
        access = StoreAccess(
            vpc_id=network.vpc_id, subnet_ids=network.data_subnet_ids, client_cidrs=network.client_cidrs
        )
        storage = ObjectStorage(
            "storage",
            ObjectStorageArgs(
                prefix=names.prefix,
                account=self._args.account,
                region=self._args.region,
                buckets={key: bucket_args(bucket) for key, bucket in settings.buckets.items()},
                policies_elsewhere={settings.cdn.bucket},
                tags=self._tags,
            ),
            child(self),
        )
        edge = Edge("edge", edge_args(settings.edge, names.of("edge"), self._tags), child(self))
        cdn = Cdn("cdn", cdn_args(settings.cdn, storage, names.of("cdn"), edge.web_acl_arn, self._tags), child(self))
        return _Stores(
            redis={
                "cache": self._redis("cache", settings.redis.cache, access),
                "queue": self._redis("queue", settings.redis.queue, access),
            },
            database=self._database(network, access),
            storage=storage,
            cdn=cdn,
            edge=edge,
        )

    def _network(self) -> CreatedNetworkArgs | ExistingNetworkArgs:
        network = self._args.settings.network
        if network.existing is not None:
            return ExistingNetworkArgs(
                region=self._args.region,
                vpc_id=network.existing.vpc_id,
                data_subnet_ids=network.existing.data_subnet_ids,
                client_cidrs=network.existing.client_cidrs,
                zones=network.existing.zones,
            )
        if network.create is None:
            raise ValueError("settings were not judged: neither network.create nor network.existing")
        return CreatedNetworkArgs(
            identifier=self._names.prefix,
            region=self._args.region,
            cidr=network.create.cidr,
            zones=network.create.zones,
            tags=self._tags,
        )

    def _redis(self, profile: Profile, redis: Redis, access: StoreAccess) -> RedisCluster:
        return RedisCluster(
            f"redis-{profile}",
            RedisClusterArgs(
                identifier=self._names.of(profile),
                secret_identifier=f"{self._names.prefix}/redis/{profile}",
                profile=profile,
                access=access,
                node_type=redis.node_type,
                replicas=redis.replicas,
                engine_version=redis.engine_version,
                snapshot_retention_days=redis.snapshot_retention_days,
                apply_immediately=redis.apply_immediately,
                kms_key_arn=redis.kms_key_arn,
                recovery_days=self._recovery_days,
                tags=self._tags,
            ),
            child(self),
        )

    def _database(self, network: Network, access: StoreAccess) -> PostgresCluster:
        database = self._args.settings.database
        return PostgresCluster(
            "database",
            PostgresClusterArgs(
                identifier=self._names.of("database"),
                secret_identifier=f"{self._names.prefix}/database",
                access=access,
                zones=network.zones,
                recovery_days=self._recovery_days,
                tags=self._tags,
                instance_class=database.instance_class,
                engine_version=database.engine_version,
                name=database.name,
                username=database.username,
                storage_gb=database.storage_gb,
                max_storage_gb=database.max_storage_gb,
                replicas=database.replicas,
                multi_az=database.multi_az,
                backup_retention_days=database.backup_retention_days,
                deletion_protection=database.deletion_protection,
                final_snapshot=database.final_snapshot,
                apply_immediately=database.apply_immediately,
                kms_key_arn=database.kms_key_arn,
            ),
            child(self),
        )

    def _surroundings(self, namespace: WorkloadNamespace, stores: _Stores) -> Surroundings:
        """What every pod is told: where the stores are, and the secrets that open them."""
        settings = self._args.settings
        cache = self._deliver("redis-cache", namespace, {"REDIS_URL": stores.redis["cache"].url})
        queue = self._deliver("redis-queue", namespace, {"QUEUE_REDIS_URL": stores.redis["queue"].url})
        database = self._deliver(
            "database",
            namespace,
            {"DATABASE_URL": stores.database.writer_url, "DATABASE_READER_URLS": stores.database.reader_urls},
        )
        trusted = self._args.trusted_certificates or ""
        return Surroundings(
            system=settings.system,
            prefix=self._names.prefix,
            namespace=namespace.name,
            issuer=self._issuer(),
            certificates=namespace.certificates,
            variables={
                **settings.workload.environment,
                "AWS_REGION": self._args.region,
                "CDN_URL": pulumi.Output.concat("https://", stores.cdn.domain),
            },
            secrets=[
                SecretVariable("REDIS_URL", cache.identifier, "REDIS_URL"),
                SecretVariable("QUEUE_REDIS_URL", queue.identifier, "QUEUE_REDIS_URL"),
                SecretVariable("DATABASE_URL", database.identifier, "DATABASE_URL"),
                SecretVariable("DATABASE_READER_URLS", database.identifier, "DATABASE_READER_URLS"),
            ],
            checksum=pulumi.Output.concat(
                cache.checksum, queue.checksum, database.checksum, hashlib.sha256(trusted.encode()).hexdigest()[:16]
            ),
            tags=self._tags,
        )

    def _deliver(
        self, name: str, namespace: WorkloadNamespace, data: Mapping[str, pulumi.Input[str]]
    ) -> DeliveredSecret:
        return DeliveredSecret(
            f"{name}-secret",
            DeliveredSecretArgs(
                identifier=name,
                namespace=namespace.name,
                data=data,
                labels={"app.kubernetes.io/part-of": self._args.settings.system},
            ),
            child(self),
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
        queues = self._queues_of(name)
        return StatelessService(
            name,
            StatelessServiceArgs(
                identifier=name,
                image=service.image or workload.image,
                surroundings=surroundings,
                command=workload.command,
                port=service.port,
                replicas=_range(service.replicas),
                cpu_target_percent=service.cpu_target_percent,
                resources=_resources(service.resources or workload.resources),
                drain_seconds=service.drain_seconds or workload.drain_seconds,
                startup_seconds=service.startup_seconds,
                variables={
                    **service.environment,
                    **self._bucket_variables(service, stores),
                    **({"QUEUES": ",".join(queues), "QUEUE_PREFIX": QUEUE_PREFIX} if queues else {}),
                },
                secrets=own.variables,
                checksum=own.checksum,
                grants=self._grants(service, stores),
                exposed=service.exposed,
            ),
            child(self),
        )

    def _own_secrets(self, name: str, service: Service, surroundings: Surroundings) -> _OwnSecrets:
        """A service's own secrets, delivered once however many of its queues have workers."""
        if not service.secrets:
            return _OwnSecrets()
        if name not in self._delivered:
            delivered = DeliveredSecret(
                f"{name}-secret",
                DeliveredSecretArgs(
                    identifier=name,
                    namespace=surroundings.namespace,
                    data=service.secrets,
                    labels={"app.kubernetes.io/part-of": self._args.settings.system},
                ),
                child(self),
            )
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
                redis=stores.redis["queue"],
                image=owner.image or settings.workload.image,
                surroundings=surroundings,
                command=settings.workload.command,
                port=owner.port,
                concurrency=queue.concurrency,
                longest_job_seconds=queue.longest_job_seconds,
                replicas=_range(queue.replicas),
                cpu_target_percent=queue.cpu_target_percent,
                resources=_resources(queue.resources or owner.resources or settings.workload.resources),
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
                queues=sorted(settings.queues),
                redis=stores.redis["queue"],
                image=settings.workload.image,
                surroundings=surroundings,
                secret_identifier=f"{self._names.prefix}/dashboard",
                username=settings.dashboard.username,
                command=settings.workload.command,
                replicas=_range(settings.dashboard.replicas),
                resources=_resources(settings.dashboard.resources or settings.workload.resources),
                recovery_days=self._recovery_days,
            ),
            child(self),
        ).outputs

    def _queues_of(self, service: str) -> list[str]:
        return sorted(name for name, queue in self._args.settings.queues.items() if queue.owner == service)

    def _grants(self, service: Service, stores: _Stores) -> list[BucketGrant]:
        buckets = stores.storage.buckets
        return [
            BucketGrant(buckets[key].arn, access, buckets[key].kms_key_arn)
            for key, access in sorted(service.buckets.items())
        ]

    def _bucket_variables(self, service: Service, stores: _Stores) -> dict[str, pulumi.Input[str]]:
        return {f"{key.upper().replace('-', '_')}_BUCKET": stores.storage.buckets[key].name for key in service.buckets}


def _range(replicas: Replicas) -> ReplicaRangeArgs:
    return ReplicaRangeArgs(min=replicas.min, max=replicas.max)


def _resources(resources: Resources) -> ContainerResources:
    return ContainerResources(
        cpu_request=resources.cpu_request,
        memory_request=resources.memory_request,
        memory_limit=resources.memory_limit,
    )
