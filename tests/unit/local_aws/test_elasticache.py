"""ElastiCache's API through botocore (P0-REDIS, SR-REDIS-HA): what moto lacks, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.dataplane.desired import desired
from local.aws.dataplane.redis_desired import RedisServer

pytestmark = pytest.mark.unit

TOKEN = "a-token-of-sufficient-length"


@pytest.fixture
def elasticache(client: Callable[..., Any]) -> Any:
    return client("elasticache")


def error_code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def create(elasticache: Any, name: str, **more: Any) -> dict[str, Any]:
    declared = {"ReplicationGroupId": name, "ReplicationGroupDescription": "d", "CacheNodeType": "cache.t4g.micro"}
    answer: dict[str, Any] = elasticache.create_replication_group(**{**declared, **more})["ReplicationGroup"]
    return answer


def described(elasticache: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    return answer


def test_a_parameter_group_lives_through_its_operations(elasticache: Any, unique: str) -> None:
    """P0-REDIS: the queue-safe profile is a parameter group."""
    created = elasticache.create_cache_parameter_group(
        CacheParameterGroupName=unique, CacheParameterGroupFamily="redis7", Description="queue"
    )["CacheParameterGroup"]
    assert created["ARN"].endswith(f":parametergroup:{unique}")
    values = [{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}]
    elasticache.modify_cache_parameter_group(CacheParameterGroupName=unique, ParameterNameValues=values)
    own = elasticache.describe_cache_parameters(CacheParameterGroupName=unique, Source="user")["Parameters"]
    assert [(each["ParameterName"], each["ParameterValue"]) for each in own] == [("maxmemory-policy", "noeviction")]
    elasticache.reset_cache_parameter_group(CacheParameterGroupName=unique, ParameterNameValues=values)
    assert elasticache.describe_cache_parameters(CacheParameterGroupName=unique, Source="user")["Parameters"] == []
    elasticache.delete_cache_parameter_group(CacheParameterGroupName=unique)
    with pytest.raises(ClientError) as error:
        elasticache.describe_cache_parameter_groups(CacheParameterGroupName=unique)
    assert error_code(error) == "CacheParameterGroupNotFound"


@pytest.mark.parametrize(
    ("name", "value"),
    [("maxmemory-policy", "sometimes"), ("no-such-parameter", "1"), ("appendonly", "yes"), ("databases", "-1")],
)
def test_a_wrong_parameter_is_an_error_and_changes_nothing(
    elasticache: Any, unique: str, name: str, value: str
) -> None:
    elasticache.create_cache_parameter_group(
        CacheParameterGroupName=unique, CacheParameterGroupFamily="redis7", Description="d"
    )
    right = {"ParameterName": "timeout", "ParameterValue": "5"}
    with pytest.raises(ClientError) as error:
        elasticache.modify_cache_parameter_group(
            CacheParameterGroupName=unique,
            ParameterNameValues=[right, {"ParameterName": name, "ParameterValue": value}],
        )
    assert error_code(error) == "InvalidParameterValue"
    assert elasticache.describe_cache_parameters(CacheParameterGroupName=unique, Source="user")["Parameters"] == []


def test_engine_defaults_are_told(elasticache: Any) -> None:
    answer = elasticache.describe_engine_default_parameters(CacheParameterGroupFamily="redis7")["EngineDefaults"]
    policies = [each for each in answer["Parameters"] if each["ParameterName"] == "maxmemory-policy"]
    assert [each["ParameterValue"] for each in policies] == ["volatile-lru"]


def test_a_replication_group_answers_what_was_declared(elasticache: Any, unique: str) -> None:
    """SR-REDIS-HA: encryption, authentication, failover and snapshot settings can be read back."""
    elasticache.create_cache_parameter_group(
        CacheParameterGroupName=unique, CacheParameterGroupFamily="redis7", Description="d"
    )
    created = create(
        elasticache,
        unique,
        NumCacheClusters=3,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        AuthToken=TOKEN,
        CacheParameterGroupName=unique,
        SnapshotRetentionLimit=7,
        SnapshotWindow="01:00-02:00",
        PreferredMaintenanceWindow="mon:03:00-mon:04:00",
        Port=6390,
        SecurityGroupIds=["sg-1"],
        Tags=[{"Key": "team", "Value": "a"}],
    )
    assert created["Status"] == "creating"
    group = described(elasticache, unique)
    assert group["Status"] == "available"
    assert group["MemberClusters"] == [f"{unique}-00{n}" for n in (1, 2, 3)]
    assert (group["AutomaticFailover"], group["MultiAZ"]) == ("enabled", "enabled")
    assert group["AuthTokenEnabled"] and group["TransitEncryptionEnabled"] and group["AtRestEncryptionEnabled"]
    assert (group["SnapshotRetentionLimit"], group["SnapshotWindow"]) == (7, "01:00-02:00")
    node_group = group["NodeGroups"][0]
    zones = {member["PreferredAvailabilityZone"] for member in node_group["NodeGroupMembers"]}
    assert zones == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
    assert node_group["PrimaryEndpoint"]["Port"] == 6390
    assert node_group["PrimaryEndpoint"]["Address"] != node_group["ReaderEndpoint"]["Address"]
    member = elasticache.describe_cache_clusters(CacheClusterId=f"{unique}-002")["CacheClusters"][0]
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == unique
    assert member["PreferredMaintenanceWindow"] == "mon:03:00-mon:04:00"
    assert member["SecurityGroups"] == [{"SecurityGroupId": "sg-1", "Status": "active"}]
    tags = elasticache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]
    assert tags == [{"Key": "team", "Value": "a"}]
    assert TOKEN not in str(group) + str(member)


def test_endpoints_are_addresses_of_their_own(elasticache: Any, unique: str) -> None:
    """P0-REDIS: they outlive whichever node is behind them; a node's own endpoint is its server."""
    create(elasticache, unique)
    told = described(elasticache, unique)["NodeGroups"][0]
    member = told["NodeGroupMembers"][0]["ReadEndpoint"]
    endpoints = {each["Address"] for each in (told["PrimaryEndpoint"], told["ReaderEndpoint"], member)}
    assert len(endpoints) == 3


