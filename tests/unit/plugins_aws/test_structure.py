"""Between Pulumi's names and AWS's."""

from __future__ import annotations

import datetime

import pytest

from local.plugins.aws import naming
from local.plugins.aws.api import input_shape
from local.plugins.aws.declaration import AutoName
from local.plugins.aws.models import service_model
from local.plugins.aws.schema import Field, Kind
from local.plugins.aws.structure import from_api, place, to_api
from local.plugins.aws.types import cloudfront_distribution, ec2_routes, elasticache
from local.plugins.provider import ProviderError

pytestmark = pytest.mark.unit

NAMES = cloudfront_distribution.DISTRIBUTION.names
TEXT, NUMBER = Field(Kind("string")), Field(Kind("integer"))
ORIGINS = Kind("list", item=Kind("object", fields={"originId": TEXT, "domainName": TEXT, "connectionAttempts": NUMBER}))


def test_lists_become_counted_items_and_back() -> None:
    shape = input_shape(service_model("cloudfront"), "CreateDistribution").members["DistributionConfig"]
    origins = [{"originId": "a", "domainName": "d", "connectionAttempts": 3}]
    sent = to_api(origins, shape.members["Origins"], NAMES, "origins")
    assert sent == {"Quantity": 1, "Items": [{"Id": "a", "DomainName": "d", "ConnectionAttempts": 3}]}
    assert from_api(sent, ORIGINS, NAMES, "origins") == origins


def test_acronyms_match_without_regard_to_case() -> None:
    shape = input_shape(service_model("s3"), "PutBucketEncryption").members["ServerSideEncryptionConfiguration"]
    rules = {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"}}]}
    assert to_api(rules, shape, {}) == {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}]
    }


def test_tags_inside_a_filter_are_pairs() -> None:
    shape = input_shape(service_model("s3"), "PutBucketLifecycleConfiguration").members["LifecycleConfiguration"]
    sent = to_api({"rules": [{"filter": {"and": {"tags": {"b": "2", "a": "1"}}}}]}, shape, {})
    pairs = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert sent == {"Rules": [{"Filter": {"And": {"Tags": pairs}}}]}
    assert from_api(pairs, Kind("map", item=Kind("string")), {}) == {"a": "1", "b": "2"}


def test_a_nested_property_without_a_counterpart_is_an_error() -> None:
    shape = input_shape(service_model("s3"), "PutBucketVersioning")
    with pytest.raises(ProviderError, match="nested property colour"):
        to_api({"colour": "red"}, shape, {})


def test_values_take_the_type_that_is_asked_for() -> None:
    assert from_api("200", Kind("integer"), {}) == 200
    assert from_api("", Kind("integer"), {}) is None
    assert from_api(True, Kind("string"), {}) == "true"
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert from_api(moment, Kind("string"), {}) == "2026-01-02T03:04:05Z"


def test_members_are_placed_by_dotted_path() -> None:
    request: dict[str, object] = {"A": {"B": 1}}
    place(request, "A.C.D", 2)
    assert request == {"A": {"B": 1, "C": {"D": 2}}}


def test_generated_names_keep_within_their_length() -> None:
    rule = AutoName("replicationGroupId", maximum=40, lower=True)
    name = naming.generated(rule, "A" * 60, b"seed")
    assert len(name) == 40 and name.islower()
    assert name == naming.generated(rule, "A" * 60, b"seed") != naming.generated(rule, "A" * 60, b"other")
    assert naming.generated(rule, "a", b"") != naming.generated(rule, "a", b"")


def test_a_routes_id_is_the_official_providers() -> None:
    """The CRC-32 of 0.0.0.0/0 is in every AWS account's state files."""
    assert ec2_routes.route_id("rtb-0123", "0.0.0.0/0") == "r-rtb-01231080289494"


@pytest.mark.parametrize(("actual", "short"), [("7.1.0", "7.1"), ("6.2.6", "6.2"), ("5.0.6", "5.0.6")])
def test_redis_versions_as_programs_write_them(actual: str, short: str) -> None:
    assert elasticache.short_version(actual) == short
