"""PostgresCluster: what it registers and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.database import PointInTimeArgs, PostgresCluster, PostgresClusterArgs
from components.database_guards import judge_replica_update
from components.database_parts import PARAMETERS, STATIC
from components.database_rules import judge_minor_upgrade
from components.errors import Refused
from components.network import StoreAccess
from local.aws.extensions.rds_parameters import settings

pytestmark = pytest.mark.unit

ARGS = PostgresClusterArgs(
    identifier="shop-prod-database",
    secret_identifier="shop-prod/database",
    access=StoreAccess(vpc_id="vpc-1", subnet_ids=["subnet-a", "subnet-b"], client_cidrs=["10.0.0.0/20"]),
    zones=["eu-west-1a", "eu-west-1b", "eu-west-1c"],
)


def test_the_writer_is_safe_by_default(record: Callable[..., Any]) -> None:
    """SR-DB, P0-BACKUP."""
    writer = record(lambda: PostgresCluster("database", ARGS)).one("Instance", "database-writer").inputs
    assert writer["multiAz"] is True
    assert writer["storageEncrypted"] is True
    assert writer["publiclyAccessible"] is False
    assert writer["backupRetentionPeriod"] == 14
    assert writer["deletionProtection"] is True
    assert writer["skipFinalSnapshot"] is False
    assert writer["finalSnapshotIdentifier"] == "shop-prod-database-final-0a1b2c3d"
    assert "manageMasterUserPassword" not in writer, "it excludes read replicas"


def test_connections_without_tls_are_refused_by_the_server(record: Callable[..., Any]) -> None:
    parameters = record(lambda: PostgresCluster("database", ARGS)).one("ParameterGroup").inputs
    assert parameters["name"] == "shop-prod-database-postgres17"
    assert {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"} in parameters["parameters"]


def test_parameters_that_need_a_start_wait_for_it(record: Callable[..., Any]) -> None:
    """RDS refuses to apply them at once."""
    args = replace(ARGS, parameters={"max_connections": "400", "log_lock_waits": "0"})
    found = record(lambda: PostgresCluster("database", args)).one("ParameterGroup").inputs["parameters"]
    assert {"name": "max_connections", "value": "400", "applyMethod": "pending-reboot"} in found
    assert {"name": "log_lock_waits", "value": "0", "applyMethod": "immediate"} in found
    assert {"name": "log_parameter_max_length", "value": "0", "applyMethod": "immediate"} in found, "users' data"


def test_the_table_of_parameters_that_need_a_start_is_the_servers_own() -> None:
    static = {name for name, setting in settings().items() if setting.static and setting.modifiable}
    assert static - STATIC == set(), "found by the installed server"
    assert not STATIC & PARAMETERS.keys()


def test_replicas_are_spread_over_zones_and_have_no_credentials_of_their_own(record: Callable[..., Any]) -> None:
    """P0-REPLICA."""
    recording = record(lambda: PostgresCluster("database", ARGS))
    replicas = sorted((item for item in recording.of("Instance") if "replica" in item.name), key=lambda item: item.name)
    assert [item.inputs["availabilityZone"] for item in replicas] == ["eu-west-1b", "eu-west-1c"]
    for item in replicas:
        assert item.inputs["replicateSourceDb"] == "shop-prod-database"
        assert not {"password", "username", "dbName", "dbSubnetGroupName", "engine"} & item.inputs.keys()
        assert item.inputs["storageEncrypted"] is True
        assert item.inputs["skipFinalSnapshot"] is True


def test_replicas_take_a_minor_upgrade_before_their_writer(record: Callable[..., Any]) -> None:
    with_replicas = record(lambda: PostgresCluster("database", ARGS)).one("Instance", "database-writer")
    alone = record(lambda: PostgresCluster("database", replace(ARGS, replicas=0))).one("Instance")
    assert with_replicas.inputs["autoMinorVersionUpgrade"] is False
    assert alone.inputs["autoMinorVersionUpgrade"] is True


def test_the_password_is_secret_wherever_it_goes(record: Callable[..., Any]) -> None:
    """SR-SECRET."""

    async def build() -> Any:
        cluster = PostgresCluster("database", ARGS)
        urls = (await cluster.writer_url.future(), await cluster.reader_urls.future())
        return urls, await cluster.writer_url.is_secret(), await cluster.reader_urls.is_secret(), dict(cluster.outputs)

    recording = record(build)
    (writer, readers), writer_secret, readers_secret, outputs = recording.result
    password = "generated-database-credentials-value"
    assert writer == f"postgresql://app:{password}@database-writer.test:5432/app?sslmode=verify-full"
    assert readers.count(password) == 2
    assert readers.count(",") == 1
    assert writer_secret
    assert readers_secret
    assert password not in str(outputs)
    assert recording.one("Instance", "database-writer").is_secret("password")
    assert json.loads(recording.one("SecretVersion").inputs["secretString"]) == {
        "username": "app",
        "password": password,
    }


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"backup_retention_days": 0}, "backup_retention_days"),
        ({"replicas": 16}, "replicas"),
        ({"storage_gb": 100, "max_storage_gb": 50}, "max_storage_gb"),
        ({"storage_gb": 100, "max_storage_gb": 109}, "max_storage_gb"),
        ({"blue_green_updates": True}, "blue_green_updates"),
        ({"rpo_minutes": 4}, "rpo_minutes"),
        ({"parameters": {"rds.force_ssl": "0"}}, "parameters.rds.force_ssl"),
        ({"replicas": 0, "backup_retention_days": 0}, "backup_retention_days"),
        ({"rpo_minutes": None, "recovery_point_alarm": True}, "recovery_point_alarm"),
        ({"backup_window": "02:00-03:00"}, "maintenance_window"),
        ({"backup_window": "02:00-02:20"}, "backup_window"),
        ({"restore_from_snapshot": "nightly", "restore_to": PointInTimeArgs(source="old")}, "restore_from_snapshot"),
        ({"restore_to": PointInTimeArgs(source="old", time="yesterday")}, "restore_to.time"),
        ({"own_kms_key": True, "kms_key_arn": "arn:aws:kms:eu-west-1:1:key/1"}, "own_kms_key"),
        ({"own_kms_key": True, "restore_from_snapshot": "nightly"}, "own_kms_key"),
        ({"own_kms_key": True, "restore_to": PointInTimeArgs(source="old")}, "own_kms_key"),
        ({"replica_engine_version": "17.6", "replicas": 0}, "replica_engine_version"),
        ({"replica_engine_version": "17"}, "replica_engine_version"),
        ({"replica_engine_version": "16.9"}, "replica_engine_version"),
        ({"replica_engine_version": "17.4", "engine_version": "17.5"}, "replica_engine_version"),
    ],
)
def test_unsafe_combinations_are_refused(record: Callable[..., Any], change: dict[str, Any], setting: str) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            PostgresCluster("database", replace(ARGS, **change))
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert [item.type for item in recording.resources] == ["groundwork:index:PostgresCluster"]


def test_no_replicas_need_no_backups(record: Callable[..., Any]) -> None:
    recording = record(
        lambda: PostgresCluster("database", replace(ARGS, replicas=0, backup_retention_days=0, rpo_minutes=None))
    )
    assert len(recording.of("Instance")) == 1


def test_instances_are_watched_and_their_logs_expire(record: Callable[..., Any]) -> None:
    """P0-OBS, SR-LOGS."""
    recording = record(lambda: PostgresCluster("database", ARGS))
    for item in recording.of("rds/instance:Instance"):
        assert item.inputs["performanceInsightsEnabled"] is True
        assert item.inputs["performanceInsightsRetentionPeriod"] == 7
        assert item.inputs["monitoringInterval"] == 60
        assert item.inputs["monitoringRoleArn"] == "arn:aws:test:::database-monitoring"
        assert item.inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
        assert item.inputs["caCertIdentifier"] == "rds-ca-rsa2048-g1"
    groups = {item.inputs["name"]: item.inputs["retentionInDays"] for item in recording.of("LogGroup")}
    assert groups["/aws/rds/instance/shop-prod-database-replica-2/postgresql"] == 30
    assert len(groups) == 6


def test_the_monitoring_role_writes_to_one_group_only(record: Callable[..., Any]) -> None:
    recording = record(lambda: PostgresCluster("database", ARGS))
    trust = json.loads(recording.one("iam/role:Role", "database-monitoring").inputs["assumeRolePolicy"])
    assert [item["Principal"] for item in trust["Statement"]] == [{"Service": "monitoring.rds.amazonaws.com"}]
    policy = json.loads(recording.one("RolePolicy", "database-monitoring").inputs["policy"])
    group = "arn:aws:logs:eu-west-1:*:log-group:RDSOSMetrics"
    assert [item["Resource"] for item in policy["Statement"]] == [group, f"{group}:log-stream:*"]


def test_watching_can_be_switched_off(record: Callable[..., Any]) -> None:
    args = replace(
        ARGS,
        performance_insights_days=0,
        monitoring_seconds=0,
        log_retention_days=None,
        recovery_point_alarm=False,
    )
    recording = record(lambda: PostgresCluster("database", args))
    writer = recording.one("Instance", "database-writer").inputs
    assert writer["performanceInsightsEnabled"] is False
    assert writer["monitoringInterval"] == 0
    absent = {"performanceInsightsRetentionPeriod", "monitoringRoleArn", "enabledCloudwatchLogsExports"}
    assert not absent & writer.keys()
    assert not recording.of("LogGroup")
    assert not recording.of("iam/role:Role")


def test_replicas_are_maintained_before_their_writer(record: Callable[..., Any]) -> None:
    recording = record(
        lambda: PostgresCluster(
            "database", replace(ARGS, maintenance_window="mon:01:00-mon:02:00", backup_window="03:00-04:00")
        )
    )
    assert recording.one("Instance", "database-writer").inputs["maintenanceWindow"] == "mon:01:00-mon:02:00"
    assert recording.one("Instance", "database-replica-1").inputs["maintenanceWindow"] == "sun:22:30-sun:23:30"


def test_a_database_can_begin_with_a_snapshot_or_a_moment_of_another(record: Callable[..., Any]) -> None:
    """RB-DB."""
    snapshot = record(lambda: PostgresCluster("database", replace(ARGS, restore_from_snapshot="nightly")))
    assert snapshot.one("Instance", "database-writer").inputs["snapshotIdentifier"] == "nightly"
    latest = record(lambda: PostgresCluster("database", replace(ARGS, restore_to=PointInTimeArgs(source="old"))))
    assert latest.one("Instance", "database-writer").inputs["restoreToPointInTime"] == {
        "sourceDbInstanceIdentifier": "old",
        "useLatestRestorableTime": True,
    }
    moment = PointInTimeArgs(source="old", time="2026-11-22T10:00:00Z")
    then = record(lambda: PostgresCluster("database", replace(ARGS, restore_to=moment)))
    assert then.one("Instance", "database-writer").inputs["restoreToPointInTime"] == {
        "sourceDbInstanceIdentifier": "old",
        "restoreTime": "2026-11-22T10:00:00Z",
    }
    for recording in (snapshot, latest, then):
        replica = recording.one("Instance", "database-replica-1").inputs
        assert not {"snapshotIdentifier", "restoreToPointInTime"} & replica.keys()


def test_backups_outlive_a_database_that_leaves_a_final_snapshot(record: Callable[..., Any]) -> None:
    """P0-BACKUP."""
    kept = record(lambda: PostgresCluster("database", ARGS)).one("Instance", "database-writer").inputs
    assert kept["deleteAutomatedBackups"] is False
    gone = record(lambda: PostgresCluster("database", replace(ARGS, final_snapshot=False)))
    assert gone.one("Instance", "database-writer").inputs["deleteAutomatedBackups"] is True


def test_replicas_have_the_key_of_their_writer_without_being_told(record: Callable[..., Any]) -> None:
    """In one region RDS encrypts a replica with its source's key."""
    recording = record(lambda: PostgresCluster("database", replace(ARGS, own_kms_key=True)))
    assert recording.one("Instance", "database-writer").inputs["kmsKeyId"] == "arn:aws:test:::database-key"
    assert "kmsKeyId" not in recording.one("Instance", "database-replica-1").inputs
    keys = {item.inputs["performanceInsightsKmsKeyId"] for item in recording.of("rds/instance:Instance")}
    assert keys == {"arn:aws:test:::database-key"}


