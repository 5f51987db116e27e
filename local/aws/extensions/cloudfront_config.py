"""A distribution's configuration: CloudFront's defaults, and what the local edge cannot do."""

from __future__ import annotations

import ipaddress
from typing import Any

from local.aws.errors import Invalid, Refused
from local.aws.extensions.cloudfront_limits import check_words
from local.aws.state import CURRENT

_EMPTY: dict[str, Any] = {"Quantity": 0}


def with_defaults(config: dict[str, Any]) -> dict[str, Any]:
    """Fill in what CloudFront answers for members that were not given; changes and returns `config`."""
    for member in ("Aliases", "OriginGroups", "CacheBehaviors", "CustomErrorResponses"):
        config[member] = _counted(config.get(member))
    config.setdefault("Comment", "")
    config.setdefault("DefaultRootObject", "")
    config.setdefault("PriceClass", "PriceClass_All")
    config.setdefault("HttpVersion", "http2")
    config.setdefault("IsIPV6Enabled", False)
    config.setdefault("WebACLId", "")
    config.setdefault("Staging", False)
    config.setdefault("Logging", {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""})
    config.setdefault("Restrictions", {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}})
    viewer = config.setdefault("ViewerCertificate", {"CloudFrontDefaultCertificate": True})
    if viewer.get("CloudFrontDefaultCertificate"):
        viewer.setdefault("MinimumProtocolVersion", "TLSv1")
        viewer.setdefault("CertificateSource", "cloudfront")
    config["Origins"] = _counted(config.get("Origins"))
    for origin in config["Origins"].get("Items", []):
        origin.setdefault("OriginPath", "")
        origin["CustomHeaders"] = _counted(origin.get("CustomHeaders"))
        origin.setdefault("ConnectionAttempts", 3)
        origin.setdefault("ConnectionTimeout", 10)
        origin.setdefault("OriginShield", {"Enabled": False})
        origin.setdefault("OriginAccessControlId", "")
        if "CustomOriginConfig" not in origin:
            origin.setdefault("S3OriginConfig", {"OriginAccessIdentity": ""})
    for behaviour in [*config["CacheBehaviors"].get("Items", []), config["DefaultCacheBehavior"]]:
        _behaviour_defaults(behaviour)
    return config


def _behaviour_defaults(behaviour: dict[str, Any]) -> None:
    behaviour.setdefault("TrustedSigners", {"Enabled": False, "Quantity": 0})
    behaviour.setdefault("TrustedKeyGroups", {"Enabled": False, "Quantity": 0})
    methods = behaviour.setdefault("AllowedMethods", {"Quantity": 2, "Items": ["HEAD", "GET"]})
    methods.setdefault("CachedMethods", {"Quantity": 2, "Items": ["HEAD", "GET"]})
    behaviour.setdefault("SmoothStreaming", False)
    behaviour.setdefault("Compress", False)
    behaviour.setdefault("FieldLevelEncryptionId", "")
    for member in ("LambdaFunctionAssociations", "FunctionAssociations"):
        behaviour[member] = _counted(behaviour.get(member))


def _counted(members: dict[str, Any] | None) -> dict[str, Any]:
    if not members or not members.get("Items"):
        return dict(_EMPTY)
    return {**members, "Quantity": len(members["Items"])}


def check_config(config: dict[str, Any]) -> None:
    """Refuse what AWS refuses, and what the local edge would do wrongly.

    Geographic restrictions are recorded: see docs/local-aws.md.

    Raises:
        Invalid: AWS would not take it either.
        Refused: the local edge cannot do it.
    """
    origins = {origin["Id"]: origin for origin in config["Origins"].get("Items", [])}
    groups = {group["Id"]: group for group in config["OriginGroups"].get("Items", [])}
    for behaviour in [*config["CacheBehaviors"].get("Items", []), config["DefaultCacheBehavior"]]:
        where = behaviour.get("PathPattern", "the default behaviour")
        if behaviour["TargetOriginId"] in groups:
            if not set(behaviour["AllowedMethods"]["Items"]) <= {"GET", "HEAD", "OPTIONS"}:
                raise Invalid("InvalidArgument", f"{where}: an origin group takes GET, HEAD and OPTIONS only.")
        elif behaviour["TargetOriginId"] not in origins:
            raise Invalid("NoSuchOrigin", f"{where}: no origin has the id {behaviour['TargetOriginId']!r}.")
        if behaviour["LambdaFunctionAssociations"]["Quantity"] or behaviour["FunctionAssociations"]["Quantity"]:
            raise Refused(f"functions at the edge ({where})")
        if behaviour["TrustedKeyGroups"].get("Enabled") or behaviour["TrustedSigners"].get("Enabled"):
            raise Refused(f"signed URLs ({where})")
        if "ForwardedValues" in behaviour:
            raise Refused(f"ForwardedValues ({where})", "Name a cache policy.")
        if not behaviour.get("CachePolicyId"):
            raise Invalid("InvalidArgument", f"{where}: CachePolicyId is missing.")
    for group in groups.values():
        if len(group["Members"]["Items"]) != 2:
            raise Invalid("InvalidArgument", f"{group['Id']}: an origin group has two members.")
        codes = {int(code) for code in group["FailoverCriteria"]["StatusCodes"].get("Items", [])}
        if not codes or not codes <= set(range(400, 600)):
            raise Invalid("InvalidArgument", f"{group['Id']}: failover takes status codes of errors.")
        for member in group["Members"]["Items"]:
            if member["OriginId"] not in origins:
                raise Invalid("NoSuchOrigin", f"{group['Id']}: no origin has the id {member['OriginId']!r}.")
    for origin in origins.values():
        _check_origin(origin)
    check_words(config)


def _check_origin(origin: dict[str, Any]) -> None:
    domain = origin["DomainName"]
    if "CustomOriginConfig" not in origin:
        if bucket_of(domain) is None:
            raise Invalid(
                "InvalidArgument",
                f"Origin {origin['Id']}: {domain} is not a bucket's domain name (BUCKET.s3.REGION.amazonaws.com).",
            )
        return
    try:
        inside = ipaddress.ip_address(domain) in ipaddress.ip_network(CURRENT.plan.network)
    except ValueError:
        inside = False
    if not inside:
        raise Refused(
            f"the custom origin {domain}", f"Origins are buckets, or addresses inside {CURRENT.plan.network}."
        )


def bucket_of(domain: str) -> str | None:
    """Bucket of an S3 domain name, None if it is none: `b.s3.amazonaws.com`, `b.s3.eu-west-1.amazonaws.com`."""
    head, found, tail = domain.rpartition(".s3.")
    if not found:
        head, found, tail = domain.rpartition(".s3-")
    return head if found and head and tail.endswith("amazonaws.com") else None
