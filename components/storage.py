"""Object storage on S3: a map of buckets, each with a purpose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pulumi

from components import aws
from components.bucket_policies import Statement, log_statements, own_statements
from components.bucket_presets import PRESETS, Preset
from components.bucket_settings import BucketSettings, Chain, LogTarget, put_delivery, put_settings
from components.errors import refuse
from components.iam import policy_document
from components.options import child
from components.replication import ReplicaPlan, make_replica
from components.rules import Purpose
from components.storage_rules import Event, Inventory, LockMode, buckets

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class ReplicaArgs:
    """A copy of a bucket in another region. S3 copies what is written from then on, not what is there already.

    Attributes:
        region: Where the copy is.
        kms_key_arn: Key of that region; needed if the bucket has a key, refused if it has none.
    """

    region: str
    kms_key_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class NotificationArgs:
    """Who is told of changes.

    Attributes:
        to: `eventBridge`, or the ARN of an SQS queue or SNS topic, whose policy lets S3 send to it.
        events: Which changes; EventBridge is told of all, its rules choose.
        prefix: Start of the keys that count.
        suffix: End of the keys that count.
    """

    to: str
    events: Sequence[Event] = ("created", "removed")
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """One bucket: encrypted, versioned, private and TLS-only whatever its purpose.

    What is None follows from the purpose; see `components.bucket_presets.PRESETS`.

    Attributes:
        purpose: What it is for. A bucket of purpose `logs` takes the access logs and inventories of all others.
        cors_origins: Origins of pages that upload directly.
        force_destroy: Deleting the bucket deletes its objects; without, a bucket that is not empty stays.
        kms_key_arn: Own key, with bucket keys switched on; without one, S3's own encryption.
        noncurrent_days: Days that overwritten and deleted objects can be recovered.
        expire_days: Days after which objects are deleted; 0 is never.
        infrequent_after_days: Days until objects move to STANDARD_IA, 30 or more; 0 is never.
        archive_after_days: Days until objects move to GLACIER; 0 is never.
        lock_days: Days in which no version can be deleted or overwritten (object lock); 0 is no lock. A lock can only
            be given to a new bucket: changing between none and some replaces the bucket.
        lock_mode: `governance` can be lifted by whoever may, `compliance` by nobody.
        inventory: How often S3 lists all objects into the logs bucket.
        notifications: Who is told of changes.
        replica: A copy in another region.
        tags: Beside those of all buckets, for example the one that a backup plan finds it by.
    """

    purpose: Purpose
    cors_origins: Sequence[str] = ()
    force_destroy: bool = False
    kms_key_arn: str | None = None
    noncurrent_days: int | None = None
    expire_days: int | None = None
    infrequent_after_days: int | None = None
    archive_after_days: int | None = None
    lock_days: int | None = None
    lock_mode: LockMode = "governance"
    inventory: Inventory | None = None
    notifications: Sequence[NotificationArgs] = ()
    replica: ReplicaArgs | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> Preset:
        """The purpose's preset with what is said otherwise."""
        preset = PRESETS[self.purpose]
        return Preset(
            noncurrent_days=_or(self.noncurrent_days, preset.noncurrent_days),
            expire_days=_or(self.expire_days, preset.expire_days),
            infrequent_after_days=_or(self.infrequent_after_days, preset.infrequent_after_days),
            archive_after_days=_or(self.archive_after_days, preset.archive_after_days),
            lock_days=_or(self.lock_days, preset.lock_days),
            inventory=_or(self.inventory, preset.inventory),
        )


