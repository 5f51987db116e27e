"""Policy statements of buckets and of the role that replicates them.

Pure functions of ARNs. A bucket has one policy: whoever writes it joins statements of this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.iam import trusts

Statement = dict[str, Any]

ACCESS_LOGS = "access/"
INVENTORY = "inventory/"
DELIVERED_LOGS = "AWSLogs/"
"""Prefixes in the logs bucket, one for each writer."""

US_EAST_1 = "us-east-1"
"""Where everything of CloudFront's lives that is not CloudFront itself: certificate, web ACL, log delivery."""


def partition(arn: str) -> str:
    """`aws`, `aws-cn` or `aws-us-gov`."""
    return arn.split(":")[1]


def own_statements(bucket_arn: str, kms_key_arn: str | None) -> list[Statement]:
    """What every bucket's policy says, whatever else stands in it: TLS only, and no other key than its own."""
    return [tls_only(bucket_arn), *right_key_only(bucket_arn, kms_key_arn)]


def tls_only(bucket_arn: str) -> Statement:
    """A policy statement that refuses every request without TLS (SR-STORE)."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def right_key_only(bucket_arn: str, kms_key_arn: str | None) -> list[Statement]:
    """Statements that refuse objects under another encryption than the bucket's own.

    Whoever names no encryption gets the bucket's. A condition with `IfExists` would refuse those too, so each asks
    whether the header is there at all.

    Args:
        bucket_arn: The bucket.
        kms_key_arn: The bucket's key; None for S3's own encryption.
    """
    header = "s3:x-amz-server-side-encryption"
    algorithm = "aws:kms" if kms_key_arn else "AES256"
    found = [
        _refused(bucket_arn, "NoOtherEncryption", header, {"StringNotEquals": {header: algorithm}}),
        _refused(bucket_arn, "NoKeysOfCustomers", "s3:x-amz-server-side-encryption-customer-algorithm", {}),
    ]
    if kms_key_arn:
        key = "s3:x-amz-server-side-encryption-aws-kms-key-id"
        found.append(_refused(bucket_arn, "NoOtherKey", key, {"StringNotEquals": {key: kms_key_arn}}))
    return found


def _refused(bucket_arn: str, sid: str, header: str, condition: dict[str, dict[str, str]]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/*",
        "Condition": {"Null": {header: "false"}, **condition},
    }


def readable_by(distribution_arn: str, bucket_arn: str) -> Statement:
    """A policy statement that lets one distribution read objects, and no other of anybody's."""
    return {
        "Sid": "DistributionReads",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{bucket_arn}/*",
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution_arn}},
    }


def log_statements(logs_arn: str, account: str, sources: Sequence[str]) -> list[Statement]:
    """Statements of a logs bucket: who may write where, each only for this account's own resources.

    Args:
        logs_arn: The logs bucket.
        account: Number of the account.
        sources: ARNs of the buckets whose access logs and inventories it takes.
    """
    found = [
        _delivery(
            "CdnLogs",
            "delivery.logs.amazonaws.com",
            f"{logs_arn}/{DELIVERED_LOGS}{account}/*",
            account,
            [f"arn:{partition(logs_arn)}:logs:{US_EAST_1}:{account}:delivery-source:*"],
            acl=True,
        )
    ]
    if sources:
        found += [
            _delivery(
                "AccessLogs", "logging.s3.amazonaws.com", f"{logs_arn}/{ACCESS_LOGS}*", account, sources, acl=False
            ),
            _delivery("Inventories", "s3.amazonaws.com", f"{logs_arn}/{INVENTORY}*", account, sources, acl=True),
        ]
    return found


def _delivery(sid: str, service: str, resource: str, account: str, sources: Sequence[str], *, acl: bool) -> Statement:
    equal = {"aws:SourceAccount": account}
    if acl:
        equal["s3:x-amz-acl"] = "bucket-owner-full-control"
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "s3:PutObject",
        "Resource": resource,
        "Condition": {"StringEquals": equal, "ArnLike": {"aws:SourceArn": list(sources)}},
    }


def replicable_by_s3(source_arn: str, account: str) -> Statement:
    """The trust statement of a replication role: S3, on behalf of one bucket of this account."""
    return trusts("s3.amazonaws.com", SourceAccount=account, SourceArn=source_arn)


def replication_statements(
    source_arn: str, target_arn: str, *, locked: bool, keys: tuple[str, str] | None
) -> list[Statement]:
    """What a replication role may do.

    Args:
        source_arn: The bucket.
        target_arn: Its copy.
        locked: Whether versions carry an object lock, which is copied too.
        keys: The bucket's key and the copy's; None for S3's own encryption.
    """
    reading = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
    if locked:
        reading += ["s3:GetObjectLegalHold", "s3:GetObjectRetention"]
    writing = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
    found: list[Statement] = [
        {"Effect": "Allow", "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"], "Resource": source_arn},
        {"Effect": "Allow", "Action": reading, "Resource": f"{source_arn}/*"},
        {"Effect": "Allow", "Action": writing, "Resource": f"{target_arn}/*"},
    ]
    if keys:
        found += [
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": keys[0]},
            {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:GenerateDataKey"], "Resource": keys[1]},
        ]
    return found
