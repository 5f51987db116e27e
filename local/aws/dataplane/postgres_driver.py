"""Runs database instances: PostgreSQL under Patroni, behind an address that leads to whichever server writes.

Patroni decides who writes and brings a server that was left behind back as a standby. What it cannot know, and the
platform does, is whether a server that stopped renewing its lock is dead or only out of reach: it waits for the lock
to run out (20 s at the least). Here the lock of a writer whose processes are gone is taken away at once.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from local.aws.dataplane import patroni
from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.desired import PostgresServer, fingerprint
from local.aws.dataplane.etcd import Etcd
from local.aws.dataplane.files import own_folder
from local.aws.dataplane.haproxy import Check, HAProxy, Listener, Pool, Proxy
from local.aws.dataplane.haproxy import Member as Backend
from local.aws.dataplane.pooler_desired import waiting_address
from local.aws.dataplane.postgres_archive import Archive
from local.aws.dataplane.postgres_config import (
    ADMINISTRATOR,
    COMMAND_LINE,
    GENERATION,
    NAMESPACE,
    PORT,
    Files,
    Member,
    common,
    letter_of,
    waits_for_restart,
)
from local.aws.dataplane.postgres_members import USER, Members
from local.aws.dataplane.postgres_roles import (
    ensure_database,
    ensure_roles,
    position,
    standby_has,
    wait_for_nobody,
)
from local.aws.dataplane.postgres_snapshots import data_of
from local.aws.extensions.rds_parameters import BINARIES

_ONE_WHO_WRITES = Check(("option httpchk OPTIONS /leader", "http-check expect status 200"), port=patroni.PORT)
_COPY_SECONDS = 120.0
_HASTE_SECONDS = 1
"""Between Patroni's rounds until the instance is what is declared: each step of that takes one or two."""


@dataclass(frozen=True)
class _Done:
    """What was done for an instance on demand; stands in the store, since it must not be done twice.

    Attributes:
        takes_over: Name of the member that the failover under way is to end with.
    """

    boots: int
    failovers: int
    takes_over: str = ""


@dataclass
class _Known:
    """What was found out about an instance.

    Attributes:
        passwords: What may be kept of those that it has.
        pending: A setting waits for a reboot.
        archive: Name of what keeps its log.
    """

    passwords: str = ""
    pending: bool = False
    archive: str | None = None


