"""From settings to the arguments of what stores and delivers files."""

from __future__ import annotations

from components.settings.delivery import Bucket
from components.storage import BucketArgs, NotificationArgs, ReplicaArgs


def bucket_args(bucket: Bucket) -> BucketArgs:
    """A bucket of the stack file as arguments of `ObjectStorage`."""
    replica = bucket.replica
    return BucketArgs(
        purpose=bucket.purpose,
        cors_origins=bucket.cors_origins,
        force_destroy=bucket.force_destroy,
        kms_key_arn=bucket.kms_key_arn,
        noncurrent_days=bucket.noncurrent_days,
        expire_days=bucket.expire_days,
        infrequent_after_days=bucket.infrequent_after_days,
        archive_after_days=bucket.archive_after_days,
        lock_days=bucket.lock_days,
        lock_mode=bucket.lock_mode,
        inventory=bucket.inventory,
        notifications=[
            NotificationArgs(to=each.to, events=each.events, prefix=each.prefix, suffix=each.suffix)
            for each in bucket.notifications
        ],
        replica=ReplicaArgs(region=replica.region, kms_key_arn=replica.kms_key_arn) if replica else None,
    )
