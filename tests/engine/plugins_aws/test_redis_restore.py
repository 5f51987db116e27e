"""Replication groups that begin with another one's data: asked of AWS as such, and refused where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.plugins_aws.conftest import Endpoint

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
import pulumi_aws as aws

aws.elasticache.ReplicationGroup(
    "redis", replication_group_id="restored", description="redis", node_type="cache.t4g.micro", engine="redis",
    num_cache_clusters=1, **pulumi.Config().require_object("beginning"),
)
"""


def test_a_restore_is_asked_for_and_refused_where_there_is_nothing_to_restore(lasting: Any, endpoint: Endpoint) -> None:
    """RB-REDIS: never an empty cluster under the name of a restored one."""
    lasting.write(PROGRAM)
    for beginning, words in (
        ('{"snapshot_name": "nightly"}', "Snapshot nightly not found"),
        ('{"snapshot_arns": ["arn:aws:s3:::backups/cache.rdb"]}', "SnapshotArns"),
    ):
        lasting.config("beginning", beginning)
        outcome = lasting.up()
        assert outcome.code != 0
        assert words in outcome.output
    assert endpoint.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []


def test_a_group_begins_with_a_snapshot_that_is_there(lasting: Any, endpoint: Endpoint) -> None:
    """RB-REDIS: a second run makes nothing anew."""
    api = endpoint.client("elasticache")
    api.create_replication_group(ReplicationGroupId="source", ReplicationGroupDescription="redis")
    api.create_snapshot(ReplicationGroupId="source", SnapshotName="nightly")
    lasting.write(PROGRAM)
    lasting.config("beginning", '{"snapshot_name": "nightly"}')
    for _ in range(2):
        outcome = lasting.up()
        assert outcome.code == 0, outcome.output
    assert endpoint.count("CreateReplicationGroup") == 2, "the source, and what is restored from it"
