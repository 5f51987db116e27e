"""Exempting comments: a finding may stand for a stated reason, under a named owner, until a date.

    // groundwork/exempt.cache: reason: read-through, 5 s; owner: web team; expires: 2027-03-31

On the finding's line, or in a comment above it. The fields are those of the policies' exemptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from policies.exemptions import ANNOTATION, Exemption, read_exemption
from scan.syntax import Node


@dataclass(frozen=True)
class Comment:
    """An exempting comment.

    Attributes:
        rule: The rule that it names.
        line: Where it stands.
        lines: The lines that it speaks of: its own when there is code on it, else the next with code.
        exemption: What it says.
    """

    rule: str
    line: int
    lines: frozenset[int]
    exemption: Exemption


def comments(root: Node, today: date) -> tuple[Comment, ...]:
    """The exempting comments of a file."""
    code = sorted({node.line for node in root.walk() if node.kind != "comment" and not node.children})
    found = (node for node in root.walk() if node.kind == "comment")
    return tuple(known for node in found if (known := _read(node, code, today)) is not None)


def _read(node: Node, code: list[int], today: date) -> Comment | None:
    _, marker, rest = node.text.partition(ANNOTATION)
    if not marker:
        return None
    rule, _, text = rest.partition(":")
    last = node.line + node.text.count("\n")
    lines = {node.line} if node.line in code else {next((line for line in code if line > last), last)}
    exemption = read_exemption(text.strip().removesuffix("*/").strip(), today)
    return Comment(rule.strip(), node.line, frozenset(lines), exemption)
