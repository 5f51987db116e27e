"""Which combinations of a bucket's knobs S3 refuses, or takes and then does not do what they promise.

Pure functions over plain values, for the component's arguments and for a stack's settings alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, Protocol

from components.errors import Refusal
from components.rules import Purpose

LockMode = Literal["governance", "compliance"]
Inventory = Literal["off", "daily", "weekly"]
Event = Literal["created", "removed"]
EVENT_BRIDGE = "eventBridge"

_LEAST_TIER_DAYS = 30
"""S3 moves nothing to STANDARD_IA, nor from there on, that has not been where it is for as many days."""


class ReplicaKnobs(Protocol):
    """Where a bucket's copy is."""

    @property
    def region(self) -> str: ...
    @property
    def kms_key_arn(self) -> str | None: ...


class NotificationKnobs(Protocol):
    """Who is told of which changes."""

    @property
    def to(self) -> str: ...
    @property
    def events(self) -> Sequence[Event]: ...
    @property
    def prefix(self) -> str: ...
    @property
    def suffix(self) -> str: ...


class BucketKnobs(Protocol):
    """What decides about a bucket's safety."""

    @property
    def purpose(self) -> Purpose: ...
    @property
    def force_destroy(self) -> bool: ...
    @property
    def kms_key_arn(self) -> str | None: ...
    @property
    def expire_days(self) -> int | None: ...
    @property
    def infrequent_after_days(self) -> int | None: ...
    @property
    def archive_after_days(self) -> int | None: ...
    @property
    def lock_days(self) -> int | None: ...
    @property
    def lock_mode(self) -> LockMode: ...
    @property
    def inventory(self) -> Inventory | None: ...
    @property
    def notifications(self) -> Sequence[NotificationKnobs]: ...
    @property
    def replica(self) -> ReplicaKnobs | None: ...


def buckets(declared: Mapping[str, BucketKnobs], region: str | None) -> Iterator[Refusal]:
    """Rules of all buckets of a stack together, settings named `buckets.<name>.<knob>`.

    Args:
        declared: The buckets by name.
        region: Where they are; None if that is not known (and complained of elsewhere).
    """
    logs = [name for name, bucket in declared.items() if bucket.purpose == "logs"]
    for name in logs[1:]:
        yield Refusal(
            f"buckets.{name}.purpose",
            "logs",
            f"{logs[0]!r} takes the logs already: there is one bucket of purpose logs",
        )
    for name, bucket in declared.items():
        found = [*_logs(bucket), *_encryption(bucket, region), *_tiers(bucket), *_lock(bucket)]
        found += [*_notifications(bucket), *_replica(bucket, region)]
        if bucket.inventory not in (None, "off") and not logs:
            found.append(
                Refusal(
                    "inventory", bucket.inventory, "lists go to a bucket of purpose logs, and there is none: add it"
                )
            )
        for refusal in found:
            yield Refusal(f"buckets.{name}.{refusal.setting}", refusal.value, refusal.cure)


def _logs(bucket: BucketKnobs) -> Iterator[Refusal]:
    if bucket.purpose != "logs":
        return
    if bucket.kms_key_arn is not None:
        yield Refusal(
            "kms_key_arn",
            bucket.kms_key_arn,
            "S3 cannot deliver access logs to a bucket with a key of yours: leave it out, S3's own encryption stays",
        )
    if bucket.lock_days:
        yield Refusal("lock_days", bucket.lock_days, "S3 delivers no access logs to a bucket with object lock: write 0")
    if bucket.inventory not in (None, "off"):
        yield Refusal("inventory", bucket.inventory, "a bucket of purpose logs would list its own lists: write off")


def _encryption(bucket: BucketKnobs, region: str | None) -> Iterator[Refusal]:
    if bucket.kms_key_arn is None:
        return
    if bucket.purpose == "assets":
        yield Refusal(
            "kms_key_arn",
            bucket.kms_key_arn,
            "the distribution could not read what your key encrypts, and these files are public: leave it out",
        )
    if region and key_region(bucket.kms_key_arn) != region:
        yield Refusal(
            "kms_key_arn", bucket.kms_key_arn, f"S3 takes keys of the bucket's own region only: name one of {region}"
        )


def key_region(arn: str) -> str:
    """The region in an ARN."""
    return arn.split(":")[3]


def _tiers(bucket: BucketKnobs) -> Iterator[Refusal]:
    infrequent, archive = bucket.infrequent_after_days or 0, bucket.archive_after_days or 0
    if 0 < infrequent < _LEAST_TIER_DAYS:
        yield Refusal(
            "infrequent_after_days",
            infrequent,
            f"S3 moves nothing there before {_LEAST_TIER_DAYS} days: write 30 or more",
        )
    if archive and infrequent and archive < infrequent + _LEAST_TIER_DAYS:
        yield Refusal(
            "archive_after_days",
            archive,
            f"objects stay in STANDARD_IA for {_LEAST_TIER_DAYS} days at least: write {infrequent + _LEAST_TIER_DAYS} "
            "or more",
        )
    last = max(infrequent, archive)
    if bucket.expire_days and bucket.expire_days <= last:
        yield Refusal(
            "expire_days", bucket.expire_days, f"objects would be gone before they move (after {last} days): write more"
        )


def _lock(bucket: BucketKnobs) -> Iterator[Refusal]:
    if bucket.lock_days and bucket.lock_mode == "compliance" and bucket.force_destroy:
        yield Refusal(
            "force_destroy",
            True,
            "nobody can delete what a compliance lock holds: write false, or lock_mode governance",
        )


def _notifications(bucket: BucketKnobs) -> Iterator[Refusal]:
    told = [(index, each) for index, each in enumerate(bucket.notifications) if each.to != EVENT_BRIDGE]
    for (_, first), (index, second) in combinations(told, 2):
        shared = set(first.events) & set(second.events)
        if shared and _overlap(first.prefix, second.prefix, start=True) and _overlap(first.suffix, second.suffix):
            yield Refusal(
                f"notifications.{index}",
                second.to,
                f"S3 sends an event to one place: {first.to} is told of {' and '.join(sorted(shared))} for the same "
                "keys; name other prefixes, or one topic that passes them on",
            )


def _overlap(one: str, other: str, *, start: bool = False) -> bool:
    if start:
        return one.startswith(other) or other.startswith(one)
    return one.endswith(other) or other.endswith(one)


def _replica(bucket: BucketKnobs, region: str | None) -> Iterator[Refusal]:
    replica = bucket.replica
    if replica is None:
        return
    if replica.region == region:
        yield Refusal("replica.region", region, "a copy in the same region is lost with it: name another region")
    if bucket.kms_key_arn is not None and replica.kms_key_arn is None:
        yield Refusal(
            "replica.kms_key_arn",
            None,
            f"the bucket's key cannot leave its region: name a key of yours in {replica.region}",
        )
    if replica.kms_key_arn is not None and bucket.kms_key_arn is None:
        yield Refusal(
            "replica.kms_key_arn",
            replica.kms_key_arn,
            "the bucket has no key of yours: name one there too, or none here",
        )
    if replica.kms_key_arn is not None and key_region(replica.kms_key_arn) != replica.region:
        yield Refusal(
            "replica.kms_key_arn",
            replica.kms_key_arn,
            f"the copy takes keys of its own region: one of {replica.region}",
        )
