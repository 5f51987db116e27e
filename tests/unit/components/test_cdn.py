"""Cdn: what it registers, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.cdn import ApiArgs, Cdn, CdnArgs, GeoArgs
from components.cdn_domain import DomainArgs
from components.cdn_rules import overlap
from components.errors import Refused
from components.storage import BucketArgs, ObjectStorage, ObjectStorageArgs, ReplicaArgs

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


API = ApiArgs(domain="api.test", paths=["/api/*"], private_paths=["/api/account/*"])
DOMAIN = DomainArgs(names=["www.shop.test", "*.shop.test", "shop.test"], zone_id="ZSHOP")


def _cdn(**more: Any) -> Callable[[], Cdn]:
    def build() -> Cdn:
        buckets = {
            "assets": BucketArgs(purpose="assets", replica=ReplicaArgs(region="eu-central-1")),
            "logs": BucketArgs(purpose="logs"),
        }
        args = ObjectStorageArgs(
            prefix="shop", account="1", region="eu-west-1", buckets=buckets, policies_elsewhere={"assets"}
        )
        storage = ObjectStorage("storage", args)
        return Cdn("cdn", CdnArgs(identifier="shop-cdn", bucket=storage.buckets["assets"], logs=storage.logs, **more))

    return build


def _behaviours(recording: Any) -> dict[str, Any]:
    distribution = recording.one("Distribution").inputs
    ordered = {each["pathPattern"]: each for each in distribution["orderedCacheBehaviors"]}
    return {**ordered, "*": distribution["defaultCacheBehavior"]}


def test_the_api_is_never_cached_and_goes_before_everything_else(record: Callable[..., Any]) -> None:
    """SR-CDN, PV-CDN: whatever the origin says about caching."""
    recording = record(_cdn(api=API))
    assert list(_behaviours(recording)) == ["/api/account/*", "/api/*", "/assets/*", "*"]
    cache = recording.one("CachePolicy", "cdn-api-cache").inputs
    assert (cache["minTtl"], cache["defaultTtl"], cache["maxTtl"]) == (0, 0, 0)
    key = cache["parametersInCacheKeyAndForwardedToOrigin"]
    assert not key["enableAcceptEncodingGzip"], "CloudFront refuses it beside a greatest time of 0"
    for path in ("/api/account/*", "/api/*"):
        behaviour = _behaviours(recording)[path]
        assert behaviour["cachePolicyId"] == "cdn-api-cache-id"
        assert behaviour["viewerProtocolPolicy"] == "https-only", "a redirected POST loses its body"
        assert "POST" in behaviour["allowedMethods"]
    asked = recording.one("OriginRequestPolicy").inputs
    assert asked["headersConfig"] == {"headerBehavior": "allExcept", "headers": {"items": ["Host"]}}


def test_private_answers_are_kept_by_nobody(record: Callable[..., Any]) -> None:
    """SR-CDN."""
    recording = record(_cdn(api=API))
    [header] = recording.one("ResponseHeadersPolicy", "cdn-private-headers").inputs["customHeadersConfig"]["items"]
    assert header == {"header": "Cache-Control", "value": "private, no-store", "override": True}
    assert "customHeadersConfig" not in recording.one("ResponseHeadersPolicy", "cdn-api-headers").inputs


def test_every_answer_has_the_security_headers(record: Callable[..., Any]) -> None:
    """P0-CDN: HSTS, CSP, no sniff, no framing."""
    policies = record(_cdn(api=API)).of("ResponseHeadersPolicy")
    assert len(policies) == 4
    for policy in policies:
        security = policy.inputs["securityHeadersConfig"]
        assert security["strictTransportSecurity"]["accessControlMaxAgeSec"] >= 31536000
        assert security["contentTypeOptions"] == {"override": True}
        assert "frame-ancestors 'none'" in security["contentSecurityPolicy"]["contentSecurityPolicy"]
        assert security["contentSecurityPolicy"]["override"] is False
    without = record(_cdn(content_security_policy=None)).one("ResponseHeadersPolicy", "cdn-html-headers")
    assert "contentSecurityPolicy" not in without.inputs["securityHeadersConfig"]


def test_reads_fail_over_to_the_copy_which_only_this_distribution_reads(record: Callable[..., Any]) -> None:
    """P0-CDN, RB-CDN."""
    recording = record(_cdn())
    distribution = recording.one("Distribution").inputs
    [group] = distribution["originGroups"]
    assert [member["originId"] for member in group["members"]] == ["assets", "assets-copy"]
    assert not {403, 404} & set(group["failoverCriteria"]["statusCodes"]), "true answers are no failures"
    for behaviour in _behaviours(recording).values():
        assert behaviour["targetOriginId"] == "assets-or-copy"
        assert set(behaviour["allowedMethods"]) <= {"GET", "HEAD", "OPTIONS"}, "CloudFront refuses others there"
    policy = recording.one("BucketPolicy", "cdn-copy-policy").inputs
    assert policy["region"] == "eu-central-1"
    assert "DistributionReads" in policy["policy"]
    assert len([item for item in recording.of("BucketPolicy") if "replica" in str(item.inputs["bucket"])]) == 1


def test_no_origin_has_an_s3_configuration_beside_its_access_control(record: Callable[..., Any]) -> None:
    """The trap "CloudFront: OAC with an explicit empty s3OriginConfig drifts"."""
    for origin in record(_cdn(api=API)).one("Distribution").inputs["origins"]:
        assert "s3OriginConfig" not in origin
        assert ("originAccessControlId" in origin) != ("customOriginConfig" in origin)


def test_the_api_is_spoken_to_over_tls_1_2(record: Callable[..., Any]) -> None:
    """SR-CDN."""
    origins = {each["originId"]: each for each in record(_cdn(api=API)).one("Distribution").inputs["origins"]}
    custom = origins["api"]["customOriginConfig"]
    assert custom["originProtocolPolicy"] == "https-only"
    assert custom["originSslProtocols"] == ["TLSv1.2"]


def test_the_shield_is_at_the_bucket(record: Callable[..., Any]) -> None:
    """P0-CDN."""
    for origin in record(_cdn(origin_shield="eu-west-1")).one("Distribution").inputs["origins"]:
        assert origin["originShield"] == {"enabled": True, "originShieldRegion": "eu-west-1"}


def test_an_own_domain_gets_a_certificate_in_us_east_1_and_records(record: Callable[..., Any]) -> None:
    """The trap "CloudFront: its certificate lives in us-east-1"."""
    recording = record(_cdn(domain=DOMAIN))
    for kind in ("Certificate", "CertificateValidation"):
        assert recording.one(f"acm/{kind[0].lower()}{kind[1:]}:{kind}").inputs["region"] == "us-east-1"
    distribution = recording.one("Distribution").inputs
    assert distribution["aliases"] == ["www.shop.test", "*.shop.test", "shop.test"]
    assert distribution["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    assert distribution["viewerCertificate"]["sslSupportMethod"] == "sni-only"
    records = {item.name: item.inputs for item in recording.of("Record")}
    proofs = sorted(each["name"] for name, each in records.items() if "-proof-" in name)
    assert proofs == ["_proof.shop.test", "_proof.www.shop.test"], "a wildcard shares the record of what it is below"
    pointing = sorted((each["name"], each["type"]) for name, each in records.items() if "-proof-" not in name)
    assert len(pointing) == 6
    assert records["cdn-a-0"]["aliases"] == [{"name": "cdn.test", "zoneId": "ZCDN", "evaluateTargetHealth": False}]
    used = recording.one("Distribution").inputs["viewerCertificate"]["acmCertificateArn"]
    assert used == recording.one("CertificateValidation").inputs["certificateArn"]


def test_a_certificate_of_ones_own_is_used_as_it_is(record: Callable[..., Any]) -> None:
    arn = "arn:aws:acm:us-east-1:1:certificate/a"
    recording = record(_cdn(domain=DomainArgs(names=["www.shop.test"], certificate_arn=arn)))
    assert not recording.of("Certificate")
    assert not recording.of("Record"), "without a zone the records are the user's"
    assert recording.one("Distribution").inputs["viewerCertificate"]["acmCertificateArn"] == arn


def test_logs_are_delivered_by_version_two_without_cookies_and_queries(record: Callable[..., Any]) -> None:
    """The trap "CloudFront: version 1 logging needs ACLs and fails with BucketOwnerEnforced"; SR-SECRET."""
    recording = record(_cdn())
    assert "loggingConfig" not in recording.one("Distribution").inputs
    for kind in ("LogDeliverySource", "LogDeliveryDestination", "LogDelivery"):
        assert recording.one(f":{kind}").inputs["region"] == "us-east-1"
    target = recording.one(":LogDeliveryDestination")
    assert target.inputs["deliveryDestinationConfiguration"] == {
        "destinationResourceArn": "arn:aws:test:::storage-logs"
    }
    assert any(urn.endswith("::storage-logs-policy") for urn in target.depends_on)
    fields = recording.one(":LogDelivery").inputs["recordFields"]
    assert not {"cs(Cookie)", "cs-uri-query"} & set(fields)


def test_the_policy_comes_after_the_distribution_and_the_bucket_before(record: Callable[..., Any]) -> None:
    """The trap "CloudFront: OAC and bucket policy make a cycle unless built in the right order"."""
    names = [item.name for item in record(_cdn()).resources]
    assert names.index("storage-assets") < names.index("cdn-distribution") < names.index("cdn-bucket-policy")
    assert "storage-assets-policy" not in names


@pytest.mark.parametrize(
    ("geo", "expected"),
    [
        (None, {"restrictionType": "none"}),
        (GeoArgs(only=["FR", "DE"]), {"restrictionType": "whitelist", "locations": ["DE", "FR"]}),
        (GeoArgs(never=["XX"]), {"restrictionType": "blacklist", "locations": ["XX"]}),
    ],
)
def test_countries(record: Callable[..., Any], geo: GeoArgs | None, expected: dict[str, Any]) -> None:
    """P0-CDN."""
    restrictions = record(_cdn(geo=geo)).one("Distribution").inputs["restrictions"]
    assert restrictions == {"geoRestriction": expected}


def test_the_web_acl_is_named(record: Callable[..., Any]) -> None:
    """P0-EDGE."""
    assert record(_cdn(web_acl_arn="arn:acl")).one("Distribution").inputs["webAclId"] == "arn:acl"


def test_the_purge_policy_is_for_this_distribution_only(record: Callable[..., Any]) -> None:
    """RB-CDN, IAM: no wildcard."""
    recording = record(_cdn())
    [statement] = json.loads(recording.one("iam/policy:Policy").inputs["policy"])["Statement"]
    assert statement["Resource"] == "arn:aws:test:::cdn-distribution"
    assert statement["Action"] == ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]


CERTIFICATE = "arn:aws:acm:eu-west-1:1:certificate/a"
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("immutable_paths", {"immutable_paths": ["/api/v1/*"], "api": API}),
    ("immutable_paths", {"immutable_paths": ["*.js"], "api": ApiArgs(domain="a", paths=["/api/*"])}),
    ("api.paths", {"api": ApiArgs(domain="a", paths=["/*"]), "immutable_paths": ["/x"]}),
    ("api.paths", {"api": ApiArgs(domain="a", paths=["/api/*"], private_paths=["/api/*"])}),
    ("domain.certificate_arn", {"domain": DomainArgs(names=["a.test"], zone_id="Z", certificate_arn=CERTIFICATE)}),
    ("domain.zone_id", {"domain": DomainArgs(names=["a.test"])}),
    ("origin_shield", {"origin_shield": "eu-south-2"}),
    ("geo", {"geo": GeoArgs()}),
    ("geo", {"geo": GeoArgs(only=["DE"], never=["FR"])}),
]


@pytest.mark.parametrize(
    ("setting", "more"), REFUSED, ids=[f"{index}-{name}" for index, (name, _) in enumerate(REFUSED)]
)
def test_unsafe_distributions_are_refused_before_anything_is_made(
    record: Callable[..., Any], setting: str, more: dict[str, Any]
) -> None:
    """SR-CDN, P0-CDN."""

    def build() -> None:
        with pytest.raises(Refused) as caught:
            _cdn(**more)()
        assert {item.setting for item in caught.value.refusals} == {setting}

    assert not record(build).of("Distribution")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/assets/*", "/api/*", False),
        ("/api/static/*", "/api/*", True),
        ("*.js", "/api/*", True),
        ("/assets/*.js", "/assets/*.css", False),
        ("/a", "/a", True),
        ("/a", "/b*", False),
        ("/api/x", "/api/*", True),
    ],
)
def test_patterns_overlap_if_a_path_could_match_both(one: str, other: str, expected: bool) -> None:
    """SR-CDN."""
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected
