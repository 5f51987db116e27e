"""CloudFront's API through botocore (P0-CDN, SR-CDN): policies, distributions, invalidations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.unit

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


@pytest.fixture
def cloudfront(client: Callable[..., Any]) -> Any:
    return client("cloudfront")


def error_code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def cache_policy(name: str, **more: Any) -> dict[str, Any]:
    key = {
        "EnableAcceptEncodingGzip": True,
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
    }
    timing = {"MinTTL": 0, "DefaultTTL": 60, "MaxTTL": 3600}
    return {"Name": name, **timing, "ParametersInCacheKeyAndForwardedToOrigin": {**key, **more}}


def origin_request_policy(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
    }


def response_headers_policy(name: str) -> dict[str, Any]:
    return {"Name": name, "SecurityHeadersConfig": {"ContentTypeOptions": {"Override": True}}}


KINDS = {
    "cache_policy": ("CachePolicy", "list_cache_policies", cache_policy),
    "origin_request_policy": ("OriginRequestPolicy", "list_origin_request_policies", origin_request_policy),
    "response_headers_policy": ("ResponseHeadersPolicy", "list_response_headers_policies", response_headers_policy),
}


@pytest.mark.parametrize("snake", KINDS)
def test_every_kind_of_policy_lives_through_its_operations(cloudfront: Any, unique: str, snake: str) -> None:
    noun, lister, config_of = KINDS[snake]
    created = getattr(cloudfront, f"create_{snake}")(**{f"{noun}Config": config_of(unique)})
    identifier = created[noun]["Id"]
    with pytest.raises(ClientError) as error:
        getattr(cloudfront, f"create_{snake}")(**{f"{noun}Config": config_of(unique)})
    assert error_code(error) == f"{noun}AlreadyExists"
    read = getattr(cloudfront, f"get_{snake}")(Id=identifier)
    assert (read["ETag"], read[noun][f"{noun}Config"]["Name"]) == (created["ETag"], unique)
    changed_config = {**config_of(unique), "Comment": "changed"}
    with pytest.raises(ClientError) as error:
        getattr(cloudfront, f"update_{snake}")(Id=identifier, IfMatch="EWRONG", **{f"{noun}Config": changed_config})
    assert error_code(error) == "PreconditionFailed"
    changed = getattr(cloudfront, f"update_{snake}")(
        Id=identifier, IfMatch=read["ETag"], **{f"{noun}Config": changed_config}
    )
    assert changed["ETag"] != read["ETag"]
    config = getattr(cloudfront, f"get_{snake}_config")(Id=identifier)
    assert config[f"{noun}Config"]["Comment"] == "changed"
    custom = getattr(cloudfront, lister)(Type="custom")[f"{noun}List"]["Items"]
    assert identifier in {item[noun]["Id"] for item in custom}
    getattr(cloudfront, f"delete_{snake}")(Id=identifier, IfMatch=changed["ETag"])
    with pytest.raises(ClientError) as error:
        getattr(cloudfront, f"get_{snake}")(Id=identifier)
    assert error_code(error) == f"NoSuch{noun}"


def test_managed_policies_are_known_and_fixed(cloudfront: Any) -> None:
    policy = cloudfront.get_cache_policy(Id=CACHING_OPTIMIZED)
    assert policy["CachePolicy"]["CachePolicyConfig"]["Name"] == "Managed-CachingOptimized"
    with pytest.raises(ClientError) as error:
        cloudfront.delete_cache_policy(Id=CACHING_OPTIMIZED, IfMatch=policy["ETag"])
    assert error_code(error) == "IllegalUpdate"


def test_a_policy_that_the_edge_cannot_follow_is_refused(cloudfront: Any, unique: str) -> None:
    odd = {"HeaderBehavior": "whitelist", "Headers": {"Quantity": 1, "Items": ["CloudFront-Viewer-Country"]}}
    with pytest.raises(ClientError, match="CloudFront-Viewer-Country"):
        cloudfront.create_cache_policy(CachePolicyConfig=cache_policy(unique, HeadersConfig=odd))
    timing = {"Name": unique, "ServerTimingHeadersConfig": {"Enabled": True, "SamplingRate": 1}}
    with pytest.raises(ClientError, match="Server-Timing"):
        cloudfront.create_response_headers_policy(ResponseHeadersPolicyConfig=timing)


def distribution(reference: str, **more: Any) -> dict[str, Any]:
    origin = {
        "Id": "assets",
        "DomainName": "assets.s3.eu-west-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    behaviour = {
        "TargetOriginId": "assets",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": CACHING_OPTIMIZED,
    }
    return {
        "CallerReference": reference,
        "Comment": "assets",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": behaviour,
        **more,
    }


def with_behaviour(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**config, "DefaultCacheBehavior": {**config["DefaultCacheBehavior"], **more}}


def test_a_distribution_answers_what_was_declared(cloudfront: Any, unique: str) -> None:
    """P0-CDN: origin access control and behaviours come back, defaults are filled in."""
    control = cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": unique,
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )
    identifier = control["OriginAccessControl"]["Id"]
    declared = distribution(unique)
    declared["Origins"]["Items"][0]["OriginAccessControlId"] = identifier
    tags = {"Items": [{"Key": "team", "Value": "a"}]}
    created = cloudfront.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": declared, "Tags": tags}
    )["Distribution"]
    read = cloudfront.get_distribution(Id=created["Id"])
    config = read["Distribution"]["DistributionConfig"]
    assert read["Distribution"]["Status"] == "Deployed"
    assert read["Distribution"]["DomainName"].startswith("10.213.")
    assert config["Origins"]["Items"][0]["OriginAccessControlId"] == identifier
    assert config["DefaultCacheBehavior"]["AllowedMethods"]["Items"] == ["HEAD", "GET"]
    assert cloudfront.list_tags_for_resource(Resource=created["ARN"])["Tags"] == tags
    with pytest.raises(ClientError) as error:
        cloudfront.delete_origin_access_control(Id=identifier, IfMatch=control["ETag"])
    assert error_code(error) == "OriginAccessControlInUse"


def test_a_distribution_is_disabled_before_it_is_deleted(cloudfront: Any, unique: str) -> None:
    created = cloudfront.create_distribution(DistributionConfig=distribution(unique))
    identifier = created["Distribution"]["Id"]
    with pytest.raises(ClientError) as error:
        cloudfront.delete_distribution(Id=identifier, IfMatch=created["ETag"])
    assert error_code(error) == "DistributionNotDisabled"
    config = cloudfront.get_distribution_config(Id=identifier)
    disabled = {**config["DistributionConfig"], "Enabled": False}
    updated = cloudfront.update_distribution(Id=identifier, IfMatch=config["ETag"], DistributionConfig=disabled)
    with pytest.raises(ClientError) as error:
        cloudfront.delete_distribution(Id=identifier, IfMatch=config["ETag"])
    assert error_code(error) == "PreconditionFailed"
    cloudfront.delete_distribution(Id=identifier, IfMatch=updated["ETag"])
    with pytest.raises(ClientError) as error:
        cloudfront.get_distribution(Id=identifier)
    assert error_code(error) == "NoSuchDistribution"


def test_an_invalidation_completes(cloudfront: Any, unique: str) -> None:
    identifier = cloudfront.create_distribution(DistributionConfig=distribution(unique))["Distribution"]["Id"]
    batch = {"Paths": {"Quantity": 1, "Items": ["/img/*"]}, "CallerReference": "1"}
    created = cloudfront.create_invalidation(DistributionId=identifier, InvalidationBatch=batch)["Invalidation"]
    assert created["Status"] == "InProgress"
    read = cloudfront.get_invalidation(DistributionId=identifier, Id=created["Id"])["Invalidation"]
    assert read["Status"] == "Completed"
    batch["Paths"] = {"Quantity": 1, "Items": ["img"]}
    with pytest.raises(ClientError) as error:
        cloudfront.create_invalidation(DistributionId=identifier, InvalidationBatch=batch)
    assert error_code(error) == "InvalidArgument"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: with_behaviour(c, CachePolicyId="nope"), "NoSuchCachePolicy"),
        (lambda c: with_behaviour(c, TargetOriginId="nope"), "NoSuchOrigin"),
        (lambda c: {**c, "WebACLId": "arn:aws:wafv2:us-east-1:1:global/webacl/a/b"}, "InvalidWebACLId"),
        (
            lambda c: with_behaviour(
                c,
                FunctionAssociations={
                    "Quantity": 1,
                    "Items": [{"FunctionARN": "arn:aws:cloudfront::1:function/f", "EventType": "viewer-request"}],
                },
            ),
            "UnsupportedOperation",
        ),
        (lambda c: {**c, "DefaultRootObject": 'index.html"; evil'}, "UnsupportedOperation"),
    ],
)
def test_what_cannot_be_honoured_is_refused(cloudfront: Any, unique: str, change: Any, code: str) -> None:
    with pytest.raises(ClientError) as error:
        cloudfront.create_distribution(DistributionConfig=change(distribution(unique)))
    assert error_code(error) == code


def _group(*members: str) -> dict[str, Any]:
    """A distribution's origin groups: one, of these origins."""
    group = {
        "Id": "either",
        "FailoverCriteria": {"StatusCodes": {"Quantity": 1, "Items": [503]}},
        "Members": {"Quantity": len(members), "Items": [{"OriginId": member} for member in members]},
    }
    return {"Quantity": 1, "Items": [group]}


