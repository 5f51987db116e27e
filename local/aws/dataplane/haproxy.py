"""HAProxy in front of servers that fail over: addresses that stay, behind them whoever may serve at the moment.

For whichever driver has endpoints of its own. It describes them as a `Proxy`: **pools** of servers, each with a
`Check` that decides which of them may serve, and **listeners**, each an address and port that leads to the first of
its pools that has a server. TCP goes through untouched, TLS with it. `HAProxy(context).ensure(proxy)` brings the one
process of that proxy to it, `is_alive`, `serving` and `remove` are for the rest of a driver's duties:

    check = Check(
        ("option tcp-check", r'tcp-check send "PING\\r\\n"', "tcp-check expect string PONG"),
        tls=True,
    )
    primary = Pool("primary", (Member("one", "10.213.16.1", 6379), Member("two", "10.213.16.2", 6379)), check)
    endpoint = Listener("main", "10.213.16.3", 6379, ("primary",))
    HAProxy(context).ensure(Proxy("orders-endpoint", (endpoint,), (primary,)))

A server counts as unable to serve until its check has passed, also right after a start: nobody is sent to the wrong
one meanwhile. Sessions to a server whose check fails are cut, so that clients come again and find the right one.
Servers come and go through HAProxy's runtime API: sessions with the others go on, and there is never a second process
with sessions that nobody checks any more, as there would be after a reload. Whatever else changes takes a restart.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.aws.dataplane import haproxy_wait
from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.files import own_folder, write_private

USER = "haproxy"
AUTHORITY = "ca.pem"
"""The local authority's certificate in the proxy's folder, which is its working directory."""

_CONFIGURATION, _SOCKET, _STATE = "haproxy.cfg", "admin.sock", "state"
# Two failures: a machine that is busy for a moment must not cut everybody's sessions.
_CHECKED = (
    "check", "inter", "2s", "downinter", "1s", "fastinter", "200ms", "rise", "2", "fall", "2",
    "on-marked-down", "shutdown-sessions",
)  # fmt: skip
# TLS 1.2 resumes a session without public-key cryptography, TLS 1.3 does not: both sides' checks cost a quarter less.
_CHECKED_OVER_TLS = ("check-ssl", "force-tlsv12", "verify", "required", "ca-file", AUTHORITY)
_STATE_FIELDS = (
    "be_id", "be_name", "srv_id", "srv_name", "srv_addr", "srv_op_state", "srv_admin_state", "srv_uweight",
    "srv_iweight", "srv_time_since_last_change", "srv_check_status", "srv_check_result", "srv_check_health",
    "srv_check_state", "srv_agent_state", "bk_f_forced_id", "srv_f_forced_id", "srv_fqdn", "srv_port", "srvrecord",
    "srv_use_ssl", "srv_check_port", "srv_check_addr", "srv_agent_addr", "srv_agent_port",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """Decides whether a server may serve.

    Attributes:
        lines: HAProxy's own (`option tcp-check` and `tcp-check …`, or `option httpchk …` and `http-check …`);
            configuration manual, 4.2. None that connects: `connect` would not do so over TLS by itself.
        tls: Ask over TLS; the certificate has to be of the local authority.
        port: Where to ask, if not where the server serves.
    """

    lines: tuple[str, ...]
    tls: bool = False
    port: int | None = None


@dataclass(frozen=True)
class Member:
    """One server of a pool; its name is unique in there, of letters, digits, `-`, `_`, `.` and `:`."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Pool:
    """Servers of which those serve, in turn, whose check passes."""

    name: str
    members: tuple[Member, ...]
    check: Check


@dataclass(frozen=True)
class Listener:
    """An address that clients connect to.

    Attributes:
        pools: Names; the first that has a server serves, and the connection is closed when none has.
        waits_for: Name of another listener: connections wait until a PostgreSQL server answers there.
    """

    name: str
    address: str
    port: int
    pools: tuple[str, ...]
    waits_for: str | None = None


