"""Replication between buckets: what goes where, and what S3 says of it (P0-S3, RB-S3)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from local.aws.s3_replication import COMPLETED, FAILED, PENDING, REPLICA, Rule, Version, destinations, overall, parse
from local.aws.s3_replicator import Replicator

pytestmark = pytest.mark.unit

NEAR, FAR = "eu-west-1", "eu-central-1"


@pytest.fixture(name="s3")
def s3_fixture(client: Any) -> Any:
    return client("s3")


@pytest.fixture(name="pair")
def pair_fixture(client: Any, unique: str) -> tuple[str, str]:
    """Two buckets with versions, in two regions."""
    names = (f"{unique}-near", f"{unique}-far")
    for name, region in zip(names, (NEAR, FAR), strict=True):
        s3 = client("s3", region_name=region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return names


def replicate(s3: Any, source: str, target: str, **more: Any) -> None:
    rule = {
        "ID": "everything",
        "Priority": 0,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
        **more,
    }
    configuration = {"Role": "arn:aws:iam::123456789012:role/replication", "Rules": [rule]}
    s3.put_bucket_replication(Bucket=source, ReplicationConfiguration=configuration)


def status(s3: Any, bucket: str, key: str, **more: Any) -> str | None:
    found: str | None = s3.head_object(Bucket=bucket, Key=key, **more).get("ReplicationStatus")
    return found


def test_an_object_arrives_as_it_was_written(s3: Any, pair: tuple[str, str]) -> None:
    near, far = pair
    s3.put_object(Bucket=near, Key="before", Body=b"before the rule")
    replicate(s3, near, far)
    put = s3.put_object(
        Bucket=near, Key="a", Body=b"content", ContentType="text/plain", Metadata={"by": "me"}, Tagging="a=b"
    )
    there = s3.get_object(Bucket=far, Key="a")
    assert there["Body"].read() == b"content"
    assert (there["VersionId"], there["ContentType"], there["Metadata"]) == (
        put["VersionId"],
        "text/plain",
        {"by": "me"},
    )
    assert s3.get_object_tagging(Bucket=far, Key="a")["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert (status(s3, near, "a"), status(s3, far, "a")) == (COMPLETED, REPLICA)
    assert status(s3, near, "before") is None
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=far, Key="before")


def test_every_version_arrives_and_a_deletion_hides_them_on_both_sides(s3: Any, pair: tuple[str, str]) -> None:
    """RB-S3: the replica's versions are there after a deletion, and no version is deleted from afar."""
    near, far = pair
    replicate(s3, near, far)
    versions = [s3.put_object(Bucket=near, Key="a", Body=body)["VersionId"] for body in (b"first", b"second")]
    s3.delete_object(Bucket=near, Key="a")
    for bucket in pair:
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket=bucket, Key="a")
        listed = s3.list_object_versions(Bucket=bucket)
        assert [each["VersionId"] for each in listed["Versions"]] == versions[::-1]
        assert len(listed["DeleteMarkers"]) == 1
    s3.delete_object(Bucket=near, Key="a", VersionId=versions[0])
    assert s3.get_object(Bucket=far, Key="a", VersionId=versions[0])["Body"].read() == b"first"


def test_markers_stay_where_the_rule_leaves_them(s3: Any, pair: tuple[str, str]) -> None:
    near, far = pair
    replicate(s3, near, far, DeleteMarkerReplication={"Status": "Disabled"})
    s3.put_object(Bucket=near, Key="a", Body=b"content")
    s3.delete_object(Bucket=near, Key="a")
    assert s3.get_object(Bucket=far, Key="a")["Body"].read() == b"content"


def test_a_replica_goes_no_further(s3: Any, pair: tuple[str, str]) -> None:
    """Both ways at once: nothing goes round in circles."""
    near, far = pair
    replicate(s3, near, far)
    replicate(s3, far, near)
    s3.put_object(Bucket=near, Key="a", Body=b"near")
    s3.put_object(Bucket=far, Key="b", Body=b"far")
    for bucket in pair:
        assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
    assert status(s3, near, "b") == REPLICA


def test_changed_tags_arrive(s3: Any, pair: tuple[str, str]) -> None:
    near, far = pair
    replicate(s3, near, far)
    s3.put_object(Bucket=near, Key="a", Body=b"content")
    tags = [{"Key": "state", "Value": "done"}]
    s3.put_object_tagging(Bucket=near, Key="a", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=far, Key="a")["TagSet"] == tags
    assert len(s3.list_object_versions(Bucket=far)["Versions"]) == 1


