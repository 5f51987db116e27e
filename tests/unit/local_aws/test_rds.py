"""RDS's API through botocore (P0-REPLICA, SR-DB): replicas, parameters, and what is refused."""

from __future__ import annotations

import datetime
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


def test_a_forced_failover_changes_the_zones(rds: Any, unique: str) -> None:
    """SR-DB, RB-DB: writer and standby are in two zones, and change places."""
    create(rds, unique, MultiAZ=True)
    before = described(rds, unique)
    assert before["MultiAZ"] and before["AvailabilityZone"] != before["SecondaryAvailabilityZone"]
    answer = rds.reboot_db_instance(DBInstanceIdentifier=unique, ForceFailover=True)["DBInstance"]
    assert answer["DBInstanceStatus"] == "rebooting"
    after = described(rds, unique)
    assert after["AvailabilityZone"] == before["SecondaryAvailabilityZone"]
    assert after["SecondaryAvailabilityZone"] == before["AvailabilityZone"]
    assert after["Endpoint"] == before["Endpoint"]


def test_the_zones_are_those_of_the_subnets(rds: Any, client: Callable[..., Any], unique: str) -> None:
    """SR-DB: in a subnet group, writer and standby are where its subnets are."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"eu-west-1{letter}")
        for number, letter in enumerate("bc")
    ]
    rds.create_db_subnet_group(
        DBSubnetGroupName=unique,
        DBSubnetGroupDescription="two zones",
        SubnetIds=[each["Subnet"]["SubnetId"] for each in subnets],
    )
    create(rds, unique, MultiAZ=True, DBSubnetGroupName=unique)
    instance = described(rds, unique)
    assert {instance["AvailabilityZone"], instance["SecondaryAvailabilityZone"]} == {"eu-west-1b", "eu-west-1c"}


def test_multi_az_comes_and_goes(rds: Any, unique: str) -> None:
    created = create(rds, unique, AvailabilityZone="eu-west-1c")
    assert created["AvailabilityZone"] == "eu-west-1c" and "SecondaryAvailabilityZone" not in described(rds, unique)
    with pytest.raises(ClientError) as error:
        rds.reboot_db_instance(DBInstanceIdentifier=unique, ForceFailover=True)
    assert error.value.response["Error"]["Code"] == "InvalidParameterCombination"
    rds.modify_db_instance(DBInstanceIdentifier=unique, MultiAZ=True, ApplyImmediately=True)
    assert described(rds, unique)["SecondaryAvailabilityZone"] == "eu-west-1a"
    rds.reboot_db_instance(DBInstanceIdentifier=unique, ForceFailover=True)
    assert described(rds, unique)["AvailabilityZone"] == "eu-west-1a"
    rds.modify_db_instance(DBInstanceIdentifier=unique, MultiAZ=False, ApplyImmediately=True)
    alone = described(rds, unique)
    assert alone["AvailabilityZone"] == "eu-west-1a" and "SecondaryAvailabilityZone" not in alone


def test_two_zones_cannot_be_one(rds: Any, unique: str) -> None:
    with pytest.raises(ClientError, match="AvailabilityZone cannot be specified"):
        create(rds, unique, MultiAZ=True, AvailabilityZone="eu-west-1a")


def snapshot(rds: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
    return answer


def test_a_snapshot_is_taken_copied_restored_and_deleted(rds: Any, unique: str) -> None:
    """P0-BACKUP, RB-DB: what a restored instance has from its source, and what not."""
    create(rds, unique, DBName="app", Port=5433, MultiAZ=True, DeletionProtection=True, StorageEncrypted=True)
    taken = rds.create_db_snapshot(DBInstanceIdentifier=unique, DBSnapshotIdentifier=f"{unique}-s")["DBSnapshot"]
    assert (taken["Status"], taken["PercentProgress"], taken["SnapshotType"]) == ("creating", 0, "manual")
    found = snapshot(rds, f"{unique}-s")
    assert (found["Status"], found["PercentProgress"], found["DBInstanceIdentifier"]) == ("available", 100, unique)
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier=found["DBSnapshotArn"], TargetDBSnapshotIdentifier=f"{unique}-c")
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier=f"{unique}-r", DBSnapshotIdentifier=f"{unique}-c", DBInstanceClass="db.t4g.small"
    )
    restored = described(rds, f"{unique}-r")
    assert (restored["MasterUsername"], restored["DBName"], restored["Endpoint"]["Port"]) == ("app", "app", 5433)
    assert restored["StorageEncrypted"] and restored["BackupRetentionPeriod"] == 7
    assert restored["DBInstanceClass"] == "db.t4g.small"
    assert not restored["MultiAZ"] and not restored["DeletionProtection"]
    assert restored["DbiResourceId"] != described(rds, unique)["DbiResourceId"]
    for name in (f"{unique}-s", f"{unique}-c"):
        assert rds.delete_db_snapshot(DBSnapshotIdentifier=name)["DBSnapshot"]["Status"] == "deleted"
        with pytest.raises(ClientError) as error:
            snapshot(rds, name)
        assert error.value.response["Error"]["Code"] == "DBSnapshotNotFound"


def test_a_final_snapshot_outlives_its_instance(rds: Any, unique: str) -> None:
    """SR-DB: and its name must be free."""
    create(rds, unique)
    rds.create_db_snapshot(DBInstanceIdentifier=unique, DBSnapshotIdentifier=f"{unique}-taken")
    for wrong, code in (
        ({}, "InvalidParameterCombination"),
        ({"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "x"}, "InvalidParameterCombination"),
        ({"FinalDBSnapshotIdentifier": f"{unique}-taken"}, "DBSnapshotAlreadyExists"),
    ):
        with pytest.raises(ClientError) as error:
            rds.delete_db_instance(DBInstanceIdentifier=unique, **wrong)
        assert error.value.response["Error"]["Code"] == code
    assert described(rds, unique)["DBInstanceStatus"] == "available"
    rds.delete_db_instance(DBInstanceIdentifier=unique, FinalDBSnapshotIdentifier=f"{unique}-final")
    with pytest.raises(ClientError):
        described(rds, unique)
    assert snapshot(rds, f"{unique}-final")["Status"] == "available"


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("create_db_snapshot", {"DBInstanceIdentifier": "nobody", "DBSnapshotIdentifier": "s"}, "DBInstanceNotFound"),
        ("delete_db_snapshot", {"DBSnapshotIdentifier": "nothing"}, "DBSnapshotNotFound"),
        (
            "copy_db_snapshot",
            {"SourceDBSnapshotIdentifier": "nothing", "TargetDBSnapshotIdentifier": "s"},
            "DBSnapshotNotFound",
        ),
        (
            "restore_db_instance_from_db_snapshot",
            {"DBInstanceIdentifier": "new", "DBSnapshotIdentifier": "nothing"},
            "DBSnapshotNotFound",
        ),
    ],
)
def test_what_is_not_there_cannot_be_copied(rds: Any, operation: str, arguments: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(rds, operation)(**arguments)
    assert error.value.response["Error"]["Code"] == code


def restore(rds: Any, source: str, target: str, **more: Any) -> None:
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=source, TargetDBInstanceIdentifier=target, **more
    )


def test_an_instance_is_restored_to_a_moment(rds: Any, unique: str) -> None:
    """P0-BACKUP, RB-DB: any moment since its first backup, or the latest."""
    create(rds, unique, DBName="app", MultiAZ=True, Port=5433)
    [backup] = rds.describe_db_snapshots(DBInstanceIdentifier=unique, SnapshotType="automated")["DBSnapshots"]
    assert backup["DBSnapshotIdentifier"].startswith(f"rds:{unique}-")
    latest = described(rds, unique)["LatestRestorableTime"]
    restore(rds, unique, f"{unique}-latest", UseLatestRestorableTime=True, MultiAZ=True)
    restored = described(rds, f"{unique}-latest")
    assert (restored["MasterUsername"], restored["DBName"], restored["Endpoint"]["Port"]) == ("app", "app", 5433)
    assert restored["MultiAZ"] and restored["BackupRetentionPeriod"] == 7
    for wrong, code in (
        ({}, "InvalidParameterCombination"),
        ({"UseLatestRestorableTime": True, "RestoreTime": latest}, "InvalidParameterCombination"),
        ({"RestoreTime": latest + datetime.timedelta(days=1)}, "InvalidRestoreFault"),
        ({"RestoreTime": latest - datetime.timedelta(days=1)}, "InvalidRestoreFault"),
    ):
        with pytest.raises(ClientError) as error:
            restore(rds, unique, f"{unique}-wrong", **wrong)
        assert error.value.response["Error"]["Code"] == code


def test_without_backups_there_is_no_moment(rds: Any, unique: str) -> None:
    """SR-DB: and backups that are switched off are gone."""
    create(rds, unique, BackupRetentionPeriod=0)
    assert "LatestRestorableTime" not in described(rds, unique)
    with pytest.raises(ClientError) as error:
        restore(rds, unique, f"{unique}-r", UseLatestRestorableTime=True)
    assert error.value.response["Error"]["Code"] == "InvalidRestoreFault"
    for days, count in ((1, 1), (0, 0)):
        rds.modify_db_instance(DBInstanceIdentifier=unique, BackupRetentionPeriod=days, ApplyImmediately=True)
        found = rds.describe_db_snapshots(DBInstanceIdentifier=unique, SnapshotType="automated")["DBSnapshots"]
        assert len(found) == count


def test_an_automated_backup_goes_with_its_instance_and_not_before(rds: Any, unique: str) -> None:
    create(rds, unique)
    [backup] = rds.describe_db_snapshots(DBInstanceIdentifier=unique, SnapshotType="automated")["DBSnapshots"]
    with pytest.raises(ClientError) as error:
        rds.delete_db_snapshot(DBSnapshotIdentifier=backup["DBSnapshotIdentifier"])
    assert error.value.response["Error"]["Code"] == "InvalidDBSnapshotState"
    rds.delete_db_instance(DBInstanceIdentifier=unique, SkipFinalSnapshot=True)
    assert rds.describe_db_snapshots(DBInstanceIdentifier=unique, SnapshotType="automated")["DBSnapshots"] == []