@dataclass(frozen=True)
class Proxy:
    """One HAProxy process: its name is the process's and the folder's."""

    name: str
    listeners: tuple[Listener, ...]
    pools: tuple[Pool, ...]


def render(proxy: Proxy) -> str:
    """haproxy.cfg: everything, the servers of now included."""
    lines = [
        "global",
        f"  stats socket unix@{_SOCKET} mode 600 level admin",
        f"  server-state-file ./{_STATE}",
        "  log stdout format raw local0 notice",
        *([f"  lua-load {haproxy_wait.FILE}"] if any(listener.waits_for for listener in proxy.listeners) else []),
        "  maxconn 4000",
        "  nbthread 1",
        "defaults",
        "  mode tcp",
        "  log global",
        "  option clitcpka",
        "  option srvtcpka",
        # The servers behind decide how long a session may be idle.
        "  timeout client 20d",
        "  timeout server 20d",
        "  timeout connect 2s",
        "  timeout check 2s",
        # A second try would wait a second; the client tries again sooner.
        "  retries 0",
        "  load-server-state-from-file global",
    ]
    named = {listener.name: listener for listener in proxy.listeners}
    for listener in proxy.listeners:
        *preferred, last = listener.pools
        lines += [f"frontend {listener.name}", f"  bind {listener.address}:{listener.port}"]
        if listener.waits_for is not None:
            served = named[listener.waits_for]
            lines += [f"  {rule}" for rule in haproxy_wait.rules(served.address, served.port)]
        lines += [f"  use_backend {pool} if {{ nbsrv({pool}) gt 0 }}" for pool in preferred]
        lines.append(f"  default_backend {last}")
    for pool in proxy.pools:
        lines += [f"backend {pool.name}", "  balance roundrobin", *(f"  {line}" for line in pool.check.lines)]
        lines += [f"  server {member.name} {_server(member, pool.check)}" for member in pool.members]
    return "".join(f"{line}\n" for line in lines)


def render_state(proxy: Proxy) -> str:
    """A server-state file in which nobody can serve: HAProxy would otherwise begin with everybody."""
    known = {"srv_uweight": "1", "srv_iweight": "1", "srv_check_status": "1", "srv_check_state": "6"}
    unset = {"srv_fqdn", "srvrecord", "srv_check_addr", "srv_agent_addr"}
    base = {name: "-" if name in unset else known.get(name, "0") for name in _STATE_FIELDS}
    lines = ["1", f"# {' '.join(_STATE_FIELDS)}"]
    for pool_number, pool in enumerate(proxy.pools, 1):
        for number, member in enumerate(pool.members, 1):
            own = {
                "be_id": str(pool_number),
                "be_name": pool.name,
                "srv_id": str(number),
                "srv_name": member.name,
                "srv_addr": member.address,
                "srv_port": str(member.port),
            }
            lines.append(" ".join({**base, **own}.values()))
    return "".join(f"{line}\n" for line in lines)


def frame(configuration: str) -> str:
    """What of a configuration cannot be changed while HAProxy runs: all but the servers."""
    return "".join(line for line in configuration.splitlines(keepends=True) if not line.startswith("  server "))


def changes(proxy: Proxy, running: Sequence[tuple[str, Member]]) -> list[list[str]]:
    """Commands of the runtime API that bring HAProxy's servers to what is wanted; those of a list belong together.

    Args:
        running: Pool and server, for each that HAProxy has.
    """
    wanted = {(pool.name, member): pool.check for pool in proxy.pools for member in pool.members}
    found = []
    for pool, member in running:
        if (pool, member) not in wanted:
            server = f"{pool}/{member.name}"
            found.append([f"set server {server} state maint", f"shutdown sessions server {server}"])
            found.append([f"del server {server}"])
    for (pool, member), check in wanted.items():
        if (pool, member) not in running:
            server = f"{pool}/{member.name}"
            found.append([f"add server {server} {_server(member, check)}"])
            # It is asked first: unlike one of the configuration it would serve at once.
            found.append([f"enable health {server}", f"enable server {server}", f"set server {server} health down"])
    return found


