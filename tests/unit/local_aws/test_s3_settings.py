"""S3's settings of a bucket: answered back as they were sent, and what S3 refuses refused."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unit


def _code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


_WHERE = {"LocationConstraint": "eu-west-1"}


@pytest.fixture(name="s3")
def s3_fixture(client: Any) -> Any:
    return client("s3")


@pytest.fixture(name="origin")
def origin_fixture(s3: Any, unique: str) -> str:
    s3.create_bucket(Bucket=f"{unique}-origin", CreateBucketConfiguration=_WHERE)
    return f"{unique}-origin"


@pytest.fixture(name="copy")
def copy_fixture(s3: Any, unique: str) -> str:
    s3.create_bucket(Bucket=f"{unique}-copy", CreateBucketConfiguration=_WHERE)
    return f"{unique}-copy"


def _replication(copy: str) -> dict[str, Any]:
    return {
        "Role": "arn:aws:iam::123456789012:role/replication",
        "Rules": [
            {
                "ID": "everything",
                "Priority": 0,
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {
                    "Bucket": f"arn:aws:s3:::{copy}",
                    "EncryptionConfiguration": {"ReplicaKmsKeyID": "arn:aws:kms:eu-central-1:123456789012:key/far"},
                },
            }
        ],
    }


def test_a_replication_comes_back_as_it_was_sent(s3: Any, origin: str, copy: str) -> None:
    """P0-S3: moto's own answer has fixed filters and no keys, which would be drift for ever."""
    for name in (origin, copy):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_replication(Bucket=origin, ReplicationConfiguration=_replication(copy))
    assert s3.get_bucket_replication(Bucket=origin)["ReplicationConfiguration"] == _replication(copy)
    s3.delete_bucket_replication(Bucket=origin)
    with pytest.raises(ClientError) as raised:
        s3.get_bucket_replication(Bucket=origin)
    assert _code(raised) == "ReplicationConfigurationNotFoundError"


