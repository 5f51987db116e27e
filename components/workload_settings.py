"""From settings of services and queues to the arguments of their components."""

from __future__ import annotations

from components.cluster import ClusterFeatures
from components.queues import QueueOptions, ScheduleArgs
from components.settings.cluster import Cluster
from components.settings.workloads import Queue


def cluster_features(cluster: Cluster) -> ClusterFeatures:
    """What the cluster has."""
    return ClusterFeatures(
        keda_namespace=cluster.keda.namespace if cluster.keda else None,
        metrics_namespace=cluster.metrics.namespace if cluster.metrics else None,
    )


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
    return {
        name: ScheduleArgs(
            cron=schedule.cron,
            timezone=schedule.timezone,
            exclusive=schedule.exclusive,
            payload=schedule.payload,
        )
        for name, schedule in queue.schedules.items()
    }
