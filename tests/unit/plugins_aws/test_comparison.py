"""What differs, what forces a replacement, and what is drift."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.plugins.aws.comparison import compare, document, project
from local.plugins.aws.types import TYPES
from local.plugins.provider import UNKNOWN, ChangeKind

pytestmark = pytest.mark.unit

VPC = TYPES["aws:ec2/vpc:Vpc"]
BUCKET = TYPES["aws:s3/bucket:Bucket"]
CDN = TYPES["aws:cloudfront/distribution:Distribution"]
POLICY = TYPES["aws:s3/bucketPolicy:BucketPolicy"]
DATABASE = TYPES["aws:rds/instance:Instance"]
REDIS = TYPES["aws:elasticache/replicationGroup:ReplicationGroup"]
LIFECYCLE = TYPES["aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"]


def test_a_property_that_cannot_change_forces_a_replacement() -> None:
    found = compare(VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16", "enableDnsSupport": True}, {})
    assert found == {"cidrBlock": ChangeKind.UPDATE_REPLACE, "enableDnsSupport": ChangeKind.ADD}


def test_an_unknown_value_may_be_another_one() -> None:
    assert compare(VPC, {"cidrBlock": "a"}, {"cidrBlock": UNKNOWN}, {}) == {"cidrBlock": ChangeKind.UPDATE_REPLACE}


def test_what_aws_fills_in_does_not_change_when_the_program_falls_silent() -> None:
    assert compare(DATABASE, {"backupWindow": "02:00-03:00"}, {}, {}) == {}
    assert compare(DATABASE, {"maxAllocatedStorage": 100}, {}, {}) == {"maxAllocatedStorage": ChangeKind.DELETE}


def test_what_aws_filled_in_does_not_change_when_the_program_says_the_same() -> None:
    outputs = {"backupWindow": "02:00-03:00"}
    assert compare(DATABASE, {}, {"backupWindow": "02:00-03:00"}, outputs) == {}
    assert compare(DATABASE, {}, {"backupWindow": "05:00-06:00"}, outputs) == {"backupWindow": ChangeKind.UPDATE}


def test_nested_changes_are_named_by_path() -> None:
    old: dict[str, Any] = {"orderedCacheBehaviors": [{"pathPattern": "/a", "compress": True}, {"pathPattern": "/b"}]}
    new = {"orderedCacheBehaviors": [{"pathPattern": "/a", "compress": False}, {"pathPattern": "/c"}]}
    assert compare(CDN, old, new, {}) == {
        "orderedCacheBehaviors[0].compress": ChangeKind.UPDATE,
        "orderedCacheBehaviors[1].pathPattern": ChangeKind.UPDATE,
    }


def test_order_counts_only_where_it_has_a_meaning() -> None:
    origins = [{"originId": "a"}, {"originId": "b"}]
    assert compare(CDN, {"origins": origins}, {"origins": origins[::-1]}, {}) == {}
    assert compare(CDN, {"aliases": ["a", "b"]}, {"aliases": ["b", "a"]}, {}) == {}
    behaviours = [{"pathPattern": "/a"}, {"pathPattern": "/b"}]
    assert compare(CDN, {"orderedCacheBehaviors": behaviours}, {"orderedCacheBehaviors": behaviours[::-1]}, {})


def test_an_item_added_to_a_set_is_one_addition() -> None:
    old, new = [{"originId": "a"}, {"originId": "b"}], [{"originId": "c"}, {"originId": "b"}, {"originId": "a"}]
    assert compare(CDN, {"origins": old}, {"origins": new}, {}) == {"origins[0]": ChangeKind.ADD}


def test_policies_are_compared_by_what_they_say() -> None:
    one = json.dumps({"Statement": [{"Action": ["a", "b"], "Effect": "Allow"}]})
    other = json.dumps({"Statement": {"Effect": "Allow", "Action": ["b", "a"]}}, indent=2)
    assert document(one) != document("{}")
    assert compare(POLICY, {"policy": one}, {"policy": one.replace(" ", "")}, {}) == {}
    assert compare(POLICY, {"policy": other}, {"policy": one.replace("[{", "{").replace("}]", "}")}, {}) == {}
    assert compare(POLICY, {"policy": one}, {"policy": one.replace("Allow", "Deny")}, {})


def test_true_is_not_one() -> None:
    assert compare(BUCKET, {"forceDestroy": 1}, {"forceDestroy": True}, {}) == {"forceDestroy": ChangeKind.UPDATE}


def test_a_downgrade_replaces_and_an_upgrade_does_not() -> None:
    assert compare(REDIS, {"engineVersion": "7.0"}, {"engineVersion": "7.1"}, {}) == {
        "engineVersion": ChangeKind.UPDATE
    }
    assert compare(REDIS, {"engineVersion": "7.1"}, {"engineVersion": "6.2"}, {}) == {
        "engineVersion": ChangeKind.UPDATE_REPLACE
    }


def test_projection_keeps_what_agrees_and_shows_what_drifted() -> None:
    inputs = {
        "allocatedStorage": 20, "engineVersion": "15", "password": "secret", "skipFinalSnapshot": True,
        "vpcSecurityGroupIds": ["b", "a"],
    }  # fmt: skip
    state = {"allocatedStorage": 30, "engineVersion": "15.12", "vpcSecurityGroupIds": ["a", "b"], "backupWindow": "x"}
    assert project(DATABASE, inputs, state) == {**inputs, "allocatedStorage": 30}


def test_projection_ignores_defaults_deep_inside_and_sees_changes_there() -> None:
    rules = [{"id": "a", "status": "Enabled", "expiration": {"days": 1}}]
    told = [{"id": "a", "status": "Enabled", "expiration": {"days": 1, "expiredObjectDeleteMarker": False}}]
    assert project(LIFECYCLE, {"bucket": "b", "rules": rules}, {"bucket": "b", "rules": told})["rules"] == rules
    told[0]["expiration"]["days"] = 2  # type: ignore[index]
    drifted = project(LIFECYCLE, {"bucket": "b", "rules": rules}, {"bucket": "b", "rules": told})["rules"]
    assert drifted == [{**rules[0], "expiration": {"days": 2}}]


def test_projection_sees_an_item_that_somebody_added_to_a_set() -> None:
    mine, theirs = {"originId": "a", "domainName": "x"}, {"originId": "b", "domainName": "y", "originPath": ""}
    found = project(CDN, {"origins": [mine]}, {"origins": [theirs, {**mine, "originPath": ""}]})["origins"]
    assert found == [mine, theirs]


def test_projection_sees_that_something_is_gone() -> None:
    assert project(DATABASE, {"maxAllocatedStorage": 100, "deletionProtection": False}, {}) == {
        "deletionProtection": False
    }
