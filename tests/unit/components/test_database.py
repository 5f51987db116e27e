"""PostgresCluster: what it registers and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.database import PostgresCluster, PostgresClusterArgs
from components.errors import Refused
from components.network import StoreAccess

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


def test_replicas_are_spread_over_zones_and_have_no_credentials_of_their_own(record: Callable[..., Any]) -> None:
    """P0-REPLICA."""
    recording = record(lambda: PostgresCluster("database", ARGS))
    replicas = [item for item in recording.of("Instance") if "replica" in item.name]
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
    ],
)
def test_unsafe_combinations_are_refused(record: Callable[..., Any], change: dict[str, int], setting: str) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            PostgresCluster("database", replace(ARGS, **change))  # type: ignore[arg-type]
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert [item.type for item in recording.resources] == ["groundwork:index:PostgresCluster"]


def test_no_replicas_need_no_backups(record: Callable[..., Any]) -> None:
    recording = record(lambda: PostgresCluster("database", replace(ARGS, replicas=0, backup_retention_days=0)))
    assert len(recording.of("Instance")) == 1
