"""The journal of a run: a file that only grows, on disk before anything is done on its word."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from checks.redaction import Redactor
from runbooks import chain
from runbooks.chain import Head, Record
from runbooks.clock import Clock, written
from runbooks.errors import JournalBroken, RunbookError

FILE: Final = "journal.jsonl"
CLOSED: Final = "run-closed"
"""The event of a journal's last line."""


class Journal:
    """An open journal, which no other process has open.

    Attributes:
        path: The file. Beside it lies its head, in a file of the same name that ends in `.head`.
        records: Every record, old and new.
    """

    def __init__(self, path: Path, clock: Clock, redactor: Redactor) -> None:
        """Open a journal, or begin one; see `begin` and `resume`."""
        self.path = path
        self.records: list[Record] = []
        self._clock, self._redactor = clock, redactor
        self._listeners: list[Callable[[Record], None]] = []
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise RunbookError(f"{path} is open in another process: the run is still going on") from None

    @classmethod
    def begin(cls, path: Path, clock: Clock, redactor: Redactor) -> Self:
        """A new journal.

        Raises:
            RunbookError: there is one already.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        journal = cls(path, clock, redactor)
        if path.stat().st_size:
            journal.close()
            raise RunbookError(f"{path} is the journal of another run")
        _sync_folder(path.parent)
        return journal

    @classmethod
    def resume(cls, path: Path, clock: Clock, redactor: Redactor) -> Self:
        """The journal of a run that was interrupted.

        A last line without an end was never acted on: it is taken away, and that it was is written down.

        Raises:
            RunbookError: there is none, or the run is still going on.
            JournalBroken: it is not what was written.
        """
        if not path.is_file():
            raise RunbookError(f"there is no journal at {path}: resume where the run was started")
        journal = cls(path, clock, redactor)
        try:
            content = path.read_bytes()
            whole, torn = chain.complete_lines(content)
            records = chain.read(whole)
            chain.compare(records, read_head(path), slack=1)
            journal.records = list(records)
            if torn:
                os.ftruncate(journal._file, len(whole))
            if journal.head != read_head(path):
                journal._keep_head()
            if torn:
                journal.append("torn-line-removed", bytes=len(torn))
        except BaseException:
            journal.close()
            raise
        return journal

    @property
    def head(self) -> Head:
        """Number and hash of the last line."""
        return self.records[-1].head if self.records else Head()

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Have somebody told of every record once it is on disk."""
        self._listeners.append(listener)

    def append(self, event: str, **data: Any) -> Record:
        """Write one record; it is on disk, without any known secret, when this returns."""
        clean: Mapping[str, Any] = self._redactor.clean(json.loads(json.dumps(data)))
        line, record = chain.line(self.head, written(self._clock.now()), event, clean)
        os.write(self._file, line)
        os.fsync(self._file)
        self.records.append(record)
        self._keep_head()
        for listener in self._listeners:
            listener(record)
        return record

    def close(self) -> None:
        """Let others open it."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _keep_head(self) -> None:
        target = head_file(self.path)
        draft = target.with_name(f"{target.name}.new")
        with draft.open("w") as file:
            json.dump(self.head.as_data(), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        _sync_folder(target.parent)


def head_file(journal: Path) -> Path:
    """Where a journal's head is kept."""
    return journal.with_name(f"{journal.name}.head")


def read_head(journal: Path) -> Head:
    """The head that is kept beside a journal; that of an empty one, while nothing was written.

    Raises:
        JournalBroken: it is not there although the journal has lines, or is no head.
    """
    file = head_file(journal)
    if not file.is_file():
        # A writer that is killed after its first line has left no head yet.
        if journal.read_bytes().count(b"\n") <= 1:
            return Head()
        raise JournalBroken(f"{file} is missing: without the head nobody can tell whether the journal's end is there")
    try:
        data = json.loads(file.read_text())
        return Head(int(data["sequence"]), str(data["hash"]))
    except (ValueError, KeyError, TypeError):
        raise JournalBroken(f"{file} is no head of a journal: it was changed") from None


def verify(journal: Path, heads: Sequence[Head] = ()) -> Sequence[Record]:
    """The records of a journal that is as it was written.

    Args:
        heads: Heads from elsewhere that the journal must contain: of the lock, of an evidence bundle.

    Raises:
        RunbookError: there is no such file.
        JournalBroken: a byte, a line, the order or the end is not what was written.
    """
    if not journal.is_file():
        raise RunbookError(f"there is no journal at {journal}")
    records = chain.read(journal.read_bytes())
    if not records:
        raise JournalBroken(f"{journal} has no lines")
    chain.compare(records, read_head(journal), slack=0 if records[-1].event == CLOSED else 1)
    for head in heads:
        chain.compare(records, head, slack=len(records))
    return records


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
