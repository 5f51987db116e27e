"""Web ACLs as the edge needs them: the rules, and everything that they refer to, read from what the API holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.wafv2.models import FakeIPSet, FakeRuleGroup, FakeWebACL, WAFV2Backend, wafv2_backends

from local.aws.state import ACCOUNT

_NESTED = {"AndStatement": "Statements", "OrStatement": "Statements"}
"""Statements that hold several others."""


@dataclass(frozen=True)
class WebAcl:
    """A web ACL.

    Attributes:
        default: The action for requests that no rule decides about: `{"Allow": {}}` or `{"Block": {}}`.
        rules: The API's `Rule` structures, by priority.
        bodies: Bodies of answers by their keys.
        addresses: Members of the IP sets that rules refer to, by ARN.
        groups: The rules of the account's own rule groups, by priority, and the bodies of their answers, by ARN.
    """

    arn: str
    default: Mapping[str, Any]
    rules: tuple[Mapping[str, Any], ...]
    bodies: Mapping[str, Any] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[tuple[Mapping[str, Any], ...], Mapping[str, Any]]] = field(default_factory=dict)


def web_acl(arn: str) -> WebAcl | None:
    """What the API holds of a web ACL now; None for one that is not there (any more)."""
    acl = known(arn)
    if acl is None:
        return None
    rules = _by_priority(acl.rules)
    groups = {
        named: (_by_priority(group.rules), group.custom_response_bodies or {})
        for named in references(rules, "RuleGroupReferenceStatement")
        if (group := rule_group(named)) is not None
    }
    every = [*rules, *(rule for grouped, _ in groups.values() for rule in grouped)]
    sets = {named: ip_set(named) for named in references(every, "IPSetReferenceStatement")}
    return WebAcl(
        arn=arn,
        default=acl.default_action,
        rules=rules,
        bodies=acl.custom_response_bodies or {},
        addresses={named: tuple(found.addresses) if found else () for named, found in sets.items()},
        groups=groups,
    )


def known(arn: str) -> FakeWebACL | None:
    """The web ACL of this ARN, wherever it is."""
    found: FakeWebACL | None = _find("wacls", arn)
    return found


def ip_set(arn: str) -> FakeIPSet | None:
    """The IP set of this ARN, wherever it is."""
    found: FakeIPSet | None = _find("ip_sets", arn)
    return found


def rule_group(arn: str) -> FakeRuleGroup | None:
    """The account's own rule group of this ARN, wherever it is."""
    found: FakeRuleGroup | None = _find("rule_groups", arn)
    return found


def users_of(arn: str) -> list[str]:
    """Names of the web ACLs and rule groups whose rules refer to an IP set or a rule group."""
    kinds = ("IPSetReferenceStatement", "RuleGroupReferenceStatement")
    names: list[str] = []
    for backend in backends():
        holders: list[Any] = [*backend.wacls.values(), *backend.rule_groups.values()]
        names += [
            holder.name
            for holder in holders
            if any(arn in references(_by_priority(holder.rules), kind) for kind in kinds)
        ]
    return names


def references(rules: list[Mapping[str, Any]] | tuple[Mapping[str, Any], ...], kind: str) -> list[str]:
    """ARNs that the statements of this kind name, nested ones included; each once."""
    found = (each[kind]["ARN"] for rule in rules for each in statements(rule["Statement"]) if kind in each)
    return list(dict.fromkeys(found))


def statements(statement: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The statement, and every one inside it."""
    yield statement
    for kind, inside in statement.items():
        nested = list(inside.get(_NESTED[kind], ())) if kind in _NESTED else []
        nested += [inside[member] for member in ("Statement", "ScopeDownStatement") if inside.get(member)]
        for each in nested:
            yield from statements(each)


def backends() -> list[WAFV2Backend]:
    """WAF of every region that was used, and of CloudFront."""
    return list(wafv2_backends[ACCOUNT].values())


def _find(kind: str, arn: str) -> Any:
    for backend in backends():
        if arn in getattr(backend, kind):
            return getattr(backend, kind)[arn]
    return None


def _by_priority(rules: list[Any]) -> tuple[Mapping[str, Any], ...]:
    plain = [rule if isinstance(rule, dict) else rule.to_dict() for rule in rules]
    return tuple(sorted(plain, key=lambda rule: int(rule["Priority"])))
