"""Times in five fields, as cron and BullMQ read them."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]+))?")


def fault(expression: str) -> str | None:
    """What is wrong with an expression such as `0 3 * * mon-fri`, or nothing.

    Lists, ranges, steps and English names of months and days are understood; extensions of single implementations
    (`L`, `#`, `@daily`, seconds) are not.
    """
    parts = expression.split()
    if len(parts) != len(_FIELDS):
        return f"has {len(parts)} fields, not the five of minute, hour, day of the month, month, day of the week"
    for part, (name, least, most, words) in zip(parts, _FIELDS, strict=True):
        for item in part.split(","):
            if not _fits(item, least, most, words):
                return f"{item!r} is no {name} from {least} to {most}"
    return None


def _fits(item: str, least: int, most: int, words: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(item)
    if match is None:
        return False
    first, last, step = match.group("first", "last", "step")
    if step is not None and not 1 <= int(step) <= most:
        return False
    if first is None:
        return True
    begin = _number(first, least, words)
    end = begin if last is None else _number(last, least, words)
    return begin is not None and end is not None and least <= begin <= end <= most


def _number(text: str, least: int, words: tuple[str, ...]) -> int | None:
    if text.isdecimal():
        return int(text)
    return words.index(text.lower()) + least if text.lower() in words else None