@dataclass(frozen=True, kw_only=True)
class ObjectStorageArgs:
    """Buckets.

    Attributes:
        prefix: Start of the buckets' names, for example `aiponge-prod`.
        account: The account's number: bucket names are global, so it is their end.
        region: Where they are.
        buckets: By name.
        policies_elsewhere: Buckets whose policy another component writes, since a bucket has just one. It has to
            include `StoredBucket.statements`.
        tags: On every bucket.
    """

    prefix: str
    account: pulumi.Input[str]
    region: str
    buckets: Mapping[str, BucketArgs]
    policies_elsewhere: Collection[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredBucket:
    """A bucket that was made.

    Attributes:
        name: Its name.
        arn: Its ARN.
        domain: Its regional host name, as an origin of a distribution.
        kms_key_arn: Its own key, if it has one: whoever uses the objects has to be allowed to use the key.
        statements: What its policy has to say.
        replica: The copy in another region, if there is one.
        last_sidecar: What a policy has to wait for: S3 refuses two changes of a bucket's settings at a time.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain: pulumi.Output[str]
    kms_key_arn: str | None
    statements: pulumi.Output[list[Statement]]
    replica: ReplicaBucket | None
    last_sidecar: pulumi.Resource


@dataclass(frozen=True)
class ReplicaBucket:
    """A bucket's copy.

    Attributes:
        name: Its name.
        arn: Its ARN.
        region: Where it is.
        domain: Its regional host name, as an origin of a distribution.
        statements: What its policy has to say.
        last_sidecar: What a policy has to wait for.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    region: str
    domain: pulumi.Output[str]
    statements: pulumi.Output[list[Statement]]
    last_sidecar: pulumi.Resource


class ObjectStorage(pulumi.ComponentResource):
    """Buckets with their settings, made one after the other for each bucket.

    Requirements: P0-S3, SR-STORE.

    Attributes:
        buckets: What was made, by name.
        logs: The bucket that takes logs, if there is one.
        outputs: Names, ARNs, regions, purposes and copies, as stack outputs.

    Raises:
        Refused: a combination that S3 does not take, or would not honour.
    """

    buckets: Mapping[str, StoredBucket]
    logs: StoredBucket | None
    outputs: Mapping[str, Mapping[str, pulumi.Input[object]]]

    def __init__(self, name: str, args: ObjectStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:ObjectStorage", name, None, opts)
        refuse(f"ObjectStorage {name!r}", buckets(args.buckets, args.region))
        self._name, self._args = name, args
        self._made = {key: self._bucket(key, item) for key, item in args.buckets.items()}
        made: dict[str, StoredBucket] = {}
        target: LogTarget | None = None
        self.logs = None
        # The logs bucket first: S3 accepts it as a target only once its policy lets the logs in.
        for key in sorted(args.buckets, key=lambda each: args.buckets[each].purpose != "logs"):
            made[key] = self._settle(key, target)
            if args.buckets[key].purpose == "logs":
                self.logs = made[key]
                target = LogTarget(made[key].name, made[key].arn, made[key].last_sidecar)
        self.buckets = {key: made[key] for key in args.buckets}
        self.outputs = {
            key: _outputs(bucket, args.region, args.buckets[key].purpose) for key, bucket in self.buckets.items()
        }
        self.register_outputs({"buckets": self.outputs})

    def _bucket(self, key: str, bucket: BucketArgs) -> aws.Bucket:
        return aws.Bucket(
            f"{self._name}-{key}",
            bucket=pulumi.Output.format("{0}-{1}-{2}", self._args.prefix, key, self._args.account),
            force_destroy=bucket.force_destroy,
            # Absent where there is no lock, so that buckets without one are registered as they always were.
            object_lock_enabled=True if bucket.settled.lock_days else None,
            tags={**self._args.tags, "purpose": bucket.purpose, **bucket.tags},
            opts=child(self),
        )

    def _settle(self, key: str, target: LogTarget | None) -> StoredBucket:
        args, bucket, made = self._args, self._args.buckets[key], self._made[key]
        name, preset = f"{self._name}-{key}", bucket.settled
        chain = Chain(self, name, made)
        put_settings(
            chain,
            BucketSettings(
                preset=preset,
                kms_key_arn=bucket.kms_key_arn,
                lock_mode=bucket.lock_mode,
                cors_origins=bucket.cors_origins,
            ),
        )
        statements = self._statements(key)
        if key not in args.policies_elsewhere:
            policy = statements.apply(lambda found: policy_document(*found))
            chain.last = aws.BucketPolicy(f"{name}-policy", bucket=made.id, policy=policy, opts=chain.after())
        put_delivery(chain, bucket.notifications, target, key=key, inventory=preset.inventory)
        replica = self._replica(key, chain) if bucket.replica else None
        return StoredBucket(
            name=made.bucket,
            arn=made.arn,
            domain=made.bucket_regional_domain_name,
            kms_key_arn=bucket.kms_key_arn,
            statements=statements,
            replica=replica,
            last_sidecar=chain.last,
        )

    def _statements(self, key: str) -> pulumi.Output[list[Statement]]:
        bucket, made = self._args.buckets[key], self._made[key]
        if bucket.purpose != "logs":
            return made.arn.apply(lambda arn: own_statements(arn, bucket.kms_key_arn))
        sources = [self._made[other].arn for other in sorted(self._made) if other != key]
        known = pulumi.Output.all(made.arn, self._args.account, *sources)
        return known.apply(lambda each: [*own_statements(each[0], None), *log_statements(each[0], each[1], each[2:])])

    def _replica(self, key: str, chain: Chain) -> ReplicaBucket:
        bucket = self._args.buckets[key]
        assert bucket.replica is not None
        copy = make_replica(
            chain,
            ReplicaPlan(
                identifier=f"{self._args.prefix}-{key}",
                account=self._args.account,
                region=bucket.replica.region,
                purpose=bucket.purpose,
                force_destroy=bucket.force_destroy,
                settings=BucketSettings(
                    preset=bucket.settled, kms_key_arn=bucket.replica.kms_key_arn, lock_mode=bucket.lock_mode
                ),
                source_key_arn=bucket.kms_key_arn,
                policy_elsewhere=key in self._args.policies_elsewhere,
                tags=self._args.tags,
            ),
        )
        key_arn = bucket.replica.kms_key_arn
        return ReplicaBucket(
            name=copy.bucket.bucket,
            arn=copy.bucket.arn,
            region=bucket.replica.region,
            domain=copy.bucket.bucket_regional_domain_name,
            statements=copy.bucket.arn.apply(lambda arn: own_statements(arn, key_arn)),
            last_sidecar=copy.last_sidecar,
        )


def _outputs(bucket: StoredBucket, region: str, purpose: Purpose) -> Mapping[str, pulumi.Input[object]]:
    found: dict[str, pulumi.Input[object]] = {
        "name": bucket.name,
        "arn": bucket.arn,
        "region": region,
        "purpose": purpose,
    }
    if bucket.replica:
        copy = bucket.replica
        found["replica"] = {"name": copy.name, "arn": copy.arn, "region": copy.region}
    return found


def _or(given: _T | None, preset: _T) -> _T:
    return preset if given is None else given
