"""A summary for a pull request: what fails first, the rest folded, and never longer than a comment may be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from policies.scan.reports.words import LEVELS, level, place, printable, summary
from policies.scan.run import Report, Result

LENGTH: Final = 60_000
"""Characters at most: code hosts take 65,536, and a caller may put something before and after."""
_LINE: Final = 600
_TITLES: Final = {
    "mandatory": "Mandatory violations",
    "advisory": "Advisory violations",
    "undetermined": "Not determined",
    "exempt": "Exemptions",
}


def as_markdown(report: Report, length: int = LENGTH) -> str:
    """The summary.

    Args:
        length: Characters at most; what does not fit is counted.
    """
    mark = "passed" if report.exit_code == 0 else "failed"
    head = [f"### Policies {mark}", "", f"{summary(report)}.", "", *_counts(report.results)]
    sections = [
        (title, word == "mandatory", [_line(result) for result in report.results if level(result) == word])
        for word, title in _TITLES.items()
    ]
    sections.append(
        ("Input", any(one.fatal for one in report.problems), [f"- {code(str(one))}" for one in report.problems])
    )
    sections = [section for section in sections if section[2]]
    text = "\n".join(head)
    left = length - len(text) - 200 * len(sections)
    for title, is_open, lines in sections:
        section = "\n".join(_section(title, is_open, lines, left))
        left -= len(section)
        text += "\n" + section
    return text.rstrip() + "\n"


def _counts(results: Iterable[Result]) -> Iterator[str]:
    counts = Counter((result.rule.policy, level(result)) for result in results)
    policies = sorted({policy for policy, _ in counts})
    if policies:
        words = list(dict.fromkeys(LEVELS.values()))
        yield f"| policy | {' | '.join(words)} |"
        yield f"|---|{'---:|' * len(words)}"
        for policy in policies:
            yield f"| {policy} | {' | '.join(str(counts[policy, word] or '') for word in words)} |"
        yield ""


def _section(title: str, is_open: bool, lines: list[str], room: int) -> Iterator[str]:
    yield f"<details{' open' if is_open else ''}><summary>{title} ({len(lines)})</summary>"
    yield ""
    used = shown = 0
    for line in lines:
        used += len(line) + 1
        if used > room:
            break
        shown += 1
        yield line
    if shown < len(lines):
        yield f"- and {len(lines) - shown:,} more"
    yield ""
    yield "</details>"
    yield ""


def _line(result: Result) -> str:
    return f"- {code(place(result))} {code(result.finding.message)}"


def code(text: str) -> str:
    """Text as code, so that nothing in it is taken for a link, a mention or markup."""
    flat = " ".join(printable(text).split())
    flat = flat if len(flat) <= _LINE else flat[: _LINE - 1] + "\N{HORIZONTAL ELLIPSIS}"
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", flat)), default=0))
    padding = " " if flat[:1] == "`" or flat[-1:] == "`" else ""
    return f"{fence}{padding}{flat}{padding}{fence}"
