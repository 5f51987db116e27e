"""PgBouncer in front of the read replicas: RDS Proxy serves the writer only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.autoscaling import ReplicaRangeArgs, Scaling, autoscaler_manifest
from components.database import PostgresCluster
from components.errors import refuse
from components.exposure import policy_manifest
from components.kubernetes import KubernetesObject
from components.options import child
from components.pods import (
    CERTIFICATES_FILE,
    CERTIFICATES_FOLDER,
    DEREGISTRATION_SECONDS,
    ContainerResources,
    cluster_service,
    container_security,
    grace_seconds,
    labels,
    pod_security,
    selector,
    spread,
)
from components.reader_pool_config import (
    CONFIG_FILE,
    CONFIG_FOLDER,
    PASSWORD_KEY,
    PORT,
    PROBE_SECONDS,
    SECRET_FOLDER,
    TLS_FOLDER,
    USERS_FILE,
    PoolConfig,
    database_names,
    pgbouncer_ini,
    ready_script,
    start_script,
    users,
)
from components.reader_pool_rules import PoolKnobs, refusals
from components.secrets import DeliveredSecret, DeliveredSecretArgs
from components.stateless_service import Surroundings
from components.workload import budget_manifest

PORT_NAME = "postgres"


@dataclass(frozen=True, kw_only=True)
class PooledReaders:
    """The read replicas that a pool is in front of.

    Attributes:
        hosts: Their hosts, in their order.
        database: Name of the database.
        username: Who logs in, to the pool and to the replicas.
        password: Of that user; secret.
        port: Where they listen.
        connections: Connections that each of them takes.
    """

    hosts: Sequence[pulumi.Input[str]]
    database: str
    username: str
    password: pulumi.Input[str]
    port: int
    connections: int


def readers_of(cluster: PostgresCluster) -> PooledReaders:
    """The replicas of a cluster."""
    return PooledReaders(
        hosts=cluster.reader_endpoints,
        database=cluster.database,
        username=cluster.username,
        password=cluster.password,
        port=cluster.port,
        connections=cluster.max_connections,
    )


@dataclass(frozen=True, kw_only=True)
class ReaderPoolArgs:
    """A pool of connections to read replicas, in the cluster, for transactions.

    Attributes:
        identifier: Name of the Deployment, the Service and the rest.
        readers: The replicas.
        image: Reference of an image with PgBouncer 1.21 or later, `sh` and `psql`; by digest unless the surroundings
            allow tags.
        surroundings: What it shares with the stack's workloads.
        tls_secret: Name of a Secret of type `kubernetes.io/tls` in the namespace, with a certificate for
            `<identifier>.<namespace>.svc` from an authority that the pods trust. Its renewal is noticed.
        allow_plain_clients: Whether clients may come without TLS, if there is no such Secret.
        replicas: How many PgBouncers the autoscaler may run.
        cpu_target_percent: CPU use, in percent of the request, that it aims at; one PgBouncer uses one core at most.
        pool_size: Connections of each PgBouncer to each replica, at most. All of them may take four fifths of what a
            replica takes.
        max_clients: Connections of clients to each PgBouncer, at most.
        wait_seconds: Seconds that a client waits for a connection to a replica before it is refused.
        drain_seconds: Seconds that transactions under way get to finish when one stops.
        resources: Requests and limits of each.
        trusted_checksum: Changes with the certificate authorities that the surroundings trust.
    """

    identifier: str
    readers: PooledReaders
    image: pulumi.Input[str]
    surroundings: Surroundings
    tls_secret: str | None = None
    allow_plain_clients: bool = False
    replicas: ReplicaRangeArgs = field(default_factory=lambda: ReplicaRangeArgs(min=2, max=4))
    cpu_target_percent: int = 70
    pool_size: int = 20
    max_clients: int = 1000
    wait_seconds: int = 10
    drain_seconds: int = 30
    resources: ContainerResources = field(
        default_factory=lambda: ContainerResources(cpu_request="100m", memory_request="64Mi", memory_limit="128Mi")
    )
    trusted_checksum: str = ""


class ReaderPool(pulumi.ComponentResource):
    """PgBouncer: Deployment, Service, autoscaler, disruption budget and network policy.

    Attributes:
        urls: `postgresql://` with the password, one for each replica through the pool, separated by commas; secret.
            Known when the pool is ready.
        outputs: Where to find it, as stack outputs.
    """

    urls: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: ReaderPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:ReaderPool", name, None, opts)
        refuse(f"ReaderPool {name!r}", refusals(_knobs(args)))
        shared, readers = args.surroundings, args.readers
        password = pulumi.Output.secret(readers.password)
        metadata = {
            "name": args.identifier,
            "namespace": shared.namespace,
            "labels": labels(args.identifier, shared.system),
        }
        text = pulumi.Output.all(*readers.hosts).apply(lambda hosts: pgbouncer_ini(_config(args, hosts)))
        config = KubernetesObject(
            f"{name}-config",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {**metadata, "name": f"{args.identifier}-config"},
                "data": {CONFIG_FILE: text},
            },
            child(self),
        )
        secret = DeliveredSecret(
            f"{name}-users",
            DeliveredSecretArgs(
                identifier=f"{args.identifier}-users",
                namespace=shared.namespace,
                data={
                    USERS_FILE: password.apply(lambda known: users(readers.username, known)),
                    PASSWORD_KEY: password,
                },
                external=shared.external,
                labels=labels(args.identifier, shared.system),
            ),
            child(self),
        )
        checksum = pulumi.Output.concat(text.apply(_digest), "-", secret.checksum, "-", args.trusted_checksum)
        deployment = KubernetesObject(
            f"{name}-deployment",
            deployment_manifest(args, metadata, config.metadata["name"], secret.identifier, checksum),
            child(self),
        )
        KubernetesObject(f"{name}-budget", budget_manifest(args.identifier, metadata), child(self))
        scaling = Scaling(replicas=args.replicas, cpu_target_percent=args.cpu_target_percent)
        KubernetesObject(
            f"{name}-autoscaler",
            autoscaler_manifest(args.identifier, metadata, scaling),
            child(self, depends_on=[deployment]),
        )
        service = KubernetesObject(f"{name}-service", _service(args, metadata), child(self, depends_on=[deployment]))
        KubernetesObject(
            f"{name}-network-policy",
            policy_manifest(args.identifier, metadata, [{"podSelector": {}}], PORT_NAME),
            child(self),
        )
        # The Service's own name: whoever is told the addresses waits for a pool that is ready.
        self.urls = pulumi.Output.all(
            service=service.metadata["name"], namespace=shared.namespace, password=password
        ).apply(lambda known: _urls(args, **known))
        self.outputs = {
            "service": args.identifier,
            "namespace": shared.namespace,
            "port": PORT,
            "databases": _databases(args),
            "deployment": args.identifier,
            "selector": selector(args.identifier),
            "minReplicas": args.replicas.min,
        }
        self.register_outputs(dict(self.outputs))


def _knobs(args: ReaderPoolArgs) -> PoolKnobs:
    return PoolKnobs(
        image=args.image,
        allow_image_tag=args.surroundings.allow_image_tag,
        readers=len(args.readers.hosts),
        connections=args.readers.connections,
        replicas=args.replicas,
        pool_size=args.pool_size,
        max_clients=args.max_clients,
        drain_seconds=args.drain_seconds,
        resources=args.resources,
        certificates=args.surroundings.certificates is not None,
        tls_secret=args.tls_secret,
        allow_plain_clients=args.allow_plain_clients,
    )


def _config(args: ReaderPoolArgs, hosts: Sequence[str]) -> PoolConfig:
    return PoolConfig(
        hosts=hosts,
        server_port=args.readers.port,
        database=args.readers.database,
        pool_size=args.pool_size,
        max_clients=args.max_clients,
        wait_seconds=args.wait_seconds,
        certificates=f"{CERTIFICATES_FOLDER}/{CERTIFICATES_FILE}",
        client_tls=args.tls_secret is not None,
    )


def _databases(args: ReaderPoolArgs) -> list[str]:
    return database_names(args.readers.database, len(args.readers.hosts))


def _urls(args: ReaderPoolArgs, service: str, namespace: str, password: str) -> str:
    mode = "disable" if args.tls_secret is None else "verify-full"
    start = f"postgresql://{args.readers.username}:{password}@{service}.{namespace}.svc:{PORT}"
    return ",".join(f"{start}/{database}?sslmode={mode}" for database in _databases(args))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def deployment_manifest(
    args: ReaderPoolArgs,
    metadata: Mapping[str, Any],
    config: pulumi.Input[str],
    secret: pulumi.Input[str],
    checksum: pulumi.Input[str],
) -> dict[str, Any]:
    """The Deployment. What this program changes (replicas, password, authorities) replaces the pods one by one, so
    that a configuration that does not work never reaches the second one."""
    volumes: list[dict[str, Any]] = [
        {"name": "config", "configMap": {"name": config}},
        {"name": "users", "secret": {"secretName": secret, "defaultMode": 0o440}},
        {"name": "certificates", "configMap": {"name": args.surroundings.certificates}},
    ]
    mounts: list[dict[str, Any]] = [
        {"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True},
        {"name": "users", "mountPath": SECRET_FOLDER, "readOnly": True},
        {"name": "certificates", "mountPath": CERTIFICATES_FOLDER, "readOnly": True},
    ]
    if args.tls_secret is not None:
        volumes.append({"name": "tls", "secret": {"secretName": args.tls_secret, "defaultMode": 0o440}})
        mounts.append({"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": dict(metadata),
        "spec": {
            "revisionHistoryLimit": 5,
            "progressDeadlineSeconds": 300,
            "selector": {"matchLabels": selector(args.identifier)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {
                    "labels": labels(args.identifier, args.surroundings.system),
                    "annotations": {"groundwork.dev/config-checksum": checksum},
                },
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": grace_seconds(args.drain_seconds),
                    "securityContext": pod_security(),
                    "topologySpreadConstraints": spread(args.identifier),
                    "containers": [_container(args, secret, mounts)],
                    "volumes": volumes,
                },
            },
        },
    }


def _container(args: ReaderPoolArgs, secret: pulumi.Input[str], mounts: list[dict[str, Any]]) -> dict[str, Any]:
    # psql asks this very pod, where nobody else can listen: the certificate's name does not matter.
    plain = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(PORT),
        "PGUSER": args.readers.username,
        "PGSSLMODE": "disable" if args.tls_secret is None else "require",
    }
    listens = {"tcpSocket": {"port": PORT_NAME}, "timeoutSeconds": 2, "successThreshold": 1}
    return {
        "name": "pgbouncer",
        "image": args.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", start_script([str(mount["mountPath"]) for mount in mounts])],
        "ports": [{"name": PORT_NAME, "containerPort": PORT, "protocol": "TCP"}],
        "env": [
            *({"name": name, "value": value} for name, value in plain.items()),
            {"name": PASSWORD_KEY, "valueFrom": {"secretKeyRef": {"name": secret, "key": PASSWORD_KEY}}},
        ],
        "resources": {
            "requests": {"cpu": args.resources.cpu_request, "memory": args.resources.memory_request},
            "limits": {"memory": args.resources.memory_limit, "ephemeral-storage": "192Mi"},
        },
        "securityContext": container_security(),
        "startupProbe": {**listens, "periodSeconds": 2, "failureThreshold": 30},
        "livenessProbe": {**listens, "periodSeconds": 10, "failureThreshold": 3},
        # Ready while one of the replicas is: clients of the others are told by errors, and go elsewhere.
        "readinessProbe": {
            "exec": {"command": ["sh", "-c", ready_script(_databases(args))]},
            "periodSeconds": 10,
            "timeoutSeconds": PROBE_SECONDS + 3,
            "failureThreshold": 2,
            "successThreshold": 1,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": DEREGISTRATION_SECONDS}}},
        "volumeMounts": mounts,
    }


def _service(args: ReaderPoolArgs, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return cluster_service(args.identifier, metadata, [{"name": PORT_NAME, "port": PORT, "targetPort": PORT_NAME}])
