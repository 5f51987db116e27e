"""The logs of what runs on the local platform."""

from __future__ import annotations

import difflib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from groundwork import status
from groundwork.errors import UserError
from local.paths import Paths

_SECONDS = 0.25


def find(name: str, paths: Paths) -> Path:
    """The log of what has this name in the status.

    Raises:
        UserError: nothing has it, or it writes none.
    """
    return log_of(name, status.read(paths).rows)


def log_of(name: str, rows: Sequence[status.Row]) -> Path:
    """The log of the row of this name.

    Raises:
        UserError: there is none.
    """
    logs = {row.name: row.log for row in rows if row.log}
    if name not in logs:
        near = ", ".join(difflib.get_close_matches(name, logs, n=4, cutoff=0.4))
        raise UserError(f"nothing with a log has the name {name!r}{f' (near: {near})' if near else ''}")
    path = Path(logs[name])
    if not path.exists():
        raise UserError(f"{name} has written nothing yet to {path}")
    return path


def read(path: Path, lines: int, *, follow: bool) -> Iterator[str]:
    """The last lines of a log, then, if it is followed, what is added; a log that begins anew is read anew."""
    file = path.open(errors="replace")
    try:
        yield from deque(file, lines)
        while follow:
            added = file.readline()
            if added:
                yield added
                continue
            time.sleep(_SECONDS)
            if path.exists() and path.stat().st_ino != Path(f"/proc/self/fd/{file.fileno()}").stat().st_ino:
                file.close()
                file = path.open(errors="replace")
    finally:
        file.close()
