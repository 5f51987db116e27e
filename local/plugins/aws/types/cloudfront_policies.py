"""CloudFront's origin access controls and its cache, origin-request and response-headers policies.

All four have one form: a configuration that is sent and given back whole, an ID, and an ETag that a change has to name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.plugins.aws import requests
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Property, ResourceType, Timeouts, Values


def _policy(
    kind: str,
    *,
    plural: str,
    properties: Mapping[str, Property],
    nested_defaults: Mapping[str, Any],
    listed: str,
    arn: str,
    name_length: int,
    only_custom: bool = True,
) -> ResourceType:
    """Declare one of the four.

    Args:
        kind: The API's name of it (`CachePolicy`); the token follows from it.
        plural: As in the list operation.
        properties: Besides the name.
        nested_defaults: See `ResourceType`.
        listed: JMESPath to ID and name (`Id`, `Name`) of everything listed.
        arn: Kind of resource in its ARN.
        name_length: Greatest length of a name.
        only_custom: Whether AWS's own are left out of the list.
    """
    config = f"{kind}Config"
    gone = (f"NoSuch{kind}",)

    def body(api: Api, operation: str, inputs: Values) -> Values:
        shape = api.input_shape(operation).members[config]
        return requests.members(declared, shape, inputs)

    def make(api: Api, inputs: Values, mark: str) -> str:
        answer = api.call(f"Create{kind}", **{config: body(api, f"Create{kind}", inputs)})
        return str(answer[kind]["Id"])

    def read(api: Api, id: str) -> Values | None:
        answer = api.maybe(gone, f"Get{kind}", Id=id)
        if answer is None:
            return None
        # An endpoint's account is not in the answer: it is asked for once an ARN is wanted.
        account = _account(api)
        return {
            **answer[kind][config],
            "Id": id,
            "ETag": answer.get("ETag"),
            "Arn": f"arn:{api.partition}:cloudfront::{account}:{arn}/{id}",
        }

    def find(api: Api, inputs: Values, mark: str) -> str | None:
        request = {"Type": "custom"} if only_custom else {}
        for item in api.pages(f"List{plural}", listed, **request):
            if item.get("Name") == inputs["name"]:
                return str(item["Id"])
        return None

    def change(api: Api, id: str, changed: Change) -> None:
        etag = api.call(f"Get{kind}", Id=id).get("ETag")
        api.call(f"Update{kind}", Id=id, IfMatch=etag, **{config: body(api, f"Update{kind}", changed.new)})

    def remove(api: Api, id: str, outputs: Values) -> None:
        found = api.maybe(gone, f"Get{kind}", Id=id)
        if found is not None:
            api.maybe(gone, f"Delete{kind}", Id=id, IfMatch=found.get("ETag"))

    declared = ResourceType(
        token=f"aws:cloudfront/{kind[0].lower()}{kind[1:]}:{kind}",
        service="cloudfront",
        global_service=True,
        properties={"name": Property(), **properties},
        shape=(f"Create{kind}", config),
        create=make,
        describe=read,
        modify=change,
        delete=remove,
        find=find,
        outputs={"arn": "Arn", "etag": "ETag"},
        volatile=("etag",),
        nested_defaults=nested_defaults,
        auto_name=AutoName("name", maximum=name_length),
        timeouts=Timeouts(300, 300, 300),
    )
    return declared


def _account(api: Api) -> str:
    sts = Api(api.clients, "sts", api.region, api.say, api.cancelled, api.deadline)
    return str(sts.call("GetCallerIdentity")["Account"])


def _listed(kind: str) -> str:
    config = f"{kind}.{kind}Config.Name"
    return f"{kind}List.Items[].{{Id: {kind}.Id, Name: {config}}}"


ORIGIN_ACCESS_CONTROL = _policy(
    "OriginAccessControl",
    plural="OriginAccessControls",
    properties={
        "description": Property(default="Managed by Pulumi"),
        "originAccessControlOriginType": Property(),
        "signingBehavior": Property(),
        "signingProtocol": Property(),
    },
    nested_defaults={},
    listed="OriginAccessControlList.Items[].{Id: Id, Name: Name}",
    arn="origin-access-control",
    name_length=64,
    only_custom=False,
)

CACHE_POLICY = _policy(
    "CachePolicy",
    plural="CachePolicies",
    properties={
        "comment": Property(),
        "defaultTtl": Property(default=86400, minimum=0),
        "maxTtl": Property(default=31536000, minimum=0),
        "minTtl": Property(default=0, minimum=0),
        "parametersInCacheKeyAndForwardedToOrigin": Property(),
    },
    nested_defaults={
        "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingGzip": False,
        "parametersInCacheKeyAndForwardedToOrigin.enableAcceptEncodingBrotli": False,
        "parametersInCacheKeyAndForwardedToOrigin.headersConfig.headerBehavior": "none",
    },
    listed=_listed("CachePolicy"),
    arn="cache-policy",
    name_length=128,
)

ORIGIN_REQUEST_POLICY = _policy(
    "OriginRequestPolicy",
    plural="OriginRequestPolicies",
    properties={
        "comment": Property(),
        "cookiesConfig": Property(),
        "headersConfig": Property(),
        "queryStringsConfig": Property(),
    },
    nested_defaults={"headersConfig.headerBehavior": "none"},
    listed=_listed("OriginRequestPolicy"),
    arn="origin-request-policy",
    name_length=128,
)

RESPONSE_HEADERS_POLICY = _policy(
    "ResponseHeadersPolicy",
    plural="ResponseHeadersPolicies",
    properties={
        "comment": Property(),
        "corsConfig": Property(),
        "customHeadersConfig": Property(),
        "removeHeadersConfig": Property(),
        "securityHeadersConfig": Property(),
        "serverTimingHeadersConfig": Property(),
    },
    nested_defaults={},
    listed=_listed("ResponseHeadersPolicy"),
    arn="response-headers-policy",
    name_length=128,
)

TYPES = (ORIGIN_ACCESS_CONTROL, CACHE_POLICY, ORIGIN_REQUEST_POLICY, RESPONSE_HEADERS_POLICY)
