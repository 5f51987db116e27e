"""Who may do what with backups: the role that takes them, and what nobody may do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.backup_rules import StoreKind
from components.iam import policy_document, trusts
from components.naming import partition

Statement = dict[str, object]

SERVICE = "backup.amazonaws.com"


@dataclass(frozen=True)
class Reach:
    """What the role works on.

    Attributes:
        region: Where the stores are.
        account: Number of the account.
        kind: What is backed up.
        stores: Their ARNs.
        vaults: ARNs of the vaults, the one of the region first.
        keys: ARNs of the keys that vaults and stores are encrypted with.
    """

    region: str
    account: str
    kind: StoreKind
    stores: Sequence[str]
    vaults: Sequence[str]
    keys: Sequence[str]


def trust() -> str:
    """AWS Backup takes the role. Whoever gives it the role needs `iam:PassRole` on it, which is what keeps others'
    plans from using it."""
    return policy_document(trusts(SERVICE))


def undeletable(account: str, region: str) -> str:
    """Nobody deletes or shortens the life of a recovery point but AWS Backup itself, when its days are over."""
    itself = (
        f"arn:{partition(region)}:iam::{account}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
    )
    return policy_document(
        {
            "Sid": "NobodyDeletes",
            "Effect": "Deny",
            "Principal": "*",
            "Action": [
                "backup:DeleteRecoveryPoint",
                "backup:DisassociateRecoveryPoint",
                "backup:UpdateRecoveryPointLifecycle",
            ],
            # In a vault's policy, its recovery points, which have ARNs of the services that they are from.
            "Resource": "*",
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": itself}},
        }
    )


def rights(reach: Reach) -> str:
    """What AWS Backup needs to back these stores up and copy the recovery points, and no more."""
    stores = _databases(reach) if reach.kind == "database" else _buckets(reach)
    return policy_document(*stores, *_vaults(reach), *_keys(reach))


def _vaults(reach: Reach) -> list[Statement]:
    return [
        {"Sid": "FindByTag", "Effect": "Allow", "Action": "tag:GetResources", "Resource": "*"},
        {
            "Sid": "Vaults",
            "Effect": "Allow",
            "Action": ["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"],
            "Resource": list(reach.vaults),
        },
    ]


def _keys(reach: Reach) -> list[Statement]:
    if not reach.keys:
        return []
    return [
        {
            "Sid": "Keys",
            "Effect": "Allow",
            "Action": ["kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": list(reach.keys),
        },
        {
            "Sid": "KeysOfServices",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": list(reach.keys),
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


def _databases(reach: Reach) -> list[Statement]:
    # AWS Backup names its snapshots; a copy is made in the other region, under the same beginning.
    snapshots = f"arn:{partition(reach.region)}:rds:*:{reach.account}:snapshot:awsbackup:*"
    return [
        {
            "Sid": "Instances",
            "Effect": "Allow",
            "Action": [
                "rds:AddTagsToResource",
                "rds:CreateDBSnapshot",
                "rds:DescribeDBInstances",
                "rds:ListTagsForResource",
            ],
            "Resource": list(reach.stores),
        },
        {
            "Sid": "Snapshots",
            "Effect": "Allow",
            "Action": [
                "rds:AddTagsToResource",
                "rds:CopyDBSnapshot",
                "rds:CreateDBSnapshot",
                "rds:DeleteDBSnapshot",
                "rds:DescribeDBSnapshots",
                "rds:ListTagsForResource",
                "rds:ModifyDBSnapshotAttribute",
            ],
            "Resource": snapshots,
        },
    ]


def _buckets(reach: Reach) -> list[Statement]:
    # AWS Backup follows a bucket's changes by rules of EventBridge, which it names.
    rules = f"arn:{partition(reach.region)}:events:{reach.region}:{reach.account}:rule/AwsBackupManagedRule*"
    return [
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Action": [
                "s3:GetBucketAcl",
                "s3:GetBucketLocation",
                "s3:GetBucketNotification",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetInventoryConfiguration",
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:PutBucketNotification",
                "s3:PutInventoryConfiguration",
            ],
            "Resource": list(reach.stores),
        },
        {
            "Sid": "Objects",
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectTagging",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": [f"{arn}/*" for arn in reach.stores],
        },
        {
            "Sid": "Changes",
            "Effect": "Allow",
            "Action": [
                "events:DeleteRule",
                "events:DescribeRule",
                "events:DisableRule",
                "events:EnableRule",
                "events:ListTargetsByRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
            ],
            "Resource": rules,
        },
        {
            # None of the three can be limited to a resource (Service Authorization Reference).
            "Sid": "Lists",
            "Effect": "Allow",
            "Action": ["cloudwatch:GetMetricData", "events:ListRules", "s3:ListAllMyBuckets"],
            "Resource": "*",
        },
    ]