def test_modification_and_deletion(elasticache: Any, unique: str) -> None:
    create(elasticache, unique, TransitEncryptionEnabled=True, AuthToken=TOKEN)
    elasticache.modify_replication_group(
        ReplicationGroupId=unique,
        ReplicationGroupDescription="new",
        SnapshotRetentionLimit=3,
        AuthToken=TOKEN + "2",
        AuthTokenUpdateStrategy="ROTATE",
        ApplyImmediately=True,
    )
    group = described(elasticache, unique)
    assert (group["Description"], group["SnapshotRetentionLimit"]) == ("new", 3)
    elasticache.increase_replica_count(ReplicationGroupId=unique, NewReplicaCount=2, ApplyImmediately=True)
    assert len(described(elasticache, unique)["MemberClusters"]) == 3
    elasticache.decrease_replica_count(ReplicationGroupId=unique, NewReplicaCount=1, ApplyImmediately=True)
    assert len(described(elasticache, unique)["MemberClusters"]) == 2
    elasticache.delete_replication_group(ReplicationGroupId=unique)
    with pytest.raises(ClientError) as error:
        described(elasticache, unique)
    assert error_code(error) == "ReplicationGroupNotFoundFault"


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"Engine": "valkey"}, "UnsupportedOperation"),
        ({"EngineVersion": "6.2"}, "UnsupportedOperation"),
        ({"UserGroupIds": ["users"]}, "InvalidParameterCombination"),
        ({"TransitEncryptionEnabled": True, "UserGroupIds": ["nobody"]}, "UserGroupNotFound"),
        ({"SnapshotName": "old"}, "SnapshotNotFoundFault"),
        ({"SnapshotArns": ["arn:aws:s3:::nowhere/one.rdb"]}, "InvalidParameterValue"),
        ({"SnapshotArns": ["arn:aws:s3:::bucket"]}, "InvalidParameterValue"),
        ({"SnapshotArns": ["arn:aws:s3:::a/one", "arn:aws:s3:::a/two"]}, "InvalidParameterValue"),
        ({"SnapshotArns": ["arn:aws:s3:::a/one"], "SnapshotName": "old"}, "InvalidParameterCombination"),
        ({"TransitEncryptionEnabled": True, "TransitEncryptionMode": "preferred"}, "UnsupportedOperation"),
        ({"AuthToken": TOKEN}, "InvalidParameterCombination"),
        ({"TransitEncryptionEnabled": True, "AuthToken": "short"}, "InvalidParameterValue"),
        ({"AutomaticFailoverEnabled": True}, "InvalidParameterCombination"),
        ({"NumCacheClusters": 2, "MultiAZEnabled": True}, "InvalidParameterCombination"),
        ({"CacheParameterGroupName": "nope"}, "CacheParameterGroupNotFound"),
        ({"CacheSubnetGroupName": "nope"}, "CacheSubnetGroupNotFoundFault"),
    ],
)
def test_what_cannot_be_honoured_is_refused(elasticache: Any, unique: str, declared: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        create(elasticache, unique, **declared)
    assert error_code(error) == code
    with pytest.raises(ClientError):
        described(elasticache, unique)


def test_a_subnet_group_can_be_changed_and_deleted_when_unused(
    elasticache: Any, client: Callable[..., Any], unique: str
) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)]
    elasticache.create_cache_subnet_group(
        CacheSubnetGroupName=unique, CacheSubnetGroupDescription="d", SubnetIds=subnets
    )
    elasticache.modify_cache_subnet_group(CacheSubnetGroupName=unique, SubnetIds=subnets[:1])
    group = elasticache.describe_cache_subnet_groups(CacheSubnetGroupName=unique)["CacheSubnetGroups"][0]
    assert [each["SubnetIdentifier"] for each in group["Subnets"]] == subnets[:1]
    create(elasticache, unique, CacheSubnetGroupName=unique)
    with pytest.raises(ClientError) as error:
        elasticache.delete_cache_subnet_group(CacheSubnetGroupName=unique)
    assert error_code(error) == "CacheSubnetGroupInUse"
    elasticache.delete_replication_group(ReplicationGroupId=unique)
    elasticache.delete_cache_subnet_group(CacheSubnetGroupName=unique)
    with pytest.raises(ClientError):
        elasticache.describe_cache_subnet_groups(CacheSubnetGroupName=unique)


