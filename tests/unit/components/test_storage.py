"""ObjectStorage: what it registers, in which order, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from components.bucket_presets import PRESETS, lifecycle_rules
from components.errors import Refused
from components.storage import BucketArgs, NotificationArgs, ObjectStorage, ObjectStorageArgs, ReplicaArgs
from components.workload_identity import BucketGrant, _keys, key_statement

pytestmark = pytest.mark.unit

Record = Callable[..., Any]

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/near"
FAR_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/far"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:images"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:images"
FAR = ReplicaArgs(region="eu-central-1")
BUCKETS = {
    "uploads": BucketArgs(
        purpose="uploads",
        cors_origins=["https://app.test"],
        notifications=[NotificationArgs(to="eventBridge")],
        replica=FAR,
    ),
    "assets": BucketArgs(purpose="assets"),
    "logs": BucketArgs(purpose="logs"),
    "backups": BucketArgs(purpose="backups"),
}


def _args(**buckets: BucketArgs) -> ObjectStorageArgs:
    return ObjectStorageArgs(prefix="shop-prod", account=ACCOUNT, region="eu-west-1", buckets={**BUCKETS, **buckets})


def _storage(**buckets: BucketArgs) -> Callable[[], ObjectStorage]:
    return lambda: ObjectStorage("storage", _args(**buckets))


def _statements(recording: Any, name: str) -> dict[str, Any]:
    policy = json.loads(recording.one("BucketPolicy", name).inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


@pytest.mark.parametrize("bucket", [*sorted(BUCKETS), "uploads-replica"])
def test_every_bucket_is_encrypted_versioned_private_and_owned(record: Record, bucket: str) -> None:
    """SR-STORE, P0-S3: copies too."""
    recording = record(_storage())
    name = f"storage-{bucket}"
    assert recording.one("bucket:Bucket", name).inputs["bucket"] == f"shop-prod-{bucket}-{ACCOUNT}"
    block = recording.one("BucketPublicAccessBlock", f"{name}-public-access").inputs
    assert all(
        block[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    )
    [encryption] = recording.one("EncryptionConfiguration", f"{name}-encryption").inputs["rules"]
    assert encryption == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    versioning = recording.one("BucketVersioning", f"{name}-versioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    ownership = recording.one("BucketOwnershipControls", f"{name}-ownership").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@pytest.mark.parametrize("bucket", [*sorted(BUCKETS), "uploads-replica"])
def test_requests_without_tls_are_refused(record: Record, bucket: str) -> None:
    """SR-STORE."""
    statement = _statements(record(_storage()), f"storage-{bucket}-policy")["TlsOnly"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_objects_under_another_key_are_refused_and_those_that_name_none_are_not(record: Record) -> None:
    """SR-STORE: with `IfExists` a plain upload, which names no encryption, would be refused too."""
    header = "s3:x-amz-server-side-encryption"
    plain = _statements(record(_storage()), "storage-assets-policy")
    assert plain["NoOtherEncryption"]["Condition"] == {
        "Null": {header: "false"},
        "StringNotEquals": {header: "AES256"},
    }
    keyed = _statements(
        record(_storage(uploads=BucketArgs(purpose="uploads", kms_key_arn=KEY))), "storage-uploads-policy"
    )
    assert keyed["NoOtherEncryption"]["Condition"]["StringNotEquals"] == {header: "aws:kms"}
    assert keyed["NoOtherKey"]["Condition"]["StringNotEquals"] == {f"{header}-aws-kms-key-id": KEY}
    for statements in (plain, keyed):
        assert "Null" in statements["NoKeysOfCustomers"]["Condition"]
        assert "IfExists" not in json.dumps(statements)


def test_an_own_key_is_used_through_bucket_keys(record: Record) -> None:
    """P0-S3: without, each object costs a request to KMS."""
    recording = record(_storage(uploads=BucketArgs(purpose="uploads", kms_key_arn=KEY)))
    [rule] = recording.one("EncryptionConfiguration", "storage-uploads-encryption").inputs["rules"]
    assert rule["bucketKeyEnabled"] is True
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}


def test_who_may_use_a_bucket_may_use_its_key() -> None:
    """P0-S3: an own key without rights on it refuses every request."""
    grants = [BucketGrant("a", "read", KEY), BucketGrant("b", "readWrite", KEY), BucketGrant("c", "read")]
    assert _keys(grants) == {KEY: "readWrite"}
    assert key_statement(KEY, "readWrite")["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert key_statement(KEY, "read")["Action"] == ["kms:Decrypt"]


def test_a_buckets_settings_are_made_one_after_the_other(record: Record) -> None:
    """The trap "S3: serialise policy, public access block and ownership": two changes at a time are a conflict."""
    recording = record(_storage())
    order = ["ownership", "public-access", "encryption", "versioning", "lifecycle", "cors", "policy", "logging"]
    order += ["inventory", "notification", "replication"]
    by_name = {item.name.removeprefix("storage-uploads-"): item for item in recording.resources}
    for before, after in pairwise(order):
        assert any(urn.endswith(f"::storage-uploads-{before}") for urn in by_name[after].depends_on), (before, after)
    in_chain = [
        item.name
        for item in recording.of("")
        if item.type.startswith("aws:s3/") and item.inputs.get("bucket") == "storage-uploads-id"
    ]
    assert len(in_chain) == len(order), "no setting of the bucket is outside the chain"


@pytest.mark.parametrize("kind", ["LifecycleConfiguration", "BucketPolicy", "BucketNotification", "CorsConfiguration"])
def test_a_bucket_has_one_resource_of_each_kind(record: Record, kind: str) -> None:
    """The trap "S3: one lifecycle resource a bucket": a second one overwrites the first."""
    buckets = [item.inputs["bucket"] for item in record(_storage()).of(kind)]
    assert buckets
    assert len(buckets) == len(set(buckets))


def test_bucket_is_the_version_seven_resource(record: Record) -> None:
    """The trap "S3: Bucket is what was BucketV2": settings are sidecars, none of them inline, no V2 types."""
    recording = record(_storage())
    assert not [item for item in recording.resources if "V2" in item.type]
    for item in recording.of("bucket:Bucket"):
        assert set(item.inputs) <= {"bucket", "forceDestroy", "objectLockEnabled", "region", "tags"}


def test_incomplete_uploads_and_old_versions_do_not_pile_up(record: Record) -> None:
    """P0-S3."""
    for item in record(_storage()).of("BucketLifecycleConfiguration"):
        rule = item.inputs["rules"][0]
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
        assert rule["noncurrentVersionExpiration"]["noncurrentDays"] >= 7


def test_the_life_cycle_follows_from_the_purpose_and_what_is_said_otherwise() -> None:
    """P0-S3: tiers and expiry."""
    logs = {rule["id"]: rule for rule in lifecycle_rules(PRESETS["logs"])}
    assert logs["expiry"]["expiration"] == {"days": 400}
    args = BucketArgs(purpose="logs", infrequent_after_days=0, archive_after_days=90, expire_days=0, noncurrent_days=3)
    own = {rule["id"]: rule for rule in lifecycle_rules(args.settled)}
    assert own["cheaper-storage"]["transitions"] == [{"days": 90, "storage_class": "GLACIER"}]
    assert "expiry" not in own
    assert own["housekeeping"]["noncurrent_version_expiration"] == {"noncurrent_days": 3}


def test_backups_are_locked(record: Record) -> None:
    """P0-BACKUP: a lock has to be switched on with the bucket, and its default retention put after versioning."""
    recording = record(_storage())
    assert recording.one("bucket:Bucket", "storage-backups").inputs["objectLockEnabled"] is True
    lock = recording.one("BucketObjectLockConfiguration")
    assert lock.inputs["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
    assert any(urn.endswith("::storage-backups-versioning") for urn in lock.depends_on)
    assert "objectLockEnabled" not in recording.one("bucket:Bucket", "storage-uploads").inputs


def test_every_bucket_but_the_logs_bucket_logs_there(record: Record) -> None:
    """P0-S3: access logging, which S3 accepts once the target's policy lets the logs in."""
    recording = record(_storage())
    logging = {item.name: item for item in recording.of("BucketLogging")}
    assert sorted(logging) == ["storage-assets-logging", "storage-backups-logging", "storage-uploads-logging"]
    uploads = logging["storage-uploads-logging"]
    assert uploads.inputs["targetBucket"] == f"shop-prod-logs-{ACCOUNT}"
    assert uploads.inputs["targetPrefix"] == "access/uploads/"
    assert any(urn.endswith("::storage-logs-policy") for urn in uploads.depends_on)
    statements = _statements(recording, "storage-logs-policy")
    assert statements["AccessLogs"]["Resource"] == "arn:aws:test:::storage-logs/access/*"
    assert statements["AccessLogs"]["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert len(statements["AccessLogs"]["Condition"]["ArnLike"]["aws:SourceArn"]) == 3
    assert statements["CdnLogs"]["Resource"] == f"arn:aws:test:::storage-logs/AWSLogs/{ACCOUNT}/*"
    assert ":logs:us-east-1:" in statements["CdnLogs"]["Condition"]["ArnLike"]["aws:SourceArn"][0]


def test_logs_may_be_written_by_services_for_this_account_only(record: Record) -> None:
    """IAM: whoever else asked a service to deliver there would be the confused deputy."""
    for statement in _statements(record(_storage()), "storage-logs-policy").values():
        if statement["Effect"] == "Allow":
            assert statement["Action"] == "s3:PutObject"
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
            assert statement["Condition"]["ArnLike"]["aws:SourceArn"]


def test_without_a_logs_bucket_nothing_is_logged_or_listed(record: Record) -> None:
    args = replace(_args(), buckets={"uploads": BucketArgs(purpose="uploads")})
    recording = record(lambda: ObjectStorage("storage", args))
    assert not recording.of("BucketLogging")
    assert not recording.of("Inventory")


def test_all_versions_are_listed_into_the_logs_bucket(record: Record) -> None:
    """P0-S3: inventory."""
    inventory = record(_storage()).one("Inventory", "storage-uploads-inventory").inputs
    assert inventory["includedObjectVersions"] == "All"
    assert inventory["schedule"] == {"frequency": "Weekly"}
    target = inventory["destination"]["bucket"]
    assert target["bucketArn"] == "arn:aws:test:::storage-logs"
    assert target["encryption"] == {"sseS3": {}}


def test_all_notifications_are_in_one_resource(record: Record) -> None:
    """P0-S3: a second notification resource would overwrite the first."""
    told = [
        NotificationArgs(to="eventBridge"),
        NotificationArgs(to=QUEUE, events=["created"], prefix="images/"),
        NotificationArgs(to=TOPIC, events=["removed"], suffix=".jpg"),
    ]
    uploads = BucketArgs(purpose="uploads", notifications=told)
    notification = record(_storage(uploads=uploads)).one("BucketNotification").inputs
    assert notification["eventbridge"] is True
    assert notification["queues"] == [
        {"id": "notification-1", "queueArn": QUEUE, "events": ["s3:ObjectCreated:*"], "filterPrefix": "images/"}
    ]
    assert notification["topics"][0]["events"] == ["s3:ObjectRemoved:*"]


def test_a_copy_is_in_its_own_region_with_all_its_settings(record: Record) -> None:
    """P0-S3, RB-REGION."""
    recording = record(_storage(backups=BucketArgs(purpose="backups", replica=FAR)))
    far = [item for item in recording.resources if f"{item.name}-".startswith("storage-backups-replica-")]
    assert len(far) == 8
    assert {item.inputs.get("region") for item in far} == {"eu-central-1"}
    assert recording.one("bucket:Bucket", "storage-backups-replica").inputs["objectLockEnabled"] is True
    replication = recording.one("BucketReplicationConfig", "storage-backups-replication")
    assert replication.inputs["rules"][0]["destination"] == {"bucket": "arn:aws:test:::storage-backups-replica"}
    assert replication.inputs["rules"][0]["deleteMarkerReplication"] == {"status": "Enabled"}
    before = {urn.rsplit("::", 1)[-1] for urn in replication.depends_on}
    assert {"storage-backups-replica-policy", "storage-backups-replication-policy"} <= before


def test_the_replication_role_may_copy_one_bucket_to_one_other(record: Record) -> None:
    """P0-S3: with the keys of both where they have some, and the lock where there is one."""
    recording = record(
        _storage(
            backups=BucketArgs(
                purpose="backups",
                kms_key_arn=KEY,
                replica=ReplicaArgs(region="eu-central-1", kms_key_arn=FAR_KEY),
            )
        )
    )
    trust = json.loads(recording.one("Role", "storage-backups-replication-role").inputs["assumeRolePolicy"])
    [statement] = trust["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    policy = json.loads(recording.one("RolePolicy", "storage-backups-replication-policy").inputs["policy"])
    assert not [each for each in policy["Statement"] if each["Resource"] == "*" or "*" in str(each["Action"])]
    by_resource = {each["Resource"]: each["Action"] for each in policy["Statement"]}
    assert by_resource[KEY] == "kms:Decrypt"
    assert by_resource[FAR_KEY] == ["kms:Encrypt", "kms:GenerateDataKey"]
    assert "s3:GetObjectRetention" in by_resource["arn:aws:test:::storage-backups/*"]
    [rule] = recording.one("BucketReplicationConfig", "storage-backups-replication").inputs["rules"]
    assert rule["destination"]["encryptionConfiguration"] == {"replicaKmsKeyId": FAR_KEY}
    assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}


REFUSED: list[tuple[str, dict[str, BucketArgs]]] = [
    ("buckets.more.purpose", {"more": BucketArgs(purpose="logs")}),
    ("buckets.logs.kms_key_arn", {"logs": BucketArgs(purpose="logs", kms_key_arn=KEY)}),
    ("buckets.logs.lock_days", {"logs": BucketArgs(purpose="logs", lock_days=1)}),
    ("buckets.logs.inventory", {"logs": BucketArgs(purpose="logs", inventory="daily")}),
    ("buckets.assets.kms_key_arn", {"assets": BucketArgs(purpose="assets", kms_key_arn=KEY)}),
    ("buckets.uploads.kms_key_arn", {"uploads": BucketArgs(purpose="uploads", kms_key_arn=FAR_KEY)}),
    ("buckets.uploads.infrequent_after_days", {"uploads": BucketArgs(purpose="uploads", infrequent_after_days=29)}),
    (
        "buckets.uploads.archive_after_days",
        {"uploads": BucketArgs(purpose="uploads", infrequent_after_days=30, archive_after_days=59)},
    ),
    (
        "buckets.uploads.expire_days",
        {"uploads": BucketArgs(purpose="uploads", infrequent_after_days=30, expire_days=30)},
    ),
    (
        "buckets.backups.force_destroy",
        {"backups": BucketArgs(purpose="backups", lock_days=1, lock_mode="compliance", force_destroy=True)},
    ),
    (
        "buckets.uploads.notifications.1",
        {
            "uploads": BucketArgs(
                purpose="uploads",
                notifications=[
                    NotificationArgs(to=QUEUE, prefix="images/"),
                    NotificationArgs(to=TOPIC, prefix="images/large/", events=["created"]),
                ],
            )
        },
    ),
    (
        "buckets.uploads.replica.region",
        {"uploads": BucketArgs(purpose="uploads", replica=ReplicaArgs(region="eu-west-1"))},
    ),
    ("buckets.uploads.replica.kms_key_arn", {"uploads": BucketArgs(purpose="uploads", kms_key_arn=KEY, replica=FAR)}),
    (
        "buckets.uploads.replica.kms_key_arn",
        {
            "uploads": BucketArgs(
                purpose="uploads", kms_key_arn=KEY, replica=ReplicaArgs(region="eu-central-1", kms_key_arn=KEY)
            )
        },
    ),
]


@pytest.mark.parametrize(
    ("setting", "declared"), REFUSED, ids=[f"{index}-{each[0]}" for index, each in enumerate(REFUSED)]
)
def test_unsafe_combinations_are_refused_before_anything_is_made(
    record: Record, setting: str, declared: dict[str, BucketArgs]
) -> None:
    """P0-S3, SR-STORE: what S3 refuses half-way, or takes and then does not do."""

    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            ObjectStorage("storage", _args(**declared))
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert not recording.of("bucket:Bucket")


def test_inventories_need_a_bucket_to_go_to(record: Record) -> None:
    def build() -> None:
        args = replace(_args(), buckets={"uploads": BucketArgs(purpose="uploads", inventory="daily")})
        with pytest.raises(Refused, match=r"buckets\.uploads\.inventory is 'daily'"):
            ObjectStorage("storage", args)

    record(build)
