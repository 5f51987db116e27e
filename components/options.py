"""The one place where the options of a component's children are built."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import pulumi


def child(
    parent: pulumi.Resource, *, depends_on: Sequence[pulumi.Resource] = (), ignore_changes: Sequence[str] = ()
) -> pulumi.ResourceOptions:
    """Options of a child resource.

    The caller's own options stay with the component: `aliases`, `ignore_changes` and `depends_on` mean something else
    on a child, and providers, protection and the like are inherited by the parent link.

    Args:
        parent: The component that owns the child.
        depends_on: What must exist before the child, where no input says so already.
        ignore_changes: Properties (engine spelling) that count only when the child is made.
    """
    return pulumi.ResourceOptions(
        parent=parent, depends_on=list(depends_on) or None, ignore_changes=list(ignore_changes) or None
    )


class Window:
    """Keeps few registrations outstanding.

    The SDK waits for everything outstanding after each single completion, so that a program which registers all at
    once costs the square of its size. A window keeps what is outstanding small, and is wide enough for everything
    that could be created at the same time.

    Args:
        limit: How many registrations may be outstanding.
    """

    def __init__(self, limit: int = 200) -> None:
        self._limit = limit
        self._outstanding: deque[pulumi.Resource] = deque()

    def __len__(self) -> int:
        return len(self._outstanding)

    async def admit(self, resources: Iterable[pulumi.Resource]) -> None:
        """Count these as outstanding; wait for the oldest ones while there are too many."""
        self._outstanding.extend(resources)
        while len(self._outstanding) > self._limit:
            await self._outstanding.popleft().urn.future()
