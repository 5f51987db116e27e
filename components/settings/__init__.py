"""A stack's settings, read, checked and typed."""

from __future__ import annotations

from pydantic import ValidationError

from components.settings.combinations import problems as combination_problems
from components.settings.model import Settings
from components.settings.problems import Problem, from_pydantic
from components.settings.source import Source

__all__ = ["Problem", "Settings", "Source", "judge"]


def judge(source: Source) -> tuple[Settings | None, tuple[Problem, ...]]:
    """Check a stack's configuration.

    Returns:
        The settings and no problems, or no settings and all that is wrong. Combinations are judged once everything
        is right by itself.
    """
    if source.unread:
        return None, tuple(problem for _, problem in source.unread)
    found = list(source.problems())
    try:
        settings = Settings.model_validate(source.values)
    except ValidationError as error:
        found += [from_pydantic(detail, Settings, source.secure) for detail in error.errors(include_url=False)]
        return None, tuple(found)
    found += combination_problems(settings, source.stack, source.secure, source.region)
    return (None, tuple(found)) if found else (settings, ())
