"""Databases that begin with another one's data: asked of AWS as such, and refused where nothing could be restored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.plugins_aws.conftest import Endpoint

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
import pulumi_aws as aws

beginning = pulumi.Config().require_object("beginning")
aws.rds.Instance(
    "restored", identifier="restored", engine="postgres", instance_class="db.t4g.small", allocated_storage=20,
    username="app", password=pulumi.Output.secret("long-enough"), storage_encrypted=True, skip_final_snapshot=True,
    multi_az=True, tags={"a": "b"}, **beginning,
)
"""


@pytest.mark.parametrize(
    ("beginning", "operation", "words"),
    [
        ('{"snapshot_identifier": "nightly"}', "RestoreDBInstanceFromDBSnapshot", "DBSnapshot nightly not found"),
        (
            '{"restore_to_point_in_time": {"source_db_instance_identifier": "old", '
            '"use_latest_restorable_time": true}}',
            "RestoreDBInstanceToPointInTime",
            "DBInstance old not found",
        ),
    ],
    ids=["snapshot", "moment"],
)
def test_a_restore_is_asked_for_and_refused_where_there_is_nothing_to_restore(
    lasting: Any, endpoint: Endpoint, beginning: str, operation: str, words: str
) -> None:
    """RB-DB: never an empty database under the name of a restored one."""
    lasting.write(PROGRAM)
    lasting.config("beginning", beginning)
    lasting.preview().assert_succeeded()
    outcome = lasting.up()
    assert outcome.code != 0
    assert words in outcome.output
    assert endpoint.count(operation) == 1
    assert endpoint.count("CreateDBInstance") == 0
    assert endpoint.client("rds").describe_db_instances()["DBInstances"] == []


def test_blue_green_updates_are_not_pretended(lasting: Any) -> None:
    lasting.write(PROGRAM)
    lasting.config("beginning", '{"blue_green_update": {"enabled": true}}')
    lasting.up().assert_succeeded()
    lasting.write(PROGRAM.replace("allocated_storage=20", "allocated_storage=30"))
    outcome = lasting.up()
    assert outcome.code != 0
    assert "the aws stand-in has no blue/green updates" in outcome.output
    lasting.destroy().assert_succeeded()
