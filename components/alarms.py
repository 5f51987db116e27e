"""Alarms of the data stores, and the one topic that they all go to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi

from components import aws
from components.capacity import GIB, REDIS_CONNECTIONS
from components.database import PostgresCluster
from components.errors import Refusal, refuse
from components.iam import key_owner, policy_document
from components.keys import DELETION_DAYS
from components.options import child
from components.recovery_point import NAMESPACE
from components.redis import RedisCluster
from components.redis_copy import RegionalRedis
from components.thresholds import (
    GLOBAL_LAG,
    AlarmProfile,
    Capacity,
    Condition,
    postgres_conditions,
    recovery_point_condition,
    redis_conditions,
)

MOST_METRICS = 10
"""Metrics that one alarm may look at (CloudWatch quotas)."""
_SECONDS = 60
_ALARMS = "cloudwatch.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """Where alarms go.

    Attributes:
        identifier: Name of the topic, for example `aiponge-prod-alarms`.
        account: Number of the account.
        notify: Who is told: e-mail addresses, https URLs, ARNs of SQS queues and Lambda functions. An address has to
            confirm before it is told anything.
        publishers: Services that publish beside CloudWatch, for example `backup.amazonaws.com`.
        region: Where it is made: alarms and what they tell have to be of one region. None: the provider's own.
        tags: On everything.
    """

    identifier: str
    account: str
    notify: Sequence[str] = ()
    publishers: Sequence[str] = ()
    region: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class AlarmTopic(pulumi.ComponentResource):
    """An encrypted topic that CloudWatch may publish to, and its subscriptions.

    Requirements: P0-OBS.

    Attributes:
        arn: The topic, for alarms of whatever kind.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:AlarmTopic", name, None, opts)
        refuse(f"AlarmTopic {name!r}", _unreachable(args.notify))
        # CloudWatch cannot use SNS's own key, and its messages would be lost without a word.
        key = aws.Key(
            f"{name}-key",
            description=f"Encrypts {args.identifier}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=_key_policy(args.account, args.publishers),
            region=args.region,
            tags=dict(args.tags),
            opts=child(self),
        )
        topic = aws.Topic(
            f"{name}-topic",
            name=args.identifier,
            kms_master_key_id=key.arn,
            region=args.region,
            tags=dict(args.tags),
            opts=child(self),
        )
        if args.publishers:
            aws.TopicPolicy(
                f"{name}-topic",
                arn=topic.arn,
                policy=topic.arn.apply(lambda arn: _topic_policy(arn, args.account, args.publishers)),
                region=args.region,
                opts=child(self),
            )
        for endpoint in args.notify:
            aws.TopicSubscription(
                f"{name}-to-{endpoint}",
                topic=topic.arn,
                protocol=protocol(endpoint),
                endpoint=endpoint,
                region=args.region,
                opts=child(self),
            )
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})


def protocol(endpoint: str) -> str | None:
    """How SNS reaches an address; None when it is none that it can reach."""
    if endpoint.startswith("https://"):
        return "https"
    if endpoint.startswith("arn:"):
        service = endpoint.split(":")[2]
        return service if service in ("sqs", "lambda") else None
    return "email" if "@" in endpoint else None


def _unreachable(notify: Sequence[str]) -> Iterator[Refusal]:
    for endpoint in notify:
        if protocol(endpoint) is None:
            yield Refusal(
                "notify", endpoint, "write an e-mail address, an https URL, or the ARN of an SQS queue or a function"
            )


def _topic_policy(arn: str, account: str, publishers: Sequence[str]) -> str:
    """What a topic lets its owner do anyway, and the services publish for this account."""
    return policy_document(
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": account},
            "Action": [
                "sns:GetTopicAttributes",
                "sns:ListSubscriptionsByTopic",
                "sns:Publish",
                "sns:SetTopicAttributes",
                "sns:Subscribe",
            ],
            "Resource": arn,
        },
        {
            "Sid": "Services",
            "Effect": "Allow",
            "Principal": {"Service": [_ALARMS, *publishers]},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
    )


