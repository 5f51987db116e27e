"""Runs Sentinels, and tells them which groups to watch. What they find out about those they keep themselves."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from typing import Any

import redis

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.redis_access import USER, connect, credentials
from local.aws.dataplane.redis_config import SENTINEL_PORT, SENTINEL_USER, own_password, render_sentinel
from local.aws.dataplane.redis_desired import RedisSentinel, Watch
from local.aws.dataplane.redis_sentinels import Sentinels, masters
from local.processes import EXACT

QUORUM = 2

DOWN_AFTER = 1500
"""Milliseconds without an answer after which a primary is gone.

Shorter, a machine that is busy for a moment fails over; longer, clients wait: what follows (agreement, election,
promotion, HAProxy's checks) takes another one or two seconds.
"""

OPTIONS = {
    # A failover that got stuck is tried again after twice this.
    "failover-timeout": "10000",
    # Replicas continue from where they are, so none of them need wait for another.
    "parallel-syncs": "5",
}


class RedisSentinelDriver:
    """One Sentinel."""

    def __init__(self, context: Context, sentinels: Sentinels) -> None:
        self._context = context
        self._sentinels = sentinels
        self._one_forgets = threading.Lock()

    def ensure(self, sentinel: RedisSentinel) -> None:
        """Bring it to what is declared; returns when it and another one watch every group, and know its replicas.

        Raises:
            NotReady: it is not there yet.
        """
        context = self._context
        context.add_address(sentinel.address)
        folder = own_folder(context.folder(sentinel.name), USER)
        own = credentials(context, sentinel.name, sentinel.tls, [sentinel.address])
        file = folder / "sentinel.conf"
        # Once it has run, the file is its memory: of epochs, replicas and other Sentinels.
        if not file.exists():
            write_private(file, render_sentinel(sentinel, folder, own), USER)
        if not context.is_running(sentinel.name):
            # Its timers are exact: Sentinels that wake up together ask for each other's votes together, and none wins.
            argv = ["redis-server", str(file), "--sentinel"]
            context.run(sentinel.name, argv, USER, folder, timer_slack=EXACT)
        with connect(context, sentinel.address, SENTINEL_PORT, sentinel.tls) as client:
            wait_until(lambda: self._answers(sentinel, client), 5, f"{sentinel.name} answers")
            try:
                self._watch(sentinel, client)
                wait_until(lambda: _agree(sentinel, client), 5, f"{sentinel.name} has found the others")
            except redis.RedisError as error:
                raise NotReady(f"{sentinel.name}: {error}") from error

    def is_alive(self, sentinel: RedisSentinel) -> bool:
        """Whether its process runs."""
        return self._context.is_running(sentinel.name)

    def remove(self, sentinel: RedisSentinel) -> None:
        """End it and remove what it knew and its address."""
        self._sentinels.forget(sentinel.name)
        self._context.processes.stop(sentinel.name)
        shutil.rmtree(self._context.folder(sentinel.name), ignore_errors=True)
        self._context.remove_address(sentinel.address)

    def _answers(self, sentinel: RedisSentinel, client: redis.Redis) -> bool:
        if not self._context.is_running(sentinel.name):
            raise NotReady(f"{sentinel.name} ended; see {self._context.log(sentinel.name)}")
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

    def _watch(self, sentinel: RedisSentinel, client: redis.Redis) -> None:
        known = masters(client)
        for gone in sorted(set(known) - {watch.group for watch in sentinel.watches}):
            client.sentinel_remove(gone)
        for watch in sentinel.watches:
            state = known.get(watch.group)
            # The last option tells whether all have been set.
            if state is None or int(state["down-after-milliseconds"]) != DOWN_AFTER:
                self._begin(watch, client, known=state is not None)
            elif _stale(watch, client):
                self._begin_anew(sentinel, watch, client, str(state["ip"]))

    def _begin(self, watch: Watch, client: redis.Redis, known: bool) -> None:
        if not known:
            client.sentinel_monitor(watch.group, watch.primary, watch.port, QUORUM)
        for option, value in self._options(watch).items():
            client.sentinel_set(watch.group, option, value)

    def _begin_anew(self, sentinel: RedisSentinel, watch: Watch, client: redis.Redis, primary: str) -> None:
        """Have it forget replicas that are gone: it does not by itself, and has to before their addresses are others'.

        With them it forgets those that are there, and the other Sentinels. So one does at a time, until it has found
        all of them again: together they could not fail over meanwhile. (SENTINEL RESET would do the same, but then
        leaves it without replicas for up to ten seconds, until it asks the primary next.)
        """
        with self._one_forgets:
            client.sentinel_remove(watch.group)
            self._begin(replace(watch, primary=primary), client, known=False)
            wait_until(lambda: _agree(sentinel, client), 10, f"{sentinel.name} has found the others again")
        if stale := _stale(watch, client):
            raise NotReady(f"{sentinel.name} still knows {', '.join(stale)}")

    def _options(self, watch: Watch) -> dict[str, str]:
        password = own_password(self._context.control_password, SENTINEL_USER, watch.group)
        return {
            "auth-user": SENTINEL_USER,
            "auth-pass": password,
            **OPTIONS,
            "down-after-milliseconds": str(DOWN_AFTER),
        }


def strangers(watch: Watch, replicas: list[str]) -> list[str]:
    """Addresses that a Sentinel has among a group's replicas and that belong to the group no more."""
    return sorted(set(replicas) - watch.servers)


def _stale(watch: Watch, client: redis.Redis) -> list[str]:
    return strangers(watch, [each["ip"] for each in client.sentinel_slaves(watch.group)])


def _agree(sentinel: RedisSentinel, client: Any) -> bool:
    try:
        for watch in sentinel.watches:
            client.execute_command("SENTINEL", "CKQUORUM", watch.group)
    except redis.ResponseError:
        # NOQUORUM or NOAUTH: it has not met the others yet.
        return False
    known = masters(client)
    return all(int(known[watch.group]["num-slaves"]) > 0 for watch in sentinel.watches)
