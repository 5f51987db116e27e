"""Which role a Redis server starts with, and when one that runs has to be told another: decisions on plain data."""

from __future__ import annotations

from collections.abc import Sequence

from local.aws.dataplane.context import NotReady
from local.aws.dataplane.redis_desired import RedisServer
from local.aws.dataplane.redis_sentinels import Told

PATIENCE = 30.0
"""Seconds that a primary that ended waits for another to take over, before it begins anew with nothing."""


def unheard(server: RedisServer) -> Told:
    """What to go by while no Sentinel answers: what they decided last, and that this may be changing."""
    return Told(server.primary or server.address, 0, changing=True, down=True)


def primary_at_start(server: RedisServer, told: Told | None, heirs: Sequence[str], waited: float) -> str | None:
    """Whom a watched server follows that is about to start; None: it is the primary.

    Args:
        told: What the Sentinels say of the group; None when they do not know of it yet.
        heirs: Names of the group's other servers that run.
        waited: Seconds since it was first to be started.

    Raises:
        NotReady: it was the primary and one of the heirs is about to take over. Were it started now, they would take
            its empty data set for theirs.
    """
    if told is None:
        return server.primary
    if told.primary != server.address:
        return told.primary
    if heirs and waited < PATIENCE:
        raise NotReady(f"{server.name} waits for one of {', '.join(heirs)} to become the primary")
    return None


def may_follow(server: RedisServer, told: Told | None) -> bool:
    """Whether a running server that does not follow the primary that is known may be told to.

    Only when the Sentinels have settled on that one: a failover that is under way is not to be undone.
    """
    return told is not None and told.primary == server.primary and not told.changing and not told.down
