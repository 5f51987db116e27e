"""A web ACL for nginx: its address sets as `geo` blocks, its rules as data for `web_acl.lua`. Pure functions."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.aws.web_acl import WebAcl

_WINDOW = 300
"""Seconds in which a rate rule counts where it does not say (AWS WAF API, `RateBasedStatement`)."""

_TYPES = {"TEXT_PLAIN": "text/plain", "TEXT_HTML": "text/html", "APPLICATION_JSON": "application/json"}
_ACTIONS = {"Allow": "allow", "Block": "block", "Count": "count"}

Data = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """What nginx needs of a web ACL.

    Attributes:
        directives: For the `http` block.
        data: For `web_acl.lua`: the default action and the rules.
    """

    directives: tuple[str, ...]
    data: Data


@dataclass
class _Addresses:
    """Gives every combination of an address and an IP set a variable that is 1 for members."""

    prefix: str
    acl: WebAcl
    variables: dict[tuple[str, str], str] = field(default_factory=dict)
    sources: dict[tuple[str, str], str] = field(default_factory=dict)

    def member(self, arn: str, source: str) -> str:
        return self.variables.setdefault((source, arn), f"{self.prefix}_set_{len(self.variables)}")

    def forwarded(self, header: str, position: str) -> str:
        """Variable with the first or the last address of a header such as X-Forwarded-For."""
        name = header.lower().replace("-", "_")
        return self.sources.setdefault((name, position), f"{self.prefix}_from_{name}_{position.lower()}")

    def directives(self) -> Iterator[str]:
        for (header, position), variable in self.sources.items():
            expression = r"~^\s*([^,\s]+)" if position == "FIRST" else r"~([^,\s]+)\s*$"
            yield f'map $http_{header} ${variable} {{ default ""; "{expression}" $1; }}'
        for (source, arn), variable in self.variables.items():
            members = " ".join(f"{_range(each)} 1;" for each in self.acl.addresses.get(arn, ()))
            yield f'geo ${source} ${variable} {{ default ""; {members} }}'


def render_rules(acl: WebAcl, prefix: str) -> Rendered:
    """Everything of the web ACL that decides about a request.

    Args:
        acl: The web ACL.
        prefix: Start of the variables' names: the site's own.
    """
    addresses = _Addresses(prefix, acl)
    data: Data = {
        "default": _action(acl.default, acl.bodies),
        "rules": _rules(acl.rules, acl, acl.bodies, addresses),
    }
    return Rendered(tuple(addresses.directives()), data)


def _rules(
    rules: Sequence[Mapping[str, Any]], acl: WebAcl, bodies: Mapping[str, Any], addresses: _Addresses
) -> list[Data]:
    return [_rule(rule, acl, bodies, addresses) for rule in rules]


def _rule(rule: Mapping[str, Any], acl: WebAcl, bodies: Mapping[str, Any], addresses: _Addresses) -> Data:
    group = rule["Statement"].get("RuleGroupReferenceStatement")
    if group is not None:
        return {"name": rule["Name"], "rules": _grouped(rule, group, acl, addresses)}
    return {
        "name": rule["Name"],
        **_action(rule.get("Action") or {"Count": {}}, bodies),
        "when": _statement(rule["Statement"], rule["Name"], acl, addresses),
    }


def _grouped(rule: Mapping[str, Any], group: Mapping[str, Any], acl: WebAcl, addresses: _Addresses) -> list[Data]:
    """The rules of a group, with the actions that the rule which refers to it puts in the place of theirs."""
    rules, bodies = acl.groups.get(group["ARN"], ((), {}))
    rendered = _rules(rules, acl, bodies, addresses)
    instead = {each["Name"]: each["ActionToUse"] for each in group.get("RuleActionOverrides") or ()}
    instead |= {each["Name"]: {"Count": {}} for each in group.get("ExcludedRules") or ()}
    for each in rendered:
        if each["name"] in instead:
            each.pop("answer", None)
            each |= _action(instead[each["name"]], acl.bodies)
        if "Count" in (rule.get("OverrideAction") or {}):
            each["action"] = "count"
    return rendered


def _action(action: Mapping[str, Any], bodies: Mapping[str, Any]) -> Data:
    [(kind, details)] = action.items()
    rendered: Data = {"action": _ACTIONS[kind]}
    answer = (details or {}).get("CustomResponse")
    if answer:
        rendered["answer"] = _answer(answer, bodies)
    return rendered


def _answer(answer: Mapping[str, Any], bodies: Mapping[str, Any]) -> Data:
    headers = [[each["Name"], each["Value"]] for each in answer.get("ResponseHeaders") or ()]
    rendered: Data = {"status": int(answer["ResponseCode"]), "headers": headers, "body": ""}
    key = answer.get("CustomResponseBodyKey")
    if key:
        rendered["body"] = bodies[key]["Content"]
        rendered["type"] = _TYPES[bodies[key]["ContentType"]]
    return rendered


def _statement(statement: Mapping[str, Any], rule: str, acl: WebAcl, addresses: _Addresses) -> Data:
    [(kind, inside)] = statement.items()
    match kind:
        case "IPSetReferenceStatement":
            return _addressed(inside, addresses)
        case "RateBasedStatement":
            return _rate(inside, rule, acl, addresses)
        case "AndStatement" | "OrStatement":
            all_of = [_statement(each, rule, acl, addresses) for each in inside["Statements"]]
            return {"kind": "and" if kind == "AndStatement" else "or", "of": all_of}
        case "NotStatement":
            return {"kind": "not", "of": [_statement(inside["Statement"], rule, acl, addresses)]}
        case "ManagedRuleGroupStatement":
            # AWS's own rules are not public: recorded.
            return {"kind": "never"}
    raise ValueError(f"the edge has no {kind}")


def _addressed(inside: Mapping[str, Any], addresses: _Addresses) -> Data:
    forwarded = inside.get("IPSetForwardedIPConfig")
    if not forwarded:
        return {"kind": "address", "member": addresses.member(inside["ARN"], "remote_addr")}
    source = addresses.forwarded(forwarded["HeaderName"], forwarded["Position"])
    return {
        "kind": "address",
        "member": addresses.member(inside["ARN"], source),
        "source": source,
        "fallback": forwarded["FallbackBehavior"] == "MATCH",
    }


def _rate(inside: Mapping[str, Any], rule: str, acl: WebAcl, addresses: _Addresses) -> Data:
    rendered: Data = {
        "kind": "rate",
        # Counting begins anew when the settings change, as in AWS WAF.
        "counter": _digest(acl.arn, rule, inside),
        "limit": int(inside["Limit"]),
        "window": int(inside.get("EvaluationWindowSec") or _WINDOW),
    }
    forwarded = inside.get("ForwardedIPConfig")
    match inside.get("AggregateKeyType", "IP"):
        case "IP":
            rendered["source"] = "remote_addr"
        case "FORWARDED_IP" if forwarded:
            rendered["source"] = addresses.forwarded(forwarded["HeaderName"], "FIRST")
            rendered["fallback"] = forwarded["FallbackBehavior"] == "MATCH"
    if inside.get("ScopeDownStatement"):
        rendered["of"] = [_statement(inside["ScopeDownStatement"], rule, acl, addresses)]
    return rendered


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _range(address: str) -> str:
    # nginx takes what Python takes for a range, and nothing else gets into its configuration.
    return str(ipaddress.ip_network(address, strict=False))
