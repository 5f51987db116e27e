"""A Redis with a secondary in another region, to be promoted when its own region is lost, and alarms beside it."""

import pulumi

from components.alarms import AlarmTopic, AlarmTopicArgs, RegionalRedisAlarms, RegionalRedisAlarmsArgs
from components.network import StoreAccess
from components.redis import RedisCluster, RedisClusterArgs
from components.redis_copy import RegionalRedis, RegionalRedisArgs

config = pulumi.Config()
region = pulumi.Config("aws").require("region")

redis = RedisCluster(
    "sessions",
    RedisClusterArgs(
        identifier="example-sessions",
        secret_identifier="example/redis/sessions",
        profile="state",
        node_type="cache.m6g.large",
        global_datastore="example",
        access=StoreAccess(
            vpc_id=config.require("vpcId"),
            subnet_ids=config.require_object("subnetIds"),
            client_cidrs=config.require_object("clientCidrs"),
        ),
    ),
)
copy = RegionalRedis(
    "copy",
    RegionalRedisArgs(
        identifier="example-sessions-copy",
        primary=redis,
        primary_region=region,
        region=config.require("copyRegion"),
        access=StoreAccess(
            vpc_id=config.require("copyVpcId"),
            subnet_ids=config.require_object("copySubnetIds"),
            client_cidrs=config.require_object("clientCidrs"),
        ),
    ),
)
topic = AlarmTopic(
    "alarms",
    AlarmTopicArgs(
        identifier="example-alarms",
        account=config.require("account"),
        notify=config.get_object("notify") or (),
        region=copy.region,
    ),
)
RegionalRedisAlarms("copy-alarms", RegionalRedisAlarmsArgs(cluster=copy, profile="production", topic_arn=topic.arn))
pulumi.export("redis", redis.outputs)
pulumi.export("copy", copy.outputs)
