"""Alarms look at the real servers, and tell the local inbox (P0-OBS)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis

from local.aws.layout import Layout
from local.aws.monitoring.inbox import Message, read
from local.paths import Paths

pytestmark = pytest.mark.e2e

Wait = Callable[..., None]
MEMORY_THRESHOLD = 20.0
PASSWORD = "password-of-the-tests"


@dataclass(frozen=True)
class Node:
    """The tests' Redis: a primary and a replica."""

    name: str
    address: str

    def connect(self) -> redis.Redis:
        return redis.Redis(host=self.address, socket_timeout=10)


@pytest.fixture(scope="module")
def node(client: Callable[..., Any], unique: str, eventually: Wait) -> Iterator[Node]:
    api = client("elasticache")
    api.create_replication_group(
        ReplicationGroupId=unique,
        ReplicationGroupDescription="tests",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
    )

    def described() -> Any:
        return api.describe_replication_groups(ReplicationGroupId=unique)["ReplicationGroups"][0]

    eventually(lambda: described()["Status"] == "available", "the replication group is available")
    group = described()["NodeGroups"][0]
    yield Node(group["NodeGroupMembers"][0]["CacheClusterId"], group["PrimaryEndpoint"]["Address"])
    api.delete_replication_group(ReplicationGroupId=unique)
    names = lambda: [g["ReplicationGroupId"] for g in api.describe_replication_groups()["ReplicationGroups"]]  # noqa: E731
    eventually(lambda: unique not in names(), "the replication group is gone")


@pytest.fixture(scope="module")
def topic(client: Callable[..., Any], unique: str) -> Iterator[str]:
    """A topic that tells an address of the world outside."""
    sns = client("sns")
    arn = str(sns.create_topic(Name=unique)["TopicArn"])
    for protocol, endpoint in (("email", "on-call@example.com"), ("https", "https://198.51.100.1/hook")):
        sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)
    yield arn
    sns.delete_topic(TopicArn=arn)


@pytest.fixture(scope="module")
def instance(client: Callable[..., Any], unique: str, eventually: Wait) -> Iterator[tuple[str, str]]:
    """A writer and its read replica, by their identifiers."""
    api = client("rds")
    writer, replica = f"{unique}-w", f"{unique}-r"
    api.create_db_instance(
        DBInstanceIdentifier=writer,
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="keeper",
        MasterUserPassword=PASSWORD,
        BackupRetentionPeriod=1,
    )

    def status(name: str) -> str:
        return str(api.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"])

    eventually(lambda: status(writer) == "available", "the writer is available")
    api.create_db_instance_read_replica(DBInstanceIdentifier=replica, SourceDBInstanceIdentifier=writer)
    eventually(lambda: status(replica) == "available", "the replica is available")
    yield writer, replica
    for name in (replica, writer):
        api.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    names = lambda: [each["DBInstanceIdentifier"] for each in api.describe_db_instances()["DBInstances"]]  # noqa: E731
    eventually(lambda: not {writer, replica} & set(names()), "the instances are gone")


def _newest(cloudwatch: Any, namespace: str, name: str, dimension: tuple[str, str]) -> float | None:
    """The newest value of a metric in the last ten minutes."""
    now = datetime.now(UTC)
    [found] = cloudwatch.get_metric_data(
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(seconds=10),
        ScanBy="TimestampDescending",
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": name,
                        "Dimensions": [{"Name": dimension[0], "Value": dimension[1]}],
                    },
                    "Period": 10,
                    "Stat": "Maximum",
                },
            }
        ],
    )["MetricDataResults"]
    return float(found["Values"][0]) if found["Values"] else None


def _told(paths: Paths, topic: str, state: str) -> list[Message]:
    kept = [message for message in read(Layout.of(paths).inbox) if message.topic == topic]
    return [message for message in kept if json.loads(message.message)["NewStateValue"] == state]


