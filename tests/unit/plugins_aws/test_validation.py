"""Bad properties get a message with path and cure; good ones pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.paths import Paths
from local.plugins.aws.provider import AwsProvider
from local.plugins.provider import UNKNOWN, CheckRequest, ProviderError, StringAsset

pytestmark = pytest.mark.unit


@pytest.fixture
def provider(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AwsProvider:
    cache = tmp_path_factory.getbasetemp() / "aws-schema"
    return AwsProvider({}, Paths(cache=cache, state=tmp_path))


def check(provider: AwsProvider, token: str, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> Any:
    kind = token.rpartition(":")[2]
    request = CheckRequest(f"urn:pulumi:s::p::{token}::name", token, "name", old or {}, inputs, b"seed")
    return provider.check(request), kind


def failures(provider: AwsProvider, token: str, inputs: dict[str, Any]) -> dict[str, str]:
    result, _ = check(provider, token, inputs)
    return {failure.property: failure.reason for failure in result.failures}


BUCKET = "aws:s3/bucket:Bucket"
VPC = "aws:ec2/vpc:Vpc"
CDN = "aws:cloudfront/distribution:Distribution"
REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
DATABASE = "aws:rds/instance:Instance"
KEY = "aws:kms/key:Key"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


@pytest.mark.parametrize(
    ("token", "inputs", "path", "words"),
    [
        (VPC, {"cidrBlok": "x"}, "cidrBlok", "did you mean 'cidrBlock'?"),
        (VPC, {"ipv6IpamPoolId": "x"}, "ipv6IpamPoolId", "does not support 'ipv6IpamPoolId' of aws:ec2/vpc:Vpc"),
        (VPC, {"enableDnsSupport": "perhaps"}, "enableDnsSupport", "true or false"),
        (VPC, {"instanceTenancy": "shared"}, "instanceTenancy", "allowed: default, dedicated"),
        (BUCKET, {"bucket": "Upper"}, "bucket", "lower-case"),
        (BUCKET, {"bucket": "10.0.0.1"}, "bucket", "no IP address"),
        (KEY, {"keyUsage": "FUN"}, "keyUsage", "ENCRYPT_DECRYPT"),
        (KEY, {"policy": "{"}, "policy", "JSON document"),
        (KEY, {"deletionWindowInDays": 3}, "deletionWindowInDays", "the least allowed is 7"),
        (LIFECYCLE, {"rules": []}, "bucket", "missing required property 'bucket'"),
        (LIFECYCLE, {"bucket": "b", "rules": [{"id": "a"}]}, "rules[0].status", "missing required property 'status'"),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [{"id": "a", "status": "On"}]},
            "rules[0].status",
            "allowed: Enabled, Disabled",
        ),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [{"id": "a", "status": "Enabled", "expirations": {}}]},
            "rules[0].expirations",
            "did you mean 'expiration'?",
        ),
        (REDIS, {"description": "d", "nodeType": "t", "engineVersion": "7.1.4"}, "engineVersion", "such as 7.1"),
        (
            REDIS,
            {"description": "d", "nodeType": "t", "numCacheClusters": 2, "replicasPerNodeGroup": 1},
            "replicasPerNodeGroup",
            "exclude each other",
        ),
        (
            REDIS,
            {"description": "d", "nodeType": "t", "multiAzEnabled": True},
            "multiAzEnabled",
            "needs automaticFailoverEnabled",
        ),
        (
            REDIS,
            {"description": "d", "nodeType": "t", "authToken": "a" * 16, "userGroupIds": ["people"]},
            "userGroupIds",
            "exclude each other",
        ),
        (
            REDIS,
            {"description": "d", "nodeType": "t", "authToken": "a" * 16, "authTokenUpdateStrategy": "DELETE"},
            "authToken",
            "must be omitted",
        ),
        (
            REDIS,
            {"description": "d", "globalReplicationGroupId": "g", "engineVersion": "7.1"},
            "engineVersion",
            "has it from its primary",
        ),
        (
            "aws:elasticache/user:User",
            {"userId": "a", "userName": "a", "engine": "redis", "accessString": "on ~* +@all"},
            "passwords",
            "passwords is missing",
        ),
        (
            "aws:elasticache/user:User",
            {"userId": "a", "userName": "a", "engine": "redis", "accessString": "on", "passwords": ["short"]},
            "passwords",
            "16 to 128",
        ),
        (
            DATABASE,
            {"instanceClass": "c", "replicateSourceDb": "x", "password": "p"},
            "password",
            "takes password from its source",
        ),
        (
            DATABASE,
            {"instanceClass": "c", "engine": "postgres", "allocatedStorage": 20, "username": "u"},
            "password",
            "password is missing",
        ),
        (CDN, {}, "origins", "missing required property"),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 1, "toPort": 2},
            "",
            "exactly one of cidrIpv4",
        ),
        (
            "aws:ec2/route:Route",
            {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"},
            "",
            "exactly one target",
        ),
        (
            "aws:secretsmanager/secret:Secret",
            {"recoveryWindowInDays": 3},
            "recoveryWindowInDays",
            "0, or 7 to 30",
        ),
    ],
)
def test_refusals(provider: AwsProvider, token: str, inputs: dict[str, Any], path: str, words: str) -> None:
    found = failures(provider, token, inputs)
    assert path in found, found
    assert words in found[path]


def test_a_behaviour_has_to_name_one_of_the_origins(provider: AwsProvider) -> None:
    behaviour = {
        "targetOriginId": "other", "viewerProtocolPolicy": "https-only", "allowedMethods": ["GET"],
        "cachedMethods": ["GET"], "cachePolicyId": "x",
    }  # fmt: skip
    inputs: dict[str, Any] = {
        "enabled": True,
        "origins": [{"originId": "bucket", "domainName": "b.s3.amazonaws.com"}],
        "defaultCacheBehavior": behaviour,
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
    }
    found = failures(provider, CDN, inputs)
    assert "the origins are bucket" in found["defaultCacheBehavior.targetOriginId"]
    behaviour["targetOriginId"] = "bucket"
    assert failures(provider, CDN, inputs) == {}


def test_a_secret_is_not_shown_in_the_message(provider: AwsProvider) -> None:
    inputs = {"description": "d", "nodeType": "t", "transitEncryptionEnabled": True, "authToken": "too short"}
    found = failures(provider, REDIS, inputs)
    assert "16 to 128" in found["authToken"]
    assert "too short" not in found["authToken"]


def test_unknown_values_pass(provider: AwsProvider) -> None:
    assert failures(provider, VPC, {"cidrBlock": UNKNOWN, "tags": UNKNOWN}) == {}
    assert failures(provider, LIFECYCLE, {"bucket": UNKNOWN, "rules": [{"id": UNKNOWN, "status": UNKNOWN}]}) == {}


def test_a_type_that_is_not_declared_is_refused(provider: AwsProvider) -> None:
    with pytest.raises(ProviderError, match="does not support the resource type aws:sqs/queue:Queue"):
        check(provider, "aws:sqs/queue:Queue", {})


def test_defaults_names_and_types_are_filled_in(provider: AwsProvider) -> None:
    result, _ = check(provider, BUCKET, {"forceDestroy": "true"})
    assert result.inputs["forceDestroy"] is True
    stem, _, digits = result.inputs["bucket"].rpartition("-")
    assert stem == "name" and len(digits) == 7
    again, _ = check(provider, BUCKET, {})
    assert again.inputs["bucket"] == result.inputs["bucket"], "one seed, one name"
    kept, _ = check(provider, BUCKET, {}, old={"bucket": "name-0000000"})
    assert kept.inputs["bucket"] == "name-0000000"
    key, _ = check(provider, "aws:kms/alias:Alias", {"targetKeyId": "k"})
    assert key.inputs["name"].startswith("alias/name-")
    item, _ = check(provider, "aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": "b", "source": StringAsset(text="x")})
    assert item.inputs["key"] == "name", "objects take the plain name"


def test_what_is_null_is_not_there(provider: AwsProvider) -> None:
    """A null that stayed in the inputs would come back as the default, and that is drift."""
    inputs = {"origins": [{"originId": "a", "domainName": "a.example.com", "originShield": None}], "comment": None}
    result, _ = check(provider, "aws:cloudfront/distribution:Distribution", inputs)
    assert "comment" not in result.inputs
    assert "originShield" not in result.inputs["origins"][0]


def test_inline_rules_of_one_kind_become_one(provider: AwsProvider) -> None:
    rule = {"protocol": "TCP", "fromPort": 80, "toPort": 80}
    rules = [{**rule, "cidrBlocks": ["10.0.0.0/8"]}, {**rule, "cidrBlocks": ["192.168.0.0/16"]}]
    result, _ = check(provider, "aws:ec2/securityGroup:SecurityGroup", {"ingress": rules})
    assert result.inputs["ingress"] == [
        {"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"]}
    ]
