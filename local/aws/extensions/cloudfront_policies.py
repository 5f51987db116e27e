"""CloudFront's cache, origin-request and response-headers policies: six operations for each of the three kinds."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from local.aws.errors import Invalid
from local.aws.extensions.cloudfront_limits import check_policy


@dataclass(frozen=True)
class Kind:
    """One kind of policy.

    Attributes:
        noun: Prefix of its shapes and operations, such as `CachePolicy`.
        snake: The same in method names.
        plural: As the list operation has it.
        path: Segment of its URL.
    """

    noun: str
    snake: str
    plural: str
    path: str

    @property
    def config(self) -> str:
        return f"{self.noun}Config"


CACHE = Kind("CachePolicy", "cache_policy", "cache_policies", "cache-policy")
ORIGIN_REQUEST = Kind(
    "OriginRequestPolicy", "origin_request_policy", "origin_request_policies", "origin-request-policy"
)
RESPONSE_HEADERS = Kind(
    "ResponseHeadersPolicy", "response_headers_policy", "response_headers_policies", "response-headers-policy"
)
KINDS = (CACHE, ORIGIN_REQUEST, RESPONSE_HEADERS)


def new_etag() -> str:
    """An entity tag as CloudFront has them: E and 13 letters or digits."""
    return "E" + "".join(mock_random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(13))


@dataclass
class Policy:
    """One policy.

    Attributes:
        managed: Defined by AWS; cannot be changed.
    """

    kind: Kind
    config: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    etag: str = field(default_factory=new_etag)
    changed: datetime = field(default_factory=utcnow)
    managed: bool = False

    @property
    def name(self) -> str:
        return str(self.config["Name"])

    def describe(self) -> dict[str, object]:
        """The API's structure of this kind."""
        return {"Id": self.id, "LastModifiedTime": self.changed, self.kind.config: self.config}


def _cache(name: str, ttls: tuple[int, int, int], compress: bool, **key: object) -> dict[str, Any]:
    parameters: dict[str, object] = {
        "EnableAcceptEncodingGzip": compress,
        "EnableAcceptEncodingBrotli": compress,
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
        **key,
    }
    least, default, most = ttls
    return {
        "Comment": "",
        "Name": f"Managed-{name}",
        "MinTTL": least,
        "DefaultTTL": default,
        "MaxTTL": most,
        "ParametersInCacheKeyAndForwardedToOrigin": parameters,
    }


def _forward(name: str, headers: str, names: tuple[str, ...] = (), others: str = "all") -> dict[str, Any]:
    chosen: dict[str, object] = {"HeaderBehavior": headers}
    if names:
        chosen["Headers"] = {"Quantity": len(names), "Items": list(names)}
    return {
        "Comment": "",
        "Name": f"Managed-{name}",
        "HeadersConfig": chosen,
        "CookiesConfig": {"CookieBehavior": others},
        "QueryStringsConfig": {"QueryStringBehavior": others},
    }


_SECURITY = {
    "XSSProtection": {"Override": False, "Protection": True, "ModeBlock": True},
    "FrameOptions": {"Override": False, "FrameOption": "SAMEORIGIN"},
    "ReferrerPolicy": {"Override": False, "ReferrerPolicy": "strict-origin-when-cross-origin"},
    "ContentTypeOptions": {"Override": True},
    "StrictTransportSecurity": {"Override": False, "AccessControlMaxAgeSec": 31536000},
}

# Identifiers and values: CloudFront developer guide, "Use managed ... policies".
_MANAGED: dict[Kind, dict[str, dict[str, Any]]] = {
    CACHE: {
        "658327ea-f89d-4fab-a63d-7e88639e58f6": _cache("CachingOptimized", (1, 86400, 31536000), True),
        "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": _cache(
            "CachingOptimizedForUncompressedObjects", (1, 86400, 31536000), False
        ),
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": _cache("CachingDisabled", (0, 0, 0), False),
    },
    ORIGIN_REQUEST: {
        "216adef6-5c7f-47e4-b989-5492eafa07d3": _forward("AllViewer", "allViewer"),
        "b689b0a8-53d0-40ab-baf2-68738e2966ac": _forward("AllViewerExceptHostHeader", "allExcept", ("host",)),
        "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": _forward(
            "CORS-S3Origin",
            "whitelist",
            ("origin", "access-control-request-headers", "access-control-request-method"),
            "none",
        ),
        "59781a5b-3903-41f3-afcb-af62929ccde1": _forward("CORS-CustomOrigin", "whitelist", ("origin",), "none"),
    },
    RESPONSE_HEADERS: {
        "67f7725c-6f97-4210-82d7-5512b31e9d03": {
            "Name": "Managed-SecurityHeadersPolicy",
            "Comment": "",
            "SecurityHeadersConfig": _SECURITY,
        },
    },
}


