"""Names as words: what `MusicTaskTracker`, `musicTaskTracker` and `music_task_tracker` have in common."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise


def listed(text: str) -> frozenset[str]:
    """A word list, written with spaces between."""
    return frozenset(text.split())


@lru_cache(maxsize=8192)
def words(name: str) -> frozenset[str]:
    """The words of an identifier, a file name or a text, in lower case; `HTTPServer` is `http` and `server`.

    Neighbours are also given joined (`ratelimit` of `rateLimit`), so that a word list needs one spelling.
    """
    parts = name_parts(name)
    joined = {first + second for first, second in pairwise(parts)}
    return frozenset(parts) | joined


def name_parts(name: str) -> list[str]:
    """The words of a name in their order."""
    parts: list[str] = []
    current = ""
    for index, char in enumerate(name):
        if not char.isalnum():
            parts.append(current)
            current = ""
            continue
        before = name[index - 1] if index else ""
        after = name[index + 1 : index + 2]
        if char.isupper() and (before.islower() or before.isdigit() or (before.isupper() and after.islower())):
            parts.append(current)
            current = ""
        current += char.lower()
    parts.append(current)
    return [part for part in parts if part]
