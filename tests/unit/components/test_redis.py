"""RedisCluster: what it registers and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.errors import Refused
from components.network import StoreAccess
from components.redis import RedisCluster, RedisClusterArgs
from components.redis_guards import judge_update
from components.redis_rules import FAMILIES

pytestmark = pytest.mark.unit

ACCESS = StoreAccess(vpc_id="vpc-1", subnet_ids=["subnet-a", "subnet-b"], client_cidrs=["10.0.0.0/20"])
QUEUE = RedisClusterArgs(
    identifier="shop-prod-queue", secret_identifier="shop-prod/redis/queue", profile="queue", access=ACCESS
)
EXPORTED = "arn:aws:s3:::backups/cache-000"


def test_it_is_highly_available_encrypted_and_authenticated(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA, P0-REDIS."""
    recording = record(lambda: RedisCluster("queue", QUEUE))
    cluster = recording.one("ReplicationGroup")
    assert cluster.inputs["replicationGroupId"] == "shop-prod-queue"
    assert cluster.inputs["engine"] == "redis"
    assert cluster.inputs["numCacheClusters"] == 2
    assert cluster.inputs["automaticFailoverEnabled"] is True
    assert cluster.inputs["multiAzEnabled"] is True
    assert cluster.inputs["transitEncryptionEnabled"] is True
    assert cluster.inputs["transitEncryptionMode"] == "required"
    assert cluster.inputs["atRestEncryptionEnabled"] is True
    assert cluster.inputs["snapshotRetentionLimit"] == 7
    assert "replicasPerNodeGroup" not in cluster.inputs


