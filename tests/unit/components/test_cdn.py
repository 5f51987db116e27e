"""Cdn: what it registers, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
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


def test_the_served_bucket_has_one_policy_for_tls_and_for_this_distribution_only(record: Callable[..., Any]) -> None:
    """SR-CDN, SR-STORE: a second policy resource would overwrite the first."""
    recording = record(_with_cdn)
    assert sorted(item.name for item in recording.of("BucketPolicy")) == [
        "cdn-bucket-policy",
        "storage-backups-policy",
        "storage-uploads-policy",
    ]
    policy = recording.one("BucketPolicy", "cdn-bucket-policy")
    *denied, allow = json.loads(policy.inputs["policy"])["Statement"]
    assert {each["Effect"] for each in denied} == {"Deny"}
    assert "TlsOnly" in {each["Sid"] for each in denied}
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
