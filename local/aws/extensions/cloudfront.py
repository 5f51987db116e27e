"""CloudFront: distributions that answer what was declared and are served by an edge, policies, invalidations."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudfront import urls as moto_urls
from moto.cloudfront.exceptions import (
    DistributionAlreadyExists,
    NoSuchDistribution,
    NoSuchInvalidation,
    NoSuchOriginAccessControl,
)
from moto.cloudfront.models import CloudFrontBackend, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from local.aws import web_acl
from local.aws.errors import Invalid, Refused
from local.aws.extensions.cloudfront_config import check_config, with_defaults
from local.aws.extensions.cloudfront_names import check_names
from local.aws.extensions.cloudfront_policies import (
    CACHE,
    KINDS,
    ORIGIN_REQUEST,
    RESPONSE_HEADERS,
    Kind,
    Policy,
    PolicyOperations,
    check_match,
    find,
    managed_policies,
    new_etag,
)
from local.aws.extensions.routing import urls
from local.aws.state import ADDRESSES

_POLICY_MEMBERS = {
    "CachePolicyId": CACHE,
    "OriginRequestPolicyId": ORIGIN_REQUEST,
    "ResponseHeadersPolicyId": RESPONSE_HEADERS,
}


@dataclass
class Distribution:
    """A distribution.

    Attributes:
        config: The API's `DistributionConfig`, defaults filled in.
        status: InProgress until the edge serves this generation, then Deployed.
        address: Where the edge serves it; answered as its domain name.
    """

    id: str
    account: str
    config: dict[str, Any]
    address: str
    status: str = "InProgress"
    etag: str = field(default_factory=new_etag)
    changed: datetime = field(default_factory=utcnow)
    generation: int = 1

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudfront::{self.account}:distribution/{self.id}"

    @property
    def behaviours(self) -> list[dict[str, Any]]:
        """The ordered cache behaviours, the default one last."""
        return [*self.config["CacheBehaviors"].get("Items", []), self.config["DefaultCacheBehavior"]]

    def touch(self) -> None:
        """Note a change that the edge has to follow."""
        self.generation += 1
        self.status = "InProgress"
        self.changed = utcnow()

    def describe(self, pending: int = 0) -> dict[str, object]:
        """The API's `Distribution`.

        Args:
            pending: Invalidations that are not completed.
        """
        return {
            "Id": self.id,
            "ARN": self.arn,
            "Status": self.status,
            "LastModifiedTime": self.changed,
            "InProgressInvalidationBatches": pending,
            "DomainName": self.address,
            "ActiveTrustedSigners": {"Enabled": False, "Quantity": 0},
            "ActiveTrustedKeyGroups": {"Enabled": False, "Quantity": 0},
            "DistributionConfig": self.config,
            "AliasICPRecordals": [],
        }


@dataclass
class Invalidation:
    """A purge: InProgress until the edge's cache no longer holds the paths, then Completed."""

    distribution: str
    paths: list[str]
    reference: str
    id: str = field(default_factory=lambda: random_id())
    created: datetime = field(default_factory=utcnow)
    status: str = "InProgress"

    def describe(self) -> dict[str, object]:
        """The API's `Invalidation`."""
        paths = {"Quantity": len(self.paths), "Items": self.paths}
        return {
            "Id": self.id,
            "Status": self.status,
            "CreateTime": self.created,
            "InvalidationBatch": {"Paths": paths, "CallerReference": self.reference},
        }


class CloudFront(CloudFrontBackend):
    """The account's CloudFront, with distributions and policies of our own."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.served: dict[str, Distribution] = {}
        self.purges: dict[str, list[Invalidation]] = {}
        self.policies = managed_policies()

    @property
    def _url_module(self) -> Any:
        extra = [
            f"{{0}}/2020-05-31/{kind.path}{rest}"
            for kind in KINDS
            for rest in ("$", "/(?P<policy_id>[^/]+)$", "/(?P<policy_id>[^/]+)/config$")
        ]
        return urls(moto_urls, Responses, tuple(extra))

    def distribution(self, identifier: str) -> Distribution:
        """The distribution of this identifier.

        Raises:
            NoSuchDistribution: there is none.
        """
        if identifier not in self.served:
            raise NoSuchDistribution
        return self.served[identifier]

    def policy(self, kind: Kind, identifier: str | None) -> Policy:
        """The policy of this identifier, or CloudFront's error."""
        return find(self.policies[kind], kind, identifier)


