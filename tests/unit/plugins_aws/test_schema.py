"""What is legal, read from the installed SDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.plugins.aws import schema

pytestmark = pytest.mark.unit


def test_names_types_and_required_properties_come_from_the_sdk() -> None:
    found = schema.from_sdk("aws:rds/instance:Instance")
    assert found.inputs["allocatedStorage"].kind.name == "integer"
    assert found.inputs["instanceClass"] == schema.Field(schema.Kind("string"), required=True)
    assert found.inputs["vpcSecurityGroupIds"].kind.item == schema.Kind("string")
    assert "endpoint" in found.outputs and "endpoint" not in found.inputs


def test_a_resource_is_not_taken_for_the_nested_value_of_its_name() -> None:
    found = schema.from_sdk("aws:s3/bucketVersioning:BucketVersioning")
    assert {"bucket", "versioningConfiguration"} <= set(found.inputs)


def test_services_with_nested_values_of_one_name_are_kept_apart() -> None:
    cache = schema.from_sdk("aws:elasticache/parameterGroup:ParameterGroup").inputs["parameters"].kind.item
    database = schema.from_sdk("aws:rds/parameterGroup:ParameterGroup").inputs["parameters"].kind.item
    assert cache and set(cache.fields) == {"name", "value"}
    assert database and set(database.fields) == {"name", "value", "applyMethod"}


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(LookupError):
        schema.from_sdk("aws:rds/nothing:Nothing")


def test_the_cache_gives_back_the_same_and_survives_damage(tmp_path: Path) -> None:
    token = "aws:cloudfront/distribution:Distribution"
    first = schema.load(token, tmp_path)
    [file] = tmp_path.iterdir()
    assert schema.load(token, tmp_path) == first
    file.write_text('{"inputs": ')
    assert schema.load(token, tmp_path) == first


@pytest.mark.parametrize(
    ("name", "expected"),
    [("BucketObjectv2", "bucket_objectv2"), ("VpcEndpoint", "vpc_endpoint"), ("Key", "key")],
)
def test_module_names(name: str, expected: str) -> None:
    assert schema.snake(name) == expected


def test_threads_that_ask_for_different_services_at_once_all_get_an_answer() -> None:
    """In a process of its own, where nothing of the SDK has been imported yet."""
    program = """
from concurrent.futures import ThreadPoolExecutor
from local.plugins.aws import schema
tokens = ["aws:s3/bucket:Bucket", "aws:iam/role:Role", "aws:ec2/vpc:Vpc", "aws:kms/key:Key"]
with ThreadPoolExecutor(4) as pool:
    assert all(found.outputs for found in pool.map(schema.load, tokens))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, cwd=Path(__file__).parents[3])
