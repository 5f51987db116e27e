"""YAML documents as plain data, straight from libyaml's events: no tags are carried out, and nothing recurses.

Scalars mean what they mean to Kubernetes: keys are strings, dates stay text, `yes` and `on` are true. Aliases share
what they name, and how much a document would be without them is counted while it is read.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from policies.scan.limits import DEPTH, EXPANDED_NODES

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0o?[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+)\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_WORDS: Final[dict[str, Any]] = {
    word: value
    for words, value in (
        (("", "~", "null", "Null", "NULL"), None),
        (("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"), True),
        (("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"), False),
        ((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
        (("-.inf", "-.Inf", "-.INF"), float("-inf")),
        ((".nan", ".NaN", ".NAN"), float("nan")),
    )
    for word in words
}
_NO_KEY: Final = object()


class Refused(Exception):
    """Raised for a document that is YAML, and yet is not read; carries its line in the text, from zero."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Document:
    """One document.

    Attributes:
        value: Plain data.
        line: Line of its first value in the text, from zero.
        lines: The line of each key and each element in the order of the text; `None` where merge keys, aliases or
            repeated keys make the order of the data another.
        repeated: Keys that stand twice in one mapping, with the line of the second.
    """

    value: Any
    line: int
    lines: array[int] | None
    repeated: tuple[tuple[str, int], ...]


def documents(text: str) -> Iterator[Document]:
    """The documents of a stream.

    Raises:
        Refused: a document is nested too deep, its aliases stand for too much, or a key is no scalar.
        yaml.YAMLError: the text is no YAML; documents before that place have been given.
    """
    parser = yaml.CLoader(text)
    take = parser.get_event
    try:
        while (event := take()).__class__ is not StreamEndEvent:
            if event.__class__ is DocumentStartEvent:
                yield _document(take)
    finally:
        parser.dispose()


def scalar(text: str) -> Any:
    """What a plain scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        if _INTEGER.match(text):
            return _integer(text)
        if _FLOAT.match(text):
            return float(text.replace("_", ""))
    return text


def _integer(text: str) -> int | str:
    digits = text.lstrip("+-").replace("_", "")
    if len(digits) > 64:  # Python refuses to read thousands of digits, and no field holds as many
        return text
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    number = int(digits, 8) if octal else int(digits, 0)
    return -number if text[0] == "-" else number


def _document(take: Any) -> Document:
    # One loop without calls for each event: this is where a scan of many manifests spends its time.
    known = _known_scalars
    root: Any = _NO_KEY
    top: Any = None  # the collection that is being filled
    key: Any = _NO_KEY  # in a mapping: the key whose value comes next
    in_mapping = False
    above: list[tuple[Any, Any, bool, str | None, int]] = []  # collections around it
    anchors: dict[str, tuple[Any, int]] = {}
    lines: array[int] = array("I")
    repeated: list[tuple[str, int]] = []
    nodes, first, straight, aliased = 0, -1, True, False
    while True:
        event = take()
        cls = event.__class__
        if cls is ScalarEvent:
            value: Any = event.value
            if in_mapping and key is _NO_KEY:
                line = event.start_mark.line
                key = sys.intern(value)
                if event.anchor is not None:
                    anchors[event.anchor] = (value, 1)
                if key in top:
                    repeated.append((key, line))
                    straight = False
                lines.append(line)
                continue
            if event.implicit[0] and event.tag is None:
                value = known[value] if value in known else _remember(value)
            elif event.tag is not None and event.tag.startswith("tag:yaml.org,2002:") and event.tag[18:] != "str":
                value = scalar(value) if value else value
            nodes += 1
            if event.anchor is not None:
                anchors[event.anchor] = (value, 1)
        elif cls is MappingStartEvent or cls is SequenceStartEvent:
            line = event.start_mark.line
            if in_mapping and key is _NO_KEY:
                raise Refused("has a mapping or a list for a key", line)
            if len(above) >= DEPTH:
                raise Refused(f"is nested deeper than {DEPTH} levels", line)
            if top is not None and not in_mapping:
                lines.append(line)
            nodes += 1
            above.append((top, key, in_mapping, event.anchor, nodes))
            if first < 0:
                first = line
            in_mapping = cls is MappingStartEvent
            top = {} if in_mapping else []
            key = _NO_KEY
            continue
        elif cls is MappingEndEvent or cls is SequenceEndEvent:
            value = top
            if in_mapping and "<<" in top:
                value = _merged(top, event.start_mark.line)
                straight = False
            top, key, in_mapping, anchor, before = above.pop()
            if anchor is not None:
                anchors[anchor] = (value, nodes - before + 1)
            if top is None:
                root = value
                continue
            if in_mapping:
                top[key] = value
                key = _NO_KEY
            else:
                top.append(value)
            continue
        elif cls is AliasEvent:
            line = event.start_mark.line
            if event.anchor not in anchors:
                raise Refused(f"has an alias *{event.anchor} for what is not, or not yet, named so", line)
            value, size = anchors[event.anchor]
            nodes += size
            aliased = True
            if nodes > EXPANDED_NODES:
                raise Refused(f"stands for more than {EXPANDED_NODES:,} values once its aliases are replaced", line)
            if in_mapping and key is _NO_KEY:
                if not isinstance(value, str):
                    raise Refused("has a mapping or a list for a key", line)
                key = value
                lines.append(line)
                continue
        elif cls is DocumentEndEvent:
            value = None if root is _NO_KEY else root
            order = lines if straight and not aliased else None
            return Document(value, max(first, 0), order, tuple(repeated))
        else:  # the start of the stream never comes inside a document
            continue
        # A scalar or an alias is the value of something.
        if top is None:
            root = value
            if first < 0:
                first = event.start_mark.line
        elif in_mapping:
            top[key] = value
            key = _NO_KEY
        else:
            lines.append(event.start_mark.line)
            top.append(value)


_known_scalars: dict[str, Any] = dict(_WORDS)
_KNOWN_AT_MOST: Final = 20_000


def _remember(text: str) -> Any:
    """What a plain scalar means, kept for the next time: manifests say the same few things over and over."""
    value = scalar(text)
    if len(text) <= 64:
        if len(_known_scalars) >= _KNOWN_AT_MOST:
            _known_scalars.clear()
            _known_scalars.update(_WORDS)
        _known_scalars[text] = value
    return value


def _merged(mapping: dict[str, Any], line: int) -> dict[str, Any]:
    """A mapping with its merge key carried out: its own keys win, then the first of those merged."""
    given = mapping["<<"]
    merged: dict[str, Any] = {}
    for one in reversed(given if isinstance(given, list) else [given]):
        if not isinstance(one, dict):
            raise Refused("merges (<<) something that is no mapping", line)
        merged.update(one)
    merged.update((key, value) for key, value in mapping.items() if key != "<<")
    return merged


def explained(error: yaml.YAMLError, text: str) -> tuple[str, int]:
    """One line on why a text is no YAML, and the line in it, from zero."""
    if isinstance(error, ReaderError):  # has a place in bytes, and no line
        return f"is not YAML: {error.reason}", text.encode()[: error.position].count(b"\n")
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"is not YAML: {' '.join(str(error).split())}", 0
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    return f"is not YAML: {problem}", error.problem_mark.line if error.problem_mark is not None else 0
