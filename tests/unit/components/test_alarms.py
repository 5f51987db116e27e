"""Alarms: what is watched, at which values, and that somebody hears of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from components import thresholds
from components.alarms import (
    AlarmTopic,
    AlarmTopicArgs,
    PostgresAlarms,
    PostgresAlarmsArgs,
    RedisAlarms,
    RedisAlarmsArgs,
    RegionalRedisAlarms,
    RegionalRedisAlarmsArgs,
    protocol,
)
from components.capacity import memory_gib, postgres_connections
from components.database import PostgresCluster
from components.errors import Refused
from components.redis import RedisCluster
from components.redis_copy import RegionalRedis, RegionalRedisArgs
from components.thresholds import AlarmProfile, Condition
from tests.unit.components.test_database import ARGS as DATABASE
from tests.unit.components.test_redis import QUEUE

pytestmark = pytest.mark.unit

Record = Callable[..., Any]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop-prod-alarms"


def _redis(record: Record, profile: AlarmProfile = "production", **change: Any) -> dict[str, dict[str, Any]]:
    def build() -> None:
        cluster = RedisCluster("queue", replace(QUEUE, **change))
        RedisAlarms("alarms", RedisAlarmsArgs(cluster=cluster, profile=profile, topic_arn=TOPIC))

    return {item.inputs["name"]: item.inputs for item in record(build).of("MetricAlarm")}


def _postgres(record: Record, profile: AlarmProfile = "production", **change: Any) -> dict[str, dict[str, Any]]:
    def build() -> None:
        cluster = PostgresCluster("database", replace(DATABASE, **change))
        PostgresAlarms("alarms", PostgresAlarmsArgs(cluster=cluster, profile=profile, topic_arn=TOPIC))

    return {item.inputs["name"]: item.inputs for item in record(build).of("MetricAlarm")}


def _nodes(alarm: dict[str, Any]) -> list[str]:
    return [next(iter(item["metric"]["dimensions"].values())) for item in alarm["metricQueries"] if "metric" in item]


def test_every_redis_is_watched_on_all_its_nodes(record: Record) -> None:
    """P0-REDIS: CPU, memory, evictions, connections, replication lag."""
    alarms = _redis(record)
    assert sorted(alarms) == [
        f"shop-prod-queue-{name}" for name in ("connections", "cpu", "evictions", "memory", "replication-lag")
    ]
    for alarm in alarms.values():
        assert _nodes(alarm) == ["shop-prod-queue-001", "shop-prod-queue-002"]
        assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]
        [worst] = [item for item in alarm["metricQueries"] if item["returnData"]]
        assert worst["expression"] == "MAX([node1, node2])"
    assert alarms["shop-prod-queue-cpu"]["insufficientDataActions"] == [TOPIC], "a silent node is told too"


def test_one_eviction_is_too_many_for_what_must_not_be_forgotten(record: Record) -> None:
    """P0-REDIS: jobs, sessions and idempotency keys."""
    assert _redis(record)["shop-prod-queue-evictions"]["threshold"] == 0
    alarm = _redis(record, "staging")["shop-prod-queue-evictions"]
    assert (alarm["threshold"], alarm["evaluationPeriods"]) == (0, 1)


def test_a_cache_may_forget_but_not_all_the_time(record: Record) -> None:
    def build() -> None:
        cluster = RedisCluster("cache", replace(QUEUE, profile="cache"))
        RedisAlarms("alarms", RedisAlarmsArgs(cluster=cluster, profile="production", topic_arn=TOPIC))

    alarm = record(build).one("MetricAlarm", "alarms-evictions").inputs
    assert (alarm["threshold"], alarm["evaluationPeriods"]) == (1000, 15)


def test_a_single_node_has_no_lag_and_shards_have_alarms_of_their_own(record: Record) -> None:
    def single() -> None:
        cluster = RedisCluster("queue", replace(QUEUE, replicas=0))
        RedisAlarms("alarms", RedisAlarmsArgs(cluster=cluster, profile="staging", topic_arn=TOPIC))

    def sharded() -> None:
        cluster = RedisCluster("queue", replace(QUEUE, profile="state", shards=3))
        RedisAlarms("alarms", RedisAlarmsArgs(cluster=cluster, profile="staging", topic_arn=TOPIC))

    assert len(record(single).of("MetricAlarm")) == 4
    alarms = {item.inputs["name"]: item.inputs for item in record(sharded).of("MetricAlarm")}
    assert len(alarms) == 15
    assert _nodes(alarms["shop-prod-queue-cpu-0003"]) == ["shop-prod-queue-0003-001", "shop-prod-queue-0003-002"]


def test_a_copy_is_watched_in_its_own_region(record: Record) -> None:
    """RB-REGION, P0-REDIS: CloudWatch does not look across regions, and neither does what an alarm tells."""

    def build() -> None:
        primary = RedisCluster(
            "queue", replace(QUEUE, node_type="cache.m7g.large", global_datastore="shop", replicas=1)
        )
        copy = RegionalRedis(
            "copy",
            RegionalRedisArgs(
                identifier="shop-prod-queue",
                primary=primary,
                primary_region="eu-west-1",
                region="eu-central-1",
                access=QUEUE.access,
                replicas=2,
            ),
        )
        topic = AlarmTopic(
            "topic",
            AlarmTopicArgs(
                identifier="shop-prod-alarms",
                account="123456789012",
                notify=["ops@shop.test"],
                region="eu-central-1",
            ),
        )
        RegionalRedisAlarms("alarms", RegionalRedisAlarmsArgs(cluster=copy, profile="production", topic_arn=topic.arn))

    recording = record(build)
    alarms = {item.inputs["name"]: item.inputs for item in recording.of("MetricAlarm")}
    assert sorted(alarms) == [
        f"shop-prod-queue-{name}"
        for name in ("connections", "cpu", "evictions", "global-lag", "memory", "replication-lag")
    ]
    for alarm in alarms.values():
        assert alarm["region"] == "eu-central-1"
        assert _nodes(alarm) == ["shop-prod-queue-001", "shop-prod-queue-002", "shop-prod-queue-003"]
    lag = alarms["shop-prod-queue-global-lag"]
    assert (lag["metricQueries"][0]["metric"]["metricName"], lag["threshold"]) == ("GlobalDatastoreReplicationLag", 10)
    for kind in ("kms/key:Key", "sns/topic:Topic", "sns/topicSubscription:TopicSubscription"):
        [made] = [item for item in recording.of(kind) if item.name.startswith("topic-")]
        assert made.inputs["region"] == "eu-central-1", kind


def test_every_database_instance_is_watched(record: Record) -> None:
    """P0-REPLICA, SR-DB: CPU, connections, storage, latency, replica lag, recovery point."""
    alarms = _postgres(record)
    ends = ("connections", "cpu", "read-latency", "recovery-point", "replica-lag", "storage", "write-latency")
    assert sorted(alarms) == [f"shop-prod-database-{name}" for name in ends]
    assert _nodes(alarms["shop-prod-database-cpu"]) == [
        "shop-prod-database", "shop-prod-database-replica-1", "shop-prod-database-replica-2"
    ]  # fmt: skip
    assert "shop-prod-database" not in _nodes(alarms["shop-prod-database-replica-lag"])
    storage = alarms["shop-prod-database-storage"]
    assert storage["comparisonOperator"] == "LessThanThreshold"
    assert storage["threshold"] == pytest.approx(0.15 * 50 * 2**30)
    assert storage["metricQueries"][-1]["expression"].startswith("MIN(")


def test_declared_connections_bound_the_alarm_on_them(record: Record) -> None:
    alarm = _postgres(record, parameters={"max_connections": "200"})["shop-prod-database-connections"]
    assert alarm["threshold"] == 160


def test_no_replica_may_lag_beyond_the_declared_recovery_point(record: Record) -> None:
    """P0-BACKUP: a promotion must not lose more than was promised."""
    assert _postgres(record)["shop-prod-database-replica-lag"]["threshold"] == 30
    assert thresholds.postgres_conditions(1)[-1].thresholds == {"production": 30, "staging": 60}
    assert thresholds.postgres_conditions(None)[-1].thresholds == {"production": 30, "staging": 120}


def test_no_replicas_no_lag_and_many_instances_are_split_over_alarms(record: Record) -> None:
    assert "shop-prod-database-replica-lag" not in _postgres(record, replicas=0)
    many = _postgres(record, replicas=15)
    assert [len(_nodes(many[f"shop-prod-database-cpu-{n}"])) for n in (1, 2)] == [10, 6]


@pytest.mark.parametrize(
    ("instance_class", "memory"),
    [
        ("db.t4g.micro", 1),
        ("db.t4g.medium", 4),
        ("db.m7g.large", 8),
        ("db.r7g.large", 16),
        ("db.r7g.xlarge", 32),
        ("db.r6gd.16xlarge", 512),
        ("db.z9.huge", 1),
    ],
)
def test_memory_of_instance_classes(instance_class: str, memory: float) -> None:
    """RDS User Guide, DB instance classes; an unknown one counts as the smallest, so that its alarm comes early."""
    assert memory_gib(instance_class) == memory
    assert 0 < postgres_connections(instance_class) <= 5000


CONDITIONS: list[Condition] = [
    *thresholds.REDIS,
    thresholds.EVICTIONS,
    thresholds.CACHE_EVICTIONS,
    *thresholds.POSTGRES,
    thresholds.REPLICA_LAG,
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_the_table_has_units_and_sources_and_production_warns_earlier(condition: Condition) -> None:
    assert condition.unit
    assert condition.source
    assert set(condition.thresholds) == set(get_args(AlarmProfile))
    production, staging = condition.thresholds["production"], condition.thresholds["staging"]
    assert production <= staging if condition.bad == "above" else production >= staging


def test_cloudwatch_can_use_the_key_that_the_topic_is_encrypted_with(record: Record) -> None:
    """P0-OBS: with SNS's own key its messages would be lost without a word."""
    args = AlarmTopicArgs(
        identifier="shop-prod-alarms", account="123456789012", notify=["ops@shop.example", "https://pager.example/1"]
    )
    recording = record(lambda: AlarmTopic("alarms", args))
    assert recording.one("sns/topic:Topic").inputs["kmsMasterKeyId"] == "arn:aws:test:::alarms-key"
    statements = json.loads(recording.one("kms/key:Key").inputs["policy"])["Statement"]
    [alarms] = [item for item in statements if item["Sid"] == "Alarms"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    told = {item.inputs["protocol"]: item.inputs["endpoint"] for item in recording.of("TopicSubscription")}
    assert told == {"email": "ops@shop.example", "https": "https://pager.example/1"}


def test_addresses_have_a_protocol() -> None:
    assert protocol("arn:aws:sqs:eu-west-1:1:alarms") == "sqs"
    assert protocol("arn:aws:lambda:eu-west-1:1:function:page") == "lambda"


@pytest.mark.parametrize("endpoint", ["http://plain.example", "arn:aws:s3:::bucket", "nobody"])
def test_an_address_that_cannot_be_told_is_refused(record: Record, endpoint: str) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            AlarmTopic("alarms", AlarmTopicArgs(identifier="alarms", account="123456789012", notify=[endpoint]))
        return caught.value

    [refusal] = record(build).result.refusals
    assert (refusal.setting, refusal.value) == ("notify", endpoint)
