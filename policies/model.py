"""What every rule speaks: resources as plain data, and verdicts about them.

Nothing here knows where a resource came from. The CrossGuard adapter makes resources from what the Pulumi
engine sends; a scanner can make them from manifests or a state file, and gets the same verdicts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class _Unknown:
    """A value that the engine does not know yet: it depends on a resource that is still to be made."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Origin:
    """Where a resource was read from.

    Attributes:
        file: The file as it was named, `-` for standard input.
        line: Line on which the resource begins, from 1.
        source: The file that a `# Source:` comment names, as `helm template` writes it; else empty.
        lines: Line of each key and element within, in their order and from `line`; `None` when they are not known.
    """

    file: str
    line: int = 1
    source: str = ""
    lines: Sequence[int] | None = None


@dataclass(frozen=True)
class Resource:
    """One resource as plain data.

    Attributes:
        type: Pulumi type token, for example `kubernetes:apps/v1:Deployment`.
        name: Logical name in the program, or the object's name when read from a manifest.
        urn: Unique identity within the judged set.
        properties: Inputs (or, after a run, outputs) with `UNKNOWN` for what is not known yet.
        property_dependencies: For each top-level property, the URNs of the resources its value came from.
        origin: Where it was read from; no rule looks at it.
        secrets: Property paths of what the program marks as secret.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    origin: Origin | None = field(default=None, compare=False)
    secrets: frozenset[str] = frozenset()

    def is_secret(self, path: str) -> bool:
        """Whether the property at a path, or something that it is a part of, is marked as secret."""
        return any(path == secret or path.startswith((f"{secret}.", f"{secret}[")) for secret in self.secrets)

    def depends_on(self, other: Resource) -> bool:
        """Whether a property of this resource was made from a property of the other."""
        return any(other.urn in urns for urns in self.property_dependencies.values())


class Status(Enum):
    """How a rule judged."""

    VIOLATION = "violation"
    UNDETERMINED = "undetermined"
    EXEMPT = "exempt"


class Severity(Enum):
    """How much harm breaking the rule does."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Enforcement(Enum):
    """What a violation does to a deployment."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Verdict:
    """What a rule found about one property of one resource.

    Attributes:
        resource: The resource that breaks the rule, or that cannot be judged.
        path: Property path of the offending value, for example `spec.template.spec.volumes[0].hostPath.path`.
        value: The offending value; `None` when what offends is that something is missing.
        problem: What is wrong with it, as a clause.
        cure: What to write instead.
        status: Violation, or undetermined when the value cannot be known yet.
    """

    resource: Resource
    path: str
    value: Any
    problem: str
    cure: str
    status: Status = Status.VIOLATION


@dataclass(frozen=True)
class Finding:
    """A verdict together with the rule that gave it."""

    rule: str
    verdict: Verdict
    status: Status
    note: str = ""

    @property
    def message(self) -> str:
        """One line for a person: rule, resource, property path, offending value, problem and cure."""
        verdict = self.verdict
        where = f'{verdict.resource.type} "{verdict.resource.name}": {verdict.path}'
        if verdict.value is not None:
            hidden = verdict.resource.is_secret(verdict.path)
            where += f" = {'[secret]' if hidden else _shown(verdict.value)}"
        text = f"[{self.rule}] {where}: {verdict.problem}."
        if verdict.cure:
            text += f" Cure: {verdict.cure}."
        return f"{text} {self.note}" if self.note else text


ResourceRule = Callable[[Resource, Mapping[str, Any]], Iterator[Verdict]]
StackRule = Callable[[Sequence[Resource], Mapping[str, Any]], Iterator[Verdict]]


@dataclass(frozen=True)
class Rule:
    """A row of the rule table.

    Attributes:
        id: The requirement's ID; several rows may enforce one requirement.
        policy: Name of the policy in the pack; unique.
        title: What must hold, in one sentence.
        severity: Harm done by breaking it.
        enforcement: What a violation does unless the stack configures otherwise.
        remediation: General advice, beyond each verdict's own cure.
        resource: Judges one resource from its inputs, before it is made.
        stack: Judges what only shows between resources.
        schema: JSON schema of each configurable property, with its default.
        frameworks: Published practices that the rule carries out, for example `AWS Well-Architected: REL 5`.
        tags: Words to find the rule by, such as `storage` or `availability`.
        applies: Says of a type token whether `resource` can find anything about such a resource; `None` when it has to
            be asked about each. Spares asking, never decides: see `policies.kubernetes.of_kinds`.
    """

    id: str
    policy: str
    title: str
    severity: Severity
    enforcement: Enforcement
    remediation: str
    resource: ResourceRule | None = None
    stack: StackRule | None = None
    schema: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    frameworks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    applies: Callable[[str], bool] | None = None

    def configured(self, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """The rule's configuration: defaults of the schema, overridden by what was given."""
        defaults = {key: row["default"] for key, row in self.schema.items() if "default" in row}
        return defaults | dict(given or {})


def undetermined(resource: Resource, path: str, reason: str) -> Verdict:
    """A verdict that says which value the rule would need to decide."""
    return Verdict(resource, path, None, f"cannot be judged: {reason}", "", Status.UNDETERMINED)


def sort_by_resource(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The same verdicts in an order that does not depend on the order of registration."""
    return sorted(verdicts, key=lambda verdict: (verdict.resource.urn, verdict.path, verdict.problem))


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 120 else text[:117] + "..."