def test_blue_green_updates_are_for_databases_without_replicas(record: Callable[..., Any]) -> None:
    """RDS would leave the replicas with the old writer."""
    args = replace(ARGS, replicas=0, blue_green_updates=True)
    writer = record(lambda: PostgresCluster("database", args)).one("rds/instance:Instance").inputs
    assert writer["blueGreenUpdate"] == {"enabled": True}


@pytest.mark.parametrize(
    ("old", "new", "replicas", "refused"),
    [
        ("17.4", "17.5", ["17.4", "17.5"], True),
        ("17.4", "17.5", ["17.5", "17.5"], False),
        ("17.4", "17.10", ["17.9"], True),
        ("17", "17.5", ["17.4"], True),
        ("17.4", "17.5", [], False),
        ("16.9", "17.5", ["16.9"], False),
        ("17.5", "17", ["17.4"], False),
    ],
)
def test_a_writer_waits_for_its_replicas_minor_upgrade(old: str, new: str, replicas: list[str], refused: bool) -> None:
    """P0-REPLICA: RDS takes replicas along in a major upgrade only."""
    reason = judge_minor_upgrade(old, new, replicas)
    assert (reason is not None) == refused
    assert reason is None or f"replicaEngineVersion {new} first" in reason


def test_dropping_the_source_does_not_promote_a_replica() -> None:
    """P0-REPLICA: a second writer is made by the runbook only."""
    replica = {"replicateSourceDb": "shop-prod-database"}
    reason = judge_replica_update(replica, {})
    assert reason is not None and "promote" in reason
    assert judge_replica_update(replica, replica) is None
    assert judge_replica_update({}, {}) is None


def test_storage_grows_by_itself_unless_it_is_fixed(record: Callable[..., Any]) -> None:
    growing = record(lambda: PostgresCluster("database", replace(ARGS, storage_gb=50, max_storage_gb=200)))
    assert {item.inputs["maxAllocatedStorage"] for item in growing.of("rds/instance:Instance")} == {200}
    assert growing.one("Instance", "database-writer").inputs["allocatedStorage"] == 50
    fixed = record(lambda: PostgresCluster("database", replace(ARGS, max_storage_gb=0)))
    assert not [item for item in fixed.of("rds/instance:Instance") if "maxAllocatedStorage" in item.inputs]


def test_writer_and_replicas_have_the_same_authority_and_ways_to_log_in(record: Callable[..., Any]) -> None:
    """SR-DB: a client that trusts one of them, or logs in with a token, reaches all."""
    args = replace(ARGS, ca_certificate="rds-ca-ecc384-g1", iam_authentication=True)
    for item in record(lambda: PostgresCluster("database", args)).of("rds/instance:Instance"):
        assert item.inputs["caCertIdentifier"] == "rds-ca-ecc384-g1"
        assert item.inputs["iamDatabaseAuthenticationEnabled"] is True
