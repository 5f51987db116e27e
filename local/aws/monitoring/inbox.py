"""The local inbox: what would have left this machine by mail, by telephone or through a web hook.

A file of JSON lines that only its owner reads, the newest last. It never grows beyond `MOST_BYTES`: the older half of
the messages goes when the next one would not fit.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 4 * 2**20
"""A message of SNS has 256 KiB at most."""

_lock = threading.Lock()


@dataclass(frozen=True)
class Message:
    """What a subscription would have got.

    Attributes:
        time: When, ISO 8601 in UTC.
        topic: ARN; "" for a text message to a number.
        protocol: As the subscription has it: email, https, lambda, sms and so on.
        endpoint: Address, URL, ARN or number.
    """

    time: str
    topic: str
    protocol: str
    endpoint: str
    subject: str
    message: str


def append(path: Path, message: Message, most: int = MOST_BYTES) -> None:
    """Add a message to the inbox; makes it if it is not there (mode 0600)."""
    line = json.dumps(asdict(message)).encode() + b"\n"
    with _lock:
        if path.exists() and path.stat().st_size + len(line) + 1 > most:
            _halve(path, most)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+b") as file:
            file.write(b"\n" + line if _is_cut_off(file) else line)


def read(path: Path) -> list[Message]:
    """Every message, the newest last; none if there is no inbox.

    A line that is being written just now, or that a crash cut off, is left out.
    """
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        if line.endswith(b"\n"):
            try:
                found.append(Message(**json.loads(line)))
            except (ValueError, TypeError):
                continue
    return found


def _is_cut_off(file: BinaryIO) -> bool:
    """Whether a crash left the last line without its end."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _halve(path: Path, most: int) -> None:
    """Keep the newest messages that fill half of the inbox, whole or not at all."""
    kept: list[bytes] = []
    size = 0
    for line in reversed(path.read_bytes().splitlines(keepends=True)):
        size += len(line)
        if size > most // 2:
            break
        kept.append(line)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.writelines(reversed(kept))
    partial.rename(path)
