"""Settings of the database, its pool and its proxy: what is refused, with one message each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.settings.conftest import changed, problems_of

pytestmark = pytest.mark.unit

Lines = Callable[..., list[str]]
DIGEST = "registry.test/shop@sha256:" + "b" * 64
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


@pytest.mark.parametrize(
    ("database", "key"),
    [
        ({"backupRetentionDays": 0}, "backupRetentionDays"),
        ({"replicas": 16}, "replicas"),
        ({"storageGb": 100, "maxStorageGb": 109}, "maxStorageGb"),
        ({"blueGreenUpdates": True}, "blueGreenUpdates"),
        ({"rpoMinutes": 4}, "rpoMinutes"),
        ({"rpoMinutes": None, "recoveryPointAlarm": True}, "recoveryPointAlarm"),
        ({"parameters": {"rds.force_ssl": "0"}}, "parameters.rds.force_ssl"),
        ({"replicas": 0, "backupRetentionDays": 0}, "backupRetentionDays"),
        ({"backupWindow": "02:00-03:00"}, "maintenanceWindow"),
        ({"backupWindow": "02:00-02:20"}, "backupWindow"),
        ({"restoreFromSnapshot": "nightly", "restoreTo": {"source": "old"}}, "restoreFromSnapshot"),
        ({"restoreTo": {"source": "old", "time": "yesterday"}}, "restoreTo.time"),
        ({"ownKmsKey": True, "kmsKeyArn": KEY}, "ownKmsKey"),
        ({"replicaEngineVersion": "17.6", "replicas": 0}, "replicaEngineVersion"),
        ({"replicaEngineVersion": "17"}, "replicaEngineVersion"),
        ({"replicaEngineVersion": "17.4", "engineVersion": "17.5"}, "replicaEngineVersion"),
    ],
)
def test_what_the_component_refuses_the_settings_refuse_too(database: dict[str, Any], key: str) -> None:
    """SR-DB: the same rules, told before anything is made. Locally, where the environment adds none of its own."""
    configuration = changed("groundwork:database", database)
    configuration["groundwork:environment"] = "local"
    [problem] = problems_of(configuration)
    assert problem.key == f"groundwork:database.{key}"


POOL = "groundwork:database/readerPool"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"tlsSecret": None}, "database.readerPool.tlsSecret"),
        ({"image": "registry.test/pgbouncer:1.25"}, "database.readerPool.image"),
        ({"poolSize": 500}, "database.readerPool.poolSize"),
        ({"maxClients": 5}, "database.readerPool.maxClients"),
        ({"replicas": {"min": 1}}, "database.readerPool.replicas.min"),
        ({"drainSeconds": 3600}, "database.readerPool.drainSeconds"),
        ({"resources": {"memoryLimit": "1Mi"}}, "database.readerPool.resources.memoryLimit"),
    ],
)
def test_unsafe_pools_of_readers_are_refused(change: dict[str, Any], key: str) -> None:
    """P0-REPLICA."""
    configuration = changed(POOL, {"image": DIGEST, "tlsSecret": "readers-tls", **change})
    configuration["groundwork:workload"]["trustedCertificates"] = "ca.pem"
    [problem] = problems_of(configuration)
    assert problem.key == f"groundwork:{key}"


def test_a_pool_of_readers_needs_replicas_and_the_authority_that_signed_them() -> None:
    configuration = changed(POOL, {"image": DIGEST, "tlsSecret": "readers-tls"})
    [problem] = problems_of(configuration)
    assert problem.key == "groundwork:database.readerPool.certificates"
    assert "workload.trustedCertificates" in problem.cure
    configuration["groundwork:workload"]["trustedCertificates"] = "ca.pem"
    assert problems_of(configuration) == []
    configuration["groundwork:environment"] = "staging"
    configuration["groundwork:database"]["replicas"] = 0
    [problem] = problems_of(configuration)
    assert problem.key == "groundwork:database.readerPool"
    configuration["groundwork:database"]["replicas"] = 2
    configuration["groundwork:services"]["database-readers"] = {}
    [problem] = problems_of(configuration)
    assert problem.key == "groundwork:services.database-readers"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"connectionsPercent": 95}, "database.proxy.connectionsPercent"),
        ({"waitSeconds": 0}, "database.proxy.waitSeconds"),
        ({"idleSeconds": 28801}, "database.proxy.idleSeconds"),
    ],
)
def test_a_proxy_that_rds_would_refuse_is_refused(lines: Lines, change: dict[str, int], key: str) -> None:
    [found] = lines("groundwork:database/proxy", change)
    assert found.startswith(f"stacks/Pulumi.prod.yaml: groundwork:{key} is "), found
    assert lines("groundwork:database/proxy", {}) == []
