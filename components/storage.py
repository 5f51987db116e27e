"""Object storage on S3: a map of buckets, each with a purpose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import aws
from components.iam import policy_document
from components.options import child
from components.rules import Purpose

_INCOMPLETE_UPLOAD_DAYS = 7


@dataclass(frozen=True)
class Preset:
    """What follows from a bucket's purpose.

    Attributes:
        noncurrent_days: Days that overwritten and deleted objects can be recovered.
        infrequent_after_days: Days after which objects move to cheaper storage, if ever.
    """

    noncurrent_days: int
    infrequent_after_days: int | None = None


PRESETS: Mapping[Purpose, Preset] = {
    "uploads": Preset(noncurrent_days=30),
    "assets": Preset(noncurrent_days=90),
    "backups": Preset(noncurrent_days=90, infrequent_after_days=30),
}


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """One bucket: encrypted, versioned, private and TLS-only whatever its purpose.

    Attributes:
        purpose: What it is for; see `PRESETS`.
        cors_origins: Origins of pages that upload directly.
        force_destroy: Deleting the bucket deletes its objects; without, a bucket that is not empty stays.
    """

    purpose: Purpose
    cors_origins: Sequence[str] = ()
    force_destroy: bool = False


@dataclass(frozen=True, kw_only=True)
class ObjectStorageArgs:
    """Buckets.

    Attributes:
        prefix: Start of the buckets' names, for example `aiponge-prod`.
        account: The account's number: bucket names are global, so it is their end.
        region: Where they are.
        buckets: By name.
        policies_elsewhere: Buckets whose policy another component writes, since a bucket has just one. It has to
            include `tls_only`.
        tags: On every bucket.
    """

    prefix: str
    account: pulumi.Input[str]
    region: str
    buckets: Mapping[str, BucketArgs]
    policies_elsewhere: Collection[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredBucket:
    """A bucket that was made.

    Attributes:
        name: Its name.
        arn: Its ARN.
        domain: Its regional host name, as an origin of a distribution.
        last_sidecar: What a policy has to wait for: S3 refuses two changes of a bucket's settings at a time.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain: pulumi.Output[str]
    last_sidecar: pulumi.Resource


class ObjectStorage(pulumi.ComponentResource):
    """Buckets with their settings.

    Attributes:
        buckets: What was made, by name.
        outputs: Names, ARNs and regions, as stack outputs.
    """

    buckets: Mapping[str, StoredBucket]
    outputs: Mapping[str, Mapping[str, pulumi.Input[str]]]

    def __init__(self, name: str, args: ObjectStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:ObjectStorage", name, None, opts)
        self.buckets = {key: self._bucket(f"{name}-{key}", key, item, args) for key, item in args.buckets.items()}
        self.outputs = {
            key: {"name": bucket.name, "arn": bucket.arn, "region": args.region} for key, bucket in self.buckets.items()
        }
        self.register_outputs({"buckets": self.outputs})

    def _bucket(self, name: str, key: str, bucket: BucketArgs, args: ObjectStorageArgs) -> StoredBucket:
        made = aws.Bucket(
            name,
            bucket=pulumi.Output.format("{0}-{1}-{2}", args.prefix, key, args.account),
            force_destroy=bucket.force_destroy,
            tags={**args.tags, "purpose": bucket.purpose},
            opts=child(self),
        )
        last: pulumi.Resource = made

        def after() -> pulumi.ResourceOptions:
            return child(self, depends_on=[last])

        last = aws.BucketOwnershipControls(
            f"{name}-ownership", bucket=made.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=after()
        )
        last = aws.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=made.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=after(),
        )
        last = aws.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=made.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=after(),
        )
        last = aws.BucketVersioning(
            f"{name}-versioning", bucket=made.id, versioning_configuration={"status": "Enabled"}, opts=after()
        )
        last = aws.BucketLifecycleConfiguration(
            f"{name}-lifecycle", bucket=made.id, rules=lifecycle_rules(PRESETS[bucket.purpose]), opts=after()
        )
        if bucket.cors_origins:
            last = aws.BucketCorsConfiguration(
                f"{name}-cors",
                bucket=made.id,
                cors_rules=[
                    {
                        "allowed_methods": ["GET", "PUT", "POST", "HEAD"],
                        "allowed_origins": list(bucket.cors_origins),
                        "allowed_headers": ["*"],
                        "expose_headers": ["ETag"],
                        "max_age_seconds": 3600,
                    }
                ],
                opts=after(),
            )
        if key not in args.policies_elsewhere:
            last = aws.BucketPolicy(
                f"{name}-policy",
                bucket=made.id,
                policy=made.arn.apply(lambda arn: policy_document(tls_only(arn))),
                opts=after(),
            )
        return StoredBucket(made.bucket, made.arn, made.bucket_regional_domain_name, last)


def tls_only(bucket_arn: str) -> dict[str, Any]:
    """A policy statement that refuses every request without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def lifecycle_rules(preset: Preset) -> list[Any]:
    """The life cycle of a bucket's objects: one resource, since a second one would overwrite the first."""
    rules: list[Any] = [
        {
            "id": "housekeeping",
            "status": "Enabled",
            "abort_incomplete_multipart_upload": {"days_after_initiation": _INCOMPLETE_UPLOAD_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": preset.noncurrent_days},
        }
    ]
    if preset.infrequent_after_days is not None:
        rules.append(
            {
                "id": "cheaper-storage",
                "status": "Enabled",
                "transitions": [{"days": preset.infrequent_after_days, "storage_class": "STANDARD_IA"}],
            }
        )
    return rules
