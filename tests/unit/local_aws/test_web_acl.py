"""What the edge does for a web ACL, read from what the API holds."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws.web_acl import NOTHING, judgement

pytestmark = pytest.mark.unit

ACTION: dict[str, Any] = {"Block": {}}


def _seen(name: str) -> dict[str, Any]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}


def _rule(name: str, priority: int, statement: dict[str, Any], action: dict[str, Any] = ACTION) -> dict[str, Any]:
    return {
        "Name": name,
        "Priority": priority,
        "Statement": statement,
        "Action": action,
        "VisibilityConfig": _seen(name),
    }


def test_blocked_addresses_follow_the_set_without_a_change_of_the_acl(client: Any, unique: str) -> None:
    """P0-EDGE, RB-EDGE: block an address, and let it in again."""
    waf = client("wafv2", region_name="us-east-1")
    common = {"Scope": "CLOUDFRONT", "Name": unique}
    made = waf.create_ip_set(**common, IPAddressVersion="IPV4", Addresses=[])["Summary"]
    watched = waf.create_ip_set(
        Scope="CLOUDFRONT", Name=f"{unique}2", IPAddressVersion="IPV4", Addresses=["10.0.0.0/8"]
    )
    rules = [
        _rule("blocked", 0, {"IPSetReferenceStatement": {"ARN": made["ARN"]}}),
        _rule("watched", 1, {"IPSetReferenceStatement": {"ARN": watched["Summary"]["ARN"]}}, {"Count": {}}),
        _rule("rate", 2, {"RateBasedStatement": {"Limit": 600, "AggregateKeyType": "IP", "EvaluationWindowSec": 60}}),
    ]
    acl = waf.create_web_acl(**common, DefaultAction={"Allow": {}}, VisibilityConfig=_seen("acl"), Rules=rules)
    arn = acl["Summary"]["ARN"]
    assert judgement(arn).blocked == ()
    assert (judgement(arn).limit, judgement(arn).window) == (600, 60)
    for addresses, expected in ((["192.0.2.7/32"], ("192.0.2.7/32",)), ([], ())):
        token = waf.get_ip_set(**common, Id=made["Id"])["LockToken"]
        waf.update_ip_set(**common, Id=made["Id"], Addresses=addresses, LockToken=token)
        assert judgement(arn).blocked == expected, "what is only counted is not blocked"


def test_without_an_acl_nothing_is_judged() -> None:
    assert judgement("") == NOTHING
    assert judgement("arn:aws:wafv2:us-east-1:1:global/webacl/gone/1") == NOTHING
