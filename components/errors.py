"""What a component says when it is asked for something unsafe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class Refusal:
    """One setting that is refused.

    Attributes:
        setting: The argument's name, dotted where it is nested.
        value: What it was set to.
        cure: What would be right, and why.
    """

    setting: str
    value: object
    cure: str


class Refused(pulumi.RunError):
    """Unsafe arguments of a component. Pulumi shows the message without a traceback.

    Attributes:
        refusals: All that is wrong, in the order of the rules.
    """

    def __init__(self, component: str, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(
            "\n".join(f"{component}: {item.setting} is {item.value!r}: {item.cure}" for item in self.refusals)
        )


def refuse(component: str, refusals: Iterable[Refusal]) -> None:
    """Raise `Refused` when there is anything to refuse."""
    if found := tuple(refusals):
        raise Refused(component, found)
