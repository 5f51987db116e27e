"""What creates were under way: so that an update after a crash finishes them instead of doubling them.

When the engine dies between AWS's answer and its own state write, its next update creates the same resource again.
A record is written before the call, and the new ID after the answer; both survive a power cut. A create that finds a
record takes over what the record led to. A record stands only as long as the engine has not shown that it knows the
ID: any diff, read, update or delete of that ID removes it, so the create that belongs to a *replacement* (the old
resource is in the state, and was diffed just before) never takes over the resource that it replaces.

Records hold names and IDs, no property values.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Intent:
    """A create under way.

    Attributes:
        urn: The resource.
        mark: A text unique to this create, given to AWS where it can be found again.
        name: The name generated for the resource, "" when the program gives it.
        property: The property that holds that name.
        id: AWS's ID, "" as long as AWS has not answered.
        region: Where.
        endpoint: Of which endpoint: another endpoint is another world.
    """

    urn: str
    mark: str
    name: str = ""
    property: str = ""
    id: str = ""
    region: str = ""
    endpoint: str = ""


class Journal(Protocol):
    """Where intents are kept."""

    def find(self, urn: str) -> Intent | None: ...

    def write(self, intent: Intent) -> None: ...

    def forget(self, urn: str) -> None: ...


class FileJournal:
    """One small file a create in a folder; written, flushed and renamed, so that it is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, urn: str) -> Intent | None:
        """The record of a create under way, None when there is none (or it is unreadable)."""
        try:
            stored = json.loads(self._file(urn).read_text())
            intent = Intent(**stored)
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return intent if intent.urn == urn else None

    def write(self, intent: Intent) -> None:
        """Put a record in place of any older one of the same resource."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._file(intent.urn)
        draft = file.with_suffix(".tmp")
        with draft.open("w") as stream:
            json.dump(asdict(intent), stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget(self, urn: str) -> None:
        """Remove a record; none is fine."""
        self._file(urn).unlink(missing_ok=True)

    def _file(self, urn: str) -> Path:
        return self._folder / f"{hashlib.sha256(urn.encode()).hexdigest()[:32]}.json"


def confirm(journal: Journal, urn: str, id: str) -> None:
    """The engine has shown that it knows this ID for the resource: the create is over."""
    intent = journal.find(urn)
    if intent and intent.id == id:
        journal.forget(urn)


def answered(intent: Intent, id: str) -> Intent:
    """The record with AWS's answer."""
    return replace(intent, id=id)
