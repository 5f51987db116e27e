"""What a changed knob comes to: exactly the expected update or replacement, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.engine

PROGRAM = """
    import pulumi
    from components.alarms import AlarmTopic, AlarmTopicArgs, PostgresAlarms, PostgresAlarmsArgs
    from components.alarms import RedisAlarms, RedisAlarmsArgs
    from components.cdn import Cdn, CdnArgs
    from components.database import PostgresCluster, PostgresClusterArgs
    from components.network import CreatedNetworkArgs, Network, StoreAccess
    from components.redis import RedisCluster, RedisClusterArgs
    from components.storage import BucketArgs, ObjectStorage, ObjectStorageArgs

    knobs = pulumi.Config("knobs")
    network = Network("network", CreatedNetworkArgs(identifier="shop", region="eu-west-1", cidr="10.50.0.0/16"))
    access = StoreAccess(
        vpc_id=network.vpc_id, subnet_ids=network.data_subnet_ids, client_cidrs=network.client_cidrs
    )
    redis = RedisCluster(
        "redis",
        RedisClusterArgs(
            identifier=knobs.get("redis") or "shop-queue", secret_identifier="shop/redis", profile="queue",
            access=access, node_type=knobs.get("node") or "cache.t4g.micro", recovery_days=0, apply_immediately=True,
            engine_version=knobs.get("version") or "7.0", final_snapshot=False, tags={"team": knobs.get("team") or "a"},
            own_kms_key=True, log_retention_days=int(knobs.get("logs") or 7),
        ),
    )
    database = PostgresCluster(
        "database",
        PostgresClusterArgs(
            identifier="shop-database", secret_identifier="shop/database", access=access, zones=network.zones,
            engine_version=knobs.get("database") or "15", replicas=int(knobs.get("replicas") or 1),
            replica_engine_version=knobs.get("replica"),
            deletion_protection=False, final_snapshot=False,
            backup_retention_days=int(knobs.get("retention") or 7), recovery_days=0, apply_immediately=True,
        ),
    )
    topic = AlarmTopic(
        "alarms",
        AlarmTopicArgs(identifier="shop-alarms", account="123456789012", notify=["https://pager.example/shop"]),
    )
    profile = knobs.get("alarms") or "staging"
    RedisAlarms("redis-alarms", RedisAlarmsArgs(cluster=redis, profile=profile, topic_arn=topic.arn))
    PostgresAlarms("database-alarms", PostgresAlarmsArgs(cluster=database, profile=profile, topic_arn=topic.arn))
    storage = ObjectStorage(
        "storage",
        ObjectStorageArgs(
            prefix="shop", account="123456789012", region="eu-west-1", policies_elsewhere={"assets"},
            buckets={"assets": BucketArgs(purpose="assets", force_destroy=True)},
        ),
    )
    cdn = Cdn(
        "cdn",
        CdnArgs(
            identifier="shop-cdn", bucket=storage.buckets["assets"], html_seconds=int(knobs.get("html") or 60)
        ),
    )
    pulumi.export("redis", redis.outputs)
    pulumi.export("database", database.outputs)
"""


def _changes(project: Any) -> dict[str, str]:
    """What a preview would do, by resource name; unchanged ones left out."""
    outcome = project.run("preview", "--json").assert_succeeded()
    plan = json.loads(outcome.output[outcome.output.index("{") :])
    return {
        step["urn"].rsplit("::", 1)[-1]: step["op"]
        for step in plan["steps"]
        if step["op"] != "same" and not step["op"].endswith("-replacement") and step["op"] != "create-replacement"
    }


KNOBS: dict[str, tuple[str, dict[str, str]]] = {
    "node": ("cache.t4g.small", {"redis-cluster": "update"}),
    "version": ("7.1", {"redis-cluster": "update"}),
    "logs": ("14", {"redis-slow-log": "update", "redis-engine-log": "update"}),
    "retention": ("9", {"database-writer": "update"}),
    "html": ("120", {"cdn-html-cache": "update"}),
    "replicas": ("2", {"database-replica-2": "create"}),
}


def test_each_knob_changes_what_it_is_meant_to_change(stores: Any) -> None:
    """SR-REDIS-HA, SR-DB, P0-CDN: one stack through its life."""
    stores.write(PROGRAM)
    stores.up().assert_succeeded()
    assert _changes(stores) == {}, "a second deployment changes nothing"
    stores.refresh().assert_succeeded()
    _refuses_a_version_and_tags_at_once(stores)
    for knob, (value, expected) in KNOBS.items():
        stores.config(f"knobs:{knob}", value)
        assert _changes(stores) == expected, knob
        stores.config(f"knobs:{knob}", "")
    for knob, (value, _) in KNOBS.items():
        stores.config(f"knobs:{knob}", value)
    stores.up().assert_succeeded()
    assert _changes(stores) == {}, "what was changed stays as it was asked for"
    stores.config("knobs:redis", "shop-jobs")
    renamed = _changes(stores)
    assert renamed["redis-cluster"] == "replace", "a renamed store is another, empty one"
    assert not [name for name in renamed if not name.startswith("redis")]
    stores.destroy().assert_succeeded()
    assert stores.resources() == []


def _refuses_a_version_and_tags_at_once(stores: Any) -> None:
    """ElastiCache takes no tags while it upgrades: told before anything is changed, in a preview as in an update."""
    stores.config("knobs:version", "7.1")
    stores.config("knobs:team", "b")
    for outcome in (stores.run("preview"), stores.up()):
        assert outcome.code != 0
        assert "redis-cluster: engineVersion and tags change in one update" in outcome.output
        assert "Traceback" not in outcome.output
    stores.config("knobs:version", "")
    stores.up().assert_succeeded()
