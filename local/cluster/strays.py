"""Processes that no record names: containerd's shims and what they run, and what a killed `up` had just started.

They are found by what they can only have from us (our network namespace, or our folder where the host has another),
never by a name that another container engine's processes might bear too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from local.cluster.errors import ClusterError
from local.cluster.layout import PRIVATE_FOLDERS, Layout, NodeLayout
from local.network.namespaces import NAMESPACES

Identity = tuple[int, int]


def of(node: NodeLayout) -> set[int]:
    """Processes that run in the node's network namespace or see the node's private folders."""
    network = _identity(NAMESPACES / node.node.namespace)
    folder = _identity(node.private(PRIVATE_FOLDERS[0]))

    def is_ours(process: Path) -> bool:
        in_network = network is not None and _identity(process / "ns/net") == network
        sees = folder is not None and _identity(process / f"root{PRIVATE_FOLDERS[0]}") == folder
        return in_network or sees

    return set(_matching(is_ours))


def kill(node: NodeLayout, timeout: float = 10.0) -> None:
    """KILL them, again and again until there is none.

    Raises:
        ClusterError: some are still there after `timeout` seconds.
    """
    _kill(lambda: of(node), node.node.name, timeout)


def unrecorded(layout: Layout, executables: Container[Path]) -> set[int]:
    """Processes of ours that no record names, because whoever started them was killed before writing it down.

    Args:
        layout: Whose processes.
        executables: The programs that the cluster runs (symbolic links resolved).
    """
    names = (layout.plan.hub, *(node.namespace for node in layout.plan.nodes))
    networks = {found for name in names if (found := _identity(NAMESPACES / name)) is not None}
    recorded = {record.pid for record in layout.processes.all()}
    mark = f"{layout.root}/".encode()

    def is_ours(process: Path) -> bool:
        return (
            _identity(process / "ns/net") in networks
            and int(process.name) not in recorded
            and (process / "exe").readlink() in executables
            and mark in (process / "cmdline").read_bytes()
        )

    return set(_matching(is_ours))


def kill_unrecorded(layout: Layout, executables: Container[Path], timeout: float = 10.0) -> None:
    """KILL them.

    Raises:
        ClusterError: some are still there after `timeout` seconds.
    """
    _kill(lambda: unrecorded(layout, executables), "the cluster", timeout)


def mounted_elsewhere(folder: str) -> bool:
    """Whether any process sees something mounted on the folder (in a namespace of its own, as a node does)."""
    return any(_matching(lambda process: _mounts_on(process, folder)))


def _kill(find: Callable[[], set[int]], whose: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while pids := find():
        if time.monotonic() > deadline:
            raise ClusterError(f"processes {sorted(pids)} of {whose} do not end")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _matching(wanted: Callable[[Path], bool]) -> Iterator[int]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            # It may end while we look at it.
            with contextlib.suppress(OSError):
                if wanted(process):
                    yield int(process.name)


def _mounts_on(process: Path, folder: str) -> bool:
    return any(line.split()[4] == folder for line in (process / "mountinfo").read_text().splitlines())


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
