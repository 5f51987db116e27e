"""Files written whole or not at all, folders removed for good, commands that do not outlive us."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
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


def run_bound(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command that ends with us: were we killed, it must not go on while the next `up` or `down` is at work."""
    bound = ["setpriv", "--pdeathsig", "KILL", *argv]
    return subprocess.run(bound, capture_output=True, text=True, check=False)


def remove_tree(folder: Path) -> None:
    """Remove the folder and all in it, but nothing that is mounted below it; nothing happens if it is gone.

    By `rm`, several of which run side by side at full speed; a node's folder holds every file of its images.

    Raises:
        ClusterError: something cannot be removed.
    """
    answer = run_bound(["rm", "--recursive", "--force", "--one-file-system", "--", str(folder)])
    if answer.returncode != 0:
        raise ClusterError(f"{folder} cannot be removed: {answer.stderr.strip()}")
