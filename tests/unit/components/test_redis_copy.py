"""A Redis in several regions: the global datastore, its secondaries, and what they refuse (P0-REDIS, RB-REGION)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.errors import Refused
from components.redis import RedisCluster
from components.redis_copy import RegionalRedis, RegionalRedisArgs
from components.redis_guards import judge_datastore_update
from components.redis_users import RedisUserArgs
from tests.unit.components.test_redis import ACCESS, QUEUE

pytestmark = pytest.mark.unit

PRIMARY = replace(QUEUE, node_type="cache.r7g.large", global_datastore="shop-prod-queue")


def _copy(primary: RedisCluster, **changes: Any) -> RegionalRedisArgs:
    args = RegionalRedisArgs(
        identifier="shop-prod-queue",
        primary=primary,
        primary_region="eu-west-1",
        region="eu-central-1",
        access=ACCESS,
    )
    return replace(args, **changes)


def test_a_secondary_says_nothing_that_is_its_primarys(record: Callable[..., Any]) -> None:
    """P0-REDIS: ElastiCache refuses a secondary that names version, nodes, shards, parameters or encryption."""

    async def build() -> Any:
        primary = RedisCluster("queue", PRIMARY)
        copy = RegionalRedis("copy", _copy(primary, replicas=2, kms_key_arn="arn:aws:kms:eu-central-1:1:key/far"))
        return await copy.url.future(), await copy.url.is_secret(), dict(copy.outputs), primary.copies

    recording = record(build)
    datastore = recording.one("GlobalReplicationGroup").inputs
    assert datastore["globalReplicationGroupIdSuffix"] == "shop-prod-queue"
    assert datastore["primaryReplicationGroupId"] == "queue-cluster-id"
    assert (datastore["engineVersion"], datastore["cacheNodeType"]) == ("7.1", "cache.r7g.large")
    copy = recording.one("replicationGroup:ReplicationGroup", "copy-cluster")
    assert copy.inputs["globalReplicationGroupId"] == "shop-prod-queue-of-the-datastore"
    assert copy.inputs["region"] == "eu-central-1"
    assert copy.inputs["numCacheClusters"] == 3
    assert copy.inputs["automaticFailoverEnabled"] is copy.inputs["multiAzEnabled"] is True
    assert copy.inputs["kmsKeyId"] == "arn:aws:kms:eu-central-1:1:key/far"
    assert copy.inputs["authToken"] == "generated-queue-token-value"
    assert copy.is_secret("authToken")
    own = {
        "engine", "engineVersion", "nodeType", "numNodeGroups", "parameterGroupName", "atRestEncryptionEnabled",
        "transitEncryptionEnabled", "snapshotName", "snapshotArns",
    }  # fmt: skip
    assert not own & copy.inputs.keys()
    placed = [item for item in recording.resources if item.name.startswith("copy-")]
    assert {item.inputs["region"] for item in placed} == {"eu-central-1"}
    assert {item.name for item in placed if item.type.endswith("LogGroup")} == {"copy-slow-log", "copy-engine-log"}
    assert len(copy.inputs["logDeliveryConfigurations"]) == 2
    url, secret, outputs, regions = recording.result
    assert url == "rediss://:generated-queue-token-value@primary.test:6379"
    assert secret
    assert "generated" not in str(outputs)
    assert regions == ["eu-central-1"]


def test_a_secondary_keeps_the_last_token_where_its_primary_does(record: Callable[..., Any]) -> None:
    """P0-SECRETS, RB-SECRET: a rotation ends no client's login in either region."""

    def build() -> None:
        primary = RedisCluster("queue", replace(PRIMARY, token_generation=2, auth_update_strategy="ROTATE"))
        RegionalRedis("copy", _copy(primary))

    recording = record(build)
    groups = [item.inputs for item in recording.of("replicationGroup:ReplicationGroup")]
    assert {(group["authToken"], group["authTokenUpdateStrategy"]) for group in groups} == {
        ("generated-queue-token-value-2", "ROTATE")
    }


