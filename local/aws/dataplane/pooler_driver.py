"""Runs RDS proxies: a PgBouncer each, on the proxy's own address, in front of an instance's endpoint."""

from __future__ import annotations

import hmac
import shutil
import threading
from pathlib import Path

import psycopg

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.pooler_config import ACCESS, CONFIGURATION, PORT, USERS, access, render, users
from local.aws.dataplane.pooler_desired import ADMINISTRATOR, Pooler
from local.aws.dataplane.pooler_health import Health, Watch

USER = "postgres"
"""Who the poolers run as."""


class PoolerDriver:
    """One proxy.

    Args:
        wake: Set when what is known of a target has changed.
    """

    def __init__(self, context: Context, wake: threading.Event) -> None:
        self._context = context
        self._watch = Watch(context.socket_folder, context.authority.root, wake)

    def look(self) -> None:
        """Ask the proxies' targets that are due, so that `health` tells of them."""
        self._watch.look()

    def ensure(self, pooler: Pooler) -> None:
        """Bring the proxy to what is declared; returns when it has taken it. Its clients' connections stay.

        Raises:
            NotReady: it is not there yet.
        """
        context = self._context
        context.add_address(pooler.address)
        folder = own_folder(context.folder(pooler.name), USER)
        socket = own_folder(context.socket_folder(pooler.name), USER)
        issued = context.authority.issue(folder, pooler.name, [pooler.address], [], USER)
        root = folder / "ca.pem"
        write_private(root, context.authority.root.read_text(), USER)
        write_private(folder / ACCESS, access(), USER)
        write_private(folder / USERS, users(pooler, self._password(pooler.name)), USER)
        settings = render(pooler, socket, issued.certificate, issued.key, root)
        write_private(folder / CONFIGURATION, settings, USER)
        if context.is_running(pooler.name):
            self._reload(pooler.name, socket)
        else:
            context.run(pooler.name, ["pgbouncer", CONFIGURATION], USER, folder)
            wait_until(lambda: self._answers(pooler.name, socket), 10, f"{pooler.name} answers")
        self._watch.follow(pooler)

    def is_alive(self, pooler: Pooler) -> bool:
        """Whether PgBouncer runs."""
        return self._context.is_running(pooler.name)

    def health(self, name: str) -> Health | None:
        """What was last found out about a proxy's target; None before it was asked."""
        return self._watch.health(name)

    def remove(self, pooler: Pooler) -> None:
        """End PgBouncer, remove its files and take its address away."""
        self._watch.leave(pooler.name)
        self._context.processes.stop(pooler.name)
        for folder in (self._context.folder(pooler.name), self._context.socket_folder(pooler.name)):
            shutil.rmtree(folder, ignore_errors=True)
        self._context.remove_address(pooler.address)

    def _answers(self, name: str, socket: Path) -> bool:
        if not self._context.is_running(name):
            raise NotReady(f"{name} ended; see {self._context.log(name)}")
        try:
            self._connect(name, socket).close()
        except psycopg.OperationalError:
            return False
        return True

    def _reload(self, name: str, socket: Path) -> None:
        """Have it read its files; the command returns when it has."""
        try:
            with self._connect(name, socket) as console:
                console.execute("RELOAD")
        except psycopg.Error as error:
            raise NotReady(f"{name}: {error}") from error

    def _connect(self, name: str, socket: Path) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(socket),
            port=PORT,
            user=ADMINISTRATOR,
            password=self._password(name),
            dbname="pgbouncer",
            autocommit=True,
            connect_timeout=3,
        )

    def _password(self, name: str) -> str:
        """The administrator's: another one for each proxy."""
        key = self._context.control_password.encode()
        return hmac.digest(key, f"{ADMINISTRATOR} {name}".encode(), "sha256").hex()