def managed_policies() -> dict[Kind, dict[str, Policy]]:
    """The AWS-managed policies that the local platform knows, by kind and identifier."""
    return {
        kind: {
            identifier: Policy(kind, config, id=identifier, managed=True)
            for identifier, config in _MANAGED[kind].items()
        }
        for kind in KINDS
    }


def find(policies: Mapping[str, Policy], kind: Kind, identifier: str | None) -> Policy:
    """The policy, or CloudFront's error."""
    if identifier is None or identifier not in policies:
        raise Invalid(f"NoSuch{kind.noun}", f"The {kind.path} {identifier!r} does not exist.")
    return policies[identifier]


def check_match(etag: str, if_match: str | None) -> None:
    """CloudFront's optimistic lock.

    Raises:
        Invalid: InvalidIfMatchVersion without a tag, PreconditionFailed with the wrong one.
    """
    if not if_match:
        raise Invalid("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
    if if_match != etag:
        raise Invalid("PreconditionFailed", "The precondition in one or more of the request fields was false.")


class PolicyOperations:
    """Mixed into the CloudFront responses; `_add_operations` gives every kind its six methods."""

    def policies_of(self, kind: Kind) -> dict[str, Policy]:
        """The kind's policies by identifier."""
        raise NotImplementedError

    def users_of(self, policy: Policy) -> list[str]:
        """Identifiers of the distributions that use the policy."""
        raise NotImplementedError

    def policy_changed(self, policy: Policy) -> None:
        """Called after an update, so that distributions are served anew."""
        raise NotImplementedError

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        raise NotImplementedError

    def _create(self, kind: Kind) -> ActionResult:
        config = self._get_param(kind.config, {})
        check_policy(config)
        policies = self.policies_of(kind)
        if any(policy.name == config.get("Name") for policy in policies.values()):
            raise Invalid(f"{kind.noun}AlreadyExists", f"A {kind.path} named {config.get('Name')} already exists.")
        policy = Policy(kind, config)
        policies[policy.id] = policy
        location = f"https://cloudfront.amazonaws.com/2020-05-31/{kind.path}/{policy.id}"
        return ActionResult({kind.noun: policy.describe(), "ETag": policy.etag, "Location": location})

    def _get(self, kind: Kind) -> ActionResult:
        policy = find(self.policies_of(kind), kind, self._get_param("Id"))
        return ActionResult({kind.noun: policy.describe(), "ETag": policy.etag})

    def _get_config(self, kind: Kind) -> ActionResult:
        policy = find(self.policies_of(kind), kind, self._get_param("Id"))
        return ActionResult({kind.config: policy.config, "ETag": policy.etag})

    def _update(self, kind: Kind) -> ActionResult:
        policy = self._own(kind)
        config = self._get_param(kind.config, {})
        check_policy(config)
        policy.config, policy.etag, policy.changed = config, new_etag(), utcnow()
        self.policy_changed(policy)
        return ActionResult({kind.noun: policy.describe(), "ETag": policy.etag})

    def _delete(self, kind: Kind) -> ActionResult:
        policy = self._own(kind)
        users = self.users_of(policy)
        if users:
            raise Invalid(f"{kind.noun}InUse", f"The {kind.path} {policy.id} is in use by {', '.join(users)}.")
        del self.policies_of(kind)[policy.id]
        return EmptyResult()

    def _list(self, kind: Kind) -> ActionResult:
        wanted = self._get_param("Type")
        policies = [
            policy
            for policy in self.policies_of(kind).values()
            if wanted is None or policy.managed == (wanted == "managed")
        ]
        items = [{"Type": "managed" if p.managed else "custom", kind.noun: p.describe()} for p in policies]
        return ActionResult({f"{kind.noun}List": {"MaxItems": 100, "Quantity": len(items), "Items": items}})

    def _own(self, kind: Kind) -> Policy:
        policy = find(self.policies_of(kind), kind, self._get_param("Id"))
        if policy.managed:
            raise Invalid("IllegalUpdate", f"The managed policy {policy.name} cannot be changed.")
        check_match(policy.etag, self._get_param("IfMatch"))
        return policy


def _add_operations() -> None:
    """Name the operations as the dispatcher looks for them: create_cache_policy, get_cache_policy_config and so on."""

    def bound(operation: Any, kind: Kind) -> Any:
        def answer(self: PolicyOperations) -> ActionResult:
            result = operation(self, kind)
            assert isinstance(result, ActionResult)
            return result

        return answer

    own = PolicyOperations
    for kind in KINDS:
        for name, operation in (
            (f"create_{kind.snake}", own._create),
            (f"get_{kind.snake}", own._get),
            (f"get_{kind.snake}_config", own._get_config),
            (f"update_{kind.snake}", own._update),
            (f"delete_{kind.snake}", own._delete),
            (f"list_{kind.plural}", own._list),
        ):
            setattr(own, name, bound(operation, kind))


_add_operations()
