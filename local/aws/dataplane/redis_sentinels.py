"""What the Sentinels say: who is the primary of which group, and whether they are changing that now."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import redis

from local.aws.dataplane.context import Context
from local.aws.dataplane.redis_access import connect
from local.aws.dataplane.redis_config import SENTINEL_PORT
from local.aws.dataplane.redis_desired import SENTINELS, sentinel_name
from local.aws.state import ADDRESSES

# A Sentinel of this machine answers within milliseconds; one that does not is not waited for.
_SECONDS = 1.0


@dataclass(frozen=True)
class Told:
    """What the Sentinels say of one group.

    Attributes:
        primary: Address of its primary.
        epoch: Number of the failover that made it the primary; 0 at first.
        changing: One of them is failing over.
        down: One of them takes the primary for dead.
    """

    primary: str
    epoch: int
    changing: bool
    down: bool


class Silent(Exception):
    """No Sentinel answered."""


def newest(answers: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, Told]:
    """What several Sentinels say, by group: the latest failover that any of them knows of counts.

    Args:
        answers: Of each, `SENTINEL MASTERS` by name.
    """
    found: dict[str, Told] = {}
    for answer in answers:
        for name, state in answer.items():
            flags = set(str(state["flags"]).split(","))
            told = Told(
                primary=str(state["ip"]),
                epoch=int(state["config-epoch"]),
                changing="failover_in_progress" in flags,
                down=bool(flags & {"s_down", "o_down"}),
            )
            before = found.get(name, told)
            later = max(before, told, key=lambda each: each.epoch)
            found[name] = Told(later.primary, later.epoch, before.changing or told.changing, before.down or told.down)
    return found


def masters(client: redis.Redis) -> dict[str, Mapping[str, Any]]:
    """What one Sentinel knows of the groups that it watches, by name."""
    return {str(state["name"]): state for state in dict(client.sentinel_masters()).values()}  # type: ignore[arg-type]


class Sentinels:
    """Connections to the Sentinels, which are kept: they are asked once a second."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clients: dict[str, redis.Redis] = {}
        self._lock = threading.Lock()

    def told(self, tls: bool) -> dict[str, Told]:
        """What is said of every group of this kind of transport.

        Raises:
            Silent: nobody answers.
        """
        answers = []
        for number in SENTINELS:
            name = sentinel_name(tls, number)
            if not self._context.is_running(name):
                continue
            try:
                answers.append(masters(self._client(name, tls)))
            except redis.RedisError:
                continue
        if not answers:
            raise Silent
        return newest(answers)

    def forget(self, name: str) -> None:
        """Close what leads to a Sentinel that goes."""
        with self._lock:
            client = self._clients.pop(name, None)
        if client is not None:
            client.close()

    def _client(self, name: str, tls: bool) -> redis.Redis:
        address = ADDRESSES.taken.get(name)
        if address is None:
            raise redis.ConnectionError(f"{name} has no address")
        with self._lock:
            if name not in self._clients:
                self._clients[name] = connect(self._context, address, SENTINEL_PORT, tls, _SECONDS)
            return self._clients[name]
