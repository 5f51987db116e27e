"""Has processes stand still, go on, or end at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

from local.aws.dataplane import postmaster
from local.aws.layout import Layout
from local.cluster.layout import Layout as ClusterLayout
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes, is_alive, start_time

Process = tuple[int, int]
"""A process's id and kernel start time."""


def find(names: Iterable[str], paths: Paths, plan: Plan) -> list[Process]:
    """Every process of the platform's components of these names, with all that they started."""
    aws = Layout.of(paths)
    keepers = [Processes(aws.server_records), Processes(aws.endpoint_records), ClusterLayout.of(paths, plan).processes]
    roots: set[int] = set()
    for name in names:
        roots |= {running.pid for keeper in keepers if (running := keeper.running(name)) is not None}
        # PostgreSQL runs apart from the Patroni that started it: a database server's name is the folder's and a letter.
        server, _, letter = name.rpartition(".")
        if len(letter) == 1:
            pid = postmaster.find(aws.servers / server / letter / "data")
            roots |= set() if pid is None else {pid}
    return [(pid, started) for pid in sorted(_with_children(roots)) if (started := start_time(pid)) is not None]


def stop(processes: Iterable[Process]) -> None:
    """Have them stand still."""
    _signal(processes, signal.SIGSTOP)


def go_on(processes: Iterable[Process]) -> None:
    """Let them go on; those that have ended meanwhile are no trouble."""
    _signal(processes, signal.SIGCONT)


def kill(processes: Iterable[Process]) -> None:
    """End them at once."""
    _signal(processes, signal.SIGKILL)


def _signal(processes: Iterable[Process], sign: signal.Signals) -> None:
    for pid, started in processes:
        if is_alive(pid, started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)


def _with_children(roots: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end between the listing and the reading.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found