def test_failover_and_countries_are_answered_back(cloudfront: Any, unique: str) -> None:
    """P0-CDN, P0-EDGE: declared as on AWS."""
    declared = distribution(unique)
    [origin] = declared["Origins"]["Items"]
    declared["Origins"] = {"Quantity": 2, "Items": [origin, {**origin, "Id": "copy"}]}
    declared["OriginGroups"] = _group(origin["Id"], "copy")
    declared["DefaultCacheBehavior"]["TargetOriginId"] = "either"
    declared["Restrictions"] = {"GeoRestriction": {"RestrictionType": "blacklist", "Quantity": 1, "Items": ["XX"]}}
    made = cloudfront.create_distribution(DistributionConfig=declared)["Distribution"]
    told = cloudfront.get_distribution_config(Id=made["Id"])["DistributionConfig"]
    for member in ("Restrictions", "OriginGroups"):
        assert told[member] == declared[member]


def test_origin_groups_are_of_known_origins_and_for_reading(cloudfront: Any, unique: str) -> None:
    """P0-CDN: as CloudFront has it."""
    declared = distribution(unique)
    [origin] = declared["Origins"]["Items"]
    declared["DefaultCacheBehavior"]["TargetOriginId"] = "either"
    with pytest.raises(ClientError) as error:
        cloudfront.create_distribution(DistributionConfig={**declared, "OriginGroups": _group(origin["Id"], "nope")})
    assert error_code(error) == "NoSuchOrigin"
    methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    declared["DefaultCacheBehavior"]["AllowedMethods"] = {"Quantity": len(methods), "Items": methods}
    with pytest.raises(ClientError) as error:
        cloudfront.create_distribution(DistributionConfig={**declared, "OriginGroups": _group(origin["Id"], "copy")})
    assert error_code(error) == "InvalidArgument"


