"""Results for a person."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.scan.reports.words import level, place, printable, summary
from policies.scan.run import Report

_STYLES: Final = {"mandatory": "bold red", "advisory": "yellow", "undetermined": "cyan", "exempt": "dim"}
ROWS: Final = 200
"""Results that are shown of each level; a person reads no more, and the other formats have all."""


def table(report: Report) -> RenderableType:
    """Violations first, then what could not be determined, exemptions, and what could not be read."""
    parts: list[RenderableType] = []
    for word, style in _STYLES.items():
        results = [result for result in report.results if level(result) == word]
        if not results:
            continue
        made = Table(
            title=f"{word} ({len(results)})", title_justify="left", title_style=style, box=None, pad_edge=False
        )
        made.add_column("where", overflow="fold", max_width=50)
        made.add_column("what", overflow="fold")
        for result in results[:ROWS]:
            made.add_row(Text(printable(place(result))), Text(printable(result.finding.message)))
        parts.append(made)
        if len(results) > ROWS:
            parts.append(Text(f"and {len(results) - ROWS:,} more: --format json lists them all", style))
        parts.append(Text())
    if report.problems:
        shown = [Text(printable(str(problem)), "red" if problem.fatal else "dim") for problem in report.problems[:ROWS]]
        parts += [Text(f"input ({len(report.problems)})", "bold"), *shown]
        if len(report.problems) > ROWS:
            parts.append(Text(f"and {len(report.problems) - ROWS:,} more: --format json lists them all"))
        parts.append(Text())
    parts.append(Text(summary(report), "bold red" if report.exit_code else "green"))
    return Group(*parts)
