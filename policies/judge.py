"""Running rules over resources: unknown values, opaque resources and exemptions are settled here, once for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from policies.exemptions import exemption_for
from policies.index import index_of
from policies.kubernetes import HELM_RELEASE
from policies.model import Finding, Resource, Rule, Status, Verdict, sort_by_resource, undetermined
from policies.node import guard


def judge_resource(rule: Rule, resource: Resource, settings: Mapping[str, Any] | None, today: date) -> list[Finding]:
    """What a rule finds about one resource from that resource alone.

    Args:
        rule: A row of the rule table; rows without a resource function find nothing.
        resource: What to judge.
        settings: The policy's configuration, defaults applied by the rule's schema.
        today: The date by which exemptions are judged.
    """
    return judge_configured(rule, resource, rule.configured(settings), today) if asks(rule, resource.type) else []


def asks(rule: Rule, token: str) -> bool:
    """Whether a rule has something to find about one resource of a type from that resource alone."""
    return rule.resource is not None and (rule.applies is None or token == HELM_RELEASE or rule.applies(token))


def judge_configured(rule: Rule, resource: Resource, configured: Mapping[str, Any], today: date) -> list[Finding]:
    """As `judge_resource`, for a rule that `asks` about this type, with defaults applied: for many resources."""
    if resource.type == HELM_RELEASE:
        return [Finding(rule.id, _opaque(resource), Status.UNDETERMINED)]
    assert rule.resource is not None
    return _settle(rule, guard(resource, rule.resource(resource, configured)), configured, today)


def judge_stack(
    rule: Rule, resources: Sequence[Resource], settings: Mapping[str, Any] | None, today: date
) -> list[Finding]:
    """What a rule finds between the resources of a stack; see `judge_resource`.

    Args:
        resources: An `Index` spares the next rule the making of one.
    """
    if rule.stack is None:
        return []
    configured = rule.configured(settings)
    return _settle(rule, sort_by_resource(rule.stack(index_of(resources), configured)), configured, today)


def judge(rules: Iterable[Rule], resources: Sequence[Resource], today: date) -> Iterator[Finding]:
    """Judge a whole set of resources by every rule with its default configuration."""
    index = index_of(resources)
    for rule in rules:
        for resource in index:
            yield from judge_resource(rule, resource, None, today)
        yield from judge_stack(rule, index, None, today)


def _settle(rule: Rule, verdicts: Iterable[Verdict], settings: Mapping[str, Any], today: date) -> list[Finding]:
    findings: list[Finding] = []
    for verdict in verdicts:
        if verdict.status is Status.UNDETERMINED:
            findings.append(Finding(rule.id, verdict, Status.UNDETERMINED))
            continue
        exemption = exemption_for(verdict.resource, rule.id, settings, today)
        if exemption is None:
            findings.append(Finding(rule.id, verdict, Status.VIOLATION))
        else:
            status = Status.VIOLATION if exemption.fault else Status.EXEMPT
            findings.append(Finding(rule.id, verdict, status, exemption.note))
    return findings


def _opaque(resource: Resource) -> Verdict:
    return undetermined(
        resource,
        "chart",
        "the objects inside a Helm release are not shown to policies; use a Chart, or scan its output",
    )
