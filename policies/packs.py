"""The packs: which rules are served together, and where the engine finds them. A new pack is a row here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.model import Rule
from policies.rules.table import STATELESS
from policies.rules.table_resilience import RESILIENCE

_HERE: Final = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Pack:
    """Rules that are served together.

    Attributes:
        name: The pack's name for the engine and in reports, and its folder under `policies`.
        title: What the pack is for.
        rules: Rows of its rule table.
    """

    name: str
    title: str
    rules: tuple[Rule, ...]

    @property
    def folder(self) -> Path:
        """What `pulumi preview --policy-pack` takes."""
        return _HERE / self.name


PACKS: Final[tuple[Pack, ...]] = (
    Pack("stateless", "Services hold no state of their own, so that any instance can serve any request", STATELESS),
    Pack("resilience", "What holds the state outlives a node, a zone and a mistake", RESILIENCE),
)


def all_rules() -> tuple[Rule, ...]:
    """The rules of all packs, in the order of their tables."""
    return tuple(rule for pack in PACKS for rule in pack.rules)
