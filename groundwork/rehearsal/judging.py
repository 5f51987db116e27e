"""Whether a stack file's settings will do, told without the engine and without a key to what is encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groundwork.errors import UserError

_SECURE = "secure"


def judged(stack: str, config: Mapping[str, Any], stacks: Path) -> list[str]:
    """What is wrong with a stack file's `config` map, in lines; encrypted values count as right.

    Raises:
        UserError: a part is encrypted as a whole, so that nothing can be said of it.
    """
    # The engine's SDK takes long to import, and no other command needs it.
    from components.settings import Source, judge

    encrypted = [key for key, value in config.items() if _holds_encrypted(value)]
    for key in encrypted:
        if set(config[key]) == {_SECURE}:
            raise UserError(
                f"{key} is encrypted as a whole, and a rehearsal has no key to it: encrypt single values "
                f"(`pulumi config set --secret --path '{key}.…'`)."
            )
    flat = {key: value if isinstance(value, str) else json.dumps(_in_the_clear(value)) for key, value in config.items()}
    source = Source.parse(stack, flat, encrypted, stacks)
    _, problems = judge(source)
    return source.lines(problems)


def _holds_encrypted(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) == {_SECURE} or any(map(_holds_encrypted, value.values()))
    return isinstance(value, list) and any(map(_holds_encrypted, value))


def _in_the_clear(value: Any) -> Any:
    """The value as the program sees it, something else in the place of what is encrypted."""
    if isinstance(value, Mapping):
        if set(value) == {_SECURE}:
            return "encrypted"
        return {key: _in_the_clear(item) for key, item in value.items()}
    return [_in_the_clear(item) for item in value] if isinstance(value, list) else value
