"""Files and folders that belong to a server's user."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def own_folder(path: Path, user: str) -> Path:
    """Make the folder for this user alone (mode 0700); returns it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    shutil.chown(path, user, user)
    return path


def write_private(path: Path, text: str, user: str) -> bool:
    """Write a file that only `user` can read (mode 0600), whole or not at all.

    Returns:
        Whether the content differs from what was there.
    """
    if path.exists() and path.read_text() == text:
        return False
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    shutil.chown(partial, user, user)
    partial.rename(path)
    return True
