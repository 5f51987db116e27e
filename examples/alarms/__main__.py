"""A Redis for sessions and a database, and somebody who is told when one of them is in trouble."""

import pulumi

from components.alarms import (
    AlarmTopic,
    AlarmTopicArgs,
    PostgresAlarms,
    PostgresAlarmsArgs,
    RedisAlarms,
    RedisAlarmsArgs,
)
from components.database import PostgresCluster, PostgresClusterArgs
from components.network import StoreAccess
from components.redis import RedisCluster, RedisClusterArgs

config = pulumi.Config()
access = StoreAccess(
    vpc_id=config.require("vpcId"),
    subnet_ids=config.require_object("subnetIds"),
    client_cidrs=config.require_object("clientCidrs"),
)

redis = RedisCluster(
    "sessions",
    RedisClusterArgs(
        identifier="example-sessions", secret_identifier="example/redis/sessions", profile="state", access=access
    ),
)
database = PostgresCluster(
    "database",
    PostgresClusterArgs(
        identifier="example-database",
        secret_identifier="example/database",
        access=access,
        zones=config.require_object("zones"),
    ),
)
topic = AlarmTopic(
    "alarms",
    AlarmTopicArgs(
        identifier="example-alarms", account=config.require("account"), notify=config.get_object("notify") or ()
    ),
)
RedisAlarms("sessions-alarms", RedisAlarmsArgs(cluster=redis, profile="production", topic_arn=topic.arn))
PostgresAlarms("database-alarms", PostgresAlarmsArgs(cluster=database, profile="production", topic_arn=topic.arn))
pulumi.export("redis", redis.outputs)
pulumi.export("database", database.outputs)
pulumi.export("topic", topic.arn)
