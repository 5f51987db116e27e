"""The inventory as Markdown: for a pull request, or kept as the document that S001 was."""

from __future__ import annotations

from typing import Final

from scan.baseline import Diff
from scan.model import Finding, Inventory, Severity, readiness
from scan.output.data import summary

_READY: Final = {"ready": "✅ Ready", "needs work": "⚠️ Needs work", "stateful": "❌ Stateful"}
_MEANINGS: Final = {
    Severity.CRITICAL: "blocks horizontal scaling",
    Severity.HIGH: "should be fixed",
    Severity.MEDIUM: "monitor or improve",
    Severity.LOW: "acceptable",
}


def as_markdown(inventory: Inventory, diff: Diff) -> str:
    """A heading, what changed, and a table for each service."""
    lines = ["# State inventory", "", *_summary(inventory, diff)]
    for service in inventory.services:
        findings = inventory.of(service.name)
        lines += ["", f"## {service.name}: {_READY[readiness(findings)]}", ""]
        if not findings:
            lines.append(f"No state found in {service.files} files.")
            continue
        lines += ["| component | state | storage | shared | risk | action |", "|---|---|---|---|---|---|"]
        lines += [_row(finding, inventory) for finding in findings]
    if inventory.notes:
        lines += ["", "## Notes", ""]
        for note in inventory.notes:
            place = inventory.shown(note.path) + (f":{note.line}" if note.line else "")
            lines.append(f"- `{place}`: {_plain(note.text)}")
    return "\n".join(lines) + "\n"


def _summary(inventory: Inventory, diff: Diff) -> list[str]:
    counts = summary(inventory)
    lines = ["| grade | count | meaning |", "|---|---|---|"]
    for grade in sorted(Severity, reverse=True):
        lines.append(f"| {grade.name} | {counts[grade.name.lower()]} | {_MEANINGS[grade]} |")
    lines += [
        "",
        f"{len(diff.new)} new, {len(diff.fixed)} fixed, {len(diff.unchanged)} unchanged, {counts['exempt']} exempt.",
    ]
    if diff.fixed:
        lines += ["", *(f"- fixed: `{known.path}` {_plain(known.holder)} ({known.rule})" for known in diff.fixed)]
    return lines


def _row(finding: Finding, inventory: Inventory) -> str:
    seen, grade = finding.sighting, finding.grade
    risk = grade.severity.name if grade.severity < Severity.HIGH else f"**{grade.severity.name}**"
    action = f"{finding.exemption} {grade.action}" if finding.exemption else grade.action
    cells = (
        f"`{inventory.shown(seen.path)}:{seen.line}` `{seen.holder}`",
        f"{grade.title}: {seen.form}, {seen.reach}",
        finding.storage,
        finding.shared,
        f"~~{risk}~~ exempt" if finding.exempt else risk,
        action,
    )
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that breaks no table."""
    return text.replace("|", "\\|").replace("\n", " ")
