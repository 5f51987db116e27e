"""Wildcards in policy documents, and the list of those that are justified: docs/iam-wildcards.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.components.conftest import Registered
from tests.unit.validation.stacks import documents

PAGE = Path(__file__).parents[3] / "docs" / "iam-wildcards.md"
_SHORTEST_REASON = 20


@dataclass(frozen=True)
class Wildcard:
    """One wildcard in one statement.

    Attributes:
        where: Type of the resource that carries the document.
        effect: `Allow` or `Deny`.
        actions: The statement's actions, sorted: one more in the statement is another case.
        element: `Action`, `Resource`, `Principal` or `Condition`, or the `Not…` of one, which means everything else.
        value: The text with the wildcard.
    """

    where: str
    effect: str
    actions: str
    element: str
    value: str


@dataclass(frozen=True)
class Entry:
    """One line of the list: a wildcard, with `<name>` in its value for what differs from stack to stack."""

    wildcard: Wildcard
    reason: str

    def covers(self, found: Wildcard) -> bool:
        """Whether the wildcard is this one."""
        ours = self.wildcard
        same = (ours.where, ours.effect, ours.actions, ours.element) == (
            found.where,
            found.effect,
            found.actions,
            found.element,
        )
        pattern = "[^*?:/]+".join(re.escape(part) for part in re.split(r"<[a-z]+>", ours.value))
        return same and re.fullmatch(pattern, found.value) is not None


def wildcards(resource: Registered) -> Iterator[Wildcard]:
    """All wildcards in a resource's policy documents."""
    for _, document in documents(resource):
        for statement in _listed(document["Statement"]):
            actions = ", ".join(sorted(_listed(statement.get("Action", []))))
            for element, value in _elements(statement):
                if "*" in value or "?" in value or element.startswith("Not"):
                    yield Wildcard(resource.type, statement["Effect"], actions, element, value)


def _elements(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        for value in _listed(statement.get(name, [])):
            yield name, value
    for name in ("Principal", "NotPrincipal"):
        principal = statement.get(name, [])
        for values in principal.values() if isinstance(principal, dict) else [principal]:
            for value in _listed(values):
                yield name, value
    for keys in statement.get("Condition", {}).values():
        for values in keys.values():
            for value in _listed(values):
                yield "Condition", str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def justified(text: str) -> list[Entry]:
    """The list's entries.

    Raises:
        ValueError: a line lacks a part, or its reason is none.
    """
    entries = []
    for line in text.splitlines():
        if not line.startswith("| `aws:"):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 6 or len(cells[5]) < _SHORTEST_REASON:
            raise ValueError(f"a wildcard's line has five parts and a reason: {line}")
        where, effect, actions, element, value = (cell.replace("`", "") for cell in cells[:5])
        entries.append(Entry(Wildcard(where, effect, actions, element, value), cells[5]))
    return entries
