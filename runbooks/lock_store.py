"""The lock as an object of a bucket of the stack: S3's conditional writes make it a lock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from botocore.exceptions import ClientError

import checks
from runbooks.cloud import Cloud, code_of
from runbooks.errors import RunbookError
from runbooks.lease import Conflict
from runbooks.lock import LockState, Stored
from runbooks.model import ApiCall

PREFIX: Final = "groundwork/runbooks"
# The logs bucket is nobody's data, is not served by the CDN, and forgets old versions after a week.
_PREFERRED: Final = ("logs", "uploads", "backups")
_CONFLICTS: Final = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
# S3's answer to a conditional write that met another one: write again (S3 API Reference, `PutObject`).
_BUSY: Final = "ConditionalRequestConflict"
_TRIES: Final = 3


def lock_bucket(outputs: checks.StackOutputs, named: str | None) -> str:
    """The bucket that the lock is in.

    Args:
        named: The user's choice.

    Raises:
        RunbookError: the stack has no bucket for it and none was named.
    """
    if named:
        return named
    for purpose in _PREFERRED:
        for bucket in outputs.buckets.values():
            if bucket.purpose == purpose:
                return bucket.name
    raise RunbookError(
        "the stack has no bucket of purpose logs, uploads or backups to keep the lock in: name one with --lock-bucket"
    )


def lock_key(stack: str) -> str:
    """The lock's key in that bucket."""
    return f"{PREFIX}/{stack}/lock.json"


def lock_calls(bucket: str, stack: str, partition: str = "aws") -> tuple[ApiCall, ...]:
    """What the lock asks of S3."""
    key = lock_key(stack)
    resources = (f"arn:{partition}:s3:::{bucket}/{key}",)
    named = {"Bucket": bucket, "Key": key}
    return (
        ApiCall("s3", "GetObject", named, resources),
        ApiCall("s3", "PutObject", named, resources),
        # Without it a missing object is a refusal (S3 API Reference, `GetObject`).
        ApiCall("s3", "ListObjectsV2", {"Bucket": bucket}, (f"arn:{partition}:s3:::{bucket}",), "s3:ListBucket"),
    )


class S3LockStore:
    """A lock object in S3."""

    def __init__(self, cloud: Cloud, bucket: str, stack: str) -> None:
        """The lock of a stack in that bucket."""
        self._cloud = cloud
        self._place = {"Bucket": bucket, "Key": lock_key(stack)}

    async def read(self) -> Stored | None:
        """The object; `None` while there is none.

        Raises:
            LockRefused: it is not one of ours.
        """
        try:
            answer = await self._cloud.ask("s3", "GetObject", **self._place)
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return None
            raise
        content = await asyncio.to_thread(answer["Body"].read)
        try:
            data = json.loads(content)
        except ValueError:
            data = {}
        return Stored(LockState.parse(data), str(answer["ETag"]), _age(answer))

    async def write(self, state: LockState, version: str | None) -> str:
        """Replace that version, or create the object where the version is `None`; gives the new version.

        Raises:
            Conflict: it is another version by now.
        """
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        body = json.dumps(state.as_data(), sort_keys=True).encode()
        for attempt in range(1, _TRIES + 1):
            try:
                answer = await self._cloud.ask(
                    "s3", "PutObject", Body=body, ContentType="application/json", **self._place, **condition
                )
            except ClientError as error:
                if code_of(error) == _BUSY and attempt < _TRIES:
                    continue
                if code_of(error) in _CONFLICTS:
                    raise Conflict from None
                raise
            return str(answer["ETag"])
        raise AssertionError("the last attempt returns or raises")


def _age(answer: Mapping[str, Any]) -> float:
    """Seconds since the object was written, by S3's clock, which tells whole seconds: never too many of them."""
    now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    age = (now - answer["LastModified"]).total_seconds() - 1.0
    return max(0.0, float(age))
