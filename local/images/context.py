"""What goes into the workload's image, and a name for exactly that content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from local.images.errors import ImageError

_FILES = ("Dockerfile", ".dockerignore", ".npmrc", "package.json", "package-lock.json")
"""Beside `src`: all that the Dockerfile copies, and the Dockerfile itself."""


def context_files(folder: Path) -> list[Path]:
    """The files that the image depends on, sorted; not the tests, not `node_modules`.

    Raises:
        ImageError: one of the files that every build needs is missing.
    """
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ImageError(f"{folder}: {', '.join(missing)} missing; git checkout restores it")
    sources = (path for path in (folder / "src").rglob("*") if path.is_file())
    return sorted([*(folder / name for name in _FILES), *sources])


def content_hash(folder: Path, files: Iterable[Path], ingredients: Iterable[str]) -> str:
    """A name for the content of the files, their paths below `folder`, and whatever else decides the result.

    Args:
        ingredients: Versions of the builder and of the base image; their order counts.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for text in ingredients:
        _feed(digest, text.encode())
    for path in files:
        _feed(digest, path.relative_to(folder).as_posix().encode())
        _feed(digest, path.read_bytes())
    return digest.hexdigest()[:16]


def _feed(digest: hashlib._Hash, part: bytes) -> None:
    """Each part with its length, so that no two lists of parts run into one another."""
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)
