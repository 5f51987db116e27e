"""What a changed knob comes to: exactly the expected update or replacement, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from local.aws.extensions.rds_parameters import server_version

pytestmark = pytest.mark.engine

PROGRAM = """
    from pathlib import Path

    import pulumi
    from components.alarms import AlarmTopic, AlarmTopicArgs, PostgresAlarms, PostgresAlarmsArgs
    from components.alarms import RedisAlarms, RedisAlarmsArgs
    from components.assets import HashedAssets, HashedAssetsArgs
    from components.cdn import Cdn, CdnArgs, GeoArgs
    from components.cdn_domain import DomainArgs
    from components.database import PointInTimeArgs, PostgresCluster, PostgresClusterArgs
    from components.database_proxy import WriterProxyArgs
    from components.edge import Edge, EdgeArgs
    from components.network import CreatedNetworkArgs, Network, StoreAccess
    from components.redis import RedisCluster, RedisClusterArgs
    from components.storage import BucketArgs, NotificationArgs, ObjectStorage, ObjectStorageArgs, ReplicaArgs

    knobs = pulumi.Config("knobs")

    def independent(args):
        if not args.name.startswith("database-replica") or args.type_ != "aws:rds/instance:Instance":
            return None
        props = {name: value for name, value in args.props.items() if name != "replicateSourceDb"}
        own = {"engine": "postgres", "username": "app", "password": "long-enough", "allocatedStorage": 50}
        return pulumi.ResourceTransformResult({**props, **own}, args.opts)

    if knobs.get("drop"):
        pulumi.runtime.register_resource_transform(independent)
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
            username=knobs.get("owner") or "app", replica_engine_version=knobs.get("replica") or None,
            deletion_protection=False, final_snapshot=False,
            backup_retention_days=int(knobs.get("retention") or 7), recovery_days=0, apply_immediately=True,
            restore_from_snapshot=knobs.get("snapshot") or None,
            restore_to=PointInTimeArgs(source="old") if knobs.get("moment") else None,
            proxy=WriterProxyArgs(wait_seconds=int(knobs.get("wait"))) if knobs.get("wait") else None,
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
            buckets={
                "assets": BucketArgs(
                    purpose="assets", force_destroy=True, replica=ReplicaArgs(region="eu-central-1")
                ),
                "uploads": BucketArgs(
                    purpose="uploads", force_destroy=True, cors_origins=["https://shop.test"],
                    notifications=[NotificationArgs(to="eventBridge")],
                    noncurrent_days=int(knobs.get("recoverable") or 30),
                ),
                "logs": BucketArgs(purpose="logs", force_destroy=True),
                "backups": BucketArgs(
                    purpose="backups", force_destroy=True, lock_days=int(knobs.get("lock") or 30),
                    replica=ReplicaArgs(region="eu-central-1"),
                ),
            },
        ),
    )
    edge = Edge("edge", EdgeArgs(identifier="shop-edge", emergency=knobs.get("emergency") == "on"))
    cdn = Cdn(
        "cdn",
        CdnArgs(
            identifier="shop-cdn", bucket=storage.buckets["assets"], html_seconds=int(knobs.get("html") or 60),
            logs=storage.logs, web_acl_arn=edge.web_acl_arn, origin_shield="eu-west-1",
            geo=GeoArgs(never=["XX"]) if knobs.get("geo") else None,
            domain=DomainArgs(names=["www.shop.test", "*.shop.test"], zone_id=knobs.require("zone")),
        ),
    )
    HashedAssets("site", HashedAssetsArgs(folder=Path("site"), bucket=cdn.bucket))
    pulumi.export("edge", edge.outputs)
    pulumi.export("cdn", cdn.outputs)
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


DATABASE_ALARMS = [
    f"database-alarms-{name}"
    for name in ("connections", "cpu", "read-latency", "replica-lag", "storage", "write-latency")
]
REDIS_ALARMS = [f"redis-alarms-{name}" for name in ("connections", "cpu", "memory", "replication-lag")]


def _client(endpoint: str, service: str) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _zone(endpoint: str) -> str:
    """A zone for the distribution's names."""
    made = _client(endpoint, "route53").create_hosted_zone(Name="shop.test", CallerReference="knobs")
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _block(endpoint: str, edge: Any, addresses: list[str]) -> None:
    """What the runbook does on a bad day (RB-EDGE)."""
    waf = _client(endpoint, "wafv2")
    named = {"Scope": edge["scope"], "Id": edge["blocked"]["ipv4"]["id"], "Name": edge["blocked"]["ipv4"]["name"]}
    token = waf.get_ip_set(**named)["LockToken"]
    waf.update_ip_set(**named, Addresses=addresses, LockToken=token)


