"""A preview as a comment on a pull request: Markdown that says first what a reviewer must not miss."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from groundwork.pull_request.events import Change, Operation, PolicyResult, Preview, PropertyChange
from groundwork.pull_request.paths import ABSENT
from policies.scan.reports.markdown import code

LONGEST: Final = 60_000
"""Characters of a comment; GitHub takes 65,536."""

_VALUE: Final = 80
_MARKS: Final = {Operation.REPLACE: "±", Operation.DELETE: "-", Operation.UPDATE: "~", Operation.CREATE: "+"}
_PAST: Final = {
    Operation.REPLACE: "to replace",
    Operation.DELETE: "to delete",
    Operation.UPDATE: "to update",
    Operation.CREATE: "to create",
    Operation.IMPORT: "to import",
}


def marker(stack: str) -> str:
    """The comment's first line, by which the next preview of the same stack finds it and takes its place."""
    return f"<!-- groundwork preview {stack} -->"


def render(stack: str, preview: Preview) -> str:
    """The comment, in at most `LONGEST` characters: the resources for which there is no room are counted."""
    stops = [result for result in preview.policies if result.level == "mandatory"]
    notes = [result for result in preview.policies if result.level != "mandatory"]
    parts = [marker(stack), f"### Preview of `{stack}`: {_verdict(preview, stops)}", _counts(preview)]
    if preview.errors:
        parts += ["**Errors**", *(_fenced(error) for error in preview.errors)]
    if stops:
        parts += [f"**{_number(len(stops), 'violation')} that must be mended**", _bullets(stops)]
    if notes:
        parts.append(_folded(f"{_number(len(notes), 'note')} of the policies", _bullets(notes)))
    if preview.changes:
        parts.append(_changes(preview.changes, LONGEST - sum(len(part) + 2 for part in parts)))
    text = "\n\n".join(parts) + "\n"
    return text if len(text) <= LONGEST else text[: LONGEST - 20].rsplit("\n", 1)[0] + "\n\n…\n"


def _verdict(preview: Preview, stops: Sequence[PolicyResult]) -> str:
    if stops:
        return "❌ refused by the policies"
    if not preview.finished:
        return "❌ failed"
    if any(change.operation in (Operation.REPLACE, Operation.DELETE) for change in preview.changes):
        return "⚠️ replaces or deletes"
    return "✅ ready" if preview.changes else "✅ no changes"


def _counts(preview: Preview) -> str:
    counts = Counter(change.operation for change in preview.changes)
    words = [f"**{counts[operation]}** {word}" for operation, word in _PAST.items() if counts[operation]]
    return ", ".join([*words, f"{preview.unchanged} unchanged"])


def _bullets(results: Iterable[PolicyResult]) -> str:
    return "\n".join(f"- {_plain(result.message)} *({result.level}, {result.severity})*" for result in results)


def _changes(changes: Sequence[Change], room: int) -> str:
    """The changed resources, folded, as many as there is room for."""
    shown: list[str] = []
    left = room - 200
    for change in changes:
        block = _change(change)
        left -= len(block) + 1
        if left < 0:
            shown.append(f"\n… and {len(changes) - len(shown)} more; the log of the preview has them.")
            break
        shown.append(block)
    return _folded(_number(len(changes), "resource") + " that change", "\n".join(shown))


def _change(change: Change) -> str:
    mark = _MARKS.get(change.operation, "=")
    head = f"- `{mark}` {change.operation.value} {code(change.type)} **{_plain(change.name)}**"
    # What a new or a deleted resource consists of is in the program.
    rows = change.properties if change.operation in (Operation.UPDATE, Operation.REPLACE) else ()
    return "\n".join([head, *(f"  - {_property(row)}" for row in rows)])


def _property(row: PropertyChange) -> str:
    text = f"{code(row.path)}: {_value(row.old)} → {_value(row.new)}"
    return f"{text} **forces the replacement**" if row.forces_replacement else text


def _value(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return code(text if len(text) <= _VALUE else text[: _VALUE - 1] + "…")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is, and in which nobody is mentioned."""
    escaped = "".join(f"\\{character}" if character in r"\`*_[]<>|#~&" else character for character in text)
    return " ".join(escaped.split()).replace("@", "@\u200b")


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text[:4000]}\n{fence}"
