"""The rules of composite alarms: which alarms they refer to, and whether they hold.

The grammar is that of the CloudWatch User Guide, Create a composite alarm: `ALARM`, `OK` and `INSUFFICIENT_DATA` of an
alarm's name or ARN, `TRUE`, `FALSE`, `AND`, `OR`, `NOT` and parentheses. `NOT` binds closest, then `AND`, then `OR`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

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

StateOf = Callable[[str], str]
"""The state of an alarm, by its name; one that is gone has none that a rule could ask for."""


@dataclass(frozen=True)
class _InState:
    """An alarm is in a state."""

    state: str
    alarm: str


@dataclass(frozen=True)
class _Word:
    """TRUE or FALSE; NOT, AND or OR of parts."""

    word: str
    parts: tuple[Rule, ...] = ()


Rule = _InState | _Word


@lru_cache(maxsize=1_000)
def parse(rule: str) -> Rule:
    """Read a rule.

    Raises:
        Invalid: it is no rule.
    """
    if not rule or rule != rule.strip() or len(rule) > _LONGEST:
        raise _invalid(rule)
    rest = list(_tokens(rule))
    try:
        found = _either(rest, rule)
    except RecursionError:
        raise _invalid(rule) from None
    if rest:
        raise _invalid(rule)
    return found


def alarms_of(rule: str) -> list[str]:
    """Names of the alarms in a rule, in its order.

    Raises:
        Invalid: it is no rule.
    """
    return list(_alarms(parse(rule)))


def holds(rule: Rule, state_of: StateOf) -> bool:
    """Whether the rule is true of these states."""
    if isinstance(rule, _InState):
        return state_of(rule.alarm) == rule.state
    if rule.word == "NOT":
        return not holds(rule.parts[0], state_of)
    if rule.word in ("AND", "OR"):
        return (all if rule.word == "AND" else any)(holds(part, state_of) for part in rule.parts)
    return rule.word == "TRUE"


def _alarms(rule: Rule) -> Iterator[str]:
    if isinstance(rule, _InState):
        yield rule.alarm
    else:
        for part in rule.parts:
            yield from _alarms(part)


def _tokens(rule: str) -> Iterator[str | _InState]:
    place = 0
    while place < len(rule):
        found = _TOKEN.match(rule, place)
        if found is None:
            raise _invalid(rule)
        place = found.end()
        if found["state"]:
            # An ARN ends with the name.
            yield _InState(found["state"], (found["quoted"] or found["plain"]).rpartition(":alarm:")[2])
        else:
            yield found["word"] or found["mark"]


def _either(tokens: list[str | _InState], rule: str) -> Rule:
    return _joined(tokens, "OR", lambda: _joined(tokens, "AND", lambda: _term(tokens, rule)))


def _joined(tokens: list[str | _InState], word: str, part: Callable[[], Rule]) -> Rule:
    parts = [part()]
    while tokens and tokens[0] == word:
        tokens.pop(0)
        parts.append(part())
    return parts[0] if len(parts) == 1 else _Word(word, tuple(parts))


def _term(tokens: list[str | _InState], rule: str) -> Rule:
    token = tokens.pop(0) if tokens else ""
    if isinstance(token, _InState):
        return token
    if token == "NOT":
        return _Word("NOT", (_term(tokens, rule),))
    if token == "(":
        inner = _either(tokens, rule)
        if not tokens or tokens.pop(0) != ")":
            raise _invalid(rule)
        return inner
    if token in ("TRUE", "FALSE"):
        return _Word(token)
    raise _invalid(rule)


def _invalid(rule: str) -> Invalid:
    return Invalid("ValidationError", f"AlarmRule must be a rule of composite alarms, not {rule!r}")
