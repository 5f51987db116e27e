"""Python."""

from __future__ import annotations

from pathlib import PurePosixPath

from scan.facts import FileFacts
from scan.languages.python import calls, state
from scan.languages.python.source import Source
from scan.syntax import Node


def read(root: Node, path: PurePosixPath) -> FileFacts:
    """What a file keeps, makes and calls."""
    source = Source(root, path)
    facts = FileFacts(path, source.module)
    state.collect(source, facts)
    calls.collect(source, facts)
    return facts
