"""What judges requests before the distribution does: a web ACL on AWS WAF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import aws
from components.bucket_policies import US_EAST_1
from components.edge_rules import edge
from components.errors import refuse
from components.options import child

_SCOPE = "CLOUDFRONT"
_WINDOW_SECONDS = 300
_ANONYMOUS = "AWSManagedRulesAnonymousIpList"
MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
_COUNTED: Mapping[str, Sequence[str]] = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
"""Rules that only count: this one refuses every body above 8 KiB, and so any form with a picture."""


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """A web ACL.

    Attributes:
        identifier: Start of names, for example `aiponge-prod-edge`.
        rate_limit: Requests of one address in five minutes above which it is blocked.
        emergency: The switch: the emergency limit instead of the usual one, and no anonymous addresses (proxies, VPNs,
            hosting providers).
        emergency_rate_limit: Requests of one address in five minutes while the switch is on.
        managed_rules: AWS's rule groups that block.
        tags: On everything.
    """

    identifier: str
    rate_limit: int = 2000
    emergency: bool = False
    emergency_rate_limit: int = 200
    managed_rules: Sequence[str] = MANAGED_RULES
    tags: Mapping[str, str] = field(default_factory=dict)


class Edge(pulumi.ComponentResource):
    """A web ACL for distributions, in us-east-1 whatever the stack's region, with sets of blocked addresses.

    Requirements: P0-EDGE, RB-EDGE.

    The sets begin empty and belong to the operator from then on: a deployment never changes what is blocked.

    Attributes:
        web_acl_arn: For the distribution.
        outputs: What runbooks need, as stack outputs.

    Raises:
        Refused: an emergency that lets more through than the usual day.
    """

    web_acl_arn: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundwork:index:Edge", name, None, opts)
        refuse(f"Edge {name!r}", edge(args.rate_limit, args.emergency_rate_limit))
        sets = {version: self._blocked(name, version, args) for version in ("IPV4", "IPV6")}
        acl = aws.WebAcl(
            f"{name}-acl",
            region=US_EAST_1,
            name=args.identifier,
            description=f"Judges requests to {args.identifier}",
            scope=_SCOPE,
            default_action={"allow": {}},
            rules=_rules(args, sets),
            visibility_config=_visible(args.identifier),
            tags=dict(args.tags),
            opts=child(self),
        )
        self.web_acl_arn = acl.arn
        self.outputs = {
            "webAclArn": acl.arn,
            "scope": _SCOPE,
            "region": US_EAST_1,
            "emergency": args.emergency,
            "blocked": {version.lower(): {"id": each.id, "name": each.name} for version, each in sets.items()},
        }
        self.register_outputs(dict(self.outputs))

    def _blocked(self, name: str, version: str, args: EdgeArgs) -> aws.IpSet:
        return aws.IpSet(
            f"{name}-blocked-{version.lower()}",
            region=US_EAST_1,
            name=f"{args.identifier}-blocked-{version.lower()}",
            description="Changed by the runbook, never by a deployment",
            scope=_SCOPE,
            ip_address_version=version,
            addresses=[],
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(ignore_changes=["addresses"])),
        )


def _rules(args: EdgeArgs, blocked: Mapping[str, aws.IpSet]) -> list[Any]:
    """The rules, cheapest first."""
    rules = [
        _blocking(f"blocked-{version.lower()}", {"ip_set_reference_statement": {"arn": each.arn}})
        for version, each in blocked.items()
    ]
    limit = args.emergency_rate_limit if args.emergency else args.rate_limit
    rate = {"limit": limit, "aggregate_key_type": "IP", "evaluation_window_sec": _WINDOW_SECONDS}
    rules.append(_blocking("rate", {"rate_based_statement": rate}))
    groups = [*args.managed_rules, *([_ANONYMOUS] if args.emergency and _ANONYMOUS not in args.managed_rules else [])]
    rules += [_managed(group) for group in groups]
    return [{"priority": index, **rule} for index, rule in enumerate(rules)]


def _blocking(name: str, statement: Any) -> dict[str, Any]:
    return {"name": name, "statement": statement, "action": {"block": {}}, "visibility_config": _visible(name)}


def _managed(group: str) -> dict[str, Any]:
    counted = [{"name": rule, "action_to_use": {"count": {}}} for rule in _COUNTED.get(group, ())]
    return {
        "name": group,
        "statement": {
            "managed_rule_group_statement": {
                "vendor_name": "AWS",
                "name": group,
                "rule_action_overrides": counted or None,
            }
        },
        "override_action": {"none": {}},
        "visibility_config": _visible(group),
    }


def _visible(name: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}
