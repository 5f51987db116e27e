"""P0-S3 against moto in this process; each check shown to fail when what it guards is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import boto3
import pytest
from moto import mock_aws

from checks import storage
from checks.aws import BotoAws, SecretError
from checks.context import Context
from checks.outputs import Bucket
from checks.redaction import Redactor
from checks.result import Outcome
from tests.fixtures.checks.fakes import FakeAws, context, outputs

pytestmark = pytest.mark.unit

ASSETS = outputs().buckets["assets"]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.client("s3", region_name="eu-west-1")
        made.create_bucket(Bucket=ASSETS.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield made


def _context(client: Any) -> Context:
    return context(aws=FakeAws(client=client))


async def test_a_round_trip_leaves_nothing_not_even_versions(client: Any) -> None:
    """P0-S3."""
    client.put_bucket_versioning(Bucket=ASSETS.name, VersioningConfiguration={"Status": "Enabled"})
    finding = await storage.round_trip(_context(client), ASSETS)
    assert finding.outcome is Outcome.PASS, finding
    assert finding.evidence["versioned"] is True
    listing = client.list_object_versions(Bucket=ASSETS.name)
    assert "Versions" not in listing
    assert "DeleteMarkers" not in listing


async def test_a_round_trip_without_versions_leaves_nothing(client: Any) -> None:
    """P0-S3."""
    finding = await storage.round_trip(_context(client), ASSETS)
    assert finding.outcome is Outcome.PASS
    assert client.list_objects_v2(Bucket=ASSETS.name)["KeyCount"] == 0


async def test_a_round_trip_through_a_locked_bucket_leaves_only_what_the_lock_holds(client: Any) -> None:
    """P0-BACKUP: no check lifts a lock."""
    client.create_bucket(
        Bucket="locked", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}, ObjectLockEnabledForBucket=True
    )
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    client.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=lock)
    bucket = Bucket(name="locked", arn="arn:aws:s3:::locked", region="eu-west-1")
    finding = await storage.round_trip(_context(client), bucket)
    assert finding.outcome is Outcome.PASS, finding
    assert finding.evidence["locked"] is True
    assert client.list_objects_v2(Bucket="locked")["KeyCount"] == 0


class _Corrupting:
    """A bucket that gives back something else."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def put_object(self, **_arguments: Any) -> dict[str, str]:
        return {}

    def get_object(self, **_arguments: Any) -> dict[str, Any]:
        return {"Body": BytesIO(b"other")}

    def delete_object(self, Bucket: str, Key: str) -> None:
        self.deleted.append(Key)


async def test_an_object_that_reads_back_other_fails_and_is_deleted() -> None:
    bucket = _Corrupting()
    finding = await storage.round_trip(_context(bucket), ASSETS)
    assert (finding.outcome, finding.summary) == (
        Outcome.FAIL,
        "an object reads back other than it was written",
    )
    assert len(bucket.deleted) == 1


async def test_public_access_must_be_blocked_in_every_way(client: Any) -> None:
    """P0-S3: private."""
    client.delete_public_access_block(Bucket=ASSETS.name)
    finding = await storage.blocks_public_access(_context(client), ASSETS)
    assert (finding.outcome, finding.summary) == (Outcome.FAIL, "blocks no public access")
    blocks = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": True,
    }
    client.put_public_access_block(Bucket=ASSETS.name, PublicAccessBlockConfiguration=blocks)
    finding = await storage.blocks_public_access(_context(client), ASSETS)
    assert finding.summary == "does not block all public access: BlockPublicPolicy off"
    blocks["BlockPublicPolicy"] = True
    client.put_public_access_block(Bucket=ASSETS.name, PublicAccessBlockConfiguration=blocks)
    finding = await storage.blocks_public_access(_context(client), ASSETS)
    assert finding.outcome is Outcome.PASS


async def test_default_encryption_must_be_on(client: Any) -> None:
    """P0-S3: encrypted."""
    client.delete_bucket_encryption(Bucket=ASSETS.name)
    finding = await storage.encrypts(_context(client), ASSETS)
    assert (finding.outcome, finding.summary) == (Outcome.FAIL, "has no default encryption")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    client.put_bucket_encryption(Bucket=ASSETS.name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    finding = await storage.encrypts(_context(client), ASSETS)
    assert (finding.outcome, finding.summary) == (Outcome.PASS, "encrypts with aws:kms")


async def test_boto_reaches_secrets_and_buckets_and_remembers_what_is_secret(client: Any) -> None:
    redactor = Redactor()
    aws = BotoAws(redactor, "eu-west-1")
    vault = boto3.client("secretsmanager", region_name="eu-west-1")
    made = vault.create_secret(Name="db", SecretString=json.dumps({"username": "shop", "password": "hidden"}))
    assert await aws.secret(made["ARN"], "username", "password") == ("shop", "hidden")
    assert redactor.clean("shop: hidden") == "shop: [secret]"
    with pytest.raises(SecretError, match="has no token"):
        await aws.secret(made["ARN"], "token")
    plain = vault.create_secret(Name="plain", SecretString="plain")
    with pytest.raises(SecretError, match="is no JSON object"):
        await aws.secret(plain["ARN"], "token")
    bucket = Bucket(name=ASSETS.name, arn=ASSETS.arn, region="eu-west-1")
    finding = await aws.s3("eu-west-1", lambda s3: storage._round_trip(s3, bucket.name))
    assert finding.outcome is Outcome.PASS
