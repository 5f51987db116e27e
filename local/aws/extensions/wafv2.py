"""WAFv2: rules are judged when they are declared, since an edge enforces them; what is in use stays."""

from __future__ import annotations

import json
from typing import Any

from moto.cloudfront.models import cloudfront_backends
from moto.core.common_types import TYPE_RESPONSE
from moto.wafv2 import urls as moto_urls
from moto.wafv2.models import WAFV2Backend
from moto.wafv2.responses import WAFV2Response

from local.aws import web_acl
from local.aws.errors import Invalid, Refused
from local.aws.extensions.routing import urls
from local.aws.extensions.wafv2_limits import check_action, check_addresses, check_rules
from local.aws.state import ACCOUNT


class WAFv2(WAFV2Backend):
    """The region's WAF."""

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses)

    def update_web_acl(self, name: str, _id: str, *changed: Any, **more: Any) -> str:
        token = super().update_web_acl(name, _id, *changed, **more)
        if more.get("rules", changed[1] if len(changed) > 1 else None) == []:
            # moto takes an empty list for no change.
            self.get_web_acl(None, name, _id).rules = []
        return token


class Responses(WAFV2Response):
    """The operations whose rules the edge enforces."""

    def create_web_acl(self) -> TYPE_RESPONSE:
        self._check_acl()
        return super().create_web_acl()

    def update_web_acl(self) -> TYPE_RESPONSE:
        self._check_acl()
        return super().update_web_acl()

    def create_rule_group(self) -> TYPE_RESPONSE:
        self._check_group()
        return super().create_rule_group()

    def update_rule_group(self) -> TYPE_RESPONSE:
        self._check_group()
        return super().update_rule_group()

    def create_ip_set(self) -> TYPE_RESPONSE:
        asked = json.loads(self.body)
        check_addresses(asked["Addresses"], asked["IPAddressVersion"])
        return super().create_ip_set()

    def update_ip_set(self) -> TYPE_RESPONSE:
        asked = json.loads(self.body)
        for backend in web_acl.backends():
            for known in backend.ip_sets.values():
                if known.ip_set_id == asked["Id"]:
                    check_addresses(asked["Addresses"], known.ip_address_version)
        return super().update_ip_set()

    def delete_web_acl(self) -> TYPE_RESPONSE:
        for arn in self._arns("wacls"):
            users = [
                distribution.id
                for backend in cloudfront_backends[ACCOUNT].values()
                for distribution in getattr(backend, "served", {}).values()
                if distribution.config["WebACLId"] == arn
            ]
            _refuse_if_used(arn, users)
        return super().delete_web_acl()

    def delete_ip_set(self) -> TYPE_RESPONSE:
        for arn in self._arns("ip_sets"):
            _refuse_if_used(arn, web_acl.users_of(arn))
        return super().delete_ip_set()

    def delete_rule_group(self) -> TYPE_RESPONSE:
        for arn in self._arns("rule_groups"):
            _refuse_if_used(arn, web_acl.users_of(arn))
        return super().delete_rule_group()

    def _check_acl(self) -> None:
        asked = json.loads(self.body)
        bodies = asked.get("CustomResponseBodies") or {}
        check_rules(asked.get("Rules") or [], bodies)
        check_action(asked["DefaultAction"], bodies, "the default action")

    def _check_group(self) -> None:
        asked = json.loads(self.body)
        rules = asked.get("Rules") or []
        check_rules(rules, asked.get("CustomResponseBodies") or {})
        if web_acl.references(rules, "RuleGroupReferenceStatement"):
            raise Refused("rule groups inside rule groups")

    def _arns(self, kind: str) -> list[str]:
        """ARNs of what the request names by its identifier."""
        identifier = json.loads(self.body)["Id"]
        return [arn for each in web_acl.backends() for arn in getattr(each, kind) if arn.endswith(f"/{identifier}")]


def _refuse_if_used(arn: str, users: list[str]) -> None:
    if users:
        raise Invalid("WAFAssociatedItemException", f"{arn} is used by {', '.join(users)}.")
