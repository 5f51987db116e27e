"""A replication group whose token makes way for users: in one request, since AWS takes it in no other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.plugins_aws.conftest import Endpoint

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
import pulumi_aws as aws

users = pulumi.Config().get_bool("users") or False
made = [
    aws.elasticache.User(
        name, user_id=name, user_name=name, engine="redis", access_string="on ~* +@all",
        passwords=[pulumi.Output.secret("a-password-long-enough")],
    )
    for name in ("default", "app")
]
people = aws.elasticache.UserGroup(
    "people", user_group_id="people", engine="redis", user_ids=[user.user_id for user in made]
)
login = (
    {"user_group_ids": [people.user_group_id], "auth_token_update_strategy": "DELETE"}
    if users
    else {"auth_token": pulumi.Output.secret("a-token-long-enough"), "auth_token_update_strategy": "SET"}
)
aws.elasticache.ReplicationGroup(
    "redis", replication_group_id="redis", description="redis", node_type="cache.t4g.micro", engine="redis",
    num_cache_clusters=1, transit_encryption_enabled=True, apply_immediately=True, **login,
)
"""


def test_users_replace_a_token_in_one_request(lasting: Any, endpoint: Endpoint) -> None:
    """SR-REDIS-HA: ElastiCache refuses users beside a token, and a cluster without either would be open."""
    lasting.write(PROGRAM)
    lasting.up().assert_succeeded()
    lasting.config("users", "true")
    lasting.up().assert_succeeded()
    assert endpoint.count("ModifyReplicationGroup") == 1
    [group] = endpoint.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert (group["AuthTokenEnabled"], group["UserGroupIds"]) == (False, ["people"])
    lasting.refresh("--expect-no-changes").assert_succeeded()
    lasting.up("--expect-no-changes").assert_succeeded()
    lasting.destroy().assert_succeeded()
    assert endpoint.client("elasticache").describe_user_groups()["UserGroups"] == []
