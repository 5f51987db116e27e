"""A PostgreSQL server's first process, found by its data folder: Patroni starts it apart from itself."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def find(data: Path) -> int | None:
    """Process id of the server that runs on this data folder; None if none does.

    The id that the folder names counts only while that process works in the folder, as servers do: it may have gone
    to another process since.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        return pid if Path(f"/proc/{pid}/cwd").readlink() == data.resolve() else None
    except (FileNotFoundError, ProcessLookupError, PermissionError, ValueError):
        return None


def end(data: Path, how: signal.Signals) -> None:
    """Send the server a signal; nothing happens if it does not run."""
    pid = find(data)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


def end_all(servers: Path) -> None:
    """End at once every server whose data lie in `servers`, whoever started it."""
    for file in servers.glob("*/?/data*/postmaster.pid"):
        end(file.parent, signal.SIGQUIT)
