"""Edge: what judges requests, and what an operator may change without a deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.edge import MANAGED_RULES, Edge, EdgeArgs
from components.errors import Refused

pytestmark = pytest.mark.unit

Record = Callable[..., Any]


def _edge(**more: Any) -> Callable[[], Edge]:
    return lambda: Edge("edge", EdgeArgs(identifier="shop-prod-edge", **more))


def _rules(recording: Any) -> dict[str, Any]:
    return {rule["name"]: rule for rule in recording.one("WebAcl").inputs["rules"]}


def test_everything_is_in_us_east_1_and_for_distributions(record: Record) -> None:
    """The trap "CloudFront: global": a web ACL of another region or scope cannot be named by a distribution."""
    recording = record(_edge())
    made = [*recording.of("WebAcl"), *recording.of("IpSet")]
    assert len(made) == 3
    for item in made:
        assert item.inputs["region"] == "us-east-1"
        assert item.inputs["scope"] == "CLOUDFRONT"


def test_blocked_addresses_go_first_and_cost_nothing_else(record: Record) -> None:
    """P0-EDGE, RB-EDGE."""
    recording = record(_edge())
    rules = recording.one("WebAcl").inputs["rules"]
    assert [rule["priority"] for rule in rules] == list(range(len(rules)))
    assert [rule["name"] for rule in rules] == ["blocked-ipv4", "blocked-ipv6", "rate", *MANAGED_RULES]
    assert all(rule["action"] == {"block": {}} for rule in rules[:3])
    sets = {item.inputs["ipAddressVersion"]: item.inputs for item in recording.of("IpSet")}
    assert {version: each["addresses"] for version, each in sets.items()} == {"IPV4": [], "IPV6": []}


def test_the_rate_of_an_address_is_limited(record: Record) -> None:
    """P0-EDGE."""
    statement = _rules(record(_edge(rate_limit=500)))["rate"]["statement"]["rateBasedStatement"]
    assert statement == {"limit": 500, "aggregateKeyType": "IP", "evaluationWindowSec": 300}


def test_emergency_is_one_switch(record: Record) -> None:
    """P0-EDGE, RB-EDGE: the lower limit and no anonymous addresses, everything else as it was."""
    usual, emergency = _rules(record(_edge())), _rules(record(_edge(emergency=True)))
    assert emergency["rate"]["statement"]["rateBasedStatement"]["limit"] == 200
    assert emergency.keys() - usual.keys() == {"AWSManagedRulesAnonymousIpList"}
    assert usual.keys() < emergency.keys()


def test_large_bodies_are_counted_and_not_refused(record: Record) -> None:
    """P0-EDGE: the common rules' limit of 8 KiB would refuse every form with a picture."""
    common = _rules(record(_edge()))["AWSManagedRulesCommonRuleSet"]["statement"]["managedRuleGroupStatement"]
    assert common["ruleActionOverrides"] == [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]


def test_the_outputs_are_what_the_runbooks_need(record: Record) -> None:
    """RB-EDGE."""
    recording = record(lambda: dict(_edge()().outputs))
    assert recording.result["scope"] == "CLOUDFRONT"
    assert recording.result["region"] == "us-east-1"
    assert recording.result["emergency"] is False
    assert recording.result["blocked"] == {
        version: {"id": f"edge-blocked-{version}-id", "name": f"shop-prod-edge-blocked-{version}"}
        for version in ("ipv4", "ipv6")
    }


def test_an_emergency_that_lets_more_through_is_refused(record: Record) -> None:
    """P0-EDGE."""

    def build() -> None:
        with pytest.raises(Refused, match="emergency_rate_limit is 2000"):
            _edge(emergency_rate_limit=2000)()

    assert not record(build).of("WebAcl")
