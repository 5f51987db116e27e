"""Small pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BREAK = re.compile(r"\s+")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table's lines; nothing without rows."""
    written = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    if written:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        yield from written
        yield ""


def _cell(text: str) -> str:
    return _BREAK.sub(" ", text).strip().replace("|", "\\|")


def prose(text: str) -> str:
    """Text of a rule: what only a value decides in italics, and nothing taken for HTML."""
    return _PLACEHOLDER.sub(lambda found: f"*{found[1].replace('_', ' ')}*", _no_html(text))


def code(value: object) -> str:
    """A value the way it is written."""
    return f"`{value}`"


def _no_html(text: str) -> str:
    """Angle brackets outside of code, spelled so that they are shown."""
    pieces = text.split("`")
    pieces[::2] = [piece.replace("<", "&lt;") for piece in pieces[::2]]
    return "`".join(pieces)


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")