def test_a_secondary_in_cluster_mode_has_its_primarys_shards(record: Callable[..., Any]) -> None:
    """P0-REDIS: cluster mode and the number of shards are equal in all regions, since only the primary says them."""

    def build() -> None:
        primary = RedisCluster("state", replace(PRIMARY, profile="state", shards=3, replicas=2))
        RegionalRedis("copy", _copy(primary, replicas=1))

    recording = record(build)
    assert recording.one("GlobalReplicationGroup").inputs["numNodeGroups"] == 3
    copy = recording.one("replicationGroup:ReplicationGroup", "copy-cluster").inputs
    assert copy["replicasPerNodeGroup"] == 1
    assert "numCacheClusters" not in copy and "numNodeGroups" not in copy


def test_without_one_there_is_no_global_datastore(record: Callable[..., Any]) -> None:
    recording = record(lambda: RedisCluster("queue", QUEUE))
    assert not recording.of("GlobalReplicationGroup")


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"node_type": "cache.t4g.small"}, "node_type"),
        ({"node_type": "cache.r4.large"}, "node_type"),
        ({"node_type": "cache.m7g.medium"}, "node_type"),
        ({"replicas": 0}, "replicas"),
        ({"global_datastore": "Shop_Queue"}, "global_datastore"),
        ({"users": {"app": RedisUserArgs()}}, "users"),
    ],
)
def test_what_no_global_datastore_takes_is_refused(
    record: Callable[..., Any], change: dict[str, Any], setting: str
) -> None:
    """P0-REDIS."""
    refused: list[Refused] = []

    def build() -> None:
        with pytest.raises(Refused) as caught:
            RedisCluster("queue", replace(PRIMARY, **change))
        refused.append(caught.value)

    record(build)
    assert [item.setting for item in refused[0].refusals] == [setting]


@pytest.mark.parametrize(
    ("primary", "change", "setting"),
    [
        (QUEUE, {}, "primary"),
        (PRIMARY, {"region": "eu-west-1"}, "region"),
        (PRIMARY, {"region": "cn-north-1"}, "region"),
        (PRIMARY, {"replicas": 0}, "replicas"),
        (PRIMARY, {"replicas": 6}, "replicas"),
        (PRIMARY, {"kms_key_arn": "arn:aws:kms:eu-west-1:1:key/near"}, "kms_key_arn"),
    ],
)
def test_what_cannot_be_a_secondary_is_refused(
    record: Callable[..., Any], primary: Any, change: dict[str, Any], setting: str
) -> None:
    """RB-REGION: a copy has to survive the region of its primary."""
    refused: list[Refused] = []

    def build() -> None:
        made = RedisCluster("queue", primary)
        with pytest.raises(Refused) as caught:
            RegionalRedis("copy", _copy(made, **change))
        refused.append(caught.value)

    recording = record(build)
    assert [item.setting for item in refused[0].refusals] == [setting]
    assert not [item for item in recording.resources if item.name.startswith("copy-")]


def test_there_are_two_secondaries_at_most_and_one_a_region(record: Callable[..., Any]) -> None:
    def build() -> None:
        primary = RedisCluster("queue", PRIMARY)
        RegionalRedis("first", _copy(primary))
        with pytest.raises(Refused, match="already"):
            RegionalRedis("again", _copy(primary))
        RegionalRedis("second", _copy(primary, region="eu-north-1"))
        with pytest.raises(Refused, match="2 secondaries at most"):
            RegionalRedis("third", _copy(primary, region="us-east-1"))

    record(build)


@pytest.mark.parametrize(("before", "after", "refused"), [("6.2", "7.1", True), ("7.0", "7.1", False)])
def test_a_major_upgrade_of_all_regions_is_not_begun_half(before: str, after: str, refused: bool) -> None:
    """P0-REDIS: ElastiCache takes it only together with parameters of the new family."""
    reason = judge_datastore_update({"engineVersion": before}, {"engineVersion": after})
    assert (reason is not None) is refused
