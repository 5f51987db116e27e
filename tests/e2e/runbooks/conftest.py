"""Stores of the runbooks' own, on an endpoint of their own, and the outputs of a stack that has them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.network import namespaces
from local.network.plan import Plan, plan_of
from tests.e2e.local_aws.conftest import authority, client, eventually, paths
from tests.fixtures.databases import PASSWORD, Database, Wait, available

__all__ = ["authority", "client", "eventually", "paths"]

TEST_PLAN = plan_of(236, "gk")
TOKEN = "token-of-the-runbooks-tests"
NAME = "runbooks"


@pytest.fixture(scope="session")
def plan() -> Iterator[Plan]:
    """The address plan, its namespaces up."""
    namespaces.up(TEST_PLAN)
    yield TEST_PLAN
    namespaces.down(TEST_PLAN)


@dataclass(frozen=True)
class Stack:
    """A stack's outputs, and how a process that works with them is started.

    Attributes:
        outputs: File with the outputs.
        folder: Where its runs are kept.
        environment: Of processes.
        client: Makes clients of the endpoint.
    """

    outputs: Path
    folder: Path
    environment: dict[str, str]
    client: Callable[..., Any]


@pytest.fixture(scope="session")
def stack(
    client: Callable[..., Any],
    plan: Plan,
    authority: str,
    eventually: Wait,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """A Redis and a Multi-AZ database, each with a replica and its secret, and a bucket for the lock."""
    redis, database = client("elasticache"), Database(NAME, client("rds"), authority)
    redis.create_replication_group(
        ReplicationGroupId=NAME,
        ReplicationGroupDescription="tests",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True,
        AuthToken=TOKEN,
    )

    def group() -> dict[str, Any]:
        found: dict[str, Any] = redis.describe_replication_groups(ReplicationGroupId=NAME)["ReplicationGroups"][0]
        return found

    def database_is_made() -> None:
        database.create(NAME, MultiAZ=True)
        available(database, NAME, eventually)
        database.api.create_db_instance_read_replica(DBInstanceIdentifier=f"{NAME}-r", SourceDBInstanceIdentifier=NAME)
        available(database, f"{NAME}-r", eventually)

    with ThreadPoolExecutor() as pool:
        making = pool.submit(database_is_made)
        eventually(lambda: group()["Status"] == "available", "the group is available")
        making.result()
    client("s3").create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": plan.region})
    secrets = client("secretsmanager")
    arns = {
        name: secrets.create_secret(Name=f"{NAME}/{name}", SecretString=json.dumps(value))["ARN"]
        for name, value in (("redis", {"token": TOKEN}), ("database", {"username": "app", "password": PASSWORD}))
    }
    endpoints = group()["NodeGroups"][0]
    folder = tmp_path_factory.mktemp("runbooks")
    (folder / "outputs.json").write_text(
        json.dumps(
            {
                "environment": "staging",
                "namespace": "none",
                "services": {},
                "workers": {},
                "redis": {
                    "queue": {
                        "replicationGroupId": NAME,
                        "primaryEndpoint": endpoints["PrimaryEndpoint"]["Address"],
                        "port": 6379,
                        "tls": True,
                        "authSecretArn": arns["redis"],
                        "profile": "queue",
                    }
                },
                "database": {
                    "identifier": NAME,
                    "writerEndpoint": database.described(NAME)["Endpoint"]["Address"],
                    "readerEndpoints": [database.described(f"{NAME}-r")["Endpoint"]["Address"]],
                    "port": 5432,
                    "name": "app",
                    "username": "app",
                    "secretArn": arns["database"],
                },
                "buckets": {
                    "logs": {"name": NAME, "arn": f"arn:aws:s3:::{NAME}", "region": plan.region, "purpose": "logs"}
                },
                "backup": {
                    "objectives": {"redis.queue": {"rtoSeconds": 10}, "database": {"rtoSeconds": 30, "rpoSeconds": 0}}
                },
                "trustedCertificates": Path(authority).read_text(),
            }
        )
    )
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": plan.aws_url,
        "AWS_REGION": plan.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "KUBECONFIG": str(folder / "no-cluster"),
    }
    yield Stack(folder / "outputs.json", folder / "runs", environment, client)
    database.remove_all(eventually)
    redis.delete_replication_group(ReplicationGroupId=NAME)
    eventually(lambda: not redis.describe_replication_groups()["ReplicationGroups"], "the group is gone")
