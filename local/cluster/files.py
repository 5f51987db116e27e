"""Files written whole or not at all, and folders removed for good."""

from __future__ import annotations

import subprocess
from pathlib import Path

from local.cluster.errors import ClusterError


def write(target: Path, text: str, mode: int = 0o644) -> None:
    """Write the file unless it says just that already; who watches it is not woken for nothing.

    Neither a crash nor a reader in between sees half of it.
    """
    if target.exists() and target.read_text() == text and target.stat().st_mode & 0o777 == mode:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=mode)
    partial.write_text(text)
    partial.rename(target)


def remove_tree(folder: Path) -> None:
    """Remove the folder and all in it, but nothing that is mounted below it; nothing happens if it is gone.

    By `rm`, several of which run side by side at full speed; a node's folder holds every file of its images.

    Raises:
        ClusterError: something cannot be removed.
    """
    argv = ["rm", "--recursive", "--force", "--one-file-system", "--", str(folder)]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ClusterError(f"{folder} cannot be removed: {answer.stderr.strip()}")
