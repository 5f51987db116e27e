"""Buckets for uploads and backups, copied to another region, and one for their logs."""

import pulumi

from components.storage import BucketArgs, NotificationArgs, ObjectStorage, ObjectStorageArgs, ReplicaArgs

config = pulumi.Config()
elsewhere = ReplicaArgs(region=config.get("copyRegion") or "eu-central-1")

storage = ObjectStorage(
    "storage",
    ObjectStorageArgs(
        prefix="example",
        account=config.require("account"),
        region=pulumi.Config("aws").require("region"),
        buckets={
            "uploads": BucketArgs(
                purpose="uploads",
                cors_origins=["https://app.example.com"],
                notifications=[NotificationArgs(to="eventBridge")],
                replica=elsewhere,
            ),
            "backups": BucketArgs(purpose="backups", lock_days=30, replica=elsewhere),
            "logs": BucketArgs(purpose="logs"),
        },
    ),
)
pulumi.export("buckets", storage.outputs)