def _key_policy(account: str, publishers: Sequence[str]) -> str:
    """The account's own rights, CloudWatch's for the alarms of this account, and those of further services."""
    further = {
        "Sid": "Services",
        "Effect": "Allow",
        # Whom they may publish for is said by the topic's policy; not all of them tell KMS whom they work for.
        "Principal": {"Service": list(publishers)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
    }
    return policy_document(
        key_owner(account),
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": _ALARMS},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
        *([further] if publishers else []),
    )


@dataclass(frozen=True, kw_only=True)
class RedisAlarmsArgs:
    """Alarms of one Redis.

    Attributes:
        cluster: The Redis.
        profile: Thresholds, of `components.thresholds`.
        topic_arn: Where they go.
        tags: On the alarms.
    """

    cluster: RedisCluster
    profile: AlarmProfile
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class RedisAlarms(pulumi.ComponentResource):
    """CPU, memory, connections, evictions and replication lag of each shard's nodes.

    Requirements: P0-OBS, P0-REDIS.

    Attributes:
        names: Names of the alarms.
    """

    names: Sequence[str]

    def __init__(self, name: str, args: RedisAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RedisAlarms", name, None, opts)
        self.names = _redis_alarms(self, name, args)
        self.register_outputs({"names": self.names})


@dataclass(frozen=True, kw_only=True)
class RegionalRedisAlarmsArgs:
    """Alarms of a Redis's copy in another region.

    Attributes:
        cluster: The copy.
        profile: Thresholds, of `components.thresholds`.
        topic_arn: Where they go: a topic of the copy's region.
        tags: On the alarms.
    """

    cluster: RegionalRedis
    profile: AlarmProfile
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class RegionalRedisAlarms(pulumi.ComponentResource):
    """What is watched on every Redis, and the lag behind the primary's region. All of it is made in the copy's region:
    CloudWatch does not look across.

    Requirements: P0-OBS, P0-REDIS, RB-REGION.

    Attributes:
        names: Names of the alarms.
    """

    names: Sequence[str]

    def __init__(self, name: str, args: RegionalRedisAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:RegionalRedisAlarms", name, None, opts)
        self.names = _redis_alarms(self, name, args, region=args.cluster.region, more=[GLOBAL_LAG])
        self.register_outputs({"names": self.names})


def _redis_alarms(
    parent: pulumi.Resource,
    name: str,
    args: RedisAlarmsArgs | RegionalRedisAlarmsArgs,
    region: str | None = None,
    more: Sequence[Condition] = (),
) -> Sequence[str]:
    """Register the alarms of a Redis, in a region if one is named; returns their names."""
    cluster = args.cluster
    watched = _Watched(
        parent=parent,
        name=name,
        identifier=cluster.identifier,
        namespace="AWS/ElastiCache",
        dimension="CacheClusterId",
        profile=args.profile,
        topic_arn=args.topic_arn,
        capacity={"connections": REDIS_CONNECTIONS},
        tags=args.tags,
        # Alarms on nodes that do not exist yet would tell of their silence.
        after=(cluster,),
        region=region,
    )
    made: list[str] = []
    for condition in (*redis_conditions(evicts=cluster.profile == "cache"), *more):
        if condition.name == "replication-lag" and len(cluster.node_ids[0]) < 2:
            continue
        for shard, nodes in enumerate(cluster.node_ids, start=1):
            ending = f"-{shard:04}" if len(cluster.node_ids) > 1 else ""
            made.append(_alarm(watched, condition, nodes, ending))
    return made


@dataclass(frozen=True, kw_only=True)
class PostgresAlarmsArgs:
    """Alarms of one PostgreSQL.

    Attributes:
        cluster: The database.
        profile: Thresholds, of `components.thresholds`.
        topic_arn: Where they go.
        tags: On the alarms.
    """

    cluster: PostgresCluster
    profile: AlarmProfile
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class PostgresAlarms(pulumi.ComponentResource):
    """CPU, connections, free storage, latency of writer and replicas, the replicas' lag, and the age of the newest
    moment that can be restored.

    Requirements: P0-OBS, P0-REPLICA.

    Attributes:
        names: Names of the alarms.
    """

    names: Sequence[str]

    def __init__(self, name: str, args: PostgresAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:PostgresAlarms", name, None, opts)
        cluster = args.cluster
        writer, replicas = cluster.instance_ids[0], cluster.instance_ids[1:]
        watched = _Watched(
            parent=self,
            name=name,
            identifier=writer,
            namespace="AWS/RDS",
            dimension="DBInstanceIdentifier",
            profile=args.profile,
            topic_arn=args.topic_arn,
            capacity={
                "connections": cluster.max_connections,
                "storage": cluster.storage_gb * GIB,
            },
            tags=args.tags,
            after=(cluster,),
        )
        made: list[str] = []
        for condition in postgres_conditions(cluster.rpo_minutes):
            nodes = replicas if condition.nodes == "replicas" else cluster.instance_ids
            for start in range(0, len(nodes), MOST_METRICS):
                ending = f"-{start // MOST_METRICS + 1}" if len(nodes) > MOST_METRICS else ""
                made.append(_alarm(watched, condition, nodes[start : start + MOST_METRICS], ending))
        if cluster.measures_recovery_point and cluster.rpo_minutes is not None:
            ours = replace(watched, namespace=NAMESPACE)
            made.append(_alarm(ours, recovery_point_condition(cluster.rpo_minutes), [writer], ""))
        self.names = made
        self.register_outputs({"names": made})


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """A store as its alarms see it."""

    parent: pulumi.Resource
    name: str
    identifier: str
    namespace: str
    dimension: str
    profile: AlarmProfile
    topic_arn: pulumi.Input[str]
    capacity: Mapping[Capacity, float]
    tags: Mapping[str, str]
    after: Sequence[pulumi.Resource]
    region: str | None = None


def _alarm(watched: _Watched, condition: Condition, nodes: Sequence[str], ending: str) -> str:
    """Register the alarm of one condition on some nodes; returns its name."""
    threshold = condition.threshold(watched.profile, watched.capacity)
    identifier = f"{watched.identifier}-{condition.name}{ending}"
    actions = [watched.topic_arn]
    aws.MetricAlarm(
        f"{watched.name}-{condition.name}{ending}",
        name=identifier,
        alarm_description=f"{condition.meaning}. Threshold: {threshold:g}, from {condition.source}.",
        comparison_operator="GreaterThanThreshold" if condition.bad == "above" else "LessThanThreshold",
        threshold=threshold,
        evaluation_periods=condition.minutes,
        datapoints_to_alarm=condition.minutes,
        treat_missing_data="missing",
        metric_queries=_queries(watched, condition, nodes),
        alarm_actions=actions,
        ok_actions=actions,
        insufficient_data_actions=actions if condition.silence_is_bad else None,
        region=watched.region,
        tags=dict(watched.tags),
        opts=child(watched.parent, depends_on=watched.after),
    )
    return identifier


def _queries(watched: _Watched, condition: Condition, nodes: Sequence[str]) -> list[Any]:
    """One metric for each node, and the worst of them."""
    metrics = [
        {
            "id": f"node{number}",
            "metric": {
                "namespace": watched.namespace,
                "metric_name": condition.metric,
                "dimensions": {watched.dimension: node},
                "period": _SECONDS,
                "stat": condition.statistic,
            },
            "return_data": False,
        }
        for number, node in enumerate(nodes, start=1)
    ]
    worst = "MAX" if condition.bad == "above" else "MIN"
    listed = ", ".join(str(metric["id"]) for metric in metrics)
    return [
        *metrics,
        {"id": "worst", "expression": f"{worst}([{listed}])", "label": condition.metric, "return_data": True},
    ]