def test_a_redis_that_fills_up_raises_an_alarm_that_reaches_the_inbox(
    client: Callable[..., Any], paths: Paths, node: Node, topic: str, unique: str, eventually: Wait
) -> None:
    """P0-OBS: from the server's memory to the message, and back."""
    cloudwatch = client("cloudwatch")
    metric = {
        "Namespace": "AWS/ElastiCache",
        "MetricName": "DatabaseMemoryUsagePercentage",
        "Dimensions": [{"Name": "CacheClusterId", "Value": node.name}],
    }
    cloudwatch.put_metric_alarm(
        AlarmName=unique,
        Metrics=[
            {"Id": "node1", "MetricStat": {"Metric": metric, "Period": 10, "Stat": "Maximum"}, "ReturnData": False},
            {"Id": "worst", "Expression": "MAX([node1])", "Label": "memory", "ReturnData": True},
        ],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=MEMORY_THRESHOLD,
        EvaluationPeriods=1,
        DatapointsToAlarm=1,
        AlarmActions=[topic],
        OKActions=[topic],
    )

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=[unique])["MetricAlarms"][0]["StateValue"])

    eventually(lambda: state() == "OK", "an alarm on an empty Redis is OK")
    with node.connect() as server:
        for number in range(80):
            server.set(f"filler-{number}", os.urandom(2**20))
    eventually(lambda: state() == "ALARM", "the alarm goes off")
    eventually(lambda: len(_told(paths, topic, "ALARM")) == 2, "mail and web hook are in the inbox")
    mail, hook = sorted(_told(paths, topic, "ALARM"), key=lambda message: message.protocol)
    assert (mail.protocol, mail.endpoint) == ("email", "on-call@example.com")
    assert (hook.protocol, hook.endpoint) == ("https", "https://198.51.100.1/hook")
    assert mail.subject == f'ALARM: "{unique}" in EU (Ireland)'
    told = json.loads(mail.message)
    assert told["OldStateValue"] == "OK"
    assert "greater than the threshold (20.0)" in told["NewStateReason"]
    with node.connect() as server:
        server.flushall()
    eventually(lambda: state() == "OK", "the alarm is over")
    eventually(lambda: len(_told(paths, topic, "OK")) >= 4, "the inbox is told that it is over")
    assert oct(Layout.of(paths).inbox.stat().st_mode & 0o777) == "0o600"
    cloudwatch.delete_alarms(AlarmNames=[unique])


def test_what_alarms_look_at_comes_from_every_server(
    client: Callable[..., Any], node: Node, instance: tuple[str, str], eventually: Wait
) -> None:
    """P0-OBS, P0-REPLICA: each metric that components.thresholds names has values of the real servers."""
    cloudwatch = client("cloudwatch")
    writer, replica = instance
    follower = node.name.removesuffix("001") + "002"

    def redis_has(metric: str, name: str = node.name) -> None:
        where = ("AWS/ElastiCache", metric, ("CacheClusterId", name))
        eventually(lambda: _newest(cloudwatch, *where) is not None, f"{metric} of {name}")

    def postgres_has(metric: str, name: str) -> None:
        where = ("AWS/RDS", metric, ("DBInstanceIdentifier", name))
        eventually(lambda: _newest(cloudwatch, *where) is not None, f"{metric} of {name}")

    for metric in (
        "EngineCPUUtilization",
        "DatabaseMemoryUsagePercentage",
        "CurrConnections",
        "Evictions",
        "CacheHits",
    ):
        redis_has(metric)
    redis_has("ReplicationLag", follower)
    assert _newest(cloudwatch, "AWS/ElastiCache", "ReplicationLag", ("CacheClusterId", node.name)) is None
    for metric in ("CPUUtilization", "DatabaseConnections", "FreeStorageSpace", "ReadLatency", "WriteLatency"):
        for name in instance:
            postgres_has(metric, name)
    postgres_has("ReplicaLag", replica)
    assert _newest(cloudwatch, "AWS/RDS", "ReplicaLag", ("DBInstanceIdentifier", writer)) is None
    listed = cloudwatch.list_metrics(Namespace="AWS/RDS", MetricName="ReplicaLag")["Metrics"]
    assert [{"Name": "DBInstanceIdentifier", "Value": replica}] in [each["Dimensions"] for each in listed]


def test_connections_are_counted_without_the_platforms_own(
    client: Callable[..., Any], instance: tuple[str, str], authority: str, eventually: Wait
) -> None:
    """P0-OBS."""
    cloudwatch, writer = client("cloudwatch"), instance[0]
    where = ("AWS/RDS", "DatabaseConnections", ("DBInstanceIdentifier", writer))
    address = client("rds").describe_db_instances(DBInstanceIdentifier=writer)["DBInstances"][0]["Endpoint"]["Address"]
    eventually(lambda: _newest(cloudwatch, *where) == 0, "nobody is connected")
    known = {"host": address, "user": "keeper", "password": PASSWORD, "dbname": "postgres", "sslrootcert": authority}
    with psycopg.connect(**known, sslmode="verify-full"), psycopg.connect(**known, sslmode="verify-full"):
        eventually(lambda: _newest(cloudwatch, *where) == 2, "two are connected")