def test_an_operation_that_nobody_implements_says_so(elasticache: Any) -> None:
    with pytest.raises(ClientError) as error:
        elasticache.list_allowed_node_type_modifications(ReplicationGroupId="any")
    assert error_code(error) == "UnsupportedOperation"
    assert "local platform" in str(error.value)


def test_log_delivery_is_told_back_and_can_be_switched_off(elasticache: Any, unique: str) -> None:
    """SR-LOGS: recorded, one delivery of each log type."""

    def delivery(kind: str) -> dict[str, Any]:
        details = {"CloudWatchLogsDetails": {"LogGroup": f"/redis/{kind}"}}
        return {
            "LogType": kind, "DestinationType": "cloudwatch-logs", "LogFormat": "json", "DestinationDetails": details
        }  # fmt: skip

    create(elasticache, unique, LogDeliveryConfigurations=[delivery("slow-log")])
    [told] = described(elasticache, unique)["LogDeliveryConfigurations"]
    assert told == {**delivery("slow-log"), "Status": "active"}
    elasticache.modify_replication_group(
        ReplicationGroupId=unique,
        LogDeliveryConfigurations=[delivery("engine-log"), {"LogType": "slow-log", "Enabled": False}],
    )
    assert [each["LogType"] for each in described(elasticache, unique)["LogDeliveryConfigurations"]] == ["engine-log"]
    with pytest.raises(ClientError) as error:
        elasticache.modify_replication_group(
            ReplicationGroupId=unique, LogDeliveryConfigurations=[{"LogType": "slow-log"}]
        )
    assert error_code(error) == "InvalidParameterValue"


def _global(api: Any, unique: str, **more: Any) -> str:
    """A global datastore whose primary is `unique`; returns its ID."""
    large = {"CacheNodeType": "cache.r7g.large", "NumCacheClusters": 2, "AutomaticFailoverEnabled": True}
    create(api, unique, TransitEncryptionEnabled=True, AuthToken=TOKEN, **{**large, **more})
    made = api.create_global_replication_group(GlobalReplicationGroupIdSuffix=unique, PrimaryReplicationGroupId=unique)[
        "GlobalReplicationGroup"
    ]
    return str(made["GlobalReplicationGroupId"])


