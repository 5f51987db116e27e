"""A disk that is full, for one folder: whatever is to be added or changed there gets ENOSPC from the kernel.

Over the folder lies an overlay whose upper part, where all changes would go, is a memory file system with neither a
block nor an inode left. So nothing is copied, nothing that runs is restarted, files that are open already are written
as before, and nothing under the overlay is changed by way of it: taking it away is all that healing takes.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

_INODES = 32
_UPPER, _WORK = "upper", "work"


class DiskError(RuntimeError):
    """A file system could not be mounted or unmounted."""


def fill(folder: Path, room: Path) -> None:
    """Have the folder's disk be full; nothing happens if it is.

    Args:
        folder: An existing folder.
        room: Where the full file system is mounted; made if it is not there.

    Raises:
        DiskError: that cannot be mounted here.
    """
    if folder.is_mount():
        return
    room.mkdir(parents=True, exist_ok=True)
    if not room.is_mount():
        _run("mount", "-t", "tmpfs", "-o", f"size=64k,nr_inodes={_INODES},mode=700", "groundwork", str(room))
    upper, work = room / _UPPER, room / _WORK
    for part in (upper, work):
        part.mkdir(exist_ok=True)
    # The overlay's own folder has the upper one's owner and mode.
    status = folder.stat()
    os.chown(upper, status.st_uid, status.st_gid)
    upper.chmod(status.st_mode & 0o7777)
    options = f"lowerdir={folder},upperdir={upper},workdir={work}"
    _run("mount", "-t", "overlay", "-o", options, "groundwork", str(folder))
    _use_up(room)


def empty(folder: Path, room: Path) -> None:
    """Have the folder be as it was; nothing happens if it is, or if it is gone."""
    for place in (folder, room):
        if place.is_mount():
            # Whoever still has something open there keeps that until it is closed.
            _run("umount", "--lazy", str(place))
    if room.exists():
        shutil.rmtree(room)


def _use_up(room: Path) -> None:
    """Take every block, then every inode."""
    try:
        with (room / "blocks").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError as error:
        _expect_full(error)
    try:
        for number in range(_INODES):
            (room / f"inode-{number}").touch()
    except OSError as error:
        _expect_full(error)


def _expect_full(error: OSError) -> None:
    if error.errno != errno.ENOSPC:
        raise error


def _run(*argv: str) -> None:
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise DiskError(f"`{' '.join(argv)}` failed: {answer.stderr.strip()}")
