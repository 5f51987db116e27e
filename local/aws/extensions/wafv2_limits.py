"""What AWS WAF refuses of rules, and what the local edge cannot do: refused when it is declared."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from local.aws import web_acl
from local.aws.errors import Invalid, Refused

_JUDGED = frozenset(
    [
        *("IPSetReferenceStatement", "RateBasedStatement", "AndStatement", "OrStatement", "NotStatement"),
        *("RuleGroupReferenceStatement", "ManagedRuleGroupStatement"),
    ]
)
_GROUPS = ("RuleGroupReferenceStatement", "ManagedRuleGroupStatement")
_ACTIONS = frozenset({"Allow", "Block", "Count"})
_WINDOWS = (60, 120, 300, 600)
_LEAST, _MOST = 10, 2_000_000_000
"""Requests in the window (AWS WAF API, `RateBasedStatement`)."""
_POSITIONS = ("FIRST", "LAST")


class InvalidParameter(Invalid):
    """AWS WAF's word for what it does not take."""

    def __init__(self, message: str) -> None:
        super().__init__("WAFInvalidParameterException", message)


def check_rules(rules: Sequence[Mapping[str, Any]], bodies: Mapping[str, Any]) -> None:
    """Refuse rules that AWS WAF does not take or that the edge could not follow.

    Args:
        rules: The API's `Rule` structures.
        bodies: The custom response bodies that they may name, by key.

    Raises:
        Invalid: AWS WAF would not take them either.
        Refused: the local edge cannot do it.
    """
    for member in ("Priority", "Name"):
        values = [rule[member] for rule in rules]
        if len(set(values)) < len(values):
            raise InvalidParameter(f"Two rules have the same {member}.")
    for rule in rules:
        where = f"rule {rule['Name']}"
        is_group = any(kind in rule["Statement"] for kind in _GROUPS)
        if is_group == bool(rule.get("Action")) or is_group != bool(rule.get("OverrideAction")):
            raise InvalidParameter(f"{where}: a group takes OverrideAction, every other statement Action.")
        if rule.get("Action"):
            check_action(rule["Action"], bodies, where)
        for statement in web_acl.statements(rule["Statement"]):
            _check_statement(statement, where, nested=statement is not rule["Statement"])


def check_action(action: Mapping[str, Any], bodies: Mapping[str, Any], where: str) -> None:
    """Refuse an action that the edge could not do."""
    for kind, details in action.items():
        if kind not in _ACTIONS:
            raise Refused(f"the action {kind} ({where})", f"Its edge does {', '.join(sorted(_ACTIONS))}.")
        if (details or {}).get("CustomRequestHandling"):
            raise Refused(f"CustomRequestHandling ({where})")
        key = ((details or {}).get("CustomResponse") or {}).get("CustomResponseBodyKey")
        if key and key not in bodies:
            raise InvalidParameter(f"{where}: there is no custom response body {key}.")


def check_addresses(addresses: Sequence[str], version: str) -> None:
    """Refuse what is no range of addresses of this version (`IPV4`, `IPV6`)."""
    for address in addresses:
        try:
            network = ipaddress.ip_network(address)
        except ValueError:
            raise InvalidParameter(f"{address} is not a range of addresses in CIDR notation.") from None
        if "/" not in address or network.prefixlen == 0 or f"IPV{network.version}" != version:
            raise InvalidParameter(f"{address} is not a range of {version} addresses that an IP set takes.")


def _check_statement(statement: Mapping[str, Any], where: str, *, nested: bool) -> None:
    for kind, inside in statement.items():
        if kind not in _JUDGED:
            raise Refused(f"{kind} ({where})", "Its edge judges addresses and rates.")
        if nested and kind in (*_GROUPS, "RateBasedStatement"):
            raise InvalidParameter(f"{where}: {kind} cannot be inside another statement.")
        match kind:
            case "IPSetReferenceStatement":
                _require(web_acl.ip_set(inside["ARN"]), inside["ARN"])
                _check_forwarded(inside.get("IPSetForwardedIPConfig"), where)
            case "RuleGroupReferenceStatement":
                _require(web_acl.rule_group(inside["ARN"]), inside["ARN"])
                for each in inside.get("RuleActionOverrides") or ():
                    check_action(each["ActionToUse"], {}, where)
            case "RateBasedStatement":
                _check_rate(inside, where)


def _check_rate(inside: Mapping[str, Any], where: str) -> None:
    if not _LEAST <= int(inside["Limit"]) <= _MOST:
        raise InvalidParameter(f"{where}: Limit is between {_LEAST} and {_MOST}.")
    if inside.get("EvaluationWindowSec", _WINDOWS[0]) not in _WINDOWS:
        raise InvalidParameter(f"{where}: EvaluationWindowSec is one of {', '.join(map(str, _WINDOWS))}.")
    match inside.get("AggregateKeyType"):
        case "CUSTOM_KEYS":
            raise Refused(f"CUSTOM_KEYS ({where})", "Its edge counts by IP, FORWARDED_IP or all together (CONSTANT).")
        case "CONSTANT" if not inside.get("ScopeDownStatement"):
            raise InvalidParameter(f"{where}: CONSTANT needs a ScopeDownStatement.")
        case "FORWARDED_IP" if not inside.get("ForwardedIPConfig"):
            raise InvalidParameter(f"{where}: FORWARDED_IP needs a ForwardedIPConfig.")
    _check_forwarded(inside.get("ForwardedIPConfig"), where)


def _check_forwarded(forwarded: Mapping[str, Any] | None, where: str) -> None:
    if not forwarded:
        return
    if not forwarded["HeaderName"].replace("-", "").isalnum():
        raise InvalidParameter(f"{where}: {forwarded['HeaderName']!r} is not a header's name.")
    if forwarded.get("Position", "FIRST") not in _POSITIONS:
        raise Refused(f"the position {forwarded['Position']} ({where})", f"Its edge knows {' and '.join(_POSITIONS)}.")


def _require(found: object, arn: str) -> None:
    if found is None:
        raise Invalid("WAFNonexistentItemException", f"There is no {arn}.")