def _join(api: Any, name: str, datastore: str, **more: Any) -> None:
    api.create_replication_group(
        ReplicationGroupId=name,
        ReplicationGroupDescription="d",
        GlobalReplicationGroupId=datastore,
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        AuthToken=TOKEN,
        **more,
    )


def test_a_global_datastore_has_a_secondary_in_another_region(client: Callable[..., Any], unique: str) -> None:
    """P0-REDIS, RB-REGION: it has its primary's version, nodes and parameters, and changes with them."""
    near, far = client("elasticache"), client("elasticache", region_name="eu-central-1")
    near.create_cache_parameter_group(
        CacheParameterGroupName=unique, CacheParameterGroupFamily="redis7", Description="d"
    )
    datastore = _global(near, unique, CacheParameterGroupName=unique)
    assert datastore.endswith(f"-{unique}")
    assert _told(near, datastore)["Status"] == "primary-only"
    for wrong in ({"EngineVersion": "7.0"}, {"CacheNodeType": "cache.r7g.large"}, {"TransitEncryptionEnabled": True}):
        with pytest.raises(ClientError) as error:
            _join(far, unique, datastore, **wrong)
        assert error_code(error) == "InvalidParameterCombination"
    _join(far, unique, datastore)
    told = _told(far, datastore)
    assert (told["Status"], told["CacheNodeType"]) == ("available", "cache.r7g.large")
    roles = {member["ReplicationGroupRegion"]: member["Role"] for member in told["Members"]}
    assert roles == {"eu-west-1": "PRIMARY", "eu-central-1": "SECONDARY"}
    servers = desired()
    first = servers[f"redis-eu-central-1-{unique}-001"]
    assert isinstance(first, RedisServer)
    endpoint = described(near, unique)["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    assert first.primary == endpoint, "it replicates whoever is the primary"
    second = servers[f"redis-eu-central-1-{unique}-002"]
    assert isinstance(second, RedisServer) and second.primary == first.address
    with pytest.raises(ClientError) as error:
        near.modify_replication_group(ReplicationGroupId=unique, CacheNodeType="cache.r7g.xlarge")
    assert "part of a global cluster" in str(error.value)
    near.modify_global_replication_group(
        GlobalReplicationGroupId=datastore, ApplyImmediately=True, CacheNodeType="cache.r7g.xlarge"
    )
    assert {described(api, unique)["CacheNodeType"] for api in (near, far)} == {"cache.r7g.xlarge"}
    with pytest.raises(ClientError) as error:
        near.delete_global_replication_group(GlobalReplicationGroupId=datastore, RetainPrimaryReplicationGroup=True)
    assert error_code(error) == "InvalidGlobalReplicationGroupState"
    far.disassociate_global_replication_group(
        GlobalReplicationGroupId=datastore, ReplicationGroupId=unique, ReplicationGroupRegion="eu-central-1"
    )
    alone = desired()[f"redis-eu-central-1-{unique}-001"]
    assert isinstance(alone, RedisServer) and alone.primary is None
    far.delete_replication_group(ReplicationGroupId=unique)
    near.delete_global_replication_group(GlobalReplicationGroupId=datastore, RetainPrimaryReplicationGroup=True)
    near.delete_replication_group(ReplicationGroupId=unique)
    with pytest.raises(ClientError) as error:
        _told(near, datastore)
    assert error_code(error) == "GlobalReplicationGroupNotFoundFault"


def _told(api: Any, datastore: str) -> dict[str, Any]:
    found = api.describe_global_replication_groups(GlobalReplicationGroupId=datastore, ShowMemberInfo=True)
    answer: dict[str, Any] = found["GlobalReplicationGroups"][0]
    return answer


@pytest.mark.parametrize(
    "wrong", [{"CacheNodeType": "cache.t4g.micro"}, {"NumCacheClusters": 1, "AutomaticFailoverEnabled": False}]
)
def test_what_cannot_be_in_a_global_datastore_is_refused(elasticache: Any, unique: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        _global(elasticache, unique, **wrong)
    assert error_code(error) == "InvalidParameterValue"