@pytest.mark.parametrize("unversioned", ["origin", "copy"])
def test_a_replication_needs_versions_on_both_sides(s3: Any, origin: str, copy: str, unversioned: str) -> None:
    """P0-S3."""
    other = {"origin": copy, "copy": origin}[unversioned]
    s3.put_bucket_versioning(Bucket=other, VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(ClientError) as raised:
        s3.put_bucket_replication(Bucket=origin, ReplicationConfiguration=_replication(copy))
    assert _code(raised) == "InvalidRequest"
    assert f"-{unversioned}" in str(raised.value)


def test_an_inventory_comes_back_as_it_was_sent(s3: Any, origin: str, copy: str) -> None:
    """P0-S3."""
    declared = {
        "Id": "all",
        "IsEnabled": True,
        "IncludedObjectVersions": "All",
        "OptionalFields": ["Size"],
        "Schedule": {"Frequency": "Weekly"},
        "Destination": {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{copy}", "Format": "Parquet"}},
    }
    s3.put_bucket_inventory_configuration(Bucket=origin, Id="all", InventoryConfiguration=declared)
    assert s3.get_bucket_inventory_configuration(Bucket=origin, Id="all")["InventoryConfiguration"] == declared
    listed = s3.list_bucket_inventory_configurations(Bucket=origin)
    assert [each["Id"] for each in listed["InventoryConfigurationList"]] == ["all"]
    s3.delete_bucket_inventory_configuration(Bucket=origin, Id="all")
    with pytest.raises(ClientError) as raised:
        s3.get_bucket_inventory_configuration(Bucket=origin, Id="all")
    assert _code(raised) == "NoSuchConfiguration"


def test_access_logs_need_a_policy_that_lets_them_in(s3: Any, origin: str, copy: str) -> None:
    """P0-S3: with a statement for everybody in the same policy."""
    logging = {"LoggingEnabled": {"TargetBucket": copy, "TargetPrefix": "access/origin/"}}
    with pytest.raises(ClientError) as raised:
        s3.put_bucket_logging(Bucket=origin, BucketLoggingStatus=logging)
    assert _code(raised) == "InvalidTargetBucketForLogging"
    statements = [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": f"arn:aws:s3:::{copy}/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{copy}/access/*",
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        },
    ]
    s3.put_bucket_policy(Bucket=copy, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    s3.put_bucket_logging(Bucket=origin, BucketLoggingStatus=logging)
    assert s3.get_bucket_logging(Bucket=origin)["LoggingEnabled"] == logging["LoggingEnabled"]


def test_a_lock_holds_versions_until_who_may_lifts_it(s3: Any, unique: str) -> None:
    """P0-BACKUP: and its default can be changed while the bucket has objects."""
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration=_WHERE, ObjectLockEnabledForBucket=True)
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    s3.put_object_lock_configuration(Bucket=unique, ObjectLockConfiguration=lock)
    version = s3.put_object(Bucket=unique, Key="a", Body=b"a", ChecksumAlgorithm="CRC32")["VersionId"]
    with pytest.raises(ClientError) as raised:
        s3.delete_object(Bucket=unique, Key="a", VersionId=version)
    assert _code(raised) == "AccessDenied"
    lock["Rule"] = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 2}}
    s3.put_object_lock_configuration(Bucket=unique, ObjectLockConfiguration=lock)
    assert s3.get_object_lock_configuration(Bucket=unique)["ObjectLockConfiguration"] == lock
    s3.delete_object(Bucket=unique, Key="a", VersionId=version, BypassGovernanceRetention=True)
    assert "Versions" not in s3.list_object_versions(Bucket=unique)


def test_versions_outlive_the_suspension_of_versioning(s3: Any, origin: str) -> None:
    """P0-S3: to moto, a bucket whose versioning is suspended had never had any."""
    s3.put_bucket_versioning(Bucket=origin, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=origin, Key="a", Body=b"first")["VersionId"]
    s3.delete_object(Bucket=origin, Key="a")
    s3.put_bucket_versioning(Bucket=origin, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=origin, Key="a", Body=b"second")
    assert s3.get_object(Bucket=origin, Key="a", VersionId=first)["Body"].read() == b"first"
    (marker,) = s3.list_object_versions(Bucket=origin)["DeleteMarkers"]
    s3.delete_object(Bucket=origin, Key="a", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=origin, Key="a")["Body"].read() == b"second"


def test_versioning_cannot_be_suspended_where_objects_are_locked(s3: Any, unique: str) -> None:
    """P0-BACKUP: a lock that could be lifted by way of the versions would be none."""
    name = f"{unique}-locked"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=_WHERE, ObjectLockEnabledForBucket=True)
    with pytest.raises(ClientError) as raised:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    assert _code(raised) == "InvalidBucketState"


def test_event_bridge_is_told_of_and_answered_back(s3: Any, origin: str) -> None:
    """P0-S3: moto keeps it and does not tell, which would be drift for ever."""
    queue = {
        "Id": "images",
        "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:images",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "images/"}]}},
    }
    declared = {"EventBridgeConfiguration": {}, "QueueConfigurations": [queue]}
    s3.put_bucket_notification_configuration(Bucket=origin, NotificationConfiguration=declared)
    told = s3.get_bucket_notification_configuration(Bucket=origin)
    assert told["EventBridgeConfiguration"] == {}
    assert told["QueueConfigurations"] == [queue]
    s3.put_bucket_notification_configuration(Bucket=origin, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=origin)


def test_the_rules_decide_which_pages_may_upload(s3: Any, endpoint: str, origin: str) -> None:
    """P0-S3: what a browser asks before an upload is answered with an error unless a rule allows it."""
    rule = {"AllowedOrigins": ["https://app.example"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["content-type"]}
    s3.put_bucket_cors(Bucket=origin, CORSConfiguration={"CORSRules": [rule]})

    def ask(page: str) -> int:
        asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
        return httpx.options(f"{endpoint}/{origin}/a.txt", headers={"Origin": page, **asked}).status_code

    assert ask("https://app.example") == 200
    assert ask("https://other.example") == 403


def test_a_written_object_is_told_to_queue_and_topic(client: Any, s3: Any, origin: str) -> None:
    """P0-S3: notifications of the kinds of events that are asked for, and of no others."""
    sqs, sns = client("sqs"), client("sns")
    queues = [sqs.create_queue(QueueName=f"{origin}-{name}")["QueueUrl"] for name in ("direct", "topic")]

    def arn(url: str) -> str:
        return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    topic = sns.create_topic(Name=origin)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(queues[1]))
    only = {"Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}}}
    s3.put_bucket_notification_configuration(
        Bucket=origin,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn(queues[0]), "Events": ["s3:ObjectCreated:*"], **only}],
            "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
        },
    )
    s3.put_object(Bucket=origin, Key="a.jpg", Body=b"a")
    s3.put_object(Bucket=origin, Key="b.txt", Body=b"b")
    s3.delete_object(Bucket=origin, Key="a.jpg")
    told = [json.dumps(_received(sqs, url)) for url in queues]
    assert "a.jpg" in told[0] and "b.txt" not in told[0] and "ObjectCreated" in told[0]
    assert "ObjectRemoved" in told[1]


def _received(sqs: Any, url: str) -> list[str]:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    return [each["Body"] for each in found.get("Messages", []) if "s3:TestEvent" not in each["Body"]]