class Responses(PolicyOperations, CloudFrontResponse):
    """The operations that moto lacks or answers without substance."""

    _get_param = CloudFrontResponse._get_param

    @property
    def backend(self) -> CloudFront:
        backend = super().backend
        assert isinstance(backend, CloudFront)
        return backend

    # -- Distributions ------------------------------------------------------------------------------------------

    def create_distribution(self) -> ActionResult:
        return self._create_distribution(self._get_param("DistributionConfig", {}), [])

    def create_distribution_with_tags(self) -> ActionResult:
        declared = self._get_param("DistributionConfigWithTags", {})
        return self._create_distribution(declared["DistributionConfig"], (declared.get("Tags") or {}).get("Items", []))

    def _create_distribution(self, declared: dict[str, Any], tags: list[dict[str, str]]) -> ActionResult:
        config = self._checked(declared)
        reference = config["CallerReference"]
        same = [known.id for known in self.backend.served.values() if known.config["CallerReference"] == reference]
        if same:
            raise DistributionAlreadyExists(same[0])
        identifier = "E" + random_id(length=13)
        address = ADDRESSES.allocate(edge_name(identifier))
        distribution = Distribution(identifier, self.current_account, config, address)
        self.backend.served[identifier] = distribution
        self.backend.tagger.tag_resource(distribution.arn, tags)
        location = f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{identifier}"
        return ActionResult({"Distribution": distribution.describe(), "ETag": distribution.etag, "Location": location})

    def get_distribution(self) -> ActionResult:
        distribution = self.backend.distribution(self._get_param("Id"))
        open_purges = [each for each in self.backend.purges.get(distribution.id, []) if each.status == "InProgress"]
        return ActionResult({"Distribution": distribution.describe(len(open_purges)), "ETag": distribution.etag})

    def get_distribution_config(self) -> ActionResult:
        distribution = self.backend.distribution(self._get_param("Id"))
        return ActionResult({"DistributionConfig": distribution.config, "ETag": distribution.etag})

    def update_distribution(self) -> ActionResult:
        distribution = self.backend.distribution(self._get_param("Id"))
        check_match(distribution.etag, self._get_param("IfMatch"))
        config = self._checked(self._get_param("DistributionConfig", {}), distribution.id)
        if config["CallerReference"] != distribution.config["CallerReference"]:
            raise Invalid("IllegalUpdate", "CallerReference cannot be changed.")
        distribution.config, distribution.etag = config, new_etag()
        distribution.touch()
        return ActionResult({"Distribution": distribution.describe(), "ETag": distribution.etag})

    def delete_distribution(self) -> ActionResult:
        distribution = self.backend.distribution(self._get_param("Id"))
        check_match(distribution.etag, self._get_param("IfMatch"))
        if distribution.config["Enabled"]:
            raise Invalid("DistributionNotDisabled", "The distribution you are trying to delete has not been disabled.")
        if distribution.status != "Deployed":
            raise Invalid("PreconditionFailed", "The distribution is still being deployed.")
        del self.backend.served[distribution.id]
        self.backend.purges.pop(distribution.id, None)
        self.backend.tagger.delete_all_tags_for_resource(distribution.arn)
        return EmptyResult()

    def list_distributions(self) -> ActionResult:
        items = [{**each.config, **each.describe()} for each in self.backend.served.values()]
        listed = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(items), "Items": items}
        return ActionResult({"DistributionList": listed})

    def _checked(self, declared: dict[str, Any], own: str = "") -> dict[str, Any]:
        config = with_defaults(copy.deepcopy(declared))
        check_config(config)
        others = {each.id: each.config for each in self.backend.served.values() if each.id != own}
        check_names(config, others)
        acl = config["WebACLId"]
        if acl and (web_acl.known(acl) is None or not acl.split(":")[5].startswith("global/")):
            raise Invalid("InvalidWebACLId", f"There is no web ACL {acl} for distributions.")
        for behaviour in [*config["CacheBehaviors"].get("Items", []), config["DefaultCacheBehavior"]]:
            for member, kind in _POLICY_MEMBERS.items():
                if behaviour.get(member):
                    self.backend.policy(kind, behaviour[member])
        for origin in config["Origins"]["Items"]:
            control = origin.get("OriginAccessControlId")
            if control and control not in self.backend.origin_access_controls:
                raise NoSuchOriginAccessControl
        return config

    # -- Invalidations ------------------------------------------------------------------------------------------

    def create_invalidation(self) -> ActionResult:
        distribution = self.backend.distribution(self._get_param("DistributionId"))
        paths = self._get_param("InvalidationBatch.Paths.Items", [])
        wrong = [path for path in paths if not path.startswith("/") or "*" in path[:-1]]
        if wrong or not paths:
            raise Invalid("InvalidArgument", f"Invalidation paths start with / and may end with *: {wrong}.")
        purge = Invalidation(distribution.id, paths, self._get_param("InvalidationBatch.CallerReference"))
        self.backend.purges.setdefault(distribution.id, []).append(purge)
        base = f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{distribution.id}"
        return ActionResult({"Invalidation": purge.describe(), "Location": f"{base}/invalidation/{purge.id}"})

    def get_invalidation(self) -> ActionResult:
        distribution = self.backend.distribution(self._get_param("DistributionId"))
        for purge in self.backend.purges.get(distribution.id, []):
            if purge.id == self._get_param("Id"):
                return ActionResult({"Invalidation": purge.describe()})
        raise NoSuchInvalidation

    def list_invalidations(self) -> ActionResult:
        distribution = self.backend.distribution(self._get_param("DistributionId"))
        items = [purge.describe() for purge in reversed(self.backend.purges.get(distribution.id, []))]
        listed = {"Marker": "", "MaxItems": 100, "IsTruncated": False, "Quantity": len(items), "Items": items}
        return ActionResult({"InvalidationList": listed})

    # -- Origin access controls ---------------------------------------------------------------------------------

    def get_origin_access_control_config(self) -> ActionResult:
        control = self.backend.get_origin_access_control(self._get_param("Id"))
        return ActionResult({"OriginAccessControlConfig": control, "ETag": control.etag})

    def update_origin_access_control(self) -> ActionResult:
        control = self.backend.get_origin_access_control(self._get_param("Id"))
        check_match(control.etag, self._get_param("IfMatch"))
        answer = super().update_origin_access_control()
        control.etag = new_etag()
        for distribution in self._with_control(control.id):
            distribution.touch()
        return answer

    def delete_origin_access_control(self) -> ActionResult:
        control = self.backend.get_origin_access_control(self._get_param("Id"))
        check_match(control.etag, self._get_param("IfMatch"))
        if self._with_control(control.id):
            raise Invalid("OriginAccessControlInUse", f"The origin access control {control.id} is in use.")
        return super().delete_origin_access_control()

    def _with_control(self, identifier: str) -> list[Distribution]:
        return [
            distribution
            for distribution in self.backend.served.values()
            if any(o.get("OriginAccessControlId") == identifier for o in distribution.config["Origins"]["Items"])
        ]

    # -- Policies -----------------------------------------------------------------------------------------------

    def policies_of(self, kind: Kind) -> dict[str, Policy]:
        return self.backend.policies[kind]

    def _with_policy(self, policy: Policy) -> list[Distribution]:
        member = f"{policy.kind.noun}Id"
        return [
            distribution
            for distribution in self.backend.served.values()
            if any(behaviour.get(member) == policy.id for behaviour in distribution.behaviours)
        ]

    def users_of(self, policy: Policy) -> list[str]:
        return [distribution.id for distribution in self._with_policy(policy)]

    def policy_changed(self, policy: Policy) -> None:
        for distribution in self._with_policy(policy):
            distribution.touch()

    # -- Not there ----------------------------------------------------------------------------------------------

    def create_function(self) -> ActionResult:
        raise Refused("CloudFront functions")

    def create_key_value_store(self) -> ActionResult:
        raise Refused("CloudFront key value stores")

    def create_public_key(self) -> ActionResult:
        raise Refused("signed URLs (public keys)")

    def create_key_group(self) -> ActionResult:
        raise Refused("signed URLs (key groups)")


def edge_name(distribution: str) -> str:
    """Name under which the data plane serves a distribution."""
    return f"cdn-{distribution.lower()}"
