"""Failures on purpose for the command line: their list, and messages for what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from groundwork.errors import UserError
from local.failures import catalogue
from local.failures.active import Active
from local.failures.control import Control, NothingThere, clock
from local.failures.disk import DiskError
from local.failures.firewall import FirewallError
from local.paths import Paths

_PROBLEMS = (catalogue.UnknownFailure, ValueError, NothingThere, FirewallError, DiskError)


@dataclass(frozen=True)
class Listed:
    """The list of what can fail.

    Attributes:
        names: Full names of everything that can fail now, by the failure's name.
    """

    active: tuple[Active, ...]
    names: dict[str, list[str]]

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        failures = [
            {
                "name": each.name,
                "target": each.target.value,
                "does": each.does,
                "heals": each.heals,
                "serves": list(each.serves),
                "amount": None if each.amount is None else asdict(each.amount),
                "lasts": each.lasts,
                "names": self.names[each.name],
            }
            for each in catalogue.FAILURES
        ]
        return {"active": [asdict(each) for each in self.active], "failures": failures}


def listed(paths: Paths) -> Listed:
    """Everything that can fail, and what has."""
    control = Control(paths)
    names: dict[str, list[str]] = {failure.name: [] for failure in catalogue.FAILURES}
    for fault in catalogue.named(control.inventory()).values():
        names[fault.failure.name].append(fault.name)
    return Listed(tuple(control.active()), names)


def drawn(found: Listed) -> RenderableType:
    """The list for a person."""
    table = Table("failure", "what happens", "heal", "for", "names now", title="what can fail", show_lines=True)
    for failure in catalogue.FAILURES:
        amount = failure.amount
        more = "" if amount is None else f" Default {amount.default} {amount.unit}."
        names = "\n".join(found.names[failure.name])
        table.add_row(failure.name, failure.does + more, failure.heals, " ".join(failure.serves), names)
    return Group(active_table(found.active), table) if found.active else table


def active_table(active: Sequence[Active]) -> Table:
    """What has failed now."""
    table = Table("failed on purpose", "since", "how strong", title="active failures", title_style="bold red")
    for each in active:
        amount = catalogue.failure_of(each.failure).amount
        strength = "" if amount is None else f"{each.amount} {amount.unit}"
        table.add_row(each.name, clock(each.since), strength)
    return table


def fail(paths: Paths, name: str, amount: int | None) -> str:
    """Take away what has this name.

    Raises:
        UserError: that cannot be done.
    """
    try:
        return Control(paths).fail(name, amount).message
    except _PROBLEMS as problem:
        raise UserError(str(problem)) from problem


def heal(paths: Paths, name: str | None) -> list[str]:
    """Give back what was taken away.

    Raises:
        UserError: that cannot be done.
    """
    try:
        return [outcome.message for outcome in Control(paths).heal(name)]
    except _PROBLEMS as problem:
        raise UserError(str(problem)) from problem
