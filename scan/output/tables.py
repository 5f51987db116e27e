"""The inventory for people at a terminal: a table for each service, then what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from scan.baseline import Diff
from scan.model import Inventory, Severity, readiness
from scan.output.data import summary

_STYLES: Final = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "green",
}


def as_tables(inventory: Inventory, diff: Diff) -> Iterator[RenderableType]:
    """What to print, one after the other."""
    new = {finding.fingerprint for finding in diff.new}
    for service in inventory.services:
        findings = inventory.of(service.name)
        title = f"{service.name}: {readiness(findings)} ({service.files} files)"
        if not findings:
            yield Text(f"{title}, no state found")
            continue
        table = Table(title=Text(title), title_justify="left", expand=False)
        for column in ("component", "state", "storage", "shared", "risk", "action"):
            table.add_column(column, overflow="fold")
        for finding in findings:
            seen, grade = finding.sighting, finding.grade
            mark = "exempt" if finding.exempt else grade.severity.name
            known = "" if finding.exempt or finding.fingerprint in new else " (known)"
            table.add_row(
                Text(f"{inventory.shown(seen.path)}:{seen.line}\n{seen.holder}"),
                Text(f"{grade.title}: {seen.form}, {seen.reach}"),
                finding.storage,
                finding.shared,
                Text(mark + known, style="dim" if finding.exempt else _STYLES[grade.severity]),
                Text(f"{finding.exemption}\n{grade.action}" if finding.exemption else grade.action),
            )
        yield table
    for note in inventory.notes:
        place = inventory.shown(note.path) + (f":{note.line}" if note.line else "")
        yield Text(f"note: {place}: {note.text}")
    yield Text(_last_line(inventory, diff))


def _last_line(inventory: Inventory, diff: Diff) -> str:
    counts = summary(inventory)
    grades = ", ".join(f"{counts[grade.name.lower()]} {grade.name}" for grade in sorted(Severity, reverse=True))
    left = ", ".join(f"{count} {reason}" for reason, count in sorted(inventory.skipped.items()))
    text = f"{grades}; {counts['exempt']} exempt; {len(diff.new)} new, {len(diff.fixed)} fixed, "
    return text + f"{len(diff.unchanged)} unchanged" + (f"; not judged: {left}" if left else "")