class PostgresDriver:
    """A Patroni scope an instance, of one server or two."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._etcd = Etcd(context)
        self._members = Members(context)
        self._archive = Archive(context)
        self._haproxy = HAProxy(context)
        self._known: dict[str, _Known] = {}
        self._addresses: dict[str, set[str]] = {}
        self._writers: dict[str, str] = {}
        self._template_lock = threading.Lock()

    def ensure(self, server: PostgresServer) -> None:
        """Bring the instance to what is declared; returns when it answers, with its standby, a replica when it streams.

        Raises:
            NotReady: it is not there yet.
        """
        self._etcd.ensure()
        self._add_addresses(server)
        known = self._known.setdefault(server.name, _Known())
        config = common(server, self._context.plan.network, self._archive_of(server, known))
        self._configure(server, {**config, "loop_wait": _HASTE_SECONDS})
        files = self._members.files(server)
        members = self._members.of(server)
        if not self._etcd.read(_key(server.name, "initialize")):
            # Alone at first: a second one would not know whose data to begin with.
            members = members[:1]
            self._begin(server, members[0])
        self._tend(server, members, files)
        self._hand_over(server)
        self._haproxy.ensure(_entrance(server))
        self._wait(server, members, files, lambda: self._serving(server) is not None, 30, "answers")
        made = self._set_up(server, known) if server.primary is None else None
        members = self._members.of(server)
        self._wait(server, members, files, lambda: self._is_complete(server), _COPY_SECONDS, "has its standby")
        if made is not None:
            self._wait(server, members, files, lambda: self._is_kept(server, *made), 10, "has roles on its standby")
        wanted = str(config["postgresql"]["parameters"][GENERATION])

        def has_taken() -> bool:
            return all(self._members.has_taken(server, member, files, wanted) for member in members)

        self._wait(server, members, files, has_taken, 30, "takes its configuration")
        self._configure(server, config)
        # Not before the writer has stopped waiting for a standby that is to go.
        self._retire(server)
        self._drop_addresses(server)
        done = self._done(server)
        if done.failovers != server.failovers:
            done = self._fail_over(server, done)
        if done.boots != server.boots:
            self._restart(server, members)
        self._record(server, replace(done, boots=server.boots))
        wait_until(lambda: self._is_reached(server), 10, f"{server.name}'s endpoint leads to its writer")
        known.pending = any(self._awaits_restart(member, config["postgresql"]["parameters"]) for member in members)

    def _configure(self, server: PostgresServer, config: dict[str, Any]) -> None:
        self._etcd.write(_key(server.name, "config"), json.dumps(config, sort_keys=True))

    def is_alive(self, server: PostgresServer) -> bool:
        """Whether everything of it runs."""
        members = self._members.of(server)
        return (
            self._etcd.is_running()
            and self._haproxy.is_alive(_entrance(server).name)
            and all(self._members.is_running(member) for member in members)
        )

    def needs_restart(self, name: str) -> bool:
        """Whether a parameter was changed that takes effect only with the next start."""
        known = self._known.get(name)
        return known is not None and known.pending

    def observe(self) -> bool:
        """See who writes in each instance now; returns whether that has changed."""
        if not self._etcd.is_running():
            return False
        try:
            keys = self._etcd.read(f"{NAMESPACE}/")
        except NotReady:
            return False
        before = self._writers
        self._writers = {key.split("/")[2]: letter_of(value) for key, value in keys.items() if key.endswith("/leader")}
        return self._writers != before

    def writer(self, name: str) -> str | None:
        """Letter of the instance's server that writes, or follows its source; None while none does."""
        return self._writers.get(name)

    def remove(self, server: PostgresServer) -> None:
        """End the instance at once and remove its data and addresses."""
        self._haproxy.remove(_entrance(server).name)
        for member in (*self._members.of(server), *self._members.leftovers(server)):
            self._members.end(member)
        for prefix in (_key(server.name, ""), _done_key(server.name)):
            self._etcd.remove(prefix)
        for folder in (server.name, *([server.archive] if server.archive else [])):
            shutil.rmtree(self._context.folder(folder), ignore_errors=True)
        for address in _addresses(server) | self._addresses.pop(server.name, set()):
            self._context.remove_address(address)
        self._known.pop(server.name, None)

    def prepare(self) -> Path:
        """Make the empty cluster that every writer starts from, once; returns its folder."""
        with self._template_lock:
            template = self._context.layout.servers / "postgres-template"
            if not template.exists():
                unfinished = template.with_suffix(".partial")
                shutil.rmtree(unfinished, ignore_errors=True)
                own_folder(unfinished, USER)
                options = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={ADMINISTRATOR}"]
                self._run([str(BINARIES / "initdb"), "--auth=trust", *options, "-D", str(unfinished)])
                unfinished.rename(template)
            return template

    def _begin(self, server: PostgresServer, member: Member) -> None:
        """A writer's first data; a replica's are copied from its source, by Patroni."""
        if server.primary is not None or member.data.exists():
            return
        source = self.prepare() if server.seed is None else data_of(self._context, server.seed)
        if not source.exists():
            raise NotReady(f"{server.name}: there are no data of {server.seed}")
        finish = None
        if server.recovery is not None:
            self._archive.close(server.recovery)
            log = self._context.log(server.name)
            finish = partial(self._archive.recover, server.recovery, socket=member.socket, log=log)
        self._members.seed(member, source, finish)

    def _archive_of(self, server: PostgresServer, known: _Known) -> Path | None:
        """Where its log is kept; an archive that it is to have no more is removed."""
        if known.archive not in (None, server.archive):
            shutil.rmtree(self._context.folder(str(known.archive)), ignore_errors=True)
        known.archive = server.archive
        return None if server.archive is None else own_folder(self._context.folder(server.archive), USER)

    def _tend(self, server: PostgresServer, members: list[Member], files: Files) -> None:
        """Have the store and every member's Patroni run; take the lock from a writer that is dead."""
        # Without the store nobody follows, so that who waits here for a standby would wait in vain.
        self._etcd.ensure()
        for member in members:
            if self._members.is_dead(member):
                self._etcd.remove_if(_key(server.name, "leader"), member.name)
            self._members.start(server, member, files)

    def _wait(
        self,
        server: PostgresServer,
        members: list[Member],
        files: Files,
        question: Callable[[], bool],
        seconds: float,
        what: str,
    ) -> None:
        def answer() -> bool:
            if not self._etcd.is_running() or not all(self._members.is_running(member) for member in members):
                self._tend(server, members, files)
            return question()

        self._tend(server, members, files)
        wait_until(answer, seconds, f"{server.name} {what}")

    def _leader(self, server: PostgresServer) -> Member | None:
        """The member that has the lock."""
        name = self._etcd.read(_key(server.name, "leader")).get(_key(server.name, "leader"))
        return next((member for member in self._members.of(server) if member.name == name), None)

    def _serving(self, server: PostgresServer) -> Member | None:
        """The member that does what the instance is for: takes writes, or streams from its source."""
        leader = self._leader(server)
        if leader is None:
            return None
        try:
            with self._members.connect(leader) as connection:
                if server.primary is None:
                    row = connection.execute("SELECT NOT pg_is_in_recovery()").fetchone()
                else:
                    row = connection.execute("SELECT status = 'streaming' FROM pg_stat_wal_receiver").fetchone()
        except psycopg.OperationalError:
            return None
        return leader if row == (True,) else None

    def _is_complete(self, server: PostgresServer) -> bool:
        """Whether the standby follows, if there is to be one, and has everything that the writer acknowledges."""
        leader = self._serving(server)
        if leader is None:
            return False
        if len(server.members) == 1:
            return True
        try:
            others = [state for state in patroni.states(leader.address) if state.name != leader.name]
        except NotReady:
            return False
        role = "sync_standby" if server.primary is None else "replica"
        return len(others) == len(server.members) - 1 and all(each.follows and each.role == role for each in others)

    def _is_reached(self, server: PostgresServer) -> bool:
        """Whether a client that connects now gets to the writer."""
        leader = self._leader(server)
        return leader is not None and leader.letter in self._haproxy.serving(_entrance(server).name)["writer"]

    def _awaits_restart(self, member: Member, wanted: dict[str, str]) -> bool:
        try:
            with self._members.connect(member) as connection:
                row = connection.execute("SELECT count(*) FROM pg_settings WHERE pending_restart").fetchone()
                question = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
                found = connection.execute(question, (list(COMMAND_LINE),)).fetchall()
        except psycopg.OperationalError as error:
            raise NotReady(f"{member.process}: {error}") from error
        current = {str(name): str(setting) for name, setting in found}
        return row != (0,) or bool(waits_for_restart(wanted, current))

    def _restart(self, server: PostgresServer, members: list[Member]) -> None:
        """The writer first: a standby cannot have fewer connections than it, and takes more a moment later."""
        leader = self._leader(server)
        for member in sorted(members, key=lambda each: each != leader):
            patroni.restart(member.address, self._context.control_password)
        wait_until(lambda: self._is_complete(server), 30, f"{server.name} answers after its restart")

    def _fail_over(self, server: PostgresServer, done: _Done) -> _Done:
        """Have the standby take over, once for each time that it is asked for."""
        leader = self._leader(server)
        others = [member for member in self._members.of(server) if member != leader]
        if leader is None:
            raise NotReady(f"{server.name} has no writer")
        # Whoever was to take over may have been declared away meanwhile.
        if others and leader.name != done.takes_over:
            self._record(server, replace(done, takes_over=others[0].name))
            # Whoever takes over has been rebooted too: static parameters take effect.
            patroni.restart(others[0].address, self._context.control_password)
            wait_until(lambda: self._is_complete(server), 30, f"{server.name} has its standby")
            patroni.switch_over(leader.address, self._context.control_password, leader.name, others[0].name)
        wait_until(lambda: self._is_complete(server), 60, f"{server.name} has a standby after its failover")
        return replace(done, failovers=server.failovers, takes_over="")

    def _done(self, server: PostgresServer) -> _Done:
        found = self._etcd.read(_done_key(server.name)).get(_done_key(server.name))
        return _Done(server.boots, server.failovers) if found is None else _Done(**json.loads(found))

    def _record(self, server: PostgresServer, done: _Done) -> None:
        self._etcd.write(_done_key(server.name), json.dumps(asdict(done)))

    def _add_addresses(self, server: PostgresServer) -> None:
        """Those of its endpoint and its servers."""
        wanted = _addresses(server)
        for address in sorted(wanted):
            self._context.add_address(address)
        self._addresses.setdefault(server.name, set()).update(wanted)

    def _drop_addresses(self, server: PostgresServer) -> None:
        """Those that lead to it no more."""
        for address in sorted(self._addresses[server.name] - _addresses(server)):
            self._context.remove_address(address)
        self._addresses[server.name] = _addresses(server)

    def _hand_over(self, server: PostgresServer) -> None:
        """Have a declared member write before one that is declared no more is ended."""
        leader = self._etcd.read(_key(server.name, "leader")).get(_key(server.name, "leader"))
        if leader in {member.name for member in self._members.leftovers(server)}:
            [heir, *_] = self._members.of(server)
            patroni.switch_over(heir.address, self._context.control_password, leader, heir.name)

    def _retire(self, server: PostgresServer) -> None:
        """End members that are declared no more."""
        for member in self._members.leftovers(server):
            self._members.end(member)
            self._etcd.remove(_key(server.name, f"members/{member.name}"))

    def _set_up(self, server: PostgresServer, known: _Known) -> tuple[Member, str]:
        """Roles and the first database; returns the writer, and where its log holds them."""
        leader = self._serving(server)
        if leader is None:
            raise NotReady(f"{server.name} has no writer")
        passwords = fingerprint(server.password)
        try:
            with self._members.connect(leader) as connection:
                wait_for_nobody(connection)
                if known.passwords != passwords:
                    ensure_roles(connection, server.username, server.password, self._context.control_password)
                if server.database:
                    ensure_database(connection, server.database, server.username)
                known.passwords = passwords
                return leader, position(connection)
        except psycopg.Error as error:
            raise NotReady(f"{server.name}: {error}") from error

    def _is_kept(self, server: PostgresServer, writer: Member, position: str) -> bool:
        """Whether what was set up on this writer would outlive it.

        Raises:
            NotReady: another member writes now, and may lack it.
        """
        now = self._serving(server)
        if now is not None and now != writer:
            self._known[server.name].passwords = ""
            raise NotReady(f"{server.name} has got another writer")
        if now is None or len(server.members) == 1:
            return now is not None
        try:
            with self._members.connect(writer) as connection:
                return standby_has(connection, position)
        except psycopg.Error:
            return False

    def _run(self, argv: list[str]) -> None:
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *argv]
        answer = subprocess.run(as_user, capture_output=True, text=True, check=False, cwd="/", env=os.environ)
        if answer.returncode != 0:
            raise NotReady(f"{Path(argv[0]).name}: {answer.stderr.strip()[-400:]}")


def _key(name: str, rest: str) -> str:
    return f"{NAMESPACE}/{name}/{rest}"


def _done_key(name: str) -> str:
    # It ends in a slash, so that it is no other name's beginning.
    return f"/done/{name}/"


def _addresses(server: PostgresServer) -> set[str]:
    return {server.address, *server.members.values()}


def _entrance(server: PostgresServer) -> Proxy:
    """The instance's endpoint, and where poolers come, who wait while nobody writes."""
    listeners = (
        Listener("endpoint", server.address, server.port, ("writer",)),
        Listener("poolers", waiting_address(server.address), server.port, ("writer",), waits_for="endpoint"),
    )
    backends = [Backend(letter, address, PORT) for letter, address in server.members.items()]
    return Proxy(f"{server.name}.endpoint", listeners, (Pool("writer", tuple(backends), _ONE_WHO_WRITES),))
