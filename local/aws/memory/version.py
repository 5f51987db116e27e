"""Who wrote a state: its pickles name classes, so only the same code may read them."""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata
from pathlib import Path

FORMAT = 1
"""Raised when the files' layout changes."""

_AWS = Path(__file__).parents[1]


def kept_sources() -> list[Path]:
    """The modules whose classes are pickled."""
    patterns = ("extensions/*.py", "memory/*.py", "dataplane/*desired.py", "monitoring/history.py", "web_acl.py")
    return sorted(path for pattern in patterns for path in _AWS.glob(pattern))


def version() -> str:
    """One line that differs where a state could be misread."""
    code = hashlib.sha256(b"\0".join(path.read_bytes() for path in kept_sources())).hexdigest()[:12]
    python = ".".join(map(str, sys.version_info[:2]))
    return (
        f"groundwork {metadata.version('groundwork')} (format {FORMAT}, models {code}) "
        f"with moto {metadata.version('moto')} on Python {python}"
    )
