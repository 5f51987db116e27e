"""Versions of programs: read from their output, held against a range."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, order=True)
class Version:
    """Major, minor and patch number; what a version carries beyond them is not compared."""

    major: int
    minor: int = 0
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class VersionRange:
    """From `minimum`, inclusive, to `below`, exclusive; no upper end when that is None."""

    minimum: Version
    below: Version | None = None

    def accepts(self, version: Version) -> bool:
        """Whether the version lies in the range."""
        return self.minimum <= version and (self.below is None or version < self.below)

    def __str__(self) -> str:
        upper = "" if self.below is None else f", below {self.below}"
        return f"{self.minimum} or later{upper}"


def parse_version(text: str, pattern: str | None = None) -> Version | None:
    """The version that a program's output names.

    Args:
        text: What the program printed.
        pattern: Regular expression whose first group holds the version; default: the first
            dotted number of the text.

    Returns:
        None when the text names no version.
    """
    if pattern is not None:
        marked = re.search(pattern, text)
        if marked is None:
            return None
        text = marked[1]
    numbers = _NUMBERS.search(text)
    if numbers is None:
        return None
    major, minor, patch = numbers.groups(default="0")
    return Version(int(major), int(minor), int(patch))