def test_an_upload_in_parts_arrives_whole(s3: Any, pair: tuple[str, str]) -> None:
    near, far = pair
    replicate(s3, near, far)
    upload = s3.create_multipart_upload(Bucket=near, Key="a")["UploadId"]
    part = s3.upload_part(Bucket=near, Key="a", UploadId=upload, PartNumber=1, Body=b"p" * 100)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(Bucket=near, Key="a", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=far, Key="a")["Body"].read() == b"p" * 100
    assert s3.head_object(Bucket=far, Key="a")["ETag"] == s3.head_object(Bucket=near, Key="a")["ETag"]


def test_a_target_that_takes_nothing_is_told(s3: Any, pair: tuple[str, str]) -> None:
    near, far = pair
    replicate(s3, near, far)
    s3.put_bucket_versioning(Bucket=far, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=near, Key="a", Body=b"content")
    assert status(s3, near, "a") == FAILED


def test_work_that_an_earlier_process_left_is_done(s3: Any, pair: tuple[str, str]) -> None:
    """What is due is read from the objects, so it survives the process that should have done it."""
    near, far = pair
    replicate(s3, near, far)
    s3.put_object(Bucket=near, Key="a", Body=b"content")
    backend: Any = s3_backends["123456789012"]["aws"]
    vars(backend.buckets[near].keys["a"])["groundwork_replication"] = {far: PENDING}
    backend.buckets[far].keys.pop("a")
    assert status(s3, near, "a") == PENDING
    kept: list[tuple[str, str]] = []
    worker = Replicator(kept.extend)
    worker.start()
    deadline = time.monotonic() + 20
    while status(s3, near, "a") != COMPLETED and time.monotonic() < deadline:
        time.sleep(0.01)
    worker.stop()
    assert s3.get_object(Bucket=far, Key="a")["Body"].read() == b"content"
    assert status(s3, near, "a") == COMPLETED
    assert kept == [(far, "a"), (near, "a")]


# -- Rules ------------------------------------------------------------------------------------------------------------


def test_the_highest_priority_decides_for_a_bucket_and_several_buckets_may_receive() -> None:
    rules = [
        Rule("one", 1, prefix="a/", markers=True),
        Rule("one", 2, prefix="a/b/", markers=False, storage_class="GLACIER"),
        Rule("two", 0, tags={"k": "v"}),
    ]
    assert destinations(rules, Version("a/b/c", False, {"k": "v"}, False)) == {"one": rules[1], "two": rules[2]}
    assert destinations(rules, Version("a/b/c", True, {}, False)) == {}
    assert destinations(rules, Version("a/c", True, {}, False)) == {"one": rules[0]}
    assert destinations(rules, Version("c", False, {}, False)) == {}


def test_objects_under_kms_need_a_rule_that_says_so() -> None:
    plain, encrypted = Rule("one", 0), Rule("one", 0, encrypted=True)
    version = Version("a", False, {}, True)
    assert destinations([plain], version) == {}
    assert destinations([encrypted], version) == {"one": encrypted}


def test_both_schemas_are_read() -> None:
    first = b"""<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>r</Role>
      <Rule><Prefix>logs/</Prefix><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::one</Bucket>
      <StorageClass>STANDARD_IA</StorageClass></Destination></Rule>
      <Rule><Prefix></Prefix><Status>Disabled</Status><Destination><Bucket>arn:aws:s3:::two</Bucket></Destination></Rule>
      </ReplicationConfiguration>"""
    assert parse(first) == [Rule("one", 0, prefix="logs/", markers=True, storage_class="STANDARD_IA")]
    second = b"""<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>r</Role><Rule>
      <Priority>3</Priority><Status>Enabled</Status>
      <Filter><And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>
      <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>
      <SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects>
      </SourceSelectionCriteria><Destination><Bucket>arn:aws:s3:::one</Bucket><EncryptionConfiguration>
      <ReplicaKmsKeyID>arn:aws:kms:x:1:key/k</ReplicaKmsKeyID></EncryptionConfiguration></Destination></Rule>
      </ReplicationConfiguration>"""
    [rule] = parse(second)
    expected = Rule("one", 3, "a/", {"k": "v"}, markers=False, encrypted=True, key="arn:aws:kms:x:1:key/k")
    assert rule == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, None),
        ({"one": COMPLETED}, COMPLETED),
        ({"one": COMPLETED, "two": PENDING}, PENDING),
        ({"one": PENDING, "two": FAILED}, FAILED),
        ({"here": REPLICA}, REPLICA),
    ],
)
def test_a_version_that_goes_to_several_buckets_has_one_status(states: dict[str, str], expected: str | None) -> None:
    assert overall(states) == expected
