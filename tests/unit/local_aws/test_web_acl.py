"""Web ACLs through the API (P0-EDGE, RB-EDGE): what the edge is told of them, what is refused, what is in use."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.web_acl import web_acl

pytestmark = pytest.mark.unit

ACTION: dict[str, Any] = {"Action": {"Block": {}}}
ALLOW: dict[str, Any] = {"Allow": {}}


def _seen(name: str) -> dict[str, Any]:
    return {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}


def _rule(name: str, priority: int, statement: dict[str, Any], **action: Any) -> dict[str, Any]:
    decided = action or ACTION
    return {"Name": name, "Priority": priority, "Statement": statement, "VisibilityConfig": _seen(name), **decided}


def _rate(**more: Any) -> dict[str, Any]:
    return {"RateBasedStatement": {"Limit": 600, "AggregateKeyType": "IP", "EvaluationWindowSec": 60, **more}}


@pytest.fixture
def waf(client: Any) -> Any:
    # Other clients ask without knowing what AWS takes.
    return client("wafv2", region_name="us-east-1", config=Config(parameter_validation=False))


@pytest.fixture
def common(unique: str) -> dict[str, str]:
    return {"Scope": "CLOUDFRONT", "Name": unique}


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_addresses_follow_the_set_without_a_change_of_the_acl(waf: Any, common: dict[str, str]) -> None:
    """P0-EDGE, RB-EDGE: block an address, and let it in again."""
    made = waf.create_ip_set(**common, IPAddressVersion="IPV4", Addresses=[])["Summary"]
    rules = [_rule("rate", 2, _rate()), _rule("blocked", 0, {"IPSetReferenceStatement": {"ARN": made["ARN"]}})]
    acl = waf.create_web_acl(**common, DefaultAction=ALLOW, VisibilityConfig=_seen("acl"), Rules=rules)["Summary"]
    found = web_acl(acl["ARN"])
    assert found is not None
    assert [rule["Name"] for rule in found.rules] == ["blocked", "rate"], "by priority"
    for addresses in (["192.0.2.7/32"], []):
        token = waf.get_ip_set(**common, Id=made["Id"])["LockToken"]
        waf.update_ip_set(**common, Id=made["Id"], Addresses=addresses, LockToken=token)
        now = web_acl(acl["ARN"])
        assert now is not None and now.addresses == {made["ARN"]: tuple(addresses)}


def test_own_rule_groups_are_followed(waf: Any, common: dict[str, str]) -> None:
    made = waf.create_ip_set(**common, IPAddressVersion="IPV4", Addresses=["192.0.2.7/32"])["Summary"]
    inside = [_rule("inside", 0, {"NotStatement": {"Statement": {"IPSetReferenceStatement": {"ARN": made["ARN"]}}}})]
    group = waf.create_rule_group(**common, Capacity=10, VisibilityConfig=_seen("group"), Rules=inside)["Summary"]
    rule = _rule("own", 0, {"RuleGroupReferenceStatement": {"ARN": group["ARN"]}}, OverrideAction={"None": {}})
    acl = waf.create_web_acl(**common, DefaultAction=ALLOW, VisibilityConfig=_seen("acl"), Rules=[rule])["Summary"]
    found = web_acl(acl["ARN"])
    assert found is not None
    assert [each["Name"] for each in found.groups[group["ARN"]][0]] == ["inside"]
    assert found.addresses == {made["ARN"]: ("192.0.2.7/32",)}


def test_what_is_in_use_stays(waf: Any, common: dict[str, str]) -> None:
    made = waf.create_ip_set(**common, IPAddressVersion="IPV4", Addresses=[])["Summary"]
    rules = [_rule("blocked", 0, {"IPSetReferenceStatement": {"ARN": made["ARN"]}})]
    acl = waf.create_web_acl(**common, DefaultAction=ALLOW, VisibilityConfig=_seen("acl"), Rules=rules)["Summary"]
    with pytest.raises(ClientError) as error:
        waf.delete_ip_set(**common, Id=made["Id"], LockToken=made["LockToken"])
    assert _code(error) == "WAFAssociatedItemException"
    token = waf.update_web_acl(
        **common,
        Id=acl["Id"],
        LockToken=acl["LockToken"],
        DefaultAction=ALLOW,
        VisibilityConfig=_seen("acl"),
        Rules=[],
    )["NextLockToken"]
    assert waf.get_web_acl(**common, Id=acl["Id"])["WebACL"]["Rules"] == []
    waf.delete_ip_set(**common, Id=made["Id"], LockToken=made["LockToken"])
    waf.delete_web_acl(**common, Id=acl["Id"], LockToken=token)
    assert web_acl(acl["ARN"]) is None


NEVER = {"IPSetReferenceStatement": {"ARN": "arn:aws:wafv2:us-east-1:123456789012:global/ipset/nope/1"}}
MANAGED = {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (_rule("a", 0, NEVER), "WAFNonexistentItemException"),
        (_rule("a", 0, _rate(Limit=9)), "WAFInvalidParameterException"),
        (_rule("a", 0, _rate(EvaluationWindowSec=61)), "WAFInvalidParameterException"),
        (_rule("a", 0, _rate(AggregateKeyType="FORWARDED_IP")), "WAFInvalidParameterException"),
        (_rule("a", 0, _rate(AggregateKeyType="CONSTANT")), "WAFInvalidParameterException"),
        (_rule("a", 0, MANAGED), "WAFInvalidParameterException"),
        (_rule("a", 0, {"NotStatement": {"Statement": _rate()}}), "WAFInvalidParameterException"),
        (_rule("a", 0, {"GeoMatchStatement": {"CountryCodes": ["XX"]}}), "UnsupportedOperation"),
        (_rule("a", 0, _rate(), Action={"Captcha": {}}), "UnsupportedOperation"),
        (
            _rule(
                "a",
                0,
                _rate(),
                Action={"Block": {"CustomResponse": {"ResponseCode": 429, "CustomResponseBodyKey": "k"}}},
            ),
            "WAFInvalidParameterException",
        ),
    ],
)
def test_rules_that_cannot_be_enforced_are_refused(
    waf: Any, common: dict[str, str], rule: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        waf.create_web_acl(**common, DefaultAction=ALLOW, VisibilityConfig=_seen("acl"), Rules=[rule])
    assert _code(error) == code
    assert common["Name"] not in [each["Name"] for each in waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]]


@pytest.mark.parametrize("address", ["192.0.2.7", "192.0.2.7/24", "0.0.0.0/0", "2001:db8::/32", "here"])
def test_a_set_takes_ranges_of_its_version_only(waf: Any, common: dict[str, str], address: str) -> None:
    with pytest.raises(ClientError) as error:
        waf.create_ip_set(**common, IPAddressVersion="IPV4", Addresses=[address])
    assert _code(error) == "WAFInvalidParameterException"


def test_without_an_acl_nothing_is_judged() -> None:
    assert web_acl("") is None
    assert web_acl("arn:aws:wafv2:us-east-1:1:global/webacl/gone/1") is None