KNOBS: dict[str, tuple[str, dict[str, str]]] = {
    "node": ("cache.t4g.small", {"redis-cluster": "update"}),
    "version": ("7.1", {"redis-cluster": "update"}),
    "logs": ("14", {"redis-slow-log": "update", "redis-engine-log": "update"}),
    "retention": ("9", {"database-writer": "update"}),
    "html": ("120", {"cdn-html-cache": "update"}),
    "replicas": (
        "2",
        {
            **dict.fromkeys(DATABASE_ALARMS, "update"),
            "database-replica-2": "create",
            "database-replica-2-postgresql-log": "create",
            "database-replica-2-upgrade-log": "create",
        },
    ),
    # Evictions of a queue are refused by both profiles from the first one on.
    "alarms": ("production", dict.fromkeys([*DATABASE_ALARMS, *REDIS_ALARMS], "update")),
    "database": (server_version(), {"database-writer": "update"}),
    "recoverable": ("60", {"storage-uploads-lifecycle": "update"}),
    "lock": ("60", {"storage-backups-lock": "update", "storage-backups-replica-lock": "update"}),
    "wait": (
        "5",
        dict.fromkeys(
            [
                "database-proxy",
                *(f"database-proxy-from-10.50.{block}.0-20" for block in (80, 96, 112)),
                *(
                    f"database-proxy-{part}"
                    for part in ("access", "from-proxy", "to-writer", "role", "role-policy", "proxy", "pool", "target")
                ),
            ],
            "create",
        ),
    ),
    "emergency": ("on", {"edge-acl": "update"}),
    "geo": ("on", {"cdn-distribution": "update"}),
}

# Knobs of different components share a preview: each one's changes are told apart by their names.
TOGETHER = (
    ("node", "retention", "html", "recoverable", "emergency", "wait"),
    ("version", "replicas", "geo", "lock"),
    ("logs", "database", "alarms"),
)
assert sorted(knob for together in TOGETHER for knob in together) == sorted(KNOBS)


def test_each_knob_changes_what_it_is_meant_to_change(stores: Any, endpoint: str) -> None:
    """SR-REDIS-HA, SR-DB, P0-S3, P0-CDN, P0-EDGE: one stack through its life."""
    stores.write(PROGRAM)
    stores.write("body{}", "site/app.css")
    stores.config("knobs:zone", _zone(endpoint))
    stores.up().assert_succeeded()
    assert _changes(stores) == {}, "a second deployment changes nothing"
    stores.refresh("--expect-no-changes").assert_succeeded()
    _block(endpoint, stores.output("edge"), ["192.0.2.1/32"])
    stores.refresh().assert_succeeded()
    assert _changes(stores) == {}, "what the operator blocks stays blocked"
    _refuses_a_version_and_tags_at_once(stores)
    _refuses_a_writers_minor_upgrade_before_its_replicas(stores)
    _refuses_to_promote_by_dropping_the_source(stores)
    _keeps_a_database_that_is_told_of_another_beginning(stores)
    stores.write("body{color:red}", "site/app.css")
    assert _changes(stores) == {"site-app.css": "replace"}, "another content is another name"
    stores.write("body{}", "site/app.css")
    for together in TOGETHER:
        for knob in together:
            stores.config(f"knobs:{knob}", KNOBS[knob][0])
        assert _changes(stores) == {name: op for knob in together for name, op in KNOBS[knob][1].items()}, together
        for knob in together:
            stores.config(f"knobs:{knob}", "")
    for knob, (value, _) in KNOBS.items():
        stores.config(f"knobs:{knob}", value)
    stores.up().assert_succeeded()
    assert _changes(stores) == {}, "what was changed stays as it was asked for"
    stores.config("knobs:owner", "somebody")
    replaced = _changes(stores)
    assert replaced["database-writer"] == "replace", "another owner is another database"
    stores.config("knobs:owner", "")
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


def _refuses_a_writers_minor_upgrade_before_its_replicas(stores: Any) -> None:
    """P0-REPLICA: whatever else the deployment says, the replicas have to run the version already."""
    stores.config("knobs:database", "15.99")
    for replica in ("", "15.99"):
        stores.config("knobs:replica", replica)
        outcome = stores.run("preview")
        assert outcome.code != 0
        assert "database-writer: engineVersion 15.99 before the read replicas" in outcome.output
        assert "Traceback" not in outcome.output
    stores.config("knobs:database", "")
    stores.config("knobs:replica", "")


def _refuses_to_promote_by_dropping_the_source(stores: Any) -> None:
    """P0-REPLICA: a transform, or whatever else takes the source out, does not make a second writer."""
    stores.config("knobs:drop", "true")
    for outcome in (stores.run("preview"), stores.up()):
        assert outcome.code != 0
        assert "database-replica-1: replicateSourceDb is dropped" in outcome.output
    stores.config("knobs:drop", "")


def _keeps_a_database_that_is_told_of_another_beginning(stores: Any) -> None:
    """RB-DB: what a database began with is history; naming it later must not replace what is in use."""
    for knob in ("snapshot", "moment"):
        stores.config(f"knobs:{knob}", "nightly")
        assert _changes(stores) == {}, knob
        stores.config(f"knobs:{knob}", "")
    stores.config("knobs:snapshot", "nightly")
    stores.config("knobs:moment", "latest")
    outcome = stores.run("preview")
    assert outcome.code != 0
    assert "restore_from_snapshot is 'nightly': restore_to says where to begin already" in outcome.output
    stores.config("knobs:snapshot", "")
    stores.config("knobs:moment", "")
