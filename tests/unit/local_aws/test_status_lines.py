"""What is told of each server: where it is, what it does, and under which addresses (P0-REDIS, P0-REPLICA)."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws.dataplane.desired import desired, postgres_name
from local.aws.dataplane.places import places
from local.aws.dataplane.reconciler import Actual
from local.aws.dataplane.redis_desired import redis_name
from local.aws.dataplane.status_lines import status_lines

pytestmark = pytest.mark.unit

REGION = "eu-west-1"


def lines(writer: str | None) -> dict[str, dict[str, Any]]:
    known = {name: Actual(server, server) for name, server in desired().items()}
    return {line["name"]: line for line in status_lines(known, places(), lambda _: writer)}


def test_each_redis_node_is_in_its_zone_and_its_endpoints_are_the_regions(client: Any, unique: str) -> None:
    zones = [f"{REGION}c", f"{REGION}a"]
    client("elasticache").create_replication_group(
        ReplicationGroupId=unique,
        ReplicationGroupDescription="tests",
        NumCacheClusters=2,
        PreferredCacheClusterAZs=zones,
    )
    found = lines(None)
    nodes = [found[redis_name(f"{unique}-00{number}", REGION)] for number in (1, 2)]
    assert [node["zone"] for node in nodes] == zones
    assert [node["role"] for node in nodes] == ["primary", "replica"]
    endpoint = found[f"redis-{REGION}-{unique}-primary"]
    assert (endpoint["region"], endpoint["zone"]) == (REGION, "")
    # The primary endpoint's and the reader endpoint's.
    assert len(set(endpoint["addresses"])) == 2


@pytest.mark.parametrize("writer", ["a", "b", None])
def test_a_database_is_told_of_with_its_servers(client: Any, unique: str, writer: str | None) -> None:
    client("rds").create_db_instance(
        DBInstanceIdentifier=unique,
        Engine="postgres",
        EngineVersion="15",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MultiAZ=True,
        MasterUsername="app",
        MasterUserPassword="a-password-of-the-tests",
    )
    found = lines(writer)
    name = postgres_name(unique, REGION)
    members = {letter: found[f"{name}.{letter}"] for letter in "ab"}
    assert len({member["zone"] for member in members.values()}) == 2
    assert {letter for letter, member in members.items() if member["role"] == "writer"} == ({writer} - {None})
    assert found[name]["role"] == "" and found[name]["zone"] == ""
    assert len({found[name]["address"], *(member["address"] for member in members.values())}) == 3
    assert {member["log"] for member in members.values()} == {name}
