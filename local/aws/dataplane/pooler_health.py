"""Whether RDS proxies reach their targets: each is asked, with the proxy's own credentials."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local.aws.dataplane.pooler_config import PORT
from local.aws.dataplane.pooler_desired import Credential, Pooler, PoolTarget

_log = logging.getLogger("local.aws")

WELL_SECONDS, ILL_SECONDS = 10.0, 1.0
"""Between questions, of a target that is available and of one that is not."""

LOOK_SECONDS = 0.25
"""Between looks for targets that are due."""

_TIMEOUT_SECONDS = 3


@dataclass(frozen=True)
class Health:
    """What was found out about a target.

    Attributes:
        reason: As RDS has it (`TargetHealthReason`); empty if it is available.
        description: The same in words.
    """

    reason: str = ""
    description: str = ""

    @property
    def is_well(self) -> bool:
        return not self.reason


WELL = Health()


@dataclass
class _Followed:
    pooler: Pooler
    health: Health | None = None
    due: float = 0.0


def classified(error: str) -> Health:
    """What a failed login means, from libpq's message."""
    if "authentication failed" in error:
        return Health("AUTH_FAILURE", "The database refuses the secret's username and password.")
    if "FATAL:" in error:
        return Health("CONNECTION_FAILED", f"The database says: {error.rpartition('FATAL:')[2].strip()}")
    return Health("UNREACHABLE", "The database does not answer.")


def ask(pooler: Pooler, authority: Path) -> Health:
    """Log in to the target with every credential."""
    if pooler.target is None:
        return Health("UNREACHABLE", "There is no such database instance.")
    if pooler.unusable or not pooler.credentials:
        why = "; ".join(pooler.unusable) or "no secret is declared"
        return Health("AUTH_FAILURE", f"The proxy has no credentials: {why}.")
    for credential in pooler.credentials:
        try:
            _log_in(pooler.target, credential, pooler.target.address, pooler.target.port, authority)
        except psycopg.Error as error:
            return classified(str(error))
    return WELL


def ask_through(pooler: Pooler, socket: Path) -> Health:
    """Have a client's question answered by way of the pooler.

    After a refused login PgBouncer refuses the next client too, and tries again only then: that client is this one.
    """
    assert pooler.target is not None
    for credential in pooler.credentials:
        try:
            _log_in(pooler.target, credential, str(socket), PORT, None)
        except psycopg.Error as error:
            return Health("CONNECTION_FAILED", f"The proxy is not connected yet: {str(error).strip()}")
    return WELL


def _log_in(target: PoolTarget, credential: Credential, host: str, port: int, authority: Path | None) -> None:
    tls = {} if authority is None else {"sslmode": "verify-full", "sslrootcert": str(authority)}
    with psycopg.connect(
        host=host,
        port=port,
        user=credential.username,
        password=credential.password,
        dbname=target.database,
        connect_timeout=_TIMEOUT_SECONDS,
        autocommit=True,
        **tls,  # type: ignore[arg-type]  # psycopg's parameters are typed one by one
    ) as connection:
        connection.execute("SELECT 1")


class Watch:
    """Asks all targets in turn.

    Args:
        sockets: Folder of a pooler's socket, by name.
        authority: Root certificate that databases' certificates have to come from.
        wake: Set when an answer differs from the last.
    """

    def __init__(self, sockets: Callable[[str], Path], authority: Path, wake: threading.Event) -> None:
        self._sockets = sockets
        self._authority = authority
        self._wake = wake
        self._lock = threading.Lock()
        self._followed: dict[str, _Followed] = {}

    def follow(self, pooler: Pooler) -> None:
        """Ask this proxy's target from now on, at once if the proxy has changed."""
        with self._lock:
            known = self._followed.get(pooler.name)
            if known is None or known.pooler.target != pooler.target:
                self._followed[pooler.name] = _Followed(pooler)
            else:
                known.pooler, known.due = pooler, 0.0

    def leave(self, name: str) -> None:
        """Ask no more."""
        with self._lock:
            self._followed.pop(name, None)

    def health(self, name: str) -> Health | None:
        """The last answer; None before there is one."""
        with self._lock:
            followed = self._followed.get(name)
            return None if followed is None else followed.health

    def look(self) -> None:
        """Ask those that are due."""
        with self._lock:
            due = [followed for followed in self._followed.values() if followed.due <= time.monotonic()]
        for followed in due:
            pooler = followed.pooler
            found = ask(pooler, self._authority)
            if found.is_well and (followed.health is None or not followed.health.is_well):
                found = ask_through(pooler, self._sockets(pooler.name))
            with self._lock:
                if followed.pooler is not pooler:
                    # It has changed meanwhile: this answer is of no use.
                    continue
                changed = followed.health != found
                followed.health = found
                followed.due = time.monotonic() + (WELL_SECONDS if found.is_well else ILL_SECONDS)
            if changed:
                self._wake.set()
