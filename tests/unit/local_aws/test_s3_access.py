"""Who reads a bucket (P0-S3, SR-STORE, PV-CDN): policies, the edge, strangers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.aws.bucket_access import ANONYMOUS, Caller, allowed, denied, edge

pytestmark = pytest.mark.unit

DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E1"
OBJECT = "arn:aws:s3:::assets/a.txt"

FOR_THE_EDGE = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::assets/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": DISTRIBUTION}},
}
FOR_ALL = {"Effect": "Allow", "Principal": "*", "Action": ["s3:Get*"], "Resource": ["arn:aws:s3:::assets/*"]}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::assets", "arn:aws:s3:::assets/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
NEVER = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
PUZZLING_ALLOW = {**FOR_ALL, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
PUZZLING_DENY = {**NEVER, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}

OURS = edge(DISTRIBUTION, "123456789012")
OTHERS = edge(DISTRIBUTION + "2", "123456789012")


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("statements", "caller", "expected"),
    [
        ([], ANONYMOUS, False),
        ([FOR_THE_EDGE], OURS, True),
        ([FOR_THE_EDGE], OTHERS, False),
        ([FOR_THE_EDGE], ANONYMOUS, False),
        ([FOR_THE_EDGE, TLS_ONLY], OURS, True),
        ([FOR_THE_EDGE, NEVER], OURS, False),
        ([FOR_ALL], ANONYMOUS, True),
        ([FOR_ALL, TLS_ONLY], ANONYMOUS, True),
        ([PUZZLING_ALLOW], ANONYMOUS, False),
        ([FOR_ALL, PUZZLING_DENY], ANONYMOUS, False),
    ],
)
def test_a_policy_decides(statements: list[dict[str, Any]], caller: Caller, expected: bool) -> None:
    """PV-CDN: only the distribution that the policy names may read; in doubt nobody may."""
    assert allowed(policy(*statements), caller, "s3:GetObject", OBJECT) is expected


def test_a_policy_is_about_its_actions_and_resources_only() -> None:
    assert not allowed(policy(FOR_ALL), ANONYMOUS, "s3:PutObject", OBJECT)
    assert not allowed(policy(FOR_ALL), ANONYMOUS, "s3:GetObject", "arn:aws:s3:::other/a.txt")


def test_a_deny_in_doubt_does_not_close_the_bucket_to_its_owner() -> None:
    owner = Caller(account="123456789012")
    assert not denied(policy(PUZZLING_DENY, TLS_ONLY), owner, "s3:GetObject", OBJECT, in_doubt=False)
    assert denied(policy(NEVER), owner, "s3:GetObject", OBJECT, in_doubt=False)


@pytest.fixture
def bucket(client: Callable[..., Any], unique: str) -> str:
    s3 = client("s3")
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=unique, Key="a.txt", Body=b"hello")
    return unique


def test_a_stranger_is_refused_and_a_signature_is_not(client: Callable[..., Any], endpoint: str, bucket: str) -> None:
    """SR-STORE: a bucket without a policy is private."""
    url = f"{endpoint}/{bucket}/a.txt"
    assert httpx.get(url).status_code == 403
    assert httpx.put(url, content=b"mine").status_code == 403
    assert httpx.delete(url).status_code == 403
    assert httpx.get(f"{endpoint}/{bucket}").status_code == 403
    forged = {"x-groundwork-edge": "guess", "x-groundwork-distribution": DISTRIBUTION}
    assert httpx.get(url, headers=forged).status_code == 403
    signed = client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a.txt"})
    assert httpx.get(signed).text == "hello"


def test_a_public_policy_opens_the_bucket_unless_blocked(
    client: Callable[..., Any], endpoint: str, bucket: str
) -> None:
    s3 = client("s3")
    opened = {**FOR_ALL, "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(opened))
    assert httpx.get(f"{endpoint}/{bucket}/a.txt").text == "hello"
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True))
    assert httpx.get(f"{endpoint}/{bucket}/a.txt").status_code == 403


def test_a_tls_only_policy_leaves_the_owner_in(client: Callable[..., Any], bucket: str) -> None:
    """SR-STORE: the policy that every production bucket has does not break the local one."""
    s3 = client("s3")
    only_tls = {**TLS_ONLY, "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(only_tls))
    s3.put_object(Bucket=bucket, Key="b.txt", Body=b"more")
    assert s3.get_object(Bucket=bucket, Key="b.txt")["Body"].read() == b"more"
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b.txt"}]})


def test_a_deny_holds_for_the_owner_too(client: Callable[..., Any], bucket: str) -> None:
    s3 = client("s3")
    closed = {**NEVER, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(closed))
    with pytest.raises(ClientError):
        s3.get_object(Bucket=bucket, Key="a.txt")


def test_an_unknown_sub_resource_is_refused(client: Callable[..., Any], bucket: str) -> None:
    with pytest.raises(ClientError) as error:
        client("s3").put_bucket_metrics_configuration(Bucket=bucket, Id="m", MetricsConfiguration={"Id": "m"})
    assert error.value.response["Error"]["Code"] == "NotImplemented"


def test_a_missing_object_is_no_secret_only_to_those_who_may_list(
    client: Callable[..., Any], endpoint: str, bucket: str
) -> None:
    """PV-CDN: a distribution that may only read gets 403 for what is not there, as from S3."""
    s3 = client("s3")
    for more, status in ((FOR_ALL, 403), ({**FOR_ALL, "Action": "s3:ListBucket"}, 404)):
        read = {**FOR_ALL, "Resource": f"arn:aws:s3:::{bucket}/*"}
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(read, {**more, "Resource": f"arn:aws:s3:::{bucket}"}))
        assert httpx.get(f"{endpoint}/{bucket}/missing.txt").status_code == status
        assert httpx.get(f"{endpoint}/{bucket}/a.txt").status_code == 200
