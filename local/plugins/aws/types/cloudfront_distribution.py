"""CloudFront distributions."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from local.plugins.aws import requests, tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Change, Property, ResourceType, Status, Timeouts, Values
from local.plugins.provider import CheckFailure, ProviderError

_GONE = ("NoSuchDistribution",)
_CONFIG = "DistributionConfig"
# The zone that alias records of every distribution point to, as AWS documents it.
_ZONE = "Z2FDTNDATAQYW2"
_NAMES = {
    "orderedCacheBehaviors": "CacheBehaviors",
    "loggingConfig": "Logging",
    "origins.originId": "Id",
    "originGroups.originId": "Id",
    "origins.customHeaders.name": "HeaderName",
    "origins.customHeaders.value": "HeaderValue",
    "restrictions.geoRestriction.locations": "Items",
    "lambdaArn": "LambdaFunctionARN",
    "functionArn": "FunctionARN",
}


def _behaviours(values: Values, default: str, ordered: str) -> Iterator[Values]:
    if isinstance(values.get(default), dict):
        yield values[default]
    others = values.get(ordered) or []
    yield from others.get("Items") or [] if isinstance(others, dict) else others


def _encoded(inputs: Values) -> Values:
    """The API keeps the cached methods inside the allowed ones."""
    found = copy.deepcopy(inputs)
    for behaviour in _behaviours(found, "defaultCacheBehavior", "orderedCacheBehaviors"):
        cached = behaviour.pop("cachedMethods", None)
        if cached is not None:
            behaviour["allowedMethods"] = {"items": behaviour.get("allowedMethods") or [], "cachedMethods": cached}
    return found


def _present(found: Values) -> Values:
    """The other way round, and without what CloudFront fills in only to say that there is none."""
    found = copy.deepcopy(found)
    for behaviour in _behaviours(found, "DefaultCacheBehavior", "CacheBehaviors"):
        allowed = behaviour.get("AllowedMethods") or {}
        behaviour["CachedMethods"] = allowed.get("CachedMethods")
    for origin in (found.get("Origins") or {}).get("Items") or []:
        if not (origin.get("S3OriginConfig") or {}).get("OriginAccessIdentity"):
            origin.pop("S3OriginConfig", None)
    logging = found.get("Logging") or {}
    if not logging.get("Enabled", True) or not logging.get("Bucket"):
        found.pop("Logging", None)
    return found


def _configuration(api: Api, inputs: Values, reference: str) -> Values:
    shape = api.input_shape("CreateDistribution").members[_CONFIG]
    config: dict[str, Any] = requests.members(DISTRIBUTION, shape, _encoded(inputs))
    config |= {"CallerReference": reference, "Comment": config.get("Comment", "")}
    for behaviour in _behaviours(config, "DefaultCacheBehavior", "CacheBehaviors"):
        for name in ("TrustedSigners", "TrustedKeyGroups"):
            if name in behaviour:
                behaviour[name]["Enabled"] = bool(behaviour[name].get("Items"))
        if "CachePolicyId" not in behaviour and "ForwardedValues" in behaviour:
            behaviour.setdefault("MinTTL", 0)
    for origin in config["Origins"]["Items"]:
        origin.setdefault("OriginPath", "")
        origin.setdefault("CustomHeaders", {"Quantity": 0})
        if "CustomOriginConfig" not in origin and "VpcOriginConfig" not in origin:
            # With an origin access control the identity of old stays empty; CloudFront asks for it all the same.
            origin.setdefault("S3OriginConfig", {"OriginAccessIdentity": ""})
    if "Logging" in config:
        config["Logging"] = {"Enabled": True, "IncludeCookies": False, "Prefix": "", **config["Logging"]}
    return config


def _make(api: Api, inputs: Values, mark: str) -> str:
    config = _configuration(api, inputs, mark)
    answer = api.call(
        "CreateDistributionWithTags",
        DistributionConfigWithTags={
            _CONFIG: config,
            "Tags": {"Items": tags.pairs(inputs.get("tagsAll") or {})},
        },
    )
    return str(answer["Distribution"]["Id"])


def _find(api: Api, inputs: Values, mark: str) -> str | None:
    """The mark is the caller reference, which the list does not show."""
    if not mark:
        return None
    for id in api.pages("ListDistributions", "DistributionList.Items[].Id"):
        told = api.maybe(_GONE, "GetDistributionConfig", Id=id)
        if told and told[_CONFIG].get("CallerReference") == mark:
            return str(id)
    return None


def _read(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "GetDistribution", Id=id)
    if answer is None:
        return None
    distribution: Values = dict(answer["Distribution"])
    config = distribution.pop(_CONFIG)
    return {**config, **distribution, "ETag": answer.get("ETag")}


_READ_TAGS = tags.listed_by("ListTagsForResource", "Resource")


def _change(api: Api, id: str, change: Change) -> None:
    if not change.names - {"waitForDeployment", "retainOnDelete"}:
        return
    told = api.call("GetDistributionConfig", Id=id)
    config = _configuration(api, change.new, told[_CONFIG]["CallerReference"])
    api.call("UpdateDistribution", Id=id, IfMatch=told.get("ETag"), **{_CONFIG: config})


def _remove(api: Api, id: str, outputs: Values) -> None:
    """CloudFront deletes only what is disabled, and disabled everywhere."""
    told = api.maybe(_GONE, "GetDistributionConfig", Id=id)
    if told is None:
        return
    if told[_CONFIG]["Enabled"]:
        config = {**told[_CONFIG], "Enabled": False}
        api.call("UpdateDistribution", Id=id, IfMatch=told.get("ETag"), **{_CONFIG: config})
    pause = 0.1
    while True:
        found = api.maybe(_GONE, "GetDistribution", Id=id)
        if found is None:
            return
        if found["Distribution"]["Status"] == "Deployed":
            api.maybe(_GONE, "DeleteDistribution", Id=id, IfMatch=found.get("ETag"))
            return
        if api.expired:
            raise ProviderError(f"{id} has not become disabled in time")
        api.say(f"{id}: being disabled", ephemeral=True)
        api.pause(pause)
        pause = min(pause * 1.5, 3)


def _sensible(inputs: Values) -> list[CheckFailure]:
    failures = []
    certificate = inputs.get("viewerCertificate")
    if isinstance(certificate, dict):
        given = [
            n for n in ("acmCertificateArn", "cloudfrontDefaultCertificate", "iamCertificateId") if certificate.get(n)
        ]
        if len(given) != 1:
            failures.append(
                CheckFailure(
                    "viewerCertificate",
                    "viewerCertificate needs exactly one of acmCertificateArn, iamCertificateId and "
                    "cloudfrontDefaultCertificate: true",
                )
            )
    origins = inputs.get("origins")
    listed = [item for item in origins if isinstance(item, dict)] if isinstance(origins, list) else []
    known = {item.get("originId") for item in listed}
    groups = inputs.get("originGroups")
    known |= {item.get("originId") for item in groups if isinstance(item, dict)} if isinstance(groups, list) else set()
    named = all(isinstance(item, str) for item in known)
    for path, behaviour in _paths(inputs):
        target = behaviour.get("targetOriginId")
        if named and isinstance(target, str) and target not in known:
            failures.append(
                CheckFailure(
                    f"{path}.targetOriginId",
                    f"{path}.targetOriginId is {target!r}; the origins are {', '.join(sorted(map(str, known)))}",
                )
            )
        if behaviour.get("cachePolicyId") is None and behaviour.get("forwardedValues") is None:
            failures.append(CheckFailure(path, f"{path} needs either cachePolicyId or forwardedValues"))
    return failures


def _paths(inputs: Values) -> Iterator[tuple[str, Values]]:
    if isinstance(inputs.get("defaultCacheBehavior"), dict):
        yield "defaultCacheBehavior", inputs["defaultCacheBehavior"]
    others = inputs.get("orderedCacheBehaviors")
    for index, item in enumerate(others if isinstance(others, list) else []):
        if isinstance(item, dict):
            yield f"orderedCacheBehaviors[{index}]", item


DISTRIBUTION = ResourceType(
    token="aws:cloudfront/distribution:Distribution",
    service="cloudfront",
    global_service=True,
    properties={
        "aliases": Property(),
        "comment": Property(),
        "customErrorResponses": Property(),
        "defaultCacheBehavior": Property(),
        "defaultRootObject": Property(),
        "enabled": Property(),
        "httpVersion": Property(default="http2"),
        "isIpv6Enabled": Property(),
        "loggingConfig": Property(),
        "orderedCacheBehaviors": Property(),
        "originGroups": Property(),
        "origins": Property(),
        "priceClass": Property(default="PriceClass_All"),
        "restrictions": Property(),
        "retainOnDelete": Property(local=True, default=False, values=(False,)),
        "staging": Property(default=False, replace="CloudFront cannot change it after creation"),
        "viewerCertificate": Property(),
        "waitForDeployment": Property(local=True, default=True),
        "webAclId": Property(),
    },
    shape=("CreateDistribution", _CONFIG),
    create=_make,
    describe=_read,
    present=_present,
    modify=_change,
    delete=_remove,
    find=_find,
    outputs={
        "arn": "ARN",
        "callerReference": "CallerReference",
        "domainName": "DomainName",
        "etag": "ETag",
        "hostedZoneId": f"'{_ZONE}'",
        "inProgressValidationBatches": "InProgressInvalidationBatches",
        "status": "Status",
    },
    volatile=("etag", "status"),
    names=_NAMES,
    nested_defaults={
        "defaultCacheBehavior.compress": False,
        "orderedCacheBehaviors[].compress": False,
        "origins[].connectionAttempts": 3,
        "origins[].connectionTimeout": 10,
        "origins[].customOriginConfig.originKeepaliveTimeout": 5,
        "origins[].customOriginConfig.originReadTimeout": 30,
        "viewerCertificate.minimumProtocolVersion": "TLSv1",
        "loggingConfig.includeCookies": False,
        "loggingConfig.prefix": "",
    },
    unordered=(
        "origins",
        "originGroups",
        "origins.customHeaders",
        "customErrorResponses",
        "defaultCacheBehavior.functionAssociations",
        "defaultCacheBehavior.lambdaFunctionAssociations",
        "orderedCacheBehaviors.functionAssociations",
        "orderedCacheBehaviors.lambdaFunctionAssociations",
    ),
    rules=(_sensible,),
    status=Status("Status", ("Deployed",)),
    retag=tags.by_operations("TagResource", "UntagResource", "Resource"),
    read_tags=_READ_TAGS,
    timeouts=Timeouts(5400, 5400, 5400),
)

TYPES = (DISTRIBUTION,)
