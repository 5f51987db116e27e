"""How the table of fidelity is made up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Property:
    """One property, or one inside another.

    Attributes:
        path: Names with periods between; items of lists count as one. It stands for everything inside it that has no
            row of its own.
        test: Node id of the test that shows the effect; empty if there is none.
        reason: Why there is none, in one line; empty if there is one.
    """

    path: str
    test: str = ""
    reason: str = ""

    @property
    def acts(self) -> bool:
        """Whether the platform does what AWS would do for it."""
        return bool(self.test)


@dataclass(frozen=True)
class Type:
    """One type of resource.

    Attributes:
        token: Pulumi's name for it.
        acts: Properties that have the effect that they have on AWS, with blanks between, by the test that shows it.
        recorded: Properties that are taken and told back, and nothing else, by the reason.
    """

    token: str
    acts: Mapping[str, str] = field(default_factory=dict)
    recorded: Mapping[str, str] = field(default_factory=dict)

    def rows(self) -> Iterator[Property]:
        """Every property, by path."""
        acting = [Property(path, test=test) for test, paths in self.acts.items() for path in paths.split()]
        kept = [Property(path, reason=reason) for reason, paths in self.recorded.items() for path in paths.split()]
        yield from sorted((*acting, *kept), key=lambda each: each.path)

    def row_of(self, path: str) -> Property | None:
        """What a property counts as: the row of its own, or else the nearest around it."""
        rows = {row.path: row for row in self.rows()}
        while path not in rows and "." in path:
            path = path.rpartition(".")[0]
        return rows.get(path)


TAGS = "labels: nothing here reads them"
NAMES = "names it, for the API only"
"""Reasons that hold for many."""
