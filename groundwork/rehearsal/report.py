"""What a rehearsal came to, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from groundwork.rehearsal.draft import Change
from groundwork.rehearsal.sequence import Done, Outcome, exit_code

_STYLES = {Outcome.KEPT: "green", Outcome.BROKEN: "bold red", Outcome.INTERRUPTED: "yellow", Outcome.NOT_REACHED: "dim"}


@dataclass(frozen=True)
class Report:
    """One rehearsal.

    Attributes:
        stack: The stack's name.
        began: When it began, as ISO 8601 in UTC.
        changes: What differed from the stack file.
        steps: All steps in their order.
        left: What to do about what is left, empty if nothing is.
        log: File with the engine's whole output.
    """

    stack: str
    began: str
    changes: Sequence[Change]
    steps: Sequence[Done]
    left: str
    log: str

    @property
    def code(self) -> int:
        """The exit code: 0 when every promise was kept."""
        return exit_code(self.steps)

    def as_json(self) -> str:
        """The report for programs. What is written under keys that sound like secrets is not in it."""
        return json.dumps(
            {
                "stack": self.stack,
                "began": self.began,
                "kept": self.code == 0,
                "seconds": round(sum(step.seconds for step in self.steps), 1),
                "steps": [
                    {
                        "name": step.name,
                        "promise": step.promise,
                        "outcome": step.outcome.value,
                        "seconds": round(step.seconds, 1),
                        "detail": step.detail,
                    }
                    for step in self.steps
                ],
                "changes": [{"key": change.key, "change": change.line(), "why": change.why} for change in self.changes],
                "left": self.left,
                "log": self.log,
            },
            indent=2,
        )

    def table(self) -> Table:
        """The steps for people."""
        table = Table("step", "promise", "outcome", "seconds", "what was seen", title=f"rehearsal of {self.stack}")
        for step in self.steps:
            seconds = "" if step.outcome is Outcome.NOT_REACHED else f"{step.seconds:.0f}"
            outcome = Text(step.outcome.value, style=_STYLES[step.outcome])
            table.add_row(step.name, step.promise, outcome, seconds, Text(step.detail))
        return table

    def closing(self) -> list[str]:
        """The lines below the table."""
        seconds = sum(step.seconds for step in self.steps)
        word = "every promise was kept" if self.code == 0 else "not every promise was kept"
        return [
            f"{self.stack}: {word}, {seconds:.0f} s; the engine's output is in {self.log}",
            *filter(None, [self.left]),
        ]
