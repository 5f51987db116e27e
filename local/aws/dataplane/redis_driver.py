"""Runs redis-server as declared, and changes it while it runs."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import redis

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.redis_access import USER, connect, credentials
from local.aws.dataplane.redis_config import render
from local.aws.dataplane.redis_desired import RedisServer
from local.aws.dataplane.redis_process import die, end, has_begun, lay_out, note_begun, tune
from local.aws.dataplane.redis_roles import may_follow, primary_at_start, unheard
from local.aws.dataplane.redis_sentinels import Sentinels, Silent, Told


class RedisDriver:
    """One redis-server a node.

    Where the Sentinels watch, they decide who is the primary: a server that ended comes back as a replica of whom they
    name, and one that runs is told its role only when it does not know yet that it was deposed.
    """

    def __init__(self, context: Context, sentinels: Sentinels) -> None:
        self._context = context
        self._sentinels = sentinels
        self._waiting: dict[str, float] = {}

    def ensure(self, server: RedisServer) -> None:
        """Bring the server to what is declared; returns when it answers, a replica when it is in step.

        Raises:
            NotReady: it is not there yet.
        """
        context = self._context
        context.add_address(server.address)
        folder = own_folder(context.folder(server.name), USER)
        first = die(context, server, folder)
        runs = context.is_running(server.name)
        primary = server.primary if runs else self._primary_now(server)
        loads = primary is None and not has_begun(server, folder)
        has_lost = not (runs or first or loads) and primary is None and not server.watched
        keeper = self._keeper(server) if has_lost else None
        own = credentials(context, server.name, server.tls, [server.address, *server.endpoints])
        configuration = folder / "redis.conf"
        write_private(configuration, render(replace(server, primary=primary or keeper), folder, own), USER)
        if runs:
            self._apply(server)
        else:
            lay_out(context, server, folder, loads)
            context.run(server.name, ["redis-server", str(configuration)], USER, folder)
        wait_until(lambda: self._answers(server, primary or keeper), 10, f"{server.name} answers")
        if keeper is not None:
            self._apply(server)
        note_begun(server, folder)
        if primary != server.primary:
            raise NotReady(f"{server.name} follows {primary}: the API is still to be told")

    def is_alive(self, server: RedisServer) -> bool:
        """Whether its process runs."""
        return self._context.is_running(server.name)

    def remove(self, server: RedisServer) -> None:
        """End the server and remove its data and address."""
        end(self._context, server)
        self._waiting.pop(server.name, None)

    def _primary_now(self, server: RedisServer) -> str | None:
        """Whom a server follows that is about to start; raises NotReady while that is being decided."""
        if not server.watched:
            return server.primary
        try:
            told = self._told(server)
        except Silent:
            told = unheard(server)
        heirs = [peer for peer in server.peers if self._context.is_running(peer)]
        since = self._waiting.setdefault(server.name, time.monotonic())
        primary = primary_at_start(server, told, heirs, time.monotonic() - since)
        self._waiting.pop(server.name, None)
        return primary

    def _told(self, server: RedisServer) -> Told | None:
        return self._sentinels.told(server.tls).get(server.group)

    def _keeper(self, server: RedisServer) -> str | None:
        """Address of the replica that keeps the data of a primary that ended and that nobody takes over from.

        ElastiCache User Guide, "Failure scenarios with Multi-AZ responses", automatic failover disabled: the new
        primary gets its data from one of the replicas, then they follow it again. That replica has to be a primary
        meanwhile: one that has lost its own has nothing to give.
        """
        kept: dict[str, int] = {}
        for name, address in server.peers.items():
            if self._context.is_running(name):
                with suppress(redis.RedisError), self._connect(server, address) as client:
                    kept[address] = int(client.info("replication").get("slave_repl_offset", 0))
        if not kept:
            return None
        keeper = max(kept, key=lambda address: kept[address])
        try:
            with self._connect(server, keeper) as client:
                client.replicaof("NO", "ONE")
        except redis.RedisError as error:
            raise NotReady(f"{server.name}: {keeper} keeps its data and does not answer: {error}") from error
        return keeper

    def _connect(self, server: RedisServer, address: str) -> redis.Redis:
        return connect(self._context, address, server.port, server.tls)

    def _client(self, server: RedisServer) -> redis.Redis:
        return self._connect(server, server.address)

    def _answers(self, server: RedisServer, primary: str | None) -> bool:
        if not self._context.is_running(server.name):
            raise NotReady(f"{server.name} ended; see {self._context.log(server.name)}")
        try:
            with self._client(server) as client:
                replication = client.info("replication")
        except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
            return False
        if primary is None:
            return bool(replication["role"] == "master")
        return bool(replication.get("master_link_status") == "up")

    def _apply(self, server: RedisServer) -> None:
        try:
            with self._client(server) as client:
                tune(client, server)
                if not server.watched and server.primary is not None:
                    client.replicaof(server.primary, server.port)
                elif not server.watched:
                    self._lead(server, client)
                elif server.primary is not None:
                    self._follow(server, client)
        except redis.RedisError as error:
            raise NotReady(f"{server.name}: {error}") from error

    def _lead(self, server: RedisServer, client: Any) -> None:
        """Have a server be the primary that is one by declaration, once it has got what a replica kept for it."""
        running = [address for name, address in server.peers.items() if self._context.is_running(name)]
        replication = client.info("replication")
        if replication.get("master_link_status") == "down" and replication["master_host"] in running:
            raise NotReady(f"{server.name} still gets its data from {replication['master_host']}")
        client.replicaof("NO", "ONE")
        for address in running:
            with self._connect(server, address) as peer:
                if peer.info("replication")["role"] == "master":
                    peer.replicaof(server.address, server.port)

    def _follow(self, server: RedisServer, client: Any) -> None:
        """Have a server that missed a failover follow its successor.

        One that calls itself the primary would be told by a Sentinel too, ten seconds later. One that follows another
        replica, since it began while its primary was being replaced, would not: Sentinels know whom the primary lists.

        Raises:
            NotReady: the Sentinels are not of one mind about it.
        """
        replication = client.info("replication")
        leads = replication["role"] == "master"
        if not leads and replication["master_host"] == server.primary:
            return
        try:
            told = self._told(server)
        except Silent:
            told = None
        if not may_follow(server, told):
            whom = "itself" if leads else replication["master_host"]
            raise NotReady(f"{server.name} calls {whom} the primary, and the Sentinels have not settled on another")
        client.replicaof(server.primary, server.port)
        if leads:
            client.client_kill_filter(_type="normal")
