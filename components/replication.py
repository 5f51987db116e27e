"""A bucket's copy in another region, and the role by which S3 writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components import aws
from components.bucket_policies import own_statements, replicable_by_s3, replication_statements
from components.bucket_settings import BucketSettings, Chain, put_settings
from components.iam import policy_document
from components.options import child
from components.rules import Purpose


@dataclass(frozen=True, kw_only=True)
class ReplicaPlan:
    """What a copy is made from.

    Attributes:
        identifier: Start of names: the bucket's without the account.
        account: Number of the account.
        region: Where the copy is.
        purpose: The bucket's.
        force_destroy: Deleting the copy deletes its objects.
        settings: The copy's: the bucket's with a key of the copy's region.
        source_key_arn: The bucket's own key, if it has one.
        policy_elsewhere: Whether another component writes the copy's policy.
        tags: On copy and role.
    """

    identifier: str
    account: pulumi.Input[str]
    region: str
    purpose: Purpose
    force_destroy: bool
    settings: BucketSettings
    source_key_arn: str | None
    policy_elsewhere: bool
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Copy:
    """A copy that was made.

    Attributes:
        bucket: The bucket in the other region.
        last_sidecar: The last of its settings.
    """

    bucket: aws.Bucket
    last_sidecar: pulumi.Resource


def make_replica(source: Chain, plan: ReplicaPlan) -> Copy:
    """Make the copy with settings like the bucket's, and tell S3 to write it; adds to the bucket's chain."""
    parent, name = source.parent, f"{source.name}-replica"
    bucket = aws.Bucket(
        name,
        bucket=pulumi.Output.format("{0}-replica-{1}", plan.identifier, plan.account),
        region=plan.region,
        force_destroy=plan.force_destroy,
        object_lock_enabled=True if plan.settings.preset.lock_days else None,
        tags={**plan.tags, "purpose": plan.purpose},
        opts=child(parent),
    )
    chain = Chain(parent, name, bucket, plan.region)
    put_settings(chain, plan.settings)
    if not plan.policy_elsewhere:
        key = plan.settings.kms_key_arn
        chain.last = aws.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            region=plan.region,
            policy=bucket.arn.apply(lambda arn: policy_document(*own_statements(arn, key))),
            opts=chain.after(),
        )
    role, rights = _role(source, bucket, plan)
    source.last = aws.BucketReplicationConfig(
        f"{source.name}-replication",
        bucket=source.bucket.id,
        role=role.arn,
        rules=[replication_rule(bucket.arn, plan.settings.kms_key_arn)],
        # S3 asks for versioning on both sides, and for the role's rights.
        opts=source.after(chain.last, rights),
    )
    return Copy(bucket, chain.last)


def replication_rule(target_arn: pulumi.Input[str], kms_key_arn: str | None) -> Any:
    """Everything is copied, deletions as markers too; what was deleted by version stays in the copy."""
    destination: dict[str, Any] = {"bucket": target_arn}
    rule: dict[str, Any] = {
        "id": "everything",
        "status": "Enabled",
        "priority": 0,
        "filter": {"prefix": ""},
        "delete_marker_replication": {"status": "Enabled"},
        "destination": destination,
    }
    if kms_key_arn:
        destination["encryption_configuration"] = {"replica_kms_key_id": kms_key_arn}
        rule["source_selection_criteria"] = {"sse_kms_encrypted_objects": {"status": "Enabled"}}
    return rule


def _role(source: Chain, target: aws.Bucket, plan: ReplicaPlan) -> tuple[aws.Role, aws.RolePolicy]:
    copy_key = plan.settings.kms_key_arn
    keys = (plan.source_key_arn, copy_key) if plan.source_key_arn and copy_key else None
    role = aws.Role(
        f"{source.name}-replication-role",
        name=f"{plan.identifier}-replication",
        description=f"Copies {plan.identifier} to {plan.region}",
        assume_role_policy=pulumi.Output.all(source.bucket.arn, plan.account).apply(
            lambda known: policy_document(replicable_by_s3(known[0], known[1]))
        ),
        tags=dict(plan.tags),
        opts=child(source.parent),
    )
    rights = aws.RolePolicy(
        f"{source.name}-replication-policy",
        name="replication",
        role=role.id,
        policy=pulumi.Output.all(source.bucket.arn, target.arn).apply(
            lambda arns: policy_document(
                *replication_statements(arns[0], arns[1], locked=bool(plan.settings.preset.lock_days), keys=keys)
            )
        ),
        opts=child(source.parent),
    )
    return role, rights
