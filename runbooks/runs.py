"""Where the plans and runs of a stack are kept on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runbooks import evidence, journal
from runbooks.chain import Record
from runbooks.errors import RunbookError


@dataclass(frozen=True)
class Runs:
    """The folder of one stack.

    Attributes:
        folder: Its path; only its owner can enter it.
    """

    folder: Path

    @property
    def plans(self) -> Path:
        """Plans by hash."""
        return self.folder / "plans"

    def of(self, run: str) -> Path:
        """A run's folder."""
        return self.folder / "runs" / run

    def journal(self, run: str) -> Path:
        """A run's journal."""
        return self.of(run) / journal.FILE

    def names(self) -> Iterator[str]:
        """The runs, the oldest first."""
        for file in sorted(self.folder.glob(f"runs/*/{journal.FILE}")):
            yield file.parent.name

    def chosen(self, run: str | None) -> str:
        """The run that is meant: the one named, or the newest one.

        Raises:
            RunbookError: there is none.
        """
        known = list(self.names())
        if run is None and known:
            return known[-1]
        if run is None or run not in known:
            raise RunbookError(f"there is no run {run or 'at all'} in {self.folder}")
        return run

    def write_evidence(self, run: str, records: Sequence[Record]) -> None:
        """Write the evidence bundle beside the journal."""
        found = evidence.bundle(records)
        (self.of(run) / "evidence.json").write_text(json.dumps(found, indent=2) + "\n")
        (self.of(run) / "evidence.md").write_text(evidence.markdown(found))
