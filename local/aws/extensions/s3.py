"""S3: bucket policies with conditions, which moto's own evaluation leaves out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import InvalidBucketState
from moto.s3.models import FakeBucket, FakeKey, S3Backend

from local.aws.bucket_access import Caller, allowed, denied
from local.aws.s3_replication import STATES, overall
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


def lets_logs_in(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether the bucket's policy lets S3 deliver access logs under the prefix.

    Takes the place of `FakeBucket._log_permissions_enabled_policy`, which fails on statements for everybody and knows
    only three resources.
    """
    policy = target_bucket.policy
    if not policy:
        return False
    text = policy.decode() if isinstance(policy, bytes) else policy
    statements = [each for each in json.loads(text)["Statement"] if each["Effect"] == "Allow"]
    delivery = Caller("logging.s3.amazonaws.com")
    resource = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    # The condition is about whose logs they are, which S3 checks when it delivers, not when it is told to.
    unconditional = [{key: value for key, value in each.items() if key != "Condition"} for each in statements]
    return allowed(json.dumps({"Statement": unconditional}), delivery, "s3:PutObject", resource)


_DESCRIBED: Any = FakeKey.response_dict


def described(key: FakeKey) -> dict[str, Any]:
    """Headers that tell of an object; `FakeKey.response_dict` with the state of its replication."""
    headers: dict[str, Any] = _DESCRIBED.fget(key)
    state = overall(vars(key).get(STATES, {}))
    return {**headers, "x-amz-replication-status": state} if state else headers


def default_retention(bucket: FakeBucket) -> str:
    """Until when a new version is held; `FakeBucket.default_retention` without the need for both units."""
    days = (bucket.default_lock_days or 0) + 365 * (bucket.default_lock_years or 0)
    return (utcnow() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def keeps_versions(bucket: FakeBucket) -> bool:
    """Whether versions are kept, which they are too when versioning is suspended.

    Takes the place of `FakeBucket.is_versioned`, which is false then: the next write or deletion took all versions
    with it. What is written while suspended gets a version of its own here, and the version `null` in S3.
    """
    return bucket.versioning_status is not None


def version(backend: S3Backend, bucket_name: str, status: str) -> None:
    """Switch a bucket's versioning; takes the place of `S3Backend.put_bucket_versioning`, which asks for no lock."""
    bucket = backend.get_bucket(bucket_name)
    if bucket.object_lock_enabled and status != "Enabled":
        raise InvalidBucketState("An Object Lock configuration is present: the versioning state cannot be changed.")
    bucket.versioning_status = status


def lock(
    backend: S3Backend,
    bucket_name: str,
    lock_enabled: bool,
    mode: str | None = None,
    days: int | None = None,
    years: int | None = None,
) -> None:
    """Set a bucket's default retention.

    Takes the place of `S3Backend.put_object_lock_configuration`, which wants the bucket to be empty: S3 lets the
    retention of a bucket that has objects be changed and taken back.
    """
    bucket = backend.get_bucket(bucket_name)
    if bucket.versioning_status != "Enabled":
        raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
    if lock_enabled:
        bucket.object_lock_enabled = True
    # None is left out of answers, as S3 leaves out the unit that was not given.
    bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days or None, years or None
