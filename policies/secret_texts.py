"""Names and values in larger texts: configuration files and command lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_ASSIGNMENT = re.compile(
    r"(?<![\w.])(?P<name>[A-Za-z][\w.-]{0,80})[\"']?\s*(?:=>|:=|[:=])\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s,;#\"'{}\[\]()][^\s,;#\"'}\])]*))"
    r"(?=(?P<rest>[^,;#]{0,80}))"
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z][\w.-]{0,80})>(?P<text>[^<>]*)</(?P=name)>")
_MAY_ASSIGN = re.compile(r"[=:>]")
_COMMENT: Final = ("#", "//", ";", "--", "*", "/*")
# In a program a bare word is an expression, not a value.
_PROGRAM: Final = re.compile(r"\.(?:[cm]?[jt]s|py|rb|lua|go|java|kt|php|pl|exs?|rs|tf|groovy)\Z")
_NEXT_ASSIGNMENT = re.compile(r"[\w.-]+=")
_EXPRESSION = re.compile(r"[(\[{|>&$]")


@dataclass(frozen=True)
class Assignment:
    """A value given to a name somewhere in a text.

    Attributes:
        name: What is assigned to.
        value: What is assigned.
        line: Number of the line, from 1.
    """

    name: str
    value: str
    line: int


def assignments(text: str, file: str) -> Iterator[Assignment]:
    """The values that a configuration file gives to names: YAML, JSON, properties, INI, TOML, shell and XML.

    Args:
        text: The file.
        file: Its name; in a program only quoted values count.
    """
    if not _MAY_ASSIGN.search(text):
        return
    quoted_only = _PROGRAM.search(file) is not None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(_COMMENT):
            continue
        for found in _ASSIGNMENT.finditer(line):
            bare = found["bare"]
            if bare is None:
                value = found["double"] if found["double"] is not None else found["single"]
                yield Assignment(found["name"], value, number)
            elif not quoted_only and not _is_expression(bare, found["rest"]):
                yield Assignment(found["name"], bare, number)
        for found in _ELEMENT.finditer(line):
            yield Assignment(found["name"], found["text"], number)


def _is_expression(bare: str, rest: str) -> bool:
    """Whether an unquoted value is computed, opens a structure, or begins a sentence."""
    rest = rest.strip(" \t}])")
    return _EXPRESSION.search(bare) is not None or (rest != "" and _NEXT_ASSIGNMENT.match(rest) is None)


def options(words: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """The values that a command line gives to names: `--name=value`, `--name value`, `NAME=value`.

    Yields:
        Index of the word that holds the value, the name, the value.
    """
    spread = [(index, part) for index, word in enumerate(words) for part in _parts(word)]
    for (index, part), (next_index, next_part) in pairwise([*spread, (0, "-")]):
        name, equals, value = part.partition("=")
        if equals:
            yield index, name.lstrip("-"), value.strip("\"'")
        elif part.startswith("-") and not next_part.startswith("-"):
            yield next_index, part.lstrip("-"), next_part.strip("\"'")


def _parts(word: str) -> list[str]:
    """A word of a command line, or the words of a script that is one."""
    return re.split(r"[\s;|&]+", word.strip()) if re.search(r"\s", word.strip()) else [word]
