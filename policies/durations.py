"""How long things take: durations as texts, and commands that sleep."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from typing import Final

_UNITS: Final = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?)(ms|[smhd]?)\Z")
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
# What makes a shell do more than run one command after another.
_INTRICATE = re.compile(r"[|<>()$`{}\\*?!#]|(?<!&)&(?!&)")
_STEPS = re.compile(r"&&|;|\n")
_KEYWORDS: Final = frozenset({"while", "until", "for", "if", "case", "do", "then", "else", "trap", "eval", "exit"})


def seconds(text: str) -> float | None:
    """Seconds that a text such as `90`, `90s`, `1.5m`, `250ms` or `1h` means; `None` if it is no duration."""
    found = _DURATION.match(text.strip())
    return None if found is None else float(found[1]) * _UNITS[found[2]]


def shown(duration: float) -> str:
    """Seconds for a message: `5`, `0.25`."""
    return f"{duration:g}" if duration < 1e6 else str(math.ceil(duration))


def words(command: Sequence[str]) -> tuple[str, ...]:
    """A command's words, without the folder of its program and without a shell around one plain command.

    `["/bin/sh", "-c", "exec cat /tmp/ok"]` and `["cat", "/tmp/ok"]` are the same.
    """
    script = _script(command)
    if script is None:
        return (command[0].rpartition("/")[2], *command[1:]) if command else ()
    if _INTRICATE.search(script) is None and _STEPS.search(script.strip()) is None:
        split = _split(script)
        split = split[1:] if split[:1] == ["exec"] else split
        if split and split[0] not in _KEYWORDS:
            return words(split)
    return ("sh", "-c", script.strip())


def sleep_seconds(command: Sequence[str]) -> float | None:
    """Seconds that a command surely sleeps, as `sleep 10` or `sh -c "nginx -s quit; sleep 10"`.

    `None` when it does not sleep, or when that cannot be read from it: variables, loops, conditions.
    """
    script = _script(command)
    if script is None:
        return _one_sleep(words(command))
    if _INTRICATE.search(script) is not None:
        return None
    steps = [_split(step) for step in _STEPS.split(script)]
    if any(step[:1] and step[0] in _KEYWORDS for step in steps):
        return None
    slept = [_one_sleep(words(step)) for step in steps]
    known = [duration for duration in slept if duration is not None]
    return sum(known) if known else None


def _script(command: Sequence[str]) -> str | None:
    """What a shell is told to run, `None` for commands without a shell."""
    if len(command) < 3 or command[0].rpartition("/")[2] not in _SHELLS:
        return None
    option = command[1]
    return command[2] if option.startswith("-") and option.endswith("c") else None


def _split(script: str) -> list[str]:
    try:
        return shlex.split(script)
    except ValueError:
        return []


def _one_sleep(command: Sequence[str]) -> float | None:
    if command[:1] == ("exec",):
        command = command[1:]
    if len(command) < 2 or command[0] != "sleep":
        return None
    parts = [seconds(part) for part in command[1:]]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
