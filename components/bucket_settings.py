"""A bucket's settings, each a resource of its own, put one after the other.

S3 answers two changes of one bucket at a time with a conflict (OperationAborted), so each waits for the one before.
There is at most one resource of each kind for a bucket: a second would overwrite the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi

from components import aws
from components.bucket_policies import ACCESS_LOGS, INVENTORY
from components.bucket_presets import Preset, lifecycle_rules
from components.options import child
from components.storage_rules import EVENT_BRIDGE, Event, Inventory, LockMode

_EVENTS: dict[Event, str] = {"created": "s3:ObjectCreated:*", "removed": "s3:ObjectRemoved:*"}
_INVENTORY_FIELDS = ("ETag", "EncryptionStatus", "LastModifiedDate", "ReplicationStatus", "Size", "StorageClass")


class Chain:
    """A bucket and the last of its settings so far.

    Args:
        parent: The component.
        name: Start of the settings' names.
        bucket: The bucket.
        region: Its region, where it is not the provider's.
    """

    def __init__(self, parent: pulumi.Resource, name: str, bucket: aws.Bucket, region: str | None = None) -> None:
        self.parent = parent
        self.name = name
        self.bucket = bucket
        self.region = region
        self.last: pulumi.Resource = bucket

    def after(self, *others: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of the next setting: after the last one, and after these."""
        return child(self.parent, depends_on=[self.last, *others])


@dataclass(frozen=True, kw_only=True)
class BucketSettings:
    """What a bucket is set to.

    Attributes:
        preset: Life cycle and lock.
        kms_key_arn: Its key; None for S3's own encryption.
        lock_mode: Who may lift its lock.
        cors_origins: Origins of pages that upload directly.
    """

    preset: Preset
    kms_key_arn: str | None
    lock_mode: LockMode
    cors_origins: Sequence[str] = ()


@dataclass(frozen=True)
class LogTarget:
    """The bucket that takes logs.

    Attributes:
        name: Its name.
        arn: Its ARN.
        ready: After this it lets logs in.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    ready: pulumi.Resource


class Told(Protocol):
    """Who is told of which changes."""

    @property
    def to(self) -> str: ...
    @property
    def events(self) -> Sequence[Event]: ...
    @property
    def prefix(self) -> str: ...
    @property
    def suffix(self) -> str: ...


def put_settings(chain: Chain, settings: BucketSettings) -> None:
    """Ownership, public access, encryption, versioning, lock, life cycle and cross-origin rules."""
    name, bucket, region = chain.name, chain.bucket, chain.region
    chain.last = aws.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.id,
        region=region,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=chain.after(),
    )
    chain.last = aws.BucketPublicAccessBlock(
        f"{name}-public-access",
        bucket=bucket.id,
        region=region,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=chain.after(),
    )
    chain.last = aws.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.id,
        region=region,
        rules=[encryption_rule(settings.kms_key_arn)],
        opts=chain.after(),
    )
    chain.last = aws.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket.id,
        region=region,
        versioning_configuration={"status": "Enabled"},
        opts=chain.after(),
    )
    if settings.preset.lock_days:
        chain.last = aws.BucketObjectLockConfiguration(
            f"{name}-lock",
            bucket=bucket.id,
            region=region,
            rule={"default_retention": {"mode": settings.lock_mode.upper(), "days": settings.preset.lock_days}},
            opts=chain.after(),
        )
    chain.last = aws.BucketLifecycleConfiguration(
        f"{name}-lifecycle", bucket=bucket.id, region=region, rules=lifecycle_rules(settings.preset), opts=chain.after()
    )
    if settings.cors_origins:
        chain.last = aws.BucketCorsConfiguration(
            f"{name}-cors",
            bucket=bucket.id,
            region=region,
            cors_rules=[
                {
                    "allowed_methods": ["GET", "PUT", "POST", "HEAD"],
                    "allowed_origins": list(settings.cors_origins),
                    "allowed_headers": ["*"],
                    "expose_headers": ["ETag"],
                    "max_age_seconds": 3600,
                }
            ],
            opts=chain.after(),
        )


def encryption_rule(kms_key_arn: str | None) -> Any:
    """Encryption of what names none; an own key is used through bucket keys, or each object would cost a request."""
    if kms_key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": kms_key_arn},
        "bucket_key_enabled": True,
    }


def put_delivery(
    chain: Chain, notifications: Sequence[Told], target: LogTarget | None, *, key: str, inventory: Inventory
) -> None:
    """Access log and inventory into the logs bucket, where there is one, and notifications.

    Args:
        chain: The bucket.
        notifications: Who is told of changes.
        target: The logs bucket; None for the logs bucket itself, whose log would grow by itself.
        key: The bucket's name in the stack, which its logs' prefix follows from.
        inventory: How often all objects are listed.
    """
    name, bucket = chain.name, chain.bucket
    if target:
        chain.last = aws.BucketLogging(
            f"{name}-logging",
            bucket=bucket.id,
            target_bucket=target.name,
            target_prefix=f"{ACCESS_LOGS}{key}/",
            opts=chain.after(target.ready),
        )
    if target and inventory != "off":
        chain.last = aws.BucketInventory(
            f"{name}-inventory",
            name="all-versions",
            bucket=bucket.id,
            included_object_versions="All",
            schedule={"frequency": inventory.capitalize()},
            optional_fields=list(_INVENTORY_FIELDS),
            destination={
                "bucket": {
                    "bucket_arn": target.arn,
                    "format": "Parquet",
                    "prefix": INVENTORY.rstrip("/"),
                    "encryption": {"sse_s3": {}},
                }
            },
            opts=chain.after(target.ready),
        )
    if notifications:
        chain.last = aws.BucketNotification(
            f"{name}-notification", bucket=bucket.id, opts=chain.after(), **_notification(notifications)
        )


def _notification(told: Sequence[Told]) -> dict[str, Any]:
    """All of a bucket's notifications in the one resource that it may have."""
    found: dict[str, Any] = {}
    for index, each in enumerate(told):
        if each.to == EVENT_BRIDGE:
            found["eventbridge"] = True
            continue
        kind = "queue" if each.to.split(":")[2] == "sqs" else "topic"
        found.setdefault(f"{kind}s", []).append(
            {
                "id": f"notification-{index}",
                f"{kind}_arn": each.to,
                "events": sorted(_EVENTS[event] for event in each.events),
                "filter_prefix": each.prefix or None,
                "filter_suffix": each.suffix or None,
            }
        )
    return found
