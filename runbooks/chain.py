"""The hash chain of a journal: pure functions from records to lines and back.

Each line is one JSON object in one canonical form, with the hash of the line before it and its own. So a changed byte,
a removed line and a changed order all show. A chain alone cannot tell that its end was cut off: the *head* (number and
hash of the last line) is kept apart, beside the journal and in the stack's lock, and is compared with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runbooks.errors import JournalBroken

START: Final = "0" * 64
"""What stands for the hash before the first line."""

_KEYS: Final = frozenset({"at", "data", "event", "hash", "previous", "sequence"})


@dataclass(frozen=True)
class Head:
    """The last line of a journal.

    Attributes:
        sequence: Its number, from 1; 0 for a journal without lines.
        hash: Its hash, SHA-256 in hexadecimal.
    """

    sequence: int = 0
    hash: str = START

    def as_data(self) -> dict[str, Any]:
        """As lock and head file have it."""
        return {"sequence": self.sequence, "hash": self.hash}


@dataclass(frozen=True)
class Record:
    """One line.

    Attributes:
        sequence: Number of the line, from 1.
        at: When it was written, ISO 8601 in UTC.
        event: What happened, such as `action-started`.
        data: What belongs to it.
        head: The line's own number and hash.
    """

    sequence: int
    at: str
    event: str
    data: Mapping[str, Any]
    head: Head


def line(head: Head, at: str, event: str, data: Mapping[str, Any]) -> tuple[bytes, Record]:
    """The line that follows a head, with its newline, and the record that it is."""
    body = {"sequence": head.sequence + 1, "at": at, "previous": head.hash, "event": event, "data": data}
    digest = hashlib.sha256(_canonical(body)).hexdigest()
    written = _canonical({**body, "hash": digest}) + b"\n"
    return written, Record(head.sequence + 1, at, event, data, Head(head.sequence + 1, digest))


def complete_lines(content: bytes) -> tuple[bytes, bytes]:
    """The content up to its last newline, and what follows it: part of a line whose writer was killed."""
    end = content.rfind(b"\n") + 1
    return content[:end], content[end:]


def read(content: bytes) -> Sequence[Record]:
    """The records of a journal's complete content.

    Raises:
        JournalBroken: the first line that is not what was written, and why.
    """
    whole, rest = complete_lines(content)
    if rest:
        number = whole.count(b"\n") + 1
        raise JournalBroken(f"line {number} has no end: it was cut off, or its writer was killed")
    records: list[Record] = []
    head = Head()
    for number, raw in enumerate(whole.split(b"\n")[:-1], start=1):
        record = _record(number, raw, head)
        records.append(record)
        head = record.head
    return records


def compare(records: Sequence[Record], head: Head, *, slack: int = 0) -> None:
    """Hold records, whose chain is sound, against a head that was kept apart.

    Args:
        slack: How many lines the journal may have beyond the head: 1 for a head that is written after its line.

    Raises:
        JournalBroken: the line of the head is not there, is another, or more lines follow it.
    """
    if head.sequence > len(records):
        raise JournalBroken(
            f"the journal ends with line {len(records)}, but line {head.sequence} was written: its end was cut off"
        )
    found = records[head.sequence - 1].head if head.sequence else Head()
    if found != head:
        raise JournalBroken(f"line {head.sequence} is not the one that was written: its hash is another")
    if len(records) - head.sequence > slack:
        raise JournalBroken(f"{len(records) - head.sequence} lines follow line {head.sequence}, which was the last one")


def _record(number: int, raw: bytes, head: Head) -> Record:
    try:
        body = json.loads(raw)
    except ValueError:
        raise JournalBroken(f"line {number} is no JSON: it was changed") from None
    if not isinstance(body, dict) or set(body) != _KEYS:
        raise JournalBroken(f"line {number} is no record of a journal: it was changed")
    if body["sequence"] != number:
        raise JournalBroken(
            f"line {number} has the number {body['sequence']}: lines were removed, added or change places"
        )
    if body["previous"] != head.hash:
        raise JournalBroken(f"line {number} does not follow line {number - 1}: one of them was changed or replaced")
    written, record = line(head, body["at"], body["event"], body["data"])
    # The bytes themselves: another spelling of the same values was not written by us either.
    if written != raw + b"\n":
        raise JournalBroken(f"line {number} was changed: its hash or its form is not right")
    return record


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
