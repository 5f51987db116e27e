"""Elixir."""

from __future__ import annotations

from pathlib import PurePosixPath

from scan.facts import FileFacts
from scan.languages.elixir import calls, state
from scan.languages.elixir.source import Source
from scan.syntax import Node


def read(root: Node, path: PurePosixPath) -> FileFacts:
    """What a file's tables and processes keep, and what it calls."""
    source = Source(root, path)
    facts = FileFacts(path, str(path.with_suffix("")))
    state.collect(source, facts)
    calls.collect(source, facts)
    return facts
