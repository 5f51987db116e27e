"""A Redis for sessions, and somebody who is told when it is in trouble."""

import pulumi

from components.alarms import AlarmTopic, AlarmTopicArgs, RedisAlarms, RedisAlarmsArgs
from components.network import StoreAccess
from components.redis import RedisCluster, RedisClusterArgs

config = pulumi.Config()

redis = RedisCluster(
    "sessions",
    RedisClusterArgs(
        identifier="example-sessions",
        secret_identifier="example/redis/sessions",
        profile="state",
        access=StoreAccess(
            vpc_id=config.require("vpcId"),
            subnet_ids=config.require_object("subnetIds"),
            client_cidrs=config.require_object("clientCidrs"),
        ),
    ),
)
topic = AlarmTopic(
    "alarms",
    AlarmTopicArgs(
        identifier="example-alarms", account=config.require("account"), notify=config.get_object("notify") or ()
    ),
)
RedisAlarms("sessions-alarms", RedisAlarmsArgs(cluster=redis, profile="production", topic_arn=topic.arn))
pulumi.export("redis", redis.outputs)
pulumi.export("topic", topic.arn)
