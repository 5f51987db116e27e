"""The processes of an instance's servers: Patroni, which runs PostgreSQL, and what both need on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from local.aws.dataplane import postmaster
from local.aws.dataplane.context import Context, wait_until
from local.aws.dataplane.desired import PostgresServer, member_owner
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.pooler_desired import waiting_address
from local.aws.dataplane.postgres_config import (
    ADMINISTRATOR,
    GENERATION,
    OWN_GENERATION,
    PORT,
    Credentials,
    Files,
    Member,
    member_name,
    own,
)
from local.aws.extensions.rds_parameters import BINARIES
from local.network.marks import group_of

USER = "postgres"

# Patroni is one of our own packages, which may lie in a home that is closed to the servers' user; PostgreSQL itself is
# started without this right.
_AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}"]
_READS_EVERYTHING = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
# A Patroni that ends at once must not keep a core busy with its starts.
_BETWEEN_STARTS_SECONDS = 2.0
_STARTER = f"""#!/bin/sh
exec setpriv --inh-caps=-all --ambient-caps=-all {BINARIES}/postgres "$@"
"""


class Members:
    """Starts, ends and connects to the servers of instances."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._started: dict[str, float] = {}

    def of(self, server: PostgresServer) -> list[Member]:
        """The instance's servers, in the order in which they are declared."""
        return [self._member(server.name, letter, address) for letter, address in server.members.items()]

    def files(self, server: PostgresServer) -> Files:
        """The instance's certificate, valid for every address that leads to one of its servers."""
        context = self._context
        folder = own_folder(context.folder(server.name), USER)
        names = [f"{server.name[:63]}.groundwork.local"]
        addresses = [server.address, waiting_address(server.address), *server.members.values()]
        # One certificate for each set of addresses: one that is there is never signed again.
        tls = folder / f"tls-{hashlib.sha256(' '.join(sorted(addresses)).encode()).hexdigest()[:12]}"
        issued = context.authority.issue(tls, server.name, addresses, names, USER)
        own_folder(tls, USER)
        root = tls / "ca.pem"
        write_private(root, context.authority.root.read_text(), USER)
        return Files(issued.certificate, issued.key, root)

    def start(self, server: PostgresServer, member: Member, files: Files) -> None:
        """Have the member's Patroni run, with the configuration of now."""
        own_folder(member.folder, USER)
        own_folder(member.socket, USER)
        file = member.folder / "patroni.json"
        # JSON is YAML too.
        changed = write_private(file, json.dumps(self._own(server, member, files), indent=1), USER)
        running = self._context.processes.running(member.process)
        if running is None:
            if time.monotonic() - self._started.get(member.process, -_BETWEEN_STARTS_SECONDS) < _BETWEEN_STARTS_SECONDS:
                return
            self._started[member.process] = time.monotonic()
            patroni = [sys.executable, "-I", "-m", "patroni", str(file)]
            command = [*_AS_USER, f"--groups={_groups(member)}", *_READS_EVERYTHING, *patroni]
            self._context.run(member.process, command, None, member.folder, owner=server.name)
        elif changed:
            signal_process(running.pid, signal.SIGHUP)

    def has_taken(self, server: PostgresServer, member: Member, files: Files, generation: str) -> bool:
        """Whether the member's server runs with the configuration of now.

        Args:
            generation: That of the part that it shares with the others.
        """
        wanted = (generation, self._own(server, member, files)["postgresql"]["parameters"][OWN_GENERATION])
        question = f"SELECT current_setting('{GENERATION}', true), current_setting('{OWN_GENERATION}', true)"
        try:
            with self.connect(member) as connection:
                return connection.execute(question.encode()).fetchone() == wanted
        except psycopg.OperationalError:
            return False

    def _own(self, server: PostgresServer, member: Member, files: Files) -> dict[str, Any]:
        return own(server, member, files, self._starter(), Credentials(self._context.control_password))

    def is_running(self, member: Member) -> bool:
        """Whether its Patroni is alive."""
        return self._context.is_running(member.process)

    def is_dead(self, member: Member) -> bool:
        """Whether neither its Patroni nor its PostgreSQL is alive: nothing can be written there."""
        return not self.is_running(member) and postmaster.find(member.data) is None

    def end(self, member: Member) -> None:
        """End both at once and remove what the member has on disk."""
        running = self._context.processes.running(member.process)
        if running is not None:
            # Before it can start its server again. What it would do in order is of no use any more.
            signal_process(running.pid, signal.SIGKILL)
            wait_until(lambda: not self.is_running(member), 5, f"{member.process} ends")
        self._context.processes.stop(member.process)
        postmaster.end(member.data, signal.SIGQUIT)
        wait_until(lambda: postmaster.find(member.data) is None, 15, f"PostgreSQL of {member.process} ends")
        for folder in (member.folder, member.socket):
            shutil.rmtree(folder, ignore_errors=True)

    def leftovers(self, server: PostgresServer) -> list[Member]:
        """Members that have something on disk and are not declared any more."""
        found = [path.name for path in self._context.folder(server.name).glob("?") if path.is_dir()]
        return [self._member(server.name, letter, "") for letter in sorted(found) if letter not in server.members]

    def seed(self, member: Member, source: Path, finish: Callable[[Path], None] | None = None) -> None:
        """Give a member its first data: a copy of `source`.

        Args:
            finish: What is to be done with the copy before it counts.
        """
        own_folder(member.folder, USER)
        own_folder(member.socket, USER)
        partial = member.data.with_suffix(".partial")
        postmaster.end(partial, signal.SIGQUIT)
        wait_until(lambda: postmaster.find(partial) is None, 15, f"recovery of {member.process} ends")
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(partial)], check=True)
        if finish is not None:
            finish(partial)
        partial.rename(member.data)

    def connect(self, member: Member) -> psycopg.Connection[tuple[object, ...]]:
        """Log in to the member's own server, as its administrator."""
        return psycopg.connect(
            host=str(member.socket),
            port=PORT,
            user=ADMINISTRATOR,
            dbname="postgres",
            autocommit=True,
            connect_timeout=3,
        )

    def _member(self, server: str, letter: str, address: str) -> Member:
        owner = member_owner(server, letter)
        socket = self._context.socket_folder(owner)
        folder = self._context.folder(server) / letter
        return Member(letter, member_name(server, letter), owner, address, folder, socket)

    def _starter(self) -> Path:
        """What Patroni starts as `postgres`."""
        program = self._context.layout.servers / "postgres-starter"
        if not program.exists():
            partial = program.with_suffix(".partial")
            partial.write_text(_STARTER)
            partial.chmod(0o755)
            partial.rename(program)
        return program


def signal_process(pid: int, sign: signal.Signals) -> None:
    """Send a signal to a process that may have ended just now."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)


def _groups(member: Member) -> str:
    """The user's own groups, and the one that marks this member's packets."""
    account = pwd.getpwnam(USER)
    return ",".join(map(str, [*os.getgrouplist(USER, account.pw_gid), group_of(member.address)]))
