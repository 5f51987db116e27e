"""Does a bucket keep what it is given, encrypted, and from no stranger's hands?"""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from checks.context import Context
from checks.outputs import Bucket
from checks.result import Finding, failed, passed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CANARY_PREFIX: Final = "groundwork-check/"
_BLOCKS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


async def round_trip(context: Context, bucket: Bucket) -> Finding:
    """Put an object, get it, compare, and delete it with its version."""
    return await context.aws.s3(bucket.region, lambda client: _round_trip(client, bucket.name))


async def blocks_public_access(context: Context, bucket: Bucket) -> Finding:
    """All four public access blocks must be on."""
    return await context.aws.s3(bucket.region, lambda client: _public_access(client, bucket.name))


async def encrypts(context: Context, bucket: Bucket) -> Finding:
    """The bucket must have default encryption."""
    return await context.aws.s3(bucket.region, lambda client: _encryption(client, bucket.name))


def put_canary(client: S3Client, bucket: str, key: str, body: bytes, **more: Any) -> str | None:
    """Put an object; returns its version where the bucket has versions."""
    return client.put_object(Bucket=bucket, Key=key, Body=body, **more).get("VersionId")


def delete_canary(client: S3Client, bucket: str, key: str, version: str | None) -> bool:
    """Delete an object for good: with its version, so that no delete marker is left either.

    Returns:
        Whether it is gone. Where an object lock holds the version, it is hidden, and the bucket's life cycle removes it
        once the lock has run out.
    """
    if version is None or version == "null":
        client.delete_object(Bucket=bucket, Key=key)
        return True
    try:
        client.delete_object(Bucket=bucket, Key=key, VersionId=version)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        client.delete_object(Bucket=bucket, Key=key)
        return False
    return True


def _round_trip(client: S3Client, bucket: str) -> Finding:
    body = secrets.token_bytes(1024)
    key = f"{CANARY_PREFIX}{secrets.token_hex(8)}"
    start = time.monotonic()
    version = put_canary(client, bucket, key, body)
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
        read = answer["Body"].read()
    finally:
        gone = delete_canary(client, bucket, key, version)
    seconds = time.monotonic() - start
    evidence = {
        "bytes": len(body),
        "versioned": version is not None,
        "locked": not gone,
        "encryption": answer.get("ServerSideEncryption"),
        "milliseconds": round(seconds * 1000, 2),
    }
    if hashlib.sha256(read).digest() != hashlib.sha256(body).digest():
        return failed("an object reads back other than it was written", **evidence)
    return passed(f"put, got and deleted an object in {evidence['milliseconds']} ms", **evidence)


def _public_access(client: S3Client, bucket: str) -> Finding:
    try:
        blocks = client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        return failed("blocks no public access")
    off = [name for name in _BLOCKS if not blocks.get(name)]
    if off:
        return failed(f"does not block all public access: {', '.join(off)} off", off=off)
    return passed("blocks all public access")


def _encryption(client: S3Client, bucket: str) -> Finding:
    try:
        rules = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        return failed("has no default encryption")
    algorithms = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "none") for rule in rules]
    return passed(f"encrypts with {', '.join(algorithms)}", algorithms=algorithms)
