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

_BY_NAME = (catalogue.Target.PROCESS, catalogue.Target.SERVER, catalogue.Target.DISK)
"""Targets of which there are many: they are listed once, for all failures."""

_PROBLEMS = (catalogue.UnknownFailure, ValueError, NothingThere, FirewallError, DiskError)


@dataclass(frozen=True)
class Listed:
    """The list of what can fail.

    Attributes:
        faults: Everything that can fail now.
    """

    active: tuple[Active, ...]
    faults: tuple[catalogue.Fault, ...]

    def names(self, failure: catalogue.Failure) -> list[str]:
        """Full names of a failure."""
        return [fault.name for fault in self.faults if fault.failure == failure]

    def by_target(self) -> dict[str, list[str]]:
        """What can happen to each server and process, by its name."""
        found: dict[str, list[str]] = {}
        for fault in self.faults:
            if fault.failure.target in _BY_NAME:
                found.setdefault(fault.target, []).append(fault.failure.name)
        return dict(sorted(found.items()))

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
                "names": self.names(each),
            }
            for each in catalogue.FAILURES
        ]
        return {"active": [asdict(each) for each in self.active], "failures": failures}


def listed(paths: Paths) -> Listed:
    """Everything that can fail, and what has."""
    control = Control(paths)
    return Listed(tuple(control.active()), tuple(catalogue.named(control.inventory()).values()))


def drawn(found: Listed) -> RenderableType:
    """The list for a person."""
    table = Table("what happens", "heal", "for", "names", title="what can fail", show_lines=True)
    for failure in catalogue.FAILURES:
        amount = failure.amount
        more = "" if amount is None else f" Default {amount.default} {amount.unit}."
        several = failure.target in _BY_NAME
        names = f"{failure.name}-NAME" if several else "\n".join(found.names(failure)) or f"no {failure.name} now"
        table.add_row(failure.does + more, failure.heals, " ".join(failure.serves), names)
    targets = Table("NAME", "can", title="where")
    for target, failures in found.by_target().items():
        targets.add_row(target, " ".join(failures))
    shown = [table, *([targets] if targets.rows else [])]
    return Group(active_table(found.active), *shown) if found.active else Group(*shown)


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
