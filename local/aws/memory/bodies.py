"""Contents of S3's objects, each in a file of its own that is named by its SHA-256."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterable
from pathlib import Path

GRACE = 60.0
"""Seconds that a body stays after the last row that refers to it: a download may be under way."""


class Bodies:
    """A folder of bodies (mode 0700, files 0600).

    The caller sees to it that no body is added while orphans are removed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._orphans: dict[str, float] = {}

    def add(self, content: bytes) -> str:
        """Keep the content; it is on disk when this returns its digest."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        self._orphans.pop(digest, None)
        if not path.exists():
            for folder in (self._folder, path.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            partial = path.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
        return digest

    def path(self, digest: str) -> Path:
        """Where a body is."""
        return self._folder / digest[:2] / digest

    def abandon(self, digests: Iterable[str]) -> None:
        """Note bodies that nothing refers to any more."""
        now = time.monotonic()
        self._orphans.update(dict.fromkeys(digests, now))

    def sweep(self, grace: float = GRACE) -> None:
        """Remove the bodies that were abandoned at least `grace` seconds ago."""
        now = time.monotonic()
        for digest in [each for each, since in self._orphans.items() if now - since >= grace]:
            del self._orphans[digest]
            self.path(digest).unlink(missing_ok=True)

    def keep_only(self, digests: set[str]) -> None:
        """Remove every other file: what a crash left."""
        for path in list(self._folder.glob("??/*")):
            if path.name not in digests:
                path.unlink()

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Those that are not there."""
        return sorted(digest for digest in digests if not self.path(digest).exists())


class StoredBody:
    """A body as moto reads an object's content: like a file, without one that stays open."""

    def __init__(self, bodies: Bodies, digest: str) -> None:
        self.digest = digest
        self._path = bodies.path(digest)
        self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Where the next `read` begins; only from the start."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the start")
        self._at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes from there on, all if negative."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            content = file.read(size)
        self._at += len(content)
        return content

    def close(self) -> None:
        """Nothing is open; whoever still reads an object that was replaced gets the end of it."""
