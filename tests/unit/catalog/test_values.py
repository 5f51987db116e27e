"""Inputs of other languages become arguments of the components, or are told what they have to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown

from catalog.hosted import Existing
from catalog.model import fields, find, records_in
from catalog.values import Misfit, Reading, written
from components.assets import HashedAssetsArgs
from components.database import PostgresClusterArgs
from components.lean import to_camel
from components.network import StoreAccess
from components.pod_options import Rollout
from components.redis import RedisClusterArgs
from components.stateless_service import StatelessServiceArgs
from components.storage import BucketArgs, NotificationArgs, ObjectStorageArgs
from tests.unit.components.conftest import record

pytestmark = pytest.mark.unit

ACCESS = {"vpcId": "vpc-1", "subnetIds": ["subnet-a", "subnet-b"], "clientCidrs": ["10.0.0.0/16"]}
Given = dict[str, Any] | Callable[[], dict[str, Any]]
REDIS = {"identifier": "jobs", "secretIdentifier": "example/jobs", "profile": "queue", "access": ACCESS}


def read(
    cls: type, given: dict[str, Any] | Callable[[], dict[str, Any]], preview: bool = False
) -> tuple[Any, list[Misfit]]:
    """What becomes of some inputs, and what is wrong with them."""
    found: list[tuple[Any, list[Misfit]]] = []

    async def build() -> None:
        reading = Reading()
        values = given() if callable(given) else given
        found.append((await reading.record(cls, values), reading.misfits))

    record(build, preview=preview)
    return found[0]


def misfits(cls: type, given: Given) -> dict[str, str]:
    """The reason for each path."""
    return {each.path: each.reason for each in read(cls, given)[1]}


def test_what_is_not_given_has_the_default_that_it_has_in_python() -> None:
    args, wrong = read(RedisClusterArgs, REDIS)
    assert wrong == []
    assert args == RedisClusterArgs(
        identifier="jobs",
        secret_identifier="example/jobs",
        profile="queue",
        access=StoreAccess(vpc_id="vpc-1", subnet_ids=["subnet-a", "subnet-b"], client_cidrs=["10.0.0.0/16"]),
    )


def test_numbers_are_whole_where_they_have_to_be() -> None:
    args, wrong = read(RedisClusterArgs, {**REDIS, "replicas": 2.0, "logRetentionDays": 14.0})
    assert (args.replicas, args.log_retention_days, wrong) == (2, 14, [])
    assert type(args.replicas) is int
    found = misfits(RedisClusterArgs, {**REDIS, "replicas": 1.5, "logRetentionDays": 2, "shards": True})
    assert found["replicas"] == found["shards"] == "has to be a whole number"
    assert found["logRetentionDays"].startswith("has to be one of 1, 3, 5")


def test_an_input_with_a_default_can_be_none() -> None:
    args, wrong = read(RedisClusterArgs, {**REDIS, "without": ["logRetentionDays"]})
    assert (args.log_retention_days, wrong) == (None, [])
    assert "logRetentionDays" in misfits(RedisClusterArgs, {**REDIS, "without": ["replicas"]})["without"]


def test_nested_records_lists_and_maps_are_read() -> None:
    args, wrong = read(
        ObjectStorageArgs,
        {
            "prefix": "example",
            "account": "123456789012",
            "region": "eu-west-1",
            "buckets": {"uploads": {"purpose": "uploads", "notifications": [{"to": "eventBridge"}]}},
        },
    )
    assert wrong == []
    assert args.buckets == {
        "uploads": BucketArgs(purpose="uploads", notifications=[NotificationArgs(to="eventBridge")])
    }


def test_misfits_are_named_where_they_stand() -> None:
    buckets = {"uploads": {"purpose": "upload", "notifications": [{"too": "eventBridge"}]}}
    found = misfits(ObjectStorageArgs, {"prefix": "example", "region": 5, "buckets": buckets})
    assert found == {
        "account": "is missing",
        "region": "has to be a string",
        "buckets.uploads.purpose": "has to be one of uploads, assets, logs, backups",
        "buckets.uploads.notifications[0].too": "is no input; did you mean 'to'?",
        "buckets.uploads.notifications[0].to": "is missing",
    }


def test_one_of_several_kinds_is_taken() -> None:
    assert read(Rollout, {"maxSurge": "25%", "maxUnavailable": 1.0})[0] == Rollout(max_surge="25%", max_unavailable=1)
    assert misfits(Rollout, {"maxSurge": [1]}) == {"maxSurge": "is of none of the kinds that it may have"}


def test_paths_are_paths() -> None:
    args, _ = read(HashedAssetsArgs, {"folder": "site", "bucket": "assets"})
    assert args.folder == Path("site")


def test_outputs_stay_outputs_where_python_takes_them() -> None:
    def given() -> dict[str, Any]:
        return {**REDIS, "access": {**ACCESS, "vpcId": pulumi.Output.from_input("vpc-2")}}

    args, wrong = read(RedisClusterArgs, given)
    assert wrong == []
    assert isinstance(args.access.vpc_id, pulumi.Output)


def test_known_outputs_are_values_where_python_takes_those_only() -> None:
    args, wrong = read(RedisClusterArgs, lambda: {**REDIS, "identifier": pulumi.Output.from_input("later")})
    assert (args.identifier, wrong) == ("later", [])


def test_what_is_not_known_yet_is_refused_where_names_follow_from_it() -> None:
    found = misfits(RedisClusterArgs, lambda: {**REDIS, "identifier": pulumi.Output.from_input(Unknown())})
    assert found["identifier"].startswith("has to be known beforehand")


def test_a_list_that_is_not_known_yet_stands_for_one_in_a_preview() -> None:
    def given() -> dict[str, Any]:
        return {**REDIS, "access": {**ACCESS, "subnetIds": pulumi.Output.from_input(Unknown())}}

    args, wrong = read(RedisClusterArgs, given, preview=True)
    assert wrong == []
    assert len(args.access.subnet_ids) == 1


def test_a_secret_does_not_become_what_everybody_may_read() -> None:
    """SR-SECRET: the reason does not repeat it either."""
    found = misfits(RedisClusterArgs, lambda: {**REDIS, "identifier": pulumi.Output.secret("hidden")})
    assert found["identifier"].startswith("is a secret")
    assert "hidden" not in found["identifier"]


def test_references_are_to_components_of_their_kind() -> None:
    [alarms] = [each.arguments[0] for each in find() if each.name == "RedisAlarms"]
    given = {"cluster": "urn:pulumi:…", "profile": "production", "topicArn": "arn"}
    assert misfits(alarms, given) == {"cluster": "has to be a RedisCluster"}


@pytest.mark.parametrize("cls", [PostgresClusterArgs, RedisClusterArgs, StatelessServiceArgs])
def test_every_input_is_known_by_its_name_in_other_languages(cls: type) -> None:
    """No input is refused as unknown."""
    found = misfits(cls, {to_camel(each.name): object() for each in fields(cls)})
    assert [path for path, reason in found.items() if reason.startswith("is no input")] == []


def test_records_are_written_by_the_names_of_the_schema() -> None:
    [storage] = [each for each in find() if each.name == "ObjectStorage"]
    [replica] = [cls for cls in fields_of_output(storage, "buckets") if cls.__name__ == "StoredBucket"]

    class Fake:
        urn = "urn:pulumi:test"

    made = replica(
        name="n", arn="a", domain="d", kms_key_arn=None, statements=[{"Sid": "x"}], replica=None, last_sidecar=Fake()
    )
    [buckets] = [each for each in storage.outputs if each.name == "buckets"]
    assert written(buckets.typed, {"uploads": made}) == {
        "uploads": {
            "name": "n",
            "arn": "a",
            "domain": "d",
            "kmsKeyArn": None,
            "statements": [{"Sid": "x"}],
            "replica": None,
            "lastSidecar": "urn:pulumi:test",
        }
    }


def fields_of_output(component: Any, name: str) -> list[type]:
    """The records that an output consists of."""
    [output] = [each for each in component.outputs if each.name == name]
    return list(records_in(output.typed.shape))


def test_reading_needs_no_program() -> None:
    """Plain values are read without the engine."""
    reading = Reading()
    assert asyncio.run(reading.record(StoreAccess, ACCESS)) is not None


def test_a_component_of_the_program_has_the_attributes_that_it_has_in_python() -> None:
    """What is a value in Python is one here; what is not known yet says so when it is asked for."""
    [redis] = [each for each in find() if each.name == "RedisCluster"]
    found: list[Existing] = []

    async def build() -> None:
        registered = pulumi.ComponentResource(redis.token, "jobs")
        existing = Existing(redis, "jobs", await registered.urn.future() or "")
        known = {"identifier": "jobs", "profile": "queue", "nodeIds": [["jobs-001"]], "primaryEndpoint": Unknown()}
        for name, value in known.items():
            existing.set(name, pulumi.Output.from_input(value))
        existing.set("nodeType", pulumi.Output.from_input(Unknown()))
        reading = Reading()
        await reading.attributes(existing, "cluster")
        assert reading.misfits == []
        found.append(existing)

    record(build, preview=True)
    existing: Any = found[0]
    assert (existing.identifier, existing.profile, existing.node_ids) == ("jobs", "queue", [["jobs-001"]])
    assert isinstance(existing.primary_endpoint, pulumi.Output)
    with pytest.raises(pulumi.RunError, match="node_type of RedisCluster is not known before the deployment"):
        _ = existing.node_type
