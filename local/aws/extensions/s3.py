"""S3: bucket policies with conditions, which moto's own evaluation leaves out."""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.aws.bucket_access import Caller, denied
from local.aws.state import ACCOUNT


def permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What the bucket's policy says to a caller who signs: denied, or left to the caller's own rights.

    Takes the place of `FakeBucket.get_permission`, to which a Deny under a condition is a Deny to everybody: the
    usual "TLS only" policy would close the bucket for good.
    """
    policy = bucket.policy.decode() if isinstance(bucket.policy, bytes) else bucket.policy
    asked = "s3:GetObject" if action == "s3:HeadObject" else action
    refused = denied(policy, Caller(account=ACCOUNT), asked, resource, in_doubt=False)
    return PermissionResult.DENIED if refused else PermissionResult.PERMITTED
