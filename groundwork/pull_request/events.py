"""Reads the engine's event log of a preview: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from groundwork.pull_request.paths import value_at


class Operation(Enum):
    """What the engine does to a resource, in the order in which a reviewer wants to see it."""

    REPLACE = "replace"
    DELETE = "delete"
    UPDATE = "update"
    CREATE = "create"
    IMPORT = "import"


# A replacement has three steps, and what reads or keeps a resource changes nothing.
_OPERATIONS: Final = {operation.value: operation for operation in Operation}

# The stack itself and the providers: nothing that anybody declared.
_OF_THE_ENGINE: Final = "pulumi:"

# How the engine closes when it has told everything else.
_CLOSING: Final = "preview failed"


@dataclass(frozen=True)
class PropertyChange:
    """One property of a resource that changes.

    Attributes:
        path: Where, as the engine writes it.
        old: The value in the state, or `ABSENT`; secrets are masked.
        new: The value in the program, or `ABSENT`.
        forces_replacement: Whether the resource is replaced because of it.
    """

    path: str
    old: Any
    new: Any
    forces_replacement: bool


@dataclass(frozen=True)
class Change:
    """One resource that changes."""

    operation: Operation
    type: str
    name: str
    properties: tuple[PropertyChange, ...]


@dataclass(frozen=True)
class PolicyResult:
    """What a policy reported.

    Attributes:
        policy: Name of the policy, such as `SR-PDB-COVERAGE`.
        level: `mandatory` or `advisory`.
        severity: `low` to `critical`.
        urn: The resource, or empty for the stack.
        message: The rule's own line: rule, resource, property, value, problem and cure.
    """

    policy: str
    level: str
    severity: str
    urn: str
    message: str


@dataclass(frozen=True)
class Preview:
    """What a preview found out.

    Attributes:
        changes: The resources that change, replacements and deletions first.
        unchanged: How many stay as they are.
        policies: What the policies reported, without repetition.
        errors: The engine's and the providers' errors.
        finished: Whether the engine came to its end and called it a success.
    """

    changes: tuple[Change, ...]
    unchanged: int
    policies: tuple[PolicyResult, ...]
    errors: tuple[str, ...]
    finished: bool


def read(lines: Iterable[str]) -> Preview:
    """The preview that an event log tells of; one that breaks off (the engine was killed) is not finished."""
    changes: list[Change] = []
    policies: dict[PolicyResult, None] = {}
    errors: list[str] = []
    unchanged, finished = 0, False
    for event in _events(lines):
        if step := event.get("resourcePreEvent"):
            metadata = step["metadata"]
            if metadata["op"] in _OPERATIONS:
                changes.append(_change(metadata))
            unchanged += metadata["op"] == "same" and not metadata["type"].startswith(_OF_THE_ENGINE)
        elif policy := event.get("policyEvent"):
            policies[_policy(policy)] = None
        elif diagnostic := event.get("diagnosticEvent"):
            message = diagnostic["message"].strip()
            if diagnostic.get("severity") == "error" and message != _CLOSING:
                errors.append(message)
        elif summary := event.get("summaryEvent"):
            finished = summary.get("result") == "succeeded"
    order = list(Operation)
    changes.sort(key=lambda change: (order.index(change.operation), change.type, change.name))
    return Preview(tuple(changes), unchanged, tuple(policies), tuple(errors), finished)


def _events(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return  # the engine was killed in the middle of its last line


def _change(metadata: Mapping[str, Any]) -> Change:
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    properties = [
        PropertyChange(path, *_values(old, new, path, difference), "replace" in difference.get("diffKind", ""))
        for path, difference in sorted((metadata.get("detailedDiff") or {}).items())
    ]
    name = metadata["urn"].rsplit("::", 1)[-1]
    return Change(_OPERATIONS[metadata["op"]], metadata["type"], name, tuple(properties))


def _values(
    old: Mapping[str, Any], new: Mapping[str, Any], path: str, difference: Mapping[str, Any]
) -> tuple[Any, Any]:
    # A difference that is not between inputs is between what is really there and what is asked for.
    before = old.get("inputs" if difference.get("inputDiff") else "outputs")
    return value_at(before, path), value_at(new.get("inputs"), path)


def _policy(event: Mapping[str, Any]) -> PolicyResult:
    # The engine puts the policy's title on a line before the rule's own.
    _, _, message = event["message"].strip().partition("\n")
    return PolicyResult(
        policy=event["policyName"],
        level=event.get("enforcementLevel", ""),
        severity=event.get("severity", ""),
        urn=event.get("resourceUrn", ""),
        message=message or event["message"].strip(),
    )
