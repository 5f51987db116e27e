"""What processes take of the machine, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def parent_of(pid: int) -> int | None:
    """The process that started this one; None if it is gone."""
    fields = _stat(pid)
    return None if fields is None else int(fields[1])


def cpu_seconds(pid: int) -> float | None:
    """Seconds of processor time that a process and those that it started took, the ended ones included.

    None if it is gone.
    """
    own = _stat(pid)
    if own is None:
        return None
    # User and system time, of itself and of those that ended.
    total = sum(int(ticks) for ticks in own[11:15])
    for child in _children(pid):
        taken = cpu_seconds(child)
        total += int((taken or 0.0) * _TICK)
    return total / _TICK


def percent(now: float, before: float, seconds: float, cores: int | None = None) -> float | None:
    """The share of the machine that so much processor time is; None for no time.

    Args:
        now: Seconds of processor time.
        before: The same, `seconds` ago.
        seconds: Between both.
        cores: Of the machine; default this one's.
    """
    if seconds <= 0:
        return None
    return min(100.0, max(0.0, 100 * (now - before) / seconds / (cores or os.cpu_count() or 1)))


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third one, the state, on."""
    try:
        # The command's name in brackets may hold spaces.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
