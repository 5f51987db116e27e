"""A Redis for job queues, in a network of yours."""

import pulumi

from components.network import StoreAccess
from components.redis import RedisCluster, RedisClusterArgs

config = pulumi.Config()

redis = RedisCluster(
    "jobs",
    RedisClusterArgs(
        identifier="example-jobs",
        secret_identifier="example/redis/jobs",
        profile="queue",
        access=StoreAccess(
            vpc_id=config.require("vpcId"),
            subnet_ids=config.require_object("subnetIds"),
            client_cidrs=config.require_object("clientCidrs"),
        ),
    ),
)
pulumi.export("redis", redis.outputs)
