"""ElastiCache's API for cluster mode (P0-REDIS, RB-REDIS): answers and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unit

ON = {"ClusterMode": "enabled", "AutomaticFailoverEnabled": True}
THREE = {**ON, "NumNodeGroups": 3, "ReplicasPerNodeGroup": 1}


@pytest.fixture
def elasticache(client: Callable[..., Any]) -> Any:
    return client("elasticache")


def create(api: Any, name: str, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = api.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="d", CacheNodeType="cache.t4g.micro", **more
    )["ReplicationGroup"]
    return answer


def described(api: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = api.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    return answer


def slots(api: Any, name: str) -> dict[str, str]:
    return {each["NodeGroupId"]: each["Slots"] for each in described(api, name)["NodeGroups"]}


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_cluster_answers_as_aws_does(elasticache: Any, unique: str) -> None:
    """P0-REDIS: names, slots, one configuration endpoint, and no endpoints or roles beside it."""
    create(elasticache, unique, **THREE, MultiAZEnabled=True)
    told = described(elasticache, unique)
    assert (told["ClusterEnabled"], told["ClusterMode"], told["MultiAZ"]) == (True, "enabled", "enabled")
    assert told["ConfigurationEndpoint"]["Port"] == 6379
    assert told["MemberClusters"] == [
        f"{unique}-{shard}-{node}" for shard in ("0001", "0002", "0003") for node in ("001", "002")
    ]
    assert slots(elasticache, unique) == {"0001": "0-5460", "0002": "5461-10922", "0003": "10923-16383"}
    for node_group in told["NodeGroups"]:
        assert not {"PrimaryEndpoint", "ReaderEndpoint"} & set(node_group)
        for member in node_group["NodeGroupMembers"]:
            assert not {"CurrentRole", "ReadEndpoint"} & set(member)
    answer = elasticache.describe_cache_clusters(CacheClusterId=f"{unique}-0002-001", ShowCacheNodeInfo=True)
    [member] = answer["CacheClusters"]
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7.cluster.on"
    assert member["CacheNodes"][0]["Endpoint"]["Address"] != told["ConfigurationEndpoint"]["Address"]


def test_a_parameter_group_for_clusters_makes_one(elasticache: Any, unique: str) -> None:
    """P0-REDIS: cluster-enabled is decided before anybody uses the group, and stays."""
    elasticache.create_cache_parameter_group(
        CacheParameterGroupName=unique, CacheParameterGroupFamily="redis7", Description="d"
    )
    switch = {"CacheParameterGroupName": unique}
    on = [{"ParameterName": "cluster-enabled", "ParameterValue": "yes"}]
    elasticache.modify_cache_parameter_group(**switch, ParameterNameValues=on)
    create(elasticache, unique, **switch, AutomaticFailoverEnabled=True, NumNodeGroups=1, ReplicasPerNodeGroup=1)
    assert described(elasticache, unique)["ClusterEnabled"]
    off = [{"ParameterName": "cluster-enabled", "ParameterValue": "no"}]
    for change in (
        lambda: elasticache.modify_cache_parameter_group(**switch, ParameterNameValues=off),
        lambda: elasticache.reset_cache_parameter_group(**switch, ResetAllParameters=True),
    ):
        with pytest.raises(ClientError) as error:
            change()
        assert code(error) == "InvalidCacheParameterGroupState"
    with pytest.raises(ClientError) as error:
        elasticache.modify_replication_group(ReplicationGroupId=unique, CacheParameterGroupName="default.redis7")
    assert code(error) == "UnsupportedOperation"
    default = elasticache.describe_cache_parameters(
        CacheParameterGroupName="default.redis7.cluster.on", Source="system"
    )["Parameters"]
    assert {each["ParameterValue"] for each in default if each["ParameterName"] == "cluster-enabled"} == {"yes"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({**THREE, "AutomaticFailoverEnabled": False}, "InvalidParameterCombination"),
        ({**ON, "NumNodeGroups": 2, "MultiAZEnabled": True}, "InvalidParameterCombination"),
        ({**ON, "NumCacheClusters": 2}, "InvalidParameterCombination"),
        ({**ON, "NumNodeGroups": 46, "ReplicasPerNodeGroup": 1}, "NodeQuotaForClusterExceeded"),
        ({**ON, "ReplicasPerNodeGroup": 6}, "InvalidParameterValue"),
        ({**THREE, "ClusterMode": "disabled"}, "InvalidParameterCombination"),
        ({**THREE, "CacheParameterGroupName": "default.redis7"}, "InvalidParameterCombination"),
        ({**THREE, "ClusterMode": "compatible"}, "UnsupportedOperation"),
        ({**THREE, "NodeGroupConfiguration": [{"Slots": "0-16383"}]}, "UnsupportedOperation"),
        ({**THREE, "PreferredCacheClusterAZs": ["eu-west-1a"]}, "InvalidParameterCombination"),
    ],
)
def test_what_contradicts_itself_is_refused(
    elasticache: Any, unique: str, declared: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError) as error:
        create(elasticache, unique, **declared)
    assert code(error) == expected
    with pytest.raises(ClientError):
        described(elasticache, unique)


def test_node_groups_and_replicas_come_and_go(elasticache: Any, unique: str) -> None:
    """P0-REDIS."""
    create(elasticache, unique, **THREE)

    def reshard(**more: Any) -> None:
        elasticache.modify_replication_group_shard_configuration(
            ReplicationGroupId=unique, ApplyImmediately=True, **more
        )

    for wrong in (
        {"NodeGroupCount": 2},
        {"NodeGroupCount": 2, "NodeGroupsToRemove": ["0009"]},
        {"NodeGroupCount": 2, "NodeGroupsToRemove": ["0001", "0002"]},
        {"NodeGroupCount": 0, "NodeGroupsToRemove": ["0001", "0002", "0003"]},
        {"NodeGroupCount": 4, "NodeGroupsToRetain": ["0001"]},
        {"NodeGroupCount": 46},
    ):
        with pytest.raises(ClientError):
            reshard(**wrong)
    assert list(slots(elasticache, unique)) == ["0001", "0002", "0003"]
    reshard(NodeGroupCount=2, NodeGroupsToRemove=["0001"])
    assert slots(elasticache, unique) == {"0002": "0-8191", "0003": "8192-16383"}
    reshard(NodeGroupCount=3)
    assert list(slots(elasticache, unique)) == ["0001", "0002", "0003"]
    reshard(NodeGroupCount=1, NodeGroupsToRetain=["0002"])
    assert slots(elasticache, unique) == {"0002": "0-16383"}
    elasticache.increase_replica_count(ReplicationGroupId=unique, NewReplicaCount=3, ApplyImmediately=True)
    assert described(elasticache, unique)["MemberClusters"][-1] == f"{unique}-0002-004"
    elasticache.decrease_replica_count(ReplicationGroupId=unique, NewReplicaCount=1, ApplyImmediately=True)
    assert len(described(elasticache, unique)["MemberClusters"]) == 2
    plain = f"{unique}-p"
    create(elasticache, plain)
    with pytest.raises(ClientError) as error:
        elasticache.modify_replication_group_shard_configuration(
            ReplicationGroupId=plain, NodeGroupCount=2, ApplyImmediately=True
        )
    assert code(error) == "InvalidParameterValue"


def test_one_node_group_fails_over(elasticache: Any, unique: str) -> None:
    """RB-REDIS."""
    create(elasticache, unique, **THREE)
    elasticache.test_failover(ReplicationGroupId=unique, NodeGroupId="0002")
    events = elasticache.describe_events(SourceIdentifier=unique, SourceType="replication-group")["Events"]
    done = f"Failover from primary node {unique}-0002-001 to replica node {unique}-0002-002 completed"
    assert [event["Message"] for event in events] == ["Test Failover API called for node group 0002", done]
    with pytest.raises(ClientError) as error:
        elasticache.test_failover(ReplicationGroupId=unique, NodeGroupId="0004")
    assert code(error) == "NodeGroupNotFoundFault"


def test_a_snapshot_has_every_node_group(elasticache: Any, unique: str) -> None:
    """P0-BACKUP: it is restored where there are as many, or more."""
    create(elasticache, unique, **THREE)
    name = f"{unique}-s"
    elasticache.create_snapshot(ReplicationGroupId=unique, SnapshotName=name)
    [told] = elasticache.describe_snapshots(SnapshotName=name, ShowNodeGroupConfig=True)["Snapshots"]
    assert told["NumNodeGroups"] == 3
    assert [part["NodeGroupConfiguration"]["Slots"] for part in told["NodeSnapshots"]] == [
        "0-5460", "5461-10922", "10923-16383",
    ]  # fmt: skip
    with pytest.raises(ClientError) as error:
        elasticache.create_snapshot(CacheClusterId=f"{unique}-0001-001", SnapshotName=f"{name}-2")
    assert code(error) == "InvalidParameterCombination"
    create(elasticache, f"{unique}-r", **THREE, SnapshotName=name)
    for wrong, expected in (
        ({"NumCacheClusters": 1}, "InvalidParameterCombination"),
        ({**ON, "NumNodeGroups": 2, "ReplicasPerNodeGroup": 1}, "UnsupportedOperation"),
    ):
        with pytest.raises(ClientError) as error:
            create(elasticache, f"{unique}-w", SnapshotName=name, **wrong)
        assert code(error) == expected


def test_a_global_datastore_has_no_cluster(elasticache: Any, unique: str) -> None:
    create(elasticache, unique, **THREE)
    with pytest.raises(ClientError) as error:
        elasticache.create_global_replication_group(
            GlobalReplicationGroupIdSuffix=unique, PrimaryReplicationGroupId=unique
        )
    assert code(error) == "UnsupportedOperation"


def test_no_two_nodes_have_one_name(elasticache: Any, unique: str) -> None:
    create(elasticache, unique, **THREE)
    with pytest.raises(ClientError) as error:
        create(elasticache, f"{unique}-0001")
    assert code(error) == "CacheClusterAlreadyExists"
