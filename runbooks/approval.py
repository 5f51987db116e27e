"""Who said yes, and how."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from runbooks.errors import RunbookError
from runbooks.plan import Plan


@dataclass(frozen=True)
class Approval:
    """A yes.

    Attributes:
        by: Who said it.
        how: `typed`, or the options that took its place.
        at: When, ISO 8601 in UTC.
    """

    by: str
    how: str
    at: str

    def as_data(self) -> dict[str, Any]:
        """As the journal has it."""
        return asdict(self)


def refuse_unasked(plan: Plan, *, yes: bool, non_production: bool) -> None:
    """Judge the options that spare the question, before it is asked.

    Raises:
        RunbookError: they do not spare it for this stack.
    """
    if yes and not non_production:
        raise RunbookError("--yes alone approves nothing: say --non-production as well, if the stack is none")
    if non_production and plan.is_production:
        raise RunbookError(
            f"stack {plan.content['stack']} says that it is production: leave --non-production out and type the "
            f"target's name, {plan.target}"
        )


def refuse_other(plan: Plan, typed: str) -> None:
    """Hold what was typed against the target.

    Raises:
        RunbookError: it is something else.
    """
    if typed.strip() != plan.target:
        raise RunbookError(f"that is not the target's name, {plan.target}: nothing was done")
