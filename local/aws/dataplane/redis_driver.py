"""Runs redis-server as declared, and changes it while it runs."""

from __future__ import annotations

import shutil
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.desired import RedisServer
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.redis_config import CONTROL_USER, Credentials, clients, render
from local.aws.extensions.elasticache_parameters import restart_settings

USER = "redis"
_ONCE = Retry(NoBackoff(), 0)
"""Who asks asks again by itself: the client's own retries would only add their pauses."""


class RedisDriver:
    """One redis-server a node."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def ensure(self, server: RedisServer) -> None:
        """Bring the server to what is declared; returns when it answers, a replica when it is in step.

        Raises:
            NotReady: it is not there yet.
        """
        context = self._context
        context.add_address(server.address)
        folder = own_folder(context.folder(server.name), USER)
        configuration = folder / "redis.conf"
        write_private(configuration, render(server, folder, self._credentials(server)), USER)
        if context.is_running(server.name):
            self._apply(server)
        else:
            context.run(server.name, ["redis-server", str(configuration)], USER, folder)
        wait_until(lambda: self._answers(server), 10, f"{server.name} answers")

    def is_alive(self, server: RedisServer) -> bool:
        """Whether its process runs."""
        return self._context.is_running(server.name)

    def remove(self, server: RedisServer) -> None:
        """End the server and remove its data and address."""
        self._context.processes.stop(server.name)
        shutil.rmtree(self._context.folder(server.name), ignore_errors=True)
        self._context.remove_address(server.address)

    def _credentials(self, server: RedisServer) -> Credentials:
        context = self._context
        if not server.tls:
            return Credentials(context.control_password, None, None, context.authority.root)
        folder = context.folder(server.name) / "tls"
        issued = context.authority.issue(
            folder,
            server.name,
            [server.address],
            [f"{server.name}.groundwork.local"],
            USER,
        )
        own_folder(folder, USER)
        root = folder / "ca.pem"
        write_private(root, context.authority.root.read_text(), USER)
        return Credentials(context.control_password, issued.certificate, issued.key, root)

    def _client(self, server: RedisServer) -> redis.Redis:
        return redis.Redis(
            host=server.address,
            port=server.port,
            username=CONTROL_USER,
            password=self._context.control_password,
            ssl=server.tls,
            ssl_ca_certs=str(self._context.authority.root) if server.tls else None,
            socket_timeout=3,
            retry=_ONCE,
            decode_responses=True,
        )

    def _answers(self, server: RedisServer) -> bool:
        if not self._context.is_running(server.name):
            raise NotReady(f"{server.name} ended; see {self._context.log(server.name)}")
        try:
            with self._client(server) as client:
                replication = client.info("replication")
        except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
            return False
        return server.primary is None or replication["master_link_status"] == "up"

    def _apply(self, server: RedisServer) -> None:
        live = {name: value for name, value in server.settings.items() if name not in restart_settings()}
        try:
            with self._client(server) as client:
                client.execute_command("CONFIG", "SET", *(part for pair in live.items() for part in pair))
                let_in(client, server)
                if server.primary is None:
                    client.replicaof("NO", "ONE")
                else:
                    client.replicaof(server.primary, str(server.port))
        except redis.RedisError as error:
            raise NotReady(f"{server.name}: {error}") from error


def let_in(client: Any, server: RedisServer) -> None:
    """Bring a running server's users to what is declared; connections of those that go are closed.

    Args:
        client: A Redis client, logged in as the platform itself.
        server: What is declared.
    """
    wanted = clients(server)
    for name, rules in wanted.items():
        client.execute_command("ACL", "SETUSER", name, *rules)
    if gone := sorted(set(client.acl_users()) - set(wanted) - {CONTROL_USER, "default"}):
        client.acl_deluser(*gone)