def _certificate(client: Callable[..., Any], *names: str) -> str:
    """An issued certificate of ACM's."""
    acm = client("acm", region_name="us-east-1")
    arn = acm.request_certificate(DomainName=names[0], SubjectAlternativeNames=list(names), ValidationMethod="DNS")[
        "CertificateArn"
    ]
    while acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] != "ISSUED":
        pass
    return str(arn)


def _named(config: dict[str, Any], arn: str | None, *names: str) -> dict[str, Any]:
    viewer = {"CloudFrontDefaultCertificate": True}
    if arn is not None:
        viewer = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    return {**config, "Aliases": {"Quantity": len(names), "Items": list(names)}, "ViewerCertificate": viewer}


def test_own_names_need_a_certificate_that_covers_them(cloudfront: Any, client: Any, unique: str) -> None:
    """P0-CDN: aliases with a certificate of ACM's."""
    arn = _certificate(client, f"{unique}.test", f"*.{unique}.test")
    config = distribution(unique)
    for wrong in (
        _named(config, None, f"{unique}.test"),
        _named(config, arn, "other.test"),
        _named(config, arn, f"a.b.{unique}.test"),
        _named(config, arn.replace("us-east-1", "eu-west-1"), f"{unique}.test"),
    ):
        with pytest.raises(ClientError) as error:
            cloudfront.create_distribution(DistributionConfig=wrong)
        assert error_code(error) == "InvalidViewerCertificate"
    good = _named(config, arn, f"{unique}.test", f"www.{unique}.test")
    made = cloudfront.create_distribution(DistributionConfig=good)
    with pytest.raises(ClientError) as error:
        cloudfront.create_distribution(DistributionConfig={**good, "CallerReference": f"{unique}-2"})
    assert error_code(error) == "CNAMEAlreadyExists"
    read = cloudfront.get_distribution_config(Id=made["Distribution"]["Id"])
    cloudfront.update_distribution(
        Id=made["Distribution"]["Id"], IfMatch=read["ETag"], DistributionConfig=read["DistributionConfig"]
    )


def test_an_operation_that_nobody_implements_says_so(cloudfront: Any) -> None:
    with pytest.raises(ClientError) as error:
        cloudfront.create_monitoring_subscription(DistributionId="E1", MonitoringSubscription={})
    assert error_code(error) == "UnsupportedOperation"
