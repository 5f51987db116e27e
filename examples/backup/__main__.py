"""A bucket for uploads, backed up continuously in a locked vault, with copies in another region."""

import pulumi

from components.alarms import AlarmTopic, AlarmTopicArgs
from components.backup import Backup, BackupArgs, BackupPlanArgs, BackupRuleArgs, backup_tag
from components.backup_policies import SERVICE
from components.storage import BucketArgs, ObjectStorage, ObjectStorageArgs

config = pulumi.Config()
account = config.require("account")
region = pulumi.Config("aws").require("region")
identifier = "example-backup"

storage = ObjectStorage(
    "storage",
    ObjectStorageArgs(
        prefix="example",
        account=account,
        region=region,
        buckets={"uploads": BucketArgs(purpose="uploads", tags=backup_tag(identifier, "buckets"))},
    ),
)
topic = AlarmTopic("alarms", AlarmTopicArgs(identifier="example-alarms", account=account, publishers=[SERVICE]))
backup = Backup(
    "backup",
    BackupArgs(
        identifier=identifier,
        account=account,
        region=region,
        recovery_region=config.get("recoveryRegion") or "eu-central-1",
        plans={
            "buckets": BackupPlanArgs(
                kind="buckets",
                stores=[storage.buckets["uploads"].arn],
                rules={"daily": BackupRuleArgs(continuous=True)},
            )
        },
        topic_arn=topic.arn,
    ),
)
pulumi.export("buckets", storage.outputs)
pulumi.export("backup", backup.outputs)
