"""Dropping from the cache what an invalidation names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote


def purge(cache: Path, paths: Sequence[str]) -> int:
    """Drop every cached response that one of the invalidation paths names; returns how many were dropped.

    nginx notes the key of a response near the beginning of its file.
    """
    dropped = 0
    for file in cache.rglob("*"):
        if not file.is_file():
            continue
        with file.open("rb") as opened:
            found = re.search(rb"\nKEY: ([^\n]*)\n", opened.read(8192))
        if found and is_named(found[1].decode(errors="replace"), paths):
            file.unlink(missing_ok=True)
            dropped += 1
    return dropped


def is_named(key: str, paths: Sequence[str]) -> bool:
    """Whether a cache key (`/path?query|headers|cookies|compression`) belongs to one of the invalidation paths.

    A path without `?` names every variant of that path; a `*` at the end stands for anything.
    """
    whole, _, _ = key.partition("|")
    plain, _, query = whole.partition("?")
    variant = f"{unquote(plain)}?{query}"
    for path in paths:
        named, asks, rest = path.partition("?")
        wanted = f"{unquote(named)}?{rest}" if asks else unquote(named)
        against = variant if asks else unquote(plain)
        if wanted == against or (wanted.endswith("*") and against.startswith(wanted[:-1])):
            return True
    return False
