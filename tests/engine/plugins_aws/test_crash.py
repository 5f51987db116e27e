"""An engine killed between AWS's answer and its own state write: the next update finishes what it began."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.engine.plugins_aws.conftest import Endpoint
from tests.engine.plugins_aws.test_life_cycle import left_over

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
import pulumi_aws as aws

second = pulumi.Config().get_bool("second") or False
vpc = aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16" if second else "10.0.0.0/16", tags={"a": "1"})
aws.ec2.InternetGateway("gateway")
aws.kms.Key("key", description="a key", deletion_window_in_days=7)
aws.s3.Bucket("bucket", tags={"a": "1"})
secret = aws.secretsmanager.Secret("secret", recovery_window_in_days=0)
aws.iam.Role("role", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
aws.elasticache.ReplicationGroup(
    "redis", description="d", node_type="cache.t4g.small", num_cache_clusters=2, automatic_failover_enabled=True,
    transit_encryption_enabled=True, auth_token=pulumi.Output.secret("a-token-nobody-sees"),
    auth_token_update_strategy="SET",
)
aws.rds.Instance(
    "database", engine="postgres", instance_class="db.t4g.small", allocated_storage=20, username="app",
    password=pulumi.Output.secret("a-password-nobody-sees"), skip_final_snapshot=True,
)
aws.cloudfront.OriginAccessControl(
    "access", origin_access_control_origin_type="s3", signing_behavior="always", signing_protocol="sigv4"
)
caching = aws.cloudfront.CachePolicy(
    "caching",
    parameters_in_cache_key_and_forwarded_to_origin={
        "cookies_config": {"cookie_behavior": "none"},
        "headers_config": {"header_behavior": "none"},
        "query_strings_config": {"query_string_behavior": "none"},
    },
)
aws.cloudfront.Distribution(
    "cdn",
    enabled=True,
    origins=[
        {
            "origin_id": "site",
            "domain_name": "10.213.0.50",
            "custom_origin_config": {
                "http_port": 80, "https_port": 443, "origin_protocol_policy": "https-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        }
    ],
    default_cache_behavior={
        "target_origin_id": "site", "viewer_protocol_policy": "https-only", "allowed_methods": ["GET", "HEAD"],
        "cached_methods": ["GET", "HEAD"], "cache_policy_id": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    },
    restrictions={"geo_restriction": {"restriction_type": "none"}},
    viewer_certificate={"cloudfront_default_certificate": True},
)
"""
HELD = (
    "CreateVpc", "CreateInternetGateway", "CreateKey", "PUT /bucket-*", "CreateSecret", "CreateRole",
    "CreateReplicationGroup", "CreateDBInstance", "POST */origin-access-control", "POST */cache-policy",
    "POST */distribution*",
)  # fmt: skip
ONE_OF_EACH = {
    "vpcs": 1, "gateways": 1, "keys": 1, "buckets": 1, "secrets": 1, "roles": 1, "redis": 1, "databases": 1,
    "access controls": 1, "cache policies": 1, "distributions": 1,
}  # fmt: skip


def unlock(aws: Any) -> None:
    """Take away the lock that the killed engine left in its backend."""
    aws.run("cancel", "--yes").assert_succeeded()


def amounts(endpoint: Endpoint) -> dict[str, int]:
    return {name: len(found) for name, found in left_over(endpoint).items()}


@pytest.mark.parametrize("whole_group", [True, False], ids=["engine and plugins", "engine alone"])
def test_nothing_is_doubled_after_sigkill(aws: Any, endpoint: Endpoint, whole_group: bool) -> None:
    """Killed while AWS had made eleven resources and said so to nobody: the next update takes over all of them."""
    aws.write(PROGRAM)
    endpoint.hold(*HELD)
    engine = aws.start("up", "--yes", "--skip-preview", "--parallel", "20")
    endpoint.wait_until_held()
    if whole_group:
        os.killpg(engine.pid, signal.SIGKILL)
    else:
        os.kill(engine.pid, signal.SIGKILL)
    engine.wait()
    endpoint.release()
    assert amounts(endpoint) == ONE_OF_EACH

    unlock(aws)
    finished = aws.up().assert_succeeded()
    assert amounts(endpoint) == ONE_OF_EACH, finished.output
    assert aws.up("--expect-no-changes").assert_succeeded()
    assert aws.refresh("--expect-no-changes").assert_succeeded()
    aws.destroy().assert_succeeded()
    assert amounts(endpoint) == {}


def test_a_replacement_is_not_taken_for_its_predecessor(aws: Any, endpoint: Endpoint) -> None:
    """Killed while a VPC was being replaced: the next update ends with one VPC, the new one."""
    aws.write(PROGRAM[: PROGRAM.index("aws.ec2.InternetGateway")])
    aws.up().assert_succeeded()
    aws.config("second", "true")
    endpoint.hold("CreateVpc")
    engine = aws.start("up", "--yes", "--skip-preview")
    endpoint.wait_until_held()
    os.killpg(engine.pid, signal.SIGKILL)
    engine.wait()
    endpoint.release()
    assert amounts(endpoint) == {"vpcs": 2}

    unlock(aws)
    aws.up().assert_succeeded()
    assert amounts(endpoint) == {"vpcs": 1}
    [vpc] = left_over(endpoint)["vpcs"]
    assert vpc["CidrBlock"] == "10.1.0.0/16"
    assert aws.resource("vpc")["id"] == vpc["VpcId"]
    assert vpc["Tags"] == [{"Key": "a", "Value": "1"}], "the mark of the create is gone"
    aws.destroy().assert_succeeded()
    assert amounts(endpoint) == {}


def test_somebody_elses_resource_is_not_taken_over(aws: Any, endpoint: Endpoint) -> None:
    """A bucket or secret of that name that this stack did not make is an error that names the cure."""
    endpoint.client("s3").create_bucket(
        Bucket="taken-already", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    aws.write('import pulumi_aws as aws\naws.s3.Bucket("bucket", bucket="taken-already", force_destroy=True)\n')
    outcome = aws.up().assert_failed()
    assert "exists already" in outcome.output
    assert "pulumi import aws:s3/bucket:Bucket NAME taken-already" in outcome.output
    aws.destroy().assert_succeeded()
    assert amounts(endpoint) == {"buckets": 1}
