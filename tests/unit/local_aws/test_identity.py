"""Identities and secrets through botocore (P0-SECRETS): where the extended answers differ from moto's."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unit


def token(**claims: Any) -> str:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part(claims)}.signature"


@pytest.fixture
def role(client: Callable[..., Any], unique: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Federated": "x"}, "Action": "sts:AssumeRoleWithWebIdentity"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = client("iam").create_role(RoleName=unique, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return arn


@pytest.fixture
def sts(client: Callable[..., Any]) -> Any:
    return client("sts", config=Config(signature_version=UNSIGNED))


def test_a_pod_gets_credentials_that_work(client: Callable[..., Any], sts: Any, role: str, unique: str) -> None:
    """What a service account's token is exchanged for can use S3."""
    given = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="pod", WebIdentityToken=token(exp=time.time() + 600)
    )["Credentials"]
    s3 = client(
        "s3",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=unique, Key="k", Body=b"v")
    assert s3.get_object(Bucket=unique, Key="k")["Body"].read() == b"v"


@pytest.mark.parametrize(
    ("arn_suffix", "web_token", "code"),
    [
        ("-nobody", token(exp=9999999999), "AccessDenied"),
        ("", token(exp=1), "ExpiredTokenException"),
        ("", "not-a-token", "InvalidIdentityToken"),
    ],
)
def test_a_wrong_identity_gets_none(sts: Any, role: str, arn_suffix: str, web_token: str, code: str) -> None:
    with pytest.raises(ClientError) as error:
        sts.assume_role_with_web_identity(RoleArn=role + arn_suffix, RoleSessionName="pod", WebIdentityToken=web_token)
    assert error.value.response["Error"]["Code"] == code


def test_the_audiences_of_an_identity_provider_can_change(client: Callable[..., Any], unique: str) -> None:
    iam = client("iam")
    arn = iam.create_open_id_connect_provider(
        Url=f"https://{unique}.example", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40]
    )["OpenIDConnectProviderArn"]
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="other")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="sts.amazonaws.com")
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == ["other"]


def test_moving_the_current_stage_changes_what_is_read(client: Callable[..., Any], unique: str) -> None:
    """P0-SECRETS: going back to the previous version of a secret."""
    secrets = client("secretsmanager")
    first = secrets.create_secret(Name=unique, SecretString="one")["VersionId"]
    second = secrets.put_secret_value(SecretId=unique, SecretString="two")["VersionId"]
    secrets.update_secret_version_stage(
        SecretId=unique, VersionStage="AWSCURRENT", MoveToVersionId=first, RemoveFromVersionId=second
    )
    assert secrets.get_secret_value(SecretId=unique)["SecretString"] == "one"
    assert secrets.get_secret_value(SecretId=unique, VersionStage="AWSPREVIOUS")["SecretString"] == "two"


def test_a_service_that_nobody_implements_says_so(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="does not support this service"):
        client("wisdom").list_assistants()
