"""From stores and services to the rows of a dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.bucket_policies import US_EAST_1
from components.capacity import GIB, REDIS_CONNECTIONS
from components.dashboard_body import Expression, Graph, Metric, Row
from components.database import PostgresCluster
from components.recovery_point import NAMESPACE
from components.redis import RedisCluster
from components.request_metrics import DIMENSION, REQUESTS
from components.slo import BURNS, Slo, objectives, threshold
from components.slo_alarms import bad_metric
from components.thresholds import (
    AlarmProfile,
    Capacity,
    Condition,
    postgres_conditions,
    recovery_point_condition,
    redis_conditions,
)

_REQUESTS_PERIOD = 300


def slo_row(namespace: str, service: str, slo: Slo, region: str) -> Row:
    """Requests of a service, and for each promise the share of bad ones against the threshold that pages.

    Args:
        namespace: Of the metrics that the service's log lines make.
        service: Its name.
        slo: What it promises.
        region: Where the metrics are.
    """
    requests = Graph(
        title="Requests in 5 minutes",
        series=[_requests(namespace, service, REQUESTS, "requests")],
        region=region,
        period=_REQUESTS_PERIOD,
    )
    shares = [
        Graph(
            title=f"{each.name}: share of bad requests",
            series=[
                _requests(namespace, service, bad_metric(each), "bad", id="bad", visible=False),
                _requests(namespace, service, REQUESTS, "requests", id="requests", visible=False),
                Expression(formula="FILL(bad, 0) / requests", label=f"promised: {each.meaning}"),
            ],
            region=region,
            period=_REQUESTS_PERIOD,
            limit=(f"{BURNS[0].rate:g} times the budget", threshold(each, BURNS[0])),
        )
        for each in objectives(slo)
    ]
    return Row(title=service, graphs=[requests, *shares])


def _requests(namespace: str, service: str, name: str, label: str, *, id: str = "", visible: bool = True) -> Metric:
    return Metric(
        namespace=namespace,
        name=name,
        dimensions={DIMENSION: service},
        statistic="Sum",
        label=label,
        id=id,
        visible=visible,
    )


def redis_row(title: str, cluster: RedisCluster, profile: AlarmProfile, region: str) -> Row:
    """A Redis, with the thresholds of its alarms."""
    nodes = [node for shard in cluster.node_ids for node in shard]
    watched = _Watched("AWS/ElastiCache", "CacheClusterId", profile, {"connections": REDIS_CONNECTIONS}, region)
    conditions = redis_conditions(evicts=cluster.profile == "cache")
    return Row(title=title, graphs=[_node_graph(watched, condition, nodes) for condition in conditions])


def postgres_row(title: str, cluster: PostgresCluster, profile: AlarmProfile, region: str) -> Row:
    """A PostgreSQL, with the thresholds of its alarms."""
    capacity: Mapping[Capacity, float] = {
        "connections": cluster.max_connections,
        "storage": cluster.storage_gb * GIB,
    }
    watched = _Watched("AWS/RDS", "DBInstanceIdentifier", profile, capacity, region)
    shown = [
        (condition, cluster.instance_ids[1:] if condition.nodes == "replicas" else cluster.instance_ids)
        for condition in postgres_conditions(cluster.rpo_minutes)
    ]
    graphs = [_node_graph(watched, condition, nodes) for condition, nodes in shown if nodes]
    if cluster.measures_recovery_point and cluster.rpo_minutes is not None:
        # First: what a loss would cost is asked before how the loss came about.
        promise, ours = recovery_point_condition(cluster.rpo_minutes), replace(watched, namespace=NAMESPACE)
        graphs.insert(0, _node_graph(ours, promise, cluster.instance_ids[:1]))
    return Row(title=title, graphs=graphs)


@dataclass(frozen=True)
class _Watched:
    """A store as its graphs see it."""

    namespace: str
    dimension: str
    profile: AlarmProfile
    capacity: Mapping[Capacity, float]
    region: str


def _node_graph(watched: _Watched, condition: Condition, nodes: Sequence[str]) -> Graph:
    """A metric of each node, and where its alarm begins."""
    return Graph(
        title=f"{condition.metric}, {condition.unit}" if condition.share_of is None else condition.metric,
        series=[
            Metric(
                namespace=watched.namespace,
                name=condition.metric,
                dimensions={watched.dimension: node},
                statistic=condition.statistic,
                label=node,
            )
            for node in nodes
        ],
        region=watched.region,
        limit=("alarm", condition.threshold(watched.profile, watched.capacity)),
    )


def cdn_row(distribution: str) -> Row:
    """A distribution's requests and errors; its metrics are in us-east-1, whatever the stack's region."""

    def graph(title: str, *metrics: tuple[str, str]) -> Graph:
        return Graph(
            title=title,
            series=[
                Metric(
                    namespace="AWS/CloudFront",
                    name=name,
                    dimensions={"DistributionId": distribution, "Region": "Global"},
                    statistic=statistic,
                    label=name,
                )
                for name, statistic in metrics
            ],
            region=US_EAST_1,
            period=_REQUESTS_PERIOD,
        )

    return Row(
        title="CDN",
        graphs=[
            graph("Requests in 5 minutes", ("Requests", "Sum")),
            graph("Errors, percent", ("4xxErrorRate", "Average"), ("5xxErrorRate", "Average")),
            graph("Bytes in 5 minutes", ("BytesDownloaded", "Sum"), ("BytesUploaded", "Sum")),
        ],
    )
