"""RDS's API through botocore (P0-REPLICA, SR-DB): replicas, parameters, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unit

PASSWORD = "a-master-password"


@pytest.fixture
def rds(client: Callable[..., Any]) -> Any:
    return client("rds")


def create(rds: Any, name: str, **more: Any) -> dict[str, Any]:
    declared = {
        "DBInstanceIdentifier": name,
        "Engine": "postgres",
        "EngineVersion": "15",
        "DBInstanceClass": "db.t4g.micro",
        "AllocatedStorage": 20,
        "MasterUsername": "app",
        "MasterUserPassword": PASSWORD,
        "BackupRetentionPeriod": 7,
    }
    answer: dict[str, Any] = rds.create_db_instance(**{**declared, **more})["DBInstance"]
    return answer


def described(rds: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return answer


def test_an_instance_is_created_then_available(rds: Any, unique: str) -> None:
    created = create(rds, unique, DBName="app", MultiAZ=True, StorageEncrypted=True, DeletionProtection=True)
    assert (created["DBInstanceStatus"], created.get("Endpoint") or {}) == ("creating", {})
    instance = described(rds, unique)
    assert instance["DBInstanceStatus"] == "available"
    assert instance["Endpoint"]["Port"] == 5432
    assert instance["EngineVersion"].startswith("15.")
    assert instance["MultiAZ"] and instance["StorageEncrypted"]
    assert PASSWORD not in str(instance)
    with pytest.raises(ClientError, match="protected"):
        rds.delete_db_instance(DBInstanceIdentifier=unique, SkipFinalSnapshot=True)


def test_a_replica_has_its_own_settings_and_knows_its_source(rds: Any, unique: str) -> None:
    """P0-REPLICA: source and replica name each other, and tags and protection are not inherited."""
    create(rds, unique, DeletionProtection=True, Tags=[{"Key": "a", "Value": "b"}])
    rds.create_db_instance_read_replica(DBInstanceIdentifier=f"{unique}-r", SourceDBInstanceIdentifier=unique)
    replica, source = described(rds, f"{unique}-r"), described(rds, unique)
    assert replica["ReadReplicaSourceDBInstanceIdentifier"] == unique
    assert source["ReadReplicaDBInstanceIdentifiers"] == [f"{unique}-r"]
    assert replica["Endpoint"]["Address"] != source["Endpoint"]["Address"]
    assert replica["DbiResourceId"] != source["DbiResourceId"]
    assert not replica["DeletionProtection"] and replica["TagList"] == []
    rds.delete_db_instance(DBInstanceIdentifier=f"{unique}-r", SkipFinalSnapshot=True)
    assert described(rds, unique)["ReadReplicaDBInstanceIdentifiers"] == []


def test_promotion_makes_a_replica_independent(rds: Any, unique: str) -> None:
    """RB-DB: a promoted replica has no source, and its source has lost it."""
    create(rds, unique)
    rds.create_db_instance_read_replica(DBInstanceIdentifier=f"{unique}-r", SourceDBInstanceIdentifier=unique)
    rds.promote_read_replica(DBInstanceIdentifier=f"{unique}-r", BackupRetentionPeriod=3)
    promoted = described(rds, f"{unique}-r")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in promoted
    assert promoted["BackupRetentionPeriod"] == 3
    assert described(rds, unique)["ReadReplicaDBInstanceIdentifiers"] == []


def test_deleting_a_source_promotes_its_replicas(rds: Any, unique: str) -> None:
    create(rds, unique)
    rds.create_db_instance_read_replica(DBInstanceIdentifier=f"{unique}-r", SourceDBInstanceIdentifier=unique)
    rds.delete_db_instance(DBInstanceIdentifier=unique, SkipFinalSnapshot=True)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in described(rds, f"{unique}-r")
    with pytest.raises(ClientError):
        described(rds, unique)


def test_a_source_without_backups_has_no_replicas(rds: Any, unique: str) -> None:
    create(rds, unique, BackupRetentionPeriod=0)
    with pytest.raises(ClientError, match="Automated backups"):
        rds.create_db_instance_read_replica(DBInstanceIdentifier=f"{unique}-r", SourceDBInstanceIdentifier=unique)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"Engine": "mysql"}, "engine 'mysql'"),
        ({"EngineVersion": "16.4"}, "PostgreSQL 16.4"),
        ({"ManageMasterUserPassword": True}, "managed master user password"),
        ({"DBParameterGroupName": "nope"}, "not found"),
    ],
)
def test_what_cannot_be_honoured_is_refused(rds: Any, unique: str, declared: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=words):
        create(rds, unique, **declared)
    with pytest.raises(ClientError):
        described(rds, unique)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("create_db_cluster", {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql"}),
        ("create_db_snapshot", {"DBInstanceIdentifier": "c", "DBSnapshotIdentifier": "s"}),
        ("stop_db_instance", {"DBInstanceIdentifier": "c"}),
    ],
)
def test_operations_with_nothing_behind_them_are_refused(rds: Any, operation: str, arguments: dict[str, str]) -> None:
    with pytest.raises(ClientError) as error:
        getattr(rds, operation)(**arguments)
    assert error.value.response["Error"]["Code"] == "UnsupportedOperation"


def parameter(name: str, value: str, method: str) -> dict[str, str]:
    return {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (parameter("no_such_setting", "1", "immediate"), "Could not find parameter"),
        (parameter("max_connections", "50", "immediate"), "static parameter"),
        (parameter("listen_addresses", "*", "immediate"), "cannot be modified"),
        (parameter("work_mem", "plenty", "immediate"), "not allowed"),
        (parameter("shared_preload_libraries", "no_such_library", "pending-reboot"), "no_such_library"),
    ],
)
def test_a_wrong_parameter_is_an_error(rds: Any, unique: str, wrong: dict[str, str], words: str) -> None:
    rds.create_db_parameter_group(DBParameterGroupName=unique, DBParameterGroupFamily="postgres15", Description="d")
    with pytest.raises(ClientError, match=words):
        rds.modify_db_parameter_group(
            DBParameterGroupName=unique, Parameters=[parameter("work_mem", "8192", "immediate"), wrong]
        )
    assert rds.describe_db_parameters(DBParameterGroupName=unique, Source="user")["Parameters"] == []


def test_a_parameter_group_in_use_stays(rds: Any, unique: str) -> None:
    rds.create_db_parameter_group(DBParameterGroupName=unique, DBParameterGroupFamily="postgres15", Description="d")
    create(rds, unique, DBParameterGroupName=unique)
    with pytest.raises(ClientError, match=unique):
        rds.delete_db_parameter_group(DBParameterGroupName=unique)
    rds.delete_db_instance(DBInstanceIdentifier=unique, SkipFinalSnapshot=True)
    rds.delete_db_parameter_group(DBParameterGroupName=unique)
    with pytest.raises(ClientError):
        rds.describe_db_parameter_groups(DBParameterGroupName=unique)


def test_monitoring_settings_are_told_back(rds: Any, unique: str) -> None:
    """P0-OBS: recorded, so that drift can be seen."""
    settings = {
        "PerformanceInsightsEnabled": True,
        "PerformanceInsightsRetentionPeriod": 7,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring",
        "CACertificateIdentifier": "rds-ca-ecc384-g1",
    }
    asked = {name: value for name, value in settings.items() if name != "PerformanceInsightsEnabled"}
    create(rds, unique, EnablePerformanceInsights=True, **asked)
    assert settings.items() <= described(rds, unique).items()
    rds.modify_db_instance(DBInstanceIdentifier=unique, EnablePerformanceInsights=False, MonitoringInterval=30)
    changed = {**settings, "PerformanceInsightsEnabled": False, "MonitoringInterval": 30}
    assert changed.items() <= described(rds, unique).items()


@pytest.fixture
def proxied(rds: Any, client: Callable[..., Any], unique: str) -> str:
    """A proxy in front of an instance, both of this name."""
    create(rds, unique)
    ec2 = client("ec2")
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = [item["SubnetId"] for item in ec2.describe_subnets(Filters=default)["Subnets"][:2]]
    rds.create_db_proxy(
        DBProxyName=unique,
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s"}],
        RoleArn="arn:aws:iam::123456789012:role/proxy",
        VpcSubnetIds=subnets,
        RequireTLS=True,
    )
    rds.register_db_proxy_targets(DBProxyName=unique, DBInstanceIdentifiers=[unique])
    return unique


def test_a_proxy_has_an_address_of_its_own_and_reaches_its_target(rds: Any, proxied: str) -> None:
    """P0-REPLICA: RDS Proxy for the writer."""
    [proxy] = rds.describe_db_proxies(DBProxyName=proxied)["DBProxies"]
    assert proxy["Status"] == "available" and proxy["RequireTLS"] is True
    assert proxy["Endpoint"] != described(rds, proxied)["Endpoint"]["Address"]
    [target] = rds.describe_db_proxy_targets(DBProxyName=proxied)["Targets"]
    assert (target["RdsResourceId"], target["TargetHealth"]["State"]) == (proxied, "AVAILABLE")
    rds.modify_db_proxy(DBProxyName=proxied, IdleClientTimeout=60, SecurityGroups=["sg-1"])
    [proxy] = rds.describe_db_proxies(DBProxyName=proxied)["DBProxies"]
    assert (proxy["IdleClientTimeout"], proxy["VpcSecurityGroupIds"]) == (60, ["sg-1"])
    rds.deregister_db_proxy_targets(DBProxyName=proxied, DBInstanceIdentifiers=[proxied])
    assert rds.describe_db_proxy_targets(DBProxyName=proxied)["Targets"] == []
    rds.delete_db_proxy(DBProxyName=proxied)
    for operation in ("describe_db_proxies", "describe_db_proxy_targets", "describe_db_proxy_target_groups"):
        with pytest.raises(ClientError) as error:
            getattr(rds, operation)(DBProxyName=proxied)
        assert error.value.response["Error"]["Code"] == "DBProxyNotFoundFault"


def test_a_proxy_serves_one_writer(rds: Any, proxied: str) -> None:
    rds.create_db_instance_read_replica(DBInstanceIdentifier=f"{proxied}-r", SourceDBInstanceIdentifier=proxied)
    for identifier, words in ((f"{proxied}-r", "read replica"), (proxied, "has a target"), ("nobody", "not found")):
        with pytest.raises(ClientError, match=words):
            rds.register_db_proxy_targets(DBProxyName=proxied, DBInstanceIdentifiers=[identifier])


def test_a_proxy_that_would_let_tokens_in_is_refused(rds: Any, proxied: str) -> None:
    auth = {"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s"}
    with pytest.raises(ClientError, match="IAM tokens"):
        rds.modify_db_proxy(DBProxyName=proxied, Auth=[{**auth, "IAMAuth": "REQUIRED"}])
    with pytest.raises(ClientError, match="endpoints of a proxy"):
        rds.create_db_proxy_endpoint(DBProxyName=proxied, DBProxyEndpointName="reader", VpcSubnetIds=["subnet-1"])
