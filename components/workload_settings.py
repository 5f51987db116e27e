"""From settings of services and queues to the arguments of their components."""

from __future__ import annotations

from components.capacity import declared_connections
from components.cluster import ClusterFeatures, GatewayFeature, IngressFeature, PrometheusFeature
from components.exposure import Exposure
from components.pod_options import Amount, ConfigFiles, Probes, Rollout
from components.pods import ContainerResources
from components.queues import QueueOptions, ScheduleArgs
from components.reader_pool_rules import PoolKnobs
from components.service_rules import CanaryArgs, ServiceKnobs, deregistration
from components.settings.cluster import Cluster
from components.settings.database import Database
from components.settings.reader_pool import ReaderPool
from components.settings.workloads import Queue, Resources, Service, Workload


def cluster_features(cluster: Cluster) -> ClusterFeatures:
    """What the cluster has."""
    gateway, ingress, prometheus = cluster.gateway, cluster.ingress, cluster.prometheus_operator
    return ClusterFeatures(
        keda_namespace=cluster.keda.namespace if cluster.keda else None,
        metrics_namespace=cluster.metrics.namespace if cluster.metrics else None,
        gateway=GatewayFeature(**gateway.model_dump()) if gateway else None,
        ingress=IngressFeature(**ingress.model_dump()) if ingress else None,
        prometheus=PrometheusFeature(**prometheus.model_dump()) if prometheus else None,
    )


def container_resources(resources: Resources) -> ContainerResources:
    """Requests and limits."""
    return ContainerResources(**resources.model_dump())


def queue_options(queue: Queue) -> QueueOptions:
    """How a queue keeps and repeats its jobs."""
    return QueueOptions(
        kind=queue.kind,
        attempts=queue.attempts,
        backoff_seconds=queue.backoff_seconds,
        keep_failed_days=queue.keep_failed_days,
        keep_failed=queue.keep_failed,
    )


def schedules(queue: Queue) -> dict[str, ScheduleArgs]:
    """A queue's jobs by the clock."""
    return {name: ScheduleArgs(**schedule.model_dump()) for name, schedule in queue.schedules.items()}


def probes(service: Service) -> Probes:
    """How a pod is asked for its health."""
    return Probes(**service.probes.model_dump())


def rollout(service: Service) -> Rollout:
    """The steps in which a change replaces pods."""
    steps = service.rollout
    return Rollout(
        max_surge=_amount(steps.max_surge),
        max_unavailable=_amount(steps.max_unavailable),
        min_ready_seconds=steps.min_ready_seconds,
    )


def _amount(text: str) -> Amount:
    return text if text.endswith("%") else int(text)


def config_files(service: Service) -> ConfigFiles | None:
    """Configuration files."""
    return ConfigFiles(**service.config.model_dump()) if service.config else None


def expose(service: Service) -> Exposure | None:
    """Where clients outside the cluster find it."""
    return Exposure(**service.expose.model_dump()) if service.expose else None


def canary(service: Service) -> CanaryArgs | None:
    """Another image for a share of the requests."""
    return CanaryArgs(**service.canary.model_dump()) if service.canary else None


def pool_knobs(pool: ReaderPool, database: Database, *, local: bool, certificates: bool) -> PoolKnobs:
    """What decides about a reader pool's safety; images have rules of their own for each environment.

    Args:
        pool: The pool.
        database: What it is in front of.
        local: Whether clients may come without TLS.
        certificates: Whether the stack names authorities that it trusts.
    """
    return PoolKnobs(
        image=None,
        allow_image_tag=True,
        readers=database.replicas,
        connections=declared_connections(database.parameters, database.instance_class),
        replicas=pool.replicas,
        pool_size=pool.pool_size,
        max_clients=pool.max_clients,
        drain_seconds=pool.drain_seconds,
        resources=pool.resources,
        certificates=certificates,
        tls_secret=pool.tls_secret,
        allow_plain_clients=local,
    )


def service_knobs(service: Service, workload: Workload, cluster: Cluster) -> ServiceKnobs:
    """What decides about a service's safety; images have rules of their own for each environment."""
    exposed = service.expose is not None
    return ServiceKnobs(
        image=None,
        allow_image_tag=True,
        least_replicas=service.replicas.min,
        port=service.port,
        ports=service.ports,
        drain_seconds=service.drain_seconds or workload.drain_seconds,
        stream_seconds=service.stream_seconds,
        deregistration_seconds=deregistration(service.deregistration_seconds, exposed=exposed),
        startup_seconds=service.startup_seconds,
        cluster=cluster_features(cluster),
        cpu_target_percent=service.cpu_target_percent,
        memory_target_percent=service.memory_target_percent,
        requests_per_second=service.requests_per_second,
        probes=probes(service),
        rollout=rollout(service),
        config=config_files(service),
        expose=expose(service),
        canary=canary(service),
        arguments=service.args or (),
        scratch_size=service.scratch_size,
    )
