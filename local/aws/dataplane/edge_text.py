"""Text inside nginx's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

_INDENT = "    "
DOLLAR = "${edge_dollar}"
"""A variable that holds a dollar sign: nginx has no other way to write one."""


def plain(text: str) -> str:
    """Text that may stand in the configuration as it is: anything that could end the value is refused.

    Raises:
        ValueError: the text has such a character.
    """
    if re.search(r"[\"'\\;{}$\s]", text):
        raise ValueError(f"the edge cannot take {text!r}: quotes, blanks, semicolons, braces and $ are not possible")
    return text


def quoted(text: str) -> str:
    """Any one line of text as a value in double quotes, for directives that take variables.

    Raises:
        ValueError: the text has control characters.
    """
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError(f"the edge cannot take {text!r}: control characters are not possible")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", DOLLAR)
    return f'"{escaped}"'


def indented(lines: Iterator[str]) -> Iterator[str]:
    """The lines, one level deeper."""
    return (_INDENT + line for line in lines)
