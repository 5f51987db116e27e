"""Files that are there whole or not at all, and one builder at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replace_atomically(target: Path) -> Iterator[Path]:
    """A path to write to, which becomes `target` when the block ends well and is removed when not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield partial
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Wait until no other process is in such a block for the same file."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def keep_newest(files: list[Path], count: int) -> None:
    """Remove all but the `count` files that were last changed."""
    by_age = sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[count:]:
        path.unlink(missing_ok=True)
