"""The nodes' control groups: made, emptied and removed, on hosts with version 1 or 2."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from local.cluster.errors import ClusterError

MOUNT = Path("/sys/fs/cgroup")


def hierarchies(mount: Path = MOUNT) -> list[Path]:
    """Roots of the hierarchies: the only one of version 2, or every one of version 1.

    Where both versions are mounted, version 2's is among them: it has no controllers, but runc uses it all the same.

    Raises:
        ClusterError: no control groups are mounted.
    """
    if (mount / "cgroup.procs").exists():
        return [mount]
    # Some names of version 1 are links to a joint hierarchy.
    roots = sorted({path.resolve() for path in mount.glob("*") if (path / "cgroup.procs").exists()})
    if not roots:
        raise ClusterError(f"no control groups are mounted at {mount}: the cluster's nodes need them")
    return roots


def create(group: str, mount: Path = MOUNT) -> None:
    """Make the group in every hierarchy, with the controllers that kubelet needs."""
    for root in hierarchies(mount):
        folder = root
        for part in Path(group).parts:
            _delegate(folder)
            folder = folder / part
            folder.mkdir(exist_ok=True)


def kill(group: str, mount: Path = MOUNT, timeout: float = 10.0) -> None:
    """KILL every process in the group and below, and wait until they are gone.

    Raises:
        ClusterError: some are still there after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while pids := members(group, mount):
        if time.monotonic() > deadline:
            raise ClusterError(f"processes {sorted(pids)} of the control group {group} do not end")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def members(group: str, mount: Path = MOUNT) -> set[int]:
    """Processes in the group and below it."""
    found: set[int] = set()
    for root in hierarchies(mount):
        for folder in _tree(root / group):
            with contextlib.suppress(FileNotFoundError, OSError):
                found.update(int(line) for line in (folder / "cgroup.procs").read_text().split())
    return found - {0}


def remove(group: str, mount: Path = MOUNT, timeout: float = 10.0) -> None:
    """Remove the group and what is below it.

    Raises:
        ClusterError: something still runs in it after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    for root in hierarchies(mount):
        for folder in _tree(root / group):
            _remove_folder(folder, deadline)


def remove_empty_parents(group: str, mount: Path = MOUNT) -> None:
    """Remove the groups above one that was removed, as far as nothing else is in them."""
    for root in hierarchies(mount):
        for parent in Path(group).parents[:-1]:
            # In use or gone: both are as they should be.
            with contextlib.suppress(OSError):
                (root / parent).rmdir()


def _tree(top: Path) -> list[Path]:
    """The folder and all below it, deepest first."""
    return [Path(path) for path, _, _ in os.walk(top, topdown=False)]


def _delegate(folder: Path) -> None:
    """On version 2, let the groups below use every controller that this one has."""
    if (folder / "cgroup.controllers").exists():
        wanted = (folder / "cgroup.controllers").read_text().split()
        have = (folder / "cgroup.subtree_control").read_text().split()
        for controller in sorted(set(wanted) - set(have)):
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _remove_folder(folder: Path, deadline: float) -> None:
    while True:
        try:
            folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            # A killed process leaves its group a moment after it is gone from the list.
            if time.monotonic() > deadline:
                raise ClusterError(f"the control group {folder} is still in use") from None
            time.sleep(0.05)