def _server(member: Member, check: Check) -> str:
    words = [f"{member.address}:{member.port}", *_CHECKED]
    if check.tls:
        words += _CHECKED_OVER_TLS
    if check.port is not None:
        words += ["port", str(check.port)]
    return " ".join(words)


class HAProxy:
    """Runs proxies, a process each. Their listeners' addresses are the caller's to add and to remove."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def ensure(self, proxy: Proxy) -> None:
        """Bring the proxy to what is described; returns when it listens and knows of every server.

        Raises:
            NotReady: it is not there yet.
        """
        context = self._context
        folder = own_folder(context.folder(proxy.name), USER)
        file, wanted = folder / _CONFIGURATION, render(proxy)
        if not file.exists() or frame(file.read_text()) != frame(wanted):
            context.processes.stop(proxy.name)
        write_private(folder / AUTHORITY, context.authority.root.read_text(), USER)
        write_private(folder / haproxy_wait.FILE, haproxy_wait.SCRIPT, USER)
        write_private(folder / _STATE, render_state(proxy), USER)
        write_private(file, wanted, USER)
        if not context.is_running(proxy.name):
            (folder / _SOCKET).unlink(missing_ok=True)
            context.run(proxy.name, ["haproxy", "-f", _CONFIGURATION], USER, folder)
        wait_until(lambda: self._has_started(proxy.name), 10, f"{proxy.name} answers")
        for commands in changes(proxy, self._running(proxy.name)):
            self._change(proxy.name, commands)

    def is_alive(self, name: str) -> bool:
        """Whether its process runs."""
        return self._context.is_running(name)

    def serving(self, name: str) -> dict[str, set[str]]:
        """Names of the servers that may serve now, by pool.

        Raises:
            NotReady: HAProxy does not answer.
        """
        found: dict[str, set[str]] = {}
        for state in self._states(name):
            names = found.setdefault(state["be_name"], set())
            if state["srv_op_state"] != "0" and state["srv_admin_state"] == "0":
                names.add(state["srv_name"])
        return found

    def remove(self, name: str) -> None:
        """End the proxy and remove its files."""
        self._context.processes.stop(name)
        shutil.rmtree(self._context.folder(name), ignore_errors=True)

    def _has_started(self, name: str) -> bool:
        if not self._context.is_running(name):
            raise NotReady(f"{name} ended; see {self._context.log(name)}")
        return (self._context.folder(name) / _SOCKET).exists()

    def _states(self, name: str) -> list[dict[str, str]]:
        # The first line is the format's version, the second names the fields.
        rows = [line.split() for line in self._ask(name, "show servers state").splitlines()[2:] if line]
        return [dict(zip(_STATE_FIELDS, row, strict=False)) for row in rows]

    def _running(self, name: str) -> list[tuple[str, Member]]:
        return [
            (state["be_name"], Member(state["srv_name"], state["srv_addr"], int(state["srv_port"])))
            for state in self._states(name)
        ]

    def _change(self, name: str, commands: Sequence[str]) -> None:
        def is_done() -> bool:
            answer = self._ask(name, "; ".join(commands)).strip()
            # A server goes when its last session has: that takes a moment.
            if "still has connections" in answer or "has active sessions" in answer.lower():
                return False
            if answer and not answer.startswith(("New server registered", "Server deleted")):
                raise NotReady(f"{name}: {commands[0].split()[0]}: {answer}")
            return True

        wait_until(is_done, 5, f"{name}: {commands[0]}")

    def _ask(self, name: str, command: str) -> str:
        """One line to HAProxy's runtime API; its whole answer."""
        # A socket's path has 107 characters at most: the folder's is not made to fit, so it stands in by a descriptor.
        folder = os.open(self._context.folder(name), os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(Path(f"/proc/self/fd/{folder}") / _SOCKET))
                connection.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        except OSError as error:
            raise NotReady(f"{name}: {error}") from error
        finally:
            os.close(folder)
