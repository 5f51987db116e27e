"""JavaScript and TypeScript."""

from __future__ import annotations

from pathlib import PurePosixPath

from scan.facts import FileFacts
from scan.languages.javascript import calls, classes, state
from scan.languages.javascript.source import Source
from scan.syntax import Node


def read(root: Node, path: PurePosixPath) -> FileFacts:
    """What a file keeps, makes and calls."""
    module = str(path.with_suffix(""))
    source = Source(root, path, module)
    facts = FileFacts(path, module)
    state.collect(source, facts)
    classes.collect(source, facts)
    calls.collect(source, facts)
    return facts