def test_a_client_without_the_token_is_kept_out_from_the_start(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA: ROTATE, or nothing, would let clients in without a token."""
    cluster = record(lambda: RedisCluster("queue", QUEUE)).one("ReplicationGroup")
    assert cluster.inputs["authTokenUpdateStrategy"] == "SET"
    assert cluster.inputs["authToken"] == "generated-queue-token-value"
    assert cluster.is_secret("authToken")
    assert "authToken" in cluster.secret_outputs


@pytest.mark.parametrize(
    ("profile", "policy"), [("queue", "noeviction"), ("state", "noeviction"), ("cache", "allkeys-lru")]
)
def test_the_profile_decides_what_happens_when_memory_is_short(
    record: Callable[..., Any], profile: Any, policy: str
) -> None:
    """SR-REDIS-HA: queue Redis never evicts, and neither does the one that holds sessions and idempotency keys."""
    parameters = record(lambda: RedisCluster("redis", replace(QUEUE, profile=profile))).one("ParameterGroup")
    assert parameters.inputs["parameters"] == [{"name": "maxmemory-policy", "value": policy}]
    assert parameters.inputs["name"].endswith("-redis7"), "an upgrade needs a new group beside the old one"


def test_without_replicas_failover_is_off_since_it_needs_two_nodes(record: Callable[..., Any]) -> None:
    """P0-REDIS: failover and multi-AZ are derived, so that they cannot contradict the number of nodes."""
    cluster = record(lambda: RedisCluster("queue", replace(QUEUE, replicas=0))).one("ReplicationGroup")
    assert cluster.inputs["numCacheClusters"] == 1
    assert cluster.inputs["automaticFailoverEnabled"] is False
    assert cluster.inputs["multiAzEnabled"] is False


def test_the_url_is_secret_and_the_outputs_tell_no_token(record: Callable[..., Any]) -> None:
    """SR-SECRET."""

    async def build() -> Any:
        cluster = RedisCluster("queue", QUEUE)
        return await cluster.url.future(), await cluster.url.is_secret(), dict(cluster.outputs)

    recording = record(build)
    url, secret, outputs = recording.result
    assert url == "rediss://:generated-queue-token-value@primary.test:6379"
    assert secret
    assert "generated" not in str(outputs)
    version = recording.one("SecretVersion")
    assert version.is_secret("secretString")
    assert version.inputs["secretString"] == '{"token": "generated-queue-token-value"}'


def test_only_clients_reach_it_and_only_on_its_port(record: Callable[..., Any]) -> None:
    recording = record(lambda: RedisCluster("queue", QUEUE))
    [rule] = recording.of("SecurityGroupIngressRule")
    assert (rule.inputs["cidrIpv4"], rule.inputs["fromPort"], rule.inputs["toPort"]) == ("10.0.0.0/20", 6379, 6379)
    group = recording.one("SecurityGroup")
    assert "ingress" not in group.inputs
    assert "egress" not in group.inputs


def test_all_children_hang_below_the_component(record: Callable[..., Any]) -> None:
    recording = record(lambda: RedisCluster("queue", QUEUE))
    assert all("groundwork:index:RedisCluster" in item.parent for item in recording.resources[1:])
    assert all(item.name.startswith("queue") for item in recording.resources)


@pytest.mark.parametrize("eviction", ["allkeys-lfu", "volatile-lru"])
def test_a_mere_cache_may_choose_what_it_forgets(record: Callable[..., Any], eviction: Any) -> None:
    args = replace(QUEUE, profile="cache", eviction=eviction)
    parameters = record(lambda: RedisCluster("redis", args)).one("cache/parameterGroup:ParameterGroup")
    assert parameters.inputs["parameters"] == [{"name": "maxmemory-policy", "value": eviction}]


def test_cluster_mode_never_mixes_with_the_number_of_clusters(record: Callable[..., Any]) -> None:
    """P0-REDIS: numCacheClusters excludes numNodeGroups and replicasPerNodeGroup, and failover stays on."""

    async def build() -> Any:
        cluster = RedisCluster("redis", replace(QUEUE, profile="state", shards=3, replicas=2))
        return await cluster.primary_endpoint.future(), cluster.node_ids, dict(cluster.outputs)

    recording = record(build)
    inputs = recording.one("ReplicationGroup").inputs
    assert "numCacheClusters" not in inputs
    assert (inputs["numNodeGroups"], inputs["replicasPerNodeGroup"], inputs["clusterMode"]) == (3, 2, "enabled")
    assert inputs["automaticFailoverEnabled"] is True
    assert inputs["multiAzEnabled"] is True
    parameters = recording.one("cache/parameterGroup:ParameterGroup").inputs["parameters"]
    assert {"name": "cluster-enabled", "value": "yes"} in parameters
    endpoint, nodes, outputs = recording.result
    assert endpoint == "configuration.test"
    assert [len(shard) for shard in nodes] == [3, 3, 3]
    assert nodes[1][0] == "shop-prod-queue-0002-001"
    assert outputs["clusterMode"] is True


def test_a_parameter_group_of_another_family_has_another_name(record: Callable[..., Any]) -> None:
    """P0-REDIS: the new group exists before the old one goes, or an upgrade could not let go of it."""
    names = {
        version: record(lambda version=version: RedisCluster("redis", replace(QUEUE, engine_version=version)))
        .one("cache/parameterGroup:ParameterGroup")
        .inputs
        for version in FAMILIES
    }
    assert {item["family"] for item in names.values()} == {"redis6.x", "redis7"}
    assert len({item["name"] for item in names.values()}) == 2
    assert names["7.0"] == names["7.1"]
    profiles = [
        record(lambda profile=profile: RedisCluster("redis", replace(QUEUE, profile=profile)))
        .one("cache/parameterGroup:ParameterGroup")
        .inputs
        for profile in ("queue", "cache")
    ]
    replacing = ("name", "family", "description")
    assert [profiles[0][key] for key in replacing] == [profiles[1][key] for key in replacing], "changed in place"


def test_snapshots_and_maintenance_have_windows_of_their_own(record: Callable[..., Any]) -> None:
    """P0-BACKUP."""
    args = replace(QUEUE, snapshot_window="22:00-23:00", maintenance_window="tue:23:00-wed:00:30")
    inputs = record(lambda: RedisCluster("queue", args)).one("ReplicationGroup").inputs
    assert inputs["snapshotWindow"] == "22:00-23:00"
    assert inputs["maintenanceWindow"] == "tue:23:00-wed:00:30"


def test_a_deleted_cluster_leaves_a_snapshot_that_never_collides(record: Callable[..., Any]) -> None:
    """P0-BACKUP."""
    kept = record(lambda: RedisCluster("queue", QUEUE)).one("ReplicationGroup").inputs
    assert kept["finalSnapshotIdentifier"] == "shop-prod-queue-final-0a1b2c3d"
    gone = record(lambda: RedisCluster("queue", replace(QUEUE, final_snapshot=False)))
    assert "finalSnapshotIdentifier" not in gone.one("ReplicationGroup").inputs
    assert not gone.of("RandomId")


def test_a_cluster_can_begin_with_a_snapshot(record: Callable[..., Any]) -> None:
    """RB-REDIS."""
    restored = record(lambda: RedisCluster("queue", replace(QUEUE, restore_from_snapshot="nightly")))
    assert restored.one("ReplicationGroup").inputs["snapshotName"] == "nightly"
    objects = [f"arn:aws:s3:::backups/cache-000{shard}.rdb" for shard in (1, 2)]
    exported = replace(QUEUE, profile="state", shards=2, restore_from_s3=objects)
    inputs = record(lambda: RedisCluster("queue", exported)).one("ReplicationGroup").inputs
    assert inputs["snapshotArns"] == objects
    assert "snapshotName" not in inputs
    empty = record(lambda: RedisCluster("queue", QUEUE)).one("ReplicationGroup").inputs
    assert not {"snapshotName", "snapshotArns"} & empty.keys()


def test_logs_go_to_groups_that_do_not_keep_them_for_ever(record: Callable[..., Any]) -> None:
    """SR-LOGS."""
    recording = record(lambda: RedisCluster("queue", QUEUE))
    delivered = recording.one("ReplicationGroup").inputs["logDeliveryConfigurations"]
    assert {item["logType"]: item["destination"] for item in delivered} == {
        "slow-log": "/aws/elasticache/shop-prod-queue/slow",
        "engine-log": "/aws/elasticache/shop-prod-queue/engine",
    }
    assert {item.inputs["retentionInDays"] for item in recording.of("LogGroup")} == {30}
    silent = record(lambda: RedisCluster("queue", replace(QUEUE, log_retention_days=None)))
    assert not silent.of("LogGroup")
    assert "logDeliveryConfigurations" not in silent.one("ReplicationGroup").inputs


def test_the_key_is_awss_own_a_given_one_or_one_that_is_made(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA."""
    assert "kmsKeyId" not in record(lambda: RedisCluster("queue", QUEUE)).one("ReplicationGroup").inputs
    given = record(lambda: RedisCluster("queue", replace(QUEUE, kms_key_arn="arn:aws:kms:eu-west-1:1:key/1")))
    assert given.one("ReplicationGroup").inputs["kmsKeyId"] == "arn:aws:kms:eu-west-1:1:key/1"
    made = record(lambda: RedisCluster("queue", replace(QUEUE, own_kms_key=True)))
    assert made.one("ReplicationGroup").inputs["kmsKeyId"] == "arn:aws:test:::queue-key"
    assert made.one("kms/key:Key").inputs["enableKeyRotation"] is True
    assert made.one("kms/alias:Alias").inputs["name"] == "alias/shop-prod-queue"


@pytest.mark.parametrize(
    ("new", "word"),
    [
        ({"engineVersion": "7.1", "tags": {"team": "b"}}, "tags first"),
        ({"engineVersion": "7.1"}, None),
        ({"engineVersion": "7.1", "tagsAll": {"team": "b"}}, "tags first"),
        ({"tags": {"team": "b"}}, None),
        ({"authTokenUpdateStrategy": "ROTATE"}, None),
    ],
)
def test_an_engine_upgrade_does_not_race_a_change_of_tags(new: dict[str, Any], word: str | None) -> None:
    """P0-REDIS."""
    old = {"engineVersion": "7.0", "tags": {"team": "a"}, "authToken": "t", "authTokenUpdateStrategy": "SET"}
    reason = judge_update(old, old | new)
    assert (reason is None) if word is None else (reason is not None and word in reason)


def test_a_first_token_is_never_rotated_in() -> None:
    """SR-REDIS-HA: beside no token, ROTATE goes on letting clients in without one."""
    reason = judge_update({}, {"authToken": "t", "authTokenUpdateStrategy": "ROTATE"})
    assert reason is not None and "SET" in reason


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"replicas": 6}, "replicas"),
        ({"node_type": "cache.t1.micro"}, "node_type"),
        ({"eviction": "allkeys-lru"}, "eviction"),
        ({"eviction": "volatile-lru", "profile": "state"}, "eviction"),
        ({"shards": 2}, "shards"),
        ({"replicas": 0, "profile": "state", "shards": 2}, "replicas"),
        ({"shards": 46, "profile": "state"}, "shards"),
        ({"engine_version": "7.2"}, "engine_version"),
        ({"restore_from_s3": ["s3://backups/cache.rdb"]}, "restore_from_s3"),
        ({"restore_from_s3": ["arn:aws:s3:::backups/a,b.rdb"]}, "restore_from_s3"),
        ({"restore_from_s3": [f"{EXPORTED}1.rdb", f"{EXPORTED}2.rdb"]}, "restore_from_s3"),
        ({"restore_from_s3": [f"{EXPORTED}1.rdb"] * 2, "shards": 2, "profile": "state"}, "restore_from_s3"),
        ({"restore_from_snapshot": "nightly", "restore_from_s3": [f"{EXPORTED}1.rdb"]}, "restore_from_snapshot"),
        ({"kms_key_arn": "arn:aws:kms:eu-central-1:1:key/far", "region": "eu-west-1"}, "kms_key_arn"),
        ({"own_kms_key": True, "kms_key_arn": "arn:aws:kms:eu-west-1:1:key/1"}, "own_kms_key"),
        ({"maintenance_window": "sun:02:30-sun:03:30"}, "maintenance_window"),
        ({"snapshot_window": "02:00-02:30"}, "snapshot_window"),
    ],
)
def test_what_elasticache_would_reject_is_refused_before_anything_exists(
    record: Callable[..., Any], change: dict[str, Any], setting: str
) -> None:
    refused: list[Refused] = []

    def build() -> None:
        with pytest.raises(Refused) as caught:
            RedisCluster("queue", replace(QUEUE, **change))
        refused.append(caught.value)

    recording = record(build)
    assert [item.setting for item in refused[0].refusals] == [setting]
    assert repr(refused[0].refusals[0].value) in str(refused[0])
    assert refused[0].refusals[0].value in (change[setting], *_items(change[setting]))
    assert [item.type for item in recording.resources] == ["groundwork:index:RedisCluster"]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
