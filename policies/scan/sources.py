"""Which files a scan reads: those that were named, and in folders what looks like manifests or Pulumi's own files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Final, cast

from policies.scan.chunks import Chunk, Problem, chunks

STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_SKIPPED: Final = frozenset({"node_modules", "__pycache__"})


def read_all(paths: Sequence[str], stdin: BufferedReader | None = None) -> Iterator[Chunk | Problem]:
    """The pieces of all files, in the order of their names; each file once.

    Args:
        paths: Files, folders, or `-` for standard input.
        stdin: What `-` stands for; default: the process's own.
    """
    seen: set[Path] = set()
    for path in paths:
        if path == STDIN:
            yield from chunks(STDIN, stdin or cast(BufferedReader, sys.stdin.buffer))
            continue
        for file in files(Path(path)):
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield from _file(file)


def files(path: Path) -> list[Path]:
    """The file itself, or what a folder and those below it hold; hidden folders are left out."""
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith(".") and name not in _SKIPPED)
        found.extend(Path(folder) / name for name in names if Path(name).suffix in _SUFFIXES)
    return sorted(found)


def _file(file: Path) -> Iterator[Chunk | Problem]:
    try:
        if not file.is_file() and file.exists():
            yield Problem(str(file), 0, "is no regular file, and is not read")
            return
        with file.open("rb") as stream:
            yield from chunks(str(file), stream)
    except OSError as error:
        yield Problem(str(file), 0, f"cannot be read: {error.strerror}")
