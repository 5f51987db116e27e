"""From rules to CrossGuard policies: what the Pulumi engine sends becomes plain data, findings become reports.

Each rule becomes a policy at its own enforcement level. What cannot be judged, and what is exempt, must be seen but
must not fail a run, so two advisory policies report those for all rules together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from google.protobuf import json_format
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as PulumiSeverity
from pulumi_policy import policy as sdk
from pulumi_policy.proxy import UnknownValueError

from policies import exemptions
from policies.declared import Declared
from policies.index import Index
from policies.judge import judge_resource, judge_stack
from policies.marks import SECRET, SIGNATURE, is_marked, separate
from policies.model import UNKNOWN, Finding, Resource, Rule, Status
from policies.once import Once

_once = Once()

# What the engine puts where a secret of a state file cannot be decrypted offline.
_REDACTED: Final = "[secret]"


class _Notes(threading.local):
    """Findings of the rules' policies that must not fail a run, until the advisory policy takes them.

    The engine's request for one resource, or for the stack, runs every policy in turn on one thread.
    """

    def __init__(self) -> None:
        self.pending: list[Finding] = []

    def take(self) -> list[Finding]:
        """The pending findings; none are left."""
        taken, self.pending = self.pending, []
        return taken


def policies_from(rules: Sequence[Rule], today: Callable[[], date] | None = None) -> list[Policy]:
    """The CrossGuard policies for a table of rules, with the advisory policies that report what was not enforced.

    Args:
        rules: Rows of a rule table.
        today: Clock for exemptions; default: the present day in UTC.
    """
    _read_once_with_marks()
    clock, notes, declared = today or _today, _Notes(), Declared()
    found = [_policy(rule, clock, notes, declared) for rule in rules]
    # Last, because they report what the policies before them left.
    return [*found, _resource_notes(notes, declared), _stack_notes(notes)]


def plain(value: Any) -> Any:
    """Plain data for what a policy's proxies hold, with `UNKNOWN` for what is not known yet."""
    if isinstance(value, Mapping):
        return {str(key): _child(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_child(value, index) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == _REDACTED else value


def _child(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def _today() -> date:
    return datetime.now(UTC).date()


def _policy(rule: Rule, clock: Callable[[], date], notes: _Notes, declared: Declared) -> Policy:
    # `description` heads each report of the policy, so it carries the rule's title.
    schema = {**rule.schema, **exemptions.SCHEMA}
    common: dict[str, Any] = {
        "name": rule.policy,
        "description": rule.title,
        "enforcement_level": EnforcementLevel(rule.enforcement.value),
        "config_schema": PolicyConfigSchema({key: dict(row) for key, row in schema.items()}),
        "display_name": rule.id,
        "severity": PulumiSeverity(rule.severity.value),
        "remediation_steps": rule.remediation,
        "tags": [rule.id, *rule.tags, *rule.frameworks],
    }

    if rule.resource is not None:

        def validate_resource(args: ResourceValidationArgs, report: ReportViolation) -> None:
            findings = judge_resource(rule, _resource(args, {}), plain(args.get_config()), clock())
            _report_violations(findings, report, notes)

        return ResourceValidationPolicy(validate=validate_resource, **common)

    def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
        findings = judge_stack(rule, _resources(args, declared), plain(args.get_config()), clock())
        _report_violations(findings, report, notes)

    return StackValidationPolicy(validate=validate_stack, **common)


def _resource_notes(notes: _Notes, declared: Declared) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        declared.note(_resource(args, {}))
        _once.forget()
        _report(notes.take(), report)

    return ResourceValidationPolicy(
        name="SR-NOTES",
        description="Not judged yet, or exempt",
        enforcement_level=EnforcementLevel.ADVISORY,
        severity=PulumiSeverity.LOW,
        validate=validate,
    )


def _stack_notes(notes: _Notes) -> Policy:
    def validate(_args: StackValidationArgs, report: ReportViolation) -> None:
        _once.forget()
        _report(notes.take(), report)

    return StackValidationPolicy(
        name="SR-NOTES-STACK",
        description="Not judged yet, or exempt, between resources",
        enforcement_level=EnforcementLevel.ADVISORY,
        severity=PulumiSeverity.LOW,
        validate=validate,
    )


def _resource(args: ResourceValidationArgs | PolicyResource, dependencies: Mapping[str, Sequence[str]]) -> Resource:
    properties, secrets = _once.of("plain", lambda: separate(plain(args.props)), args.props)
    return Resource(args.resource_type, args.name, args.urn, properties, dependencies, secrets=secrets)


def _read_once_with_marks() -> None:
    """Have the SDK read each message once for all policies, and keep the engine's marks of secrets, which it takes off.

    A rule on literal secrets needs them: a marked value in a Secret is encrypted by Pulumi, a marked value in an
    environment is a secret whatever its name.
    """
    if isinstance(sdk.json_format, _Messages):  # type: ignore[attr-defined]
        return
    stripping, wrapping = sdk.deserialize_properties, sdk.unknown_checking_proxy  # type: ignore[attr-defined]

    def keeping(props: dict[str, Any], proxy_secrets: bool = False) -> dict[str, Any]:
        if proxy_secrets:
            return stripping(props, proxy_secrets)
        return _once.of("marked", lambda: {key: _marked(value, stripping) for key, value in props.items()}, props)

    def wrapped(props: dict[str, Any]) -> Any:
        return _once.of("wrapped", lambda: wrapping(props), props)

    sdk.json_format = _Messages()  # type: ignore[assignment, attr-defined]
    sdk.deserialize_properties = keeping  # type: ignore[attr-defined]
    sdk.unknown_checking_proxy = wrapped  # type: ignore[attr-defined]


class _Messages:
    """As much of `google.protobuf.json_format` as the SDK uses."""

    def MessageToDict(self, message: Any) -> dict[str, Any]:  # the library's name
        """The message as plain data, made once."""
        return _once.of("data", lambda: json_format.MessageToDict(message), message)


def _marked(value: Any, stripping: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if is_marked(value):
        return {SIGNATURE: SECRET, "value": _marked(value["value"], stripping)}
    if isinstance(value, dict) and SIGNATURE not in value:
        return {key: _marked(child, stripping) for key, child in value.items()}
    if isinstance(value, list):
        return [_marked(child, stripping) for child in value]
    return stripping({"value": value})["value"]  # assets and archives, and plain values


def _resources(args: StackValidationArgs, declared: Declared) -> Index:
    def one(given: PolicyResource) -> Resource:
        sources = {key: [other.urn for other in others] for key, others in given.property_dependencies.items()}
        return declared.of(_resource(given, sources))

    def read() -> Index:
        return Index([one(given) for given in args.resources])

    return _once.of("stack", read, *(given.props for given in args.resources))


def _report_violations(findings: Iterable[Finding], report: ReportViolation, notes: _Notes) -> None:
    for finding in findings:
        if finding.status is Status.VIOLATION:
            report(finding.message, finding.verdict.resource.urn)
        else:
            notes.pending.append(finding)


def _report(findings: Iterable[Finding], report: ReportViolation) -> None:
    for finding in findings:
        report(finding.message, finding.verdict.resource.urn)
