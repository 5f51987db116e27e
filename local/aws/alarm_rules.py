"""The rules of composite alarms: which alarms they refer to, and whether they can be read at all.

The grammar is that of the CloudWatch User Guide, Create a composite alarm: `ALARM`, `OK` and `INSUFFICIENT_DATA` of an
alarm's name or ARN, `TRUE`, `FALSE`, `AND`, `OR`, `NOT` and parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.aws.errors import Invalid

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>[^\s"()]+))\s*\)
        | (?P<word>AND|OR|NOT|TRUE|FALSE)\b
        | (?P<mark>[()])
    )""",
    re.VERBOSE,
)
_LONGEST = 10_240


def alarms_of(rule: str) -> list[str]:
    """Names of the alarms in a rule, in its order.

    Raises:
        Invalid: it is no rule.
    """
    if not rule or rule != rule.strip() or len(rule) > _LONGEST:
        raise _invalid(rule)
    names: list[str] = []
    rest = list(_tokens(rule, names))
    _expression(rest, rule)
    if rest:
        raise _invalid(rule)
    return names


def _tokens(rule: str, names: list[str]) -> Iterator[str]:
    place = 0
    while place < len(rule):
        found = _TOKEN.match(rule, place)
        if found is None:
            raise _invalid(rule)
        place = found.end()
        if found["state"]:
            # An ARN ends with the name.
            names.append((found["quoted"] or found["plain"]).rpartition(":alarm:")[2])
            yield "TRUE"
        else:
            yield found["word"] or found["mark"]


def _expression(tokens: list[str], rule: str) -> None:
    _term(tokens, rule)
    while tokens and tokens[0] in ("AND", "OR"):
        tokens.pop(0)
        _term(tokens, rule)


def _term(tokens: list[str], rule: str) -> None:
    token = tokens.pop(0) if tokens else ""
    if token == "NOT":
        _term(tokens, rule)
    elif token == "(":
        _expression(tokens, rule)
        if not tokens or tokens.pop(0) != ")":
            raise _invalid(rule)
    elif token not in ("TRUE", "FALSE"):
        raise _invalid(rule)


def _invalid(rule: str) -> Invalid:
    return Invalid("ValidationError", f"AlarmRule must be a rule of composite alarms, not {rule!r}")
