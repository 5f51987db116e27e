"""ObjectStorage and Cdn: what they register, in which order, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from components.cdn import Cdn, CdnArgs
from components.errors import Refused
from components.storage import BucketArgs, ObjectStorage, ObjectStorageArgs

pytestmark = pytest.mark.unit

BUCKETS = {
    "uploads": BucketArgs(purpose="uploads", cors_origins=["https://app.test"]),
    "assets": BucketArgs(purpose="assets"),
    "backups": BucketArgs(purpose="backups"),
}
ARGS = ObjectStorageArgs(prefix="shop-prod", account="123456789012", region="eu-west-1", buckets=BUCKETS)


def _with_cdn() -> Cdn:
    args = ObjectStorageArgs(
        prefix="shop-prod", account="1", region="eu-west-1", buckets=BUCKETS, policies_elsewhere={"assets"}
    )
    storage = ObjectStorage("storage", args)
    return Cdn("cdn", CdnArgs(identifier="shop-prod-cdn", bucket=storage.buckets["assets"]))


@pytest.mark.parametrize("bucket", sorted(BUCKETS))
def test_every_bucket_is_encrypted_versioned_private_and_owned(record: Callable[..., Any], bucket: str) -> None:
    """SR-STORE, P0-S3."""
    recording = record(lambda: ObjectStorage("storage", ARGS))
    name = f"storage-{bucket}"
    assert recording.one("bucket:Bucket", name).inputs["bucket"] == f"shop-prod-{bucket}-123456789012"
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


@pytest.mark.parametrize("bucket", sorted(BUCKETS))
def test_requests_without_tls_are_refused(record: Callable[..., Any], bucket: str) -> None:
    """SR-STORE."""
    recording = record(lambda: ObjectStorage("storage", ARGS))
    [statement] = json.loads(recording.one("BucketPolicy", f"storage-{bucket}-policy").inputs["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_a_buckets_settings_are_made_one_after_the_other(record: Callable[..., Any]) -> None:
    """S3 answers two changes at a time with a conflict."""
    recording = record(lambda: ObjectStorage("storage", ARGS))
    chain = [
        item
        for item in recording.resources
        if item.name.startswith("storage-uploads-") and item.type.startswith("aws:")
    ]
    by_name = {item.name.removeprefix("storage-uploads-"): item for item in chain}
    order = ["ownership", "public-access", "encryption", "versioning", "lifecycle", "cors", "policy"]
    assert sorted(by_name) == sorted(order)
    for before, after in pairwise(order):
        assert any(urn.endswith(f"::storage-uploads-{before}") for urn in by_name[after].depends_on), (before, after)


def test_incomplete_uploads_and_old_versions_do_not_pile_up(record: Callable[..., Any]) -> None:
    recording = record(lambda: ObjectStorage("storage", ARGS))
    lifecycles = recording.of("BucketLifecycleConfiguration")
    assert len(lifecycles) == len(BUCKETS), "one a bucket: a second would overwrite the first"
    for item in lifecycles:
        rule = item.inputs["rules"][0]
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
        assert rule["noncurrentVersionExpiration"]["noncurrentDays"] >= 30


def test_the_served_bucket_has_one_policy_for_tls_and_for_this_distribution_only(record: Callable[..., Any]) -> None:
    """SR-CDN, SR-STORE: a second policy resource would overwrite the first."""
    recording = record(_with_cdn)
    assert sorted(item.name for item in recording.of("BucketPolicy")) == [
        "cdn-bucket-policy",
        "storage-backups-policy",
        "storage-uploads-policy",
    ]
    policy = recording.one("BucketPolicy", "cdn-bucket-policy")
    deny, allow = json.loads(policy.inputs["policy"])["Statement"]
    assert deny["Effect"] == "Deny"
    assert allow["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allow["Action"] == "s3:GetObject"
    assert allow["Condition"] == {"StringEquals": {"AWS:SourceArn": "arn:aws:test:::cdn-distribution"}}
    assert any(urn.endswith("::storage-assets-lifecycle") for urn in policy.depends_on)


def test_the_distribution_signs_its_requests_and_speaks_https_only(record: Callable[..., Any]) -> None:
    """SR-CDN, P0-CDN."""
    distribution = record(_with_cdn).one("Distribution").inputs
    [origin] = distribution["origins"]
    assert origin["originAccessControlId"] == "cdn-access-id"
    assert "s3OriginConfig" not in origin, "an empty one beside an access control drifts"
    for behaviour in [distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"]]:
        assert behaviour["viewerProtocolPolicy"] == "redirect-to-https"
        assert not set(behaviour["allowedMethods"]) & {"PUT", "POST", "DELETE", "PATCH"}


def test_immutable_files_are_kept_for_a_year_and_pages_for_a_minute(record: Callable[..., Any]) -> None:
    """P0-CDN: cache rules by content type."""
    recording = record(_with_cdn)
    immutable = recording.one("CachePolicy", "cdn-immutable-cache").inputs
    html = recording.one("CachePolicy", "cdn-html-cache").inputs
    assert immutable["defaultTtl"] == 31536000
    assert html["defaultTtl"] == 60
    headers = recording.one("ResponseHeadersPolicy", "cdn-immutable-headers").inputs
    [cache_control] = headers["customHeadersConfig"]["items"]
    assert cache_control["value"] == "public, max-age=31536000, immutable"
    assert "customHeadersConfig" not in recording.one("ResponseHeadersPolicy", "cdn-html-headers").inputs


def test_nothing_of_the_viewer_is_part_of_the_cache_key(record: Callable[..., Any]) -> None:
    """SR-CDN: no answer depends on who asks, so that none can be served to somebody else."""
    for policy in record(_with_cdn).of("CachePolicy"):
        key = policy.inputs["parametersInCacheKeyAndForwardedToOrigin"]
        assert key["cookiesConfig"] == {"cookieBehavior": "none"}
        assert key["headersConfig"] == {"headerBehavior": "none"}


@pytest.mark.parametrize("paths", [[], ["/*"], ["/assets/*", "*"]])
def test_pages_cannot_be_declared_immutable(record: Callable[..., Any], paths: list[str]) -> None:
    def build() -> Refused:
        storage = ObjectStorage("storage", ARGS)
        with pytest.raises(Refused, match="immutable_paths") as caught:
            Cdn("cdn", CdnArgs(identifier="x", bucket=storage.buckets["assets"], immutable_paths=paths))
        return caught.value

    assert not record(build).of("Distribution")
