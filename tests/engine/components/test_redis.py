"""A Redis with users through its life, on its own: what a rotation touches, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.components.test_changes import _changes

pytestmark = pytest.mark.engine

PROGRAM = """
    import pulumi
    from components.network import StoreAccess
    from components.redis import RedisCluster, RedisClusterArgs
    from components.redis_users import RedisUserArgs

    knobs = pulumi.Config("knobs")
    users = {
        "app": RedisUserArgs(generation=int(knobs.get("generation") or 1)),
        "report": RedisUserArgs(access=knobs.get("access") or "on ~* -@all +@read"),
    }
    cluster = RedisCluster(
        "redis",
        RedisClusterArgs(
            identifier="people-queue", secret_identifier="people/redis", profile="queue",
            access=StoreAccess(vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"], client_cidrs=["10.0.0.0/20"]),
            engine_version="7.0", node_type="cache.t4g.micro", apply_immediately=True, recovery_days=0,
            final_snapshot=False, log_retention_days=None,
            restore_from_snapshot=knobs.get("snapshot") or None,
            restore_from_s3=["arn:aws:s3:::backups/people.rdb"] if knobs.get("exported") else [],
            users={} if knobs.get("token") else users, workload_user=None if knobs.get("token") else "app",
        ),
    )
    pulumi.export("redis", cluster.outputs)
"""


def test_a_redis_with_users_lives(stores: Any) -> None:
    """SR-REDIS-HA, P0-SECRETS: no drift; a rotation changes the password's user and secret, nothing else."""
    stores.write(PROGRAM)
    stores.up().assert_succeeded()
    assert stores.output("redis")["username"] == "app"
    assert _changes(stores) == {}
    stores.refresh("--expect-no-changes").assert_succeeded()
    for beginning in ("snapshot", "exported"):
        stores.config(f"knobs:{beginning}", "nightly")
        assert _changes(stores) == {}, "RB-REDIS: a cluster in use is not replaced by where a new one would begin"
        stores.config(f"knobs:{beginning}", "")
    stores.config("knobs:access", "on ~report:* -@all +@read")
    assert _changes(stores) == {"redis-users-report-user": "update"}
    stores.config("knobs:access", "")
    stores.config("knobs:generation", "2")
    assert _changes(stores) == {
        "redis-users-app-value-2": "create",
        "redis-users-app-user": "update",
        "redis-users-app-version": "replace",
    }
    stores.up().assert_succeeded()
    assert _changes(stores) == {}
    stores.config("knobs:token", "yes")
    outcome = stores.run("preview")
    assert outcome.code != 0
    assert "redis-cluster: users are given up for a token" in outcome.output
    stores.config("knobs:token", "")
    stores.destroy().assert_succeeded()
    assert stores.resources() == []


ABROAD = """
    import pulumi
    from components.alarms import AlarmTopic, AlarmTopicArgs, RegionalRedisAlarms, RegionalRedisAlarmsArgs
    from components.network import StoreAccess
    from components.redis import RedisCluster, RedisClusterArgs
    from components.redis_copy import RegionalRedis, RegionalRedisArgs

    knobs = pulumi.Config("knobs")
    access = StoreAccess(vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"], client_cidrs=["10.0.0.0/20"])
    cluster = RedisCluster(
        "redis",
        RedisClusterArgs(
            identifier="global-queue", secret_identifier="global/redis", profile="queue", access=access,
            engine_version=knobs.get("version") or "7.0", node_type=knobs.get("node") or "cache.r7g.large",
            apply_immediately=True, recovery_days=0, final_snapshot=False, log_retention_days=None,
            global_datastore="global-queue",
        ),
    )
    if not knobs.get("alone"):
        copy = RegionalRedis(
            "copy",
            RegionalRedisArgs(
                identifier="global-queue", primary=cluster, primary_region="eu-west-1", region="eu-central-1",
                access=access, apply_immediately=True,
            ),
        )
        topic = AlarmTopic(
            "topic",
            AlarmTopicArgs(
                identifier="global-alarms", account="123456789012", notify=["ops@shop.test"], region=copy.region
            ),
        )
        RegionalRedisAlarms(
            "alarms", RegionalRedisAlarmsArgs(cluster=copy, profile="production", topic_arn=topic.arn)
        )
        pulumi.export("copy", copy.outputs)
        pulumi.export("topic", topic.arn)
    pulumi.export("redis", cluster.outputs)
"""


def test_a_redis_in_two_regions_lives(stores: Any) -> None:
    """P0-REDIS, RB-REGION: no drift, version and nodes are changed for both at once, and the copy can go first."""
    stores.write(ABROAD)
    stores.up().assert_succeeded()
    outputs = stores.outputs()
    assert outputs["copy"]["region"] == "eu-central-1"
    assert ":eu-central-1:" in outputs["topic"], "what is told of it is there too"
    assert _changes(stores) == {}
    stores.refresh("--expect-no-changes").assert_succeeded()
    for knob, value in (("version", "7.1"), ("node", "cache.r7g.xlarge")):
        stores.config(f"knobs:{knob}", value)
        assert _changes(stores) == {"redis-datastore": "update"}, knob
    stores.up().assert_succeeded()
    stores.refresh().assert_succeeded()
    assert _changes(stores) == {}, "what all members have changed to stays"
    stores.config("knobs:alone", "yes")
    stores.up().assert_succeeded()
    stores.destroy().assert_succeeded()
    assert stores.resources() == []
