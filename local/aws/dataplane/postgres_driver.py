"""Runs PostgreSQL as declared: writers, streaming replicas, promotion, changed parameters."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import psycopg

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.desired import PostgresServer, Upstream, fingerprint
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.postgres_config import (
    ADMINISTRATOR,
    REPLICATOR,
    Files,
    floors,
    render,
    render_access,
    slot_name,
)
from local.aws.dataplane.postgres_roles import drop_slots_except, ensure_database, ensure_roles, ensure_slots
from local.aws.extensions.rds_parameters import BINARIES

USER = "postgres"


def _start(server: PostgresServer) -> str:
    """What a server is started for: whatever of it changes takes a new start."""
    return " ".join(map(str, (server.boots, server.port, *sorted(server.proxies.values()))))


class PostgresDriver:
    """One PostgreSQL server an instance."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._proxies: dict[str, set[str]] = {}
        self._passwords: dict[str, str] = {}
        self._pending: dict[str, bool] = {}
        self._template_lock = threading.Lock()

    def ensure(self, server: PostgresServer) -> None:
        """Bring the server to what is declared; returns when it answers, a replica when it streams.

        Raises:
            NotReady: it is not there yet.
        """
        context = self._context
        self._set_addresses(server)
        folder = own_folder(context.folder(server.name), USER)
        files = self._files(server, folder)
        data = folder / "data"
        if not data.exists():
            self._make_data(server, files, data)
        promoted = server.primary is None and (data / "standby.signal").exists()
        if context.purpose_of(server.name) not in (None, _start(server)):
            self._end(server.name, signal.SIGINT)
        if promoted and context.is_running(server.name):
            self._promote(server, files)
        changed = write_private(data / "pg_hba.conf", render_access(server, context.plan.network), USER)
        changed |= write_private(data / "postgresql.conf", render(server, files, self._floors(server, data)), USER)
        if context.is_running(server.name):
            if changed:
                with self._connect(server, files) as connection:
                    connection.execute("SELECT pg_reload_conf()")
        else:
            (data / "postmaster.pid").unlink(missing_ok=True)
            context.run(server.name, [str(BINARIES / "postgres"), "-D", str(data)], USER, folder, _start(server))
        wait_until(lambda: self._answers(server, files), 20, f"{server.name} answers")
        if server.primary is None:
            self._set_up(server, files)
        with self._connect(server, files) as connection:
            row = connection.execute("SELECT count(*) FROM pg_settings WHERE pending_restart").fetchone()
            self._pending[server.name] = bool(row and row[0])

    def is_alive(self, server: PostgresServer) -> bool:
        """Whether its process runs."""
        return self._context.is_running(server.name)

    def needs_restart(self, name: str) -> bool:
        """Whether a parameter was changed that takes effect only with the next start."""
        return self._pending.get(name, False)

    def remove(self, server: PostgresServer) -> None:
        """End the server at once and remove its data and address."""
        self._end(server.name, signal.SIGQUIT)
        for folder in (self._context.folder(server.name), self._socket_folder(server.name)):
            shutil.rmtree(folder, ignore_errors=True)
        for address in (server.address, *self._proxies.pop(server.name, ())):
            self._context.remove_address(address)
        for known in (self._passwords, self._pending):
            known.pop(server.name, None)

    def prepare(self) -> Path:
        """Make the empty cluster that every writer starts from, once; returns its folder."""
        with self._template_lock:
            template = self._context.layout.servers / "postgres-template"
            if not template.exists():
                partial = template.with_suffix(".partial")
                shutil.rmtree(partial, ignore_errors=True)
                own_folder(partial, USER)
                options = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={ADMINISTRATOR}"]
                self._run([str(BINARIES / "initdb"), "--auth=trust", *options, "-D", str(partial)])
                partial.rename(template)
            return template

    def _socket_folder(self, name: str) -> Path:
        """Apart from the data, under a short name: a socket's path has 107 bytes at most, an identifier up to 63."""
        return self._context.layout.servers / f"socket-{hashlib.sha256(name.encode()).hexdigest()[:12]}"

    def _files(self, server: PostgresServer, folder: Path) -> Files:
        context = self._context
        names = [f"{server.name[:63]}.groundwork.local"]
        addresses = [server.address, *server.proxies.values()]
        # One certificate for each set of addresses: one that is there is never signed again.
        tls = folder / "-".join(["tls", *server.proxies.values()])
        issued = context.authority.issue(tls, server.name, addresses, names, USER)
        own_folder(issued.key.parent, USER)
        root = tls / "ca.pem"
        write_private(root, context.authority.root.read_text(), USER)
        passwords = folder / "pgpass"
        write_private(passwords, f"*:*:*:{REPLICATOR}:{context.control_password}\n", USER)
        return Files(
            own_folder(self._socket_folder(server.name), USER), issued.certificate, issued.key, root, passwords
        )

    def _set_addresses(self, server: PostgresServer) -> None:
        """Its own address and those of the proxies that lead to it, and no others any more."""
        wanted = set(server.proxies.values())
        for address in (server.address, *sorted(wanted)):
            self._context.add_address(address)
        for address in sorted(self._proxies.get(server.name, set()) - wanted):
            self._context.remove_address(address)
        self._proxies[server.name] = wanted

    def _make_data(self, server: PostgresServer, files: Files, data: Path) -> None:
        partial = data.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        if server.primary is None:
            subprocess.run(["cp", "-a", "--reflink=auto", str(self.prepare()), str(partial)], check=True)
        else:
            own_folder(partial, USER)
            self._copy_from(server.primary, slot_name(server.name), files, partial)
            write_private(partial / "standby.signal", "", USER)
        partial.rename(data)

    def _copy_from(self, primary: Upstream, slot: str, files: Files, target: Path) -> None:
        if not self._context.is_running(primary.name):
            raise NotReady(f"waits for {primary.name}")
        environment = {
            "HOME": str(files.password_file.parent),
            "PGPASSFILE": str(files.password_file),
            "PGSSLMODE": "verify-ca",
            "PGSSLROOTCERT": str(files.authority),
        }
        where = ["-h", primary.address, "-p", str(primary.port), "-U", REPLICATOR, "--no-password"]
        how = ["-X", "stream", "-c", "fast", "--no-sync", f"--slot={slot}"]
        self._run([str(BINARIES / "pg_basebackup"), *where, *how, "-D", str(target)], environment)

    def _floors(self, server: PostgresServer, data: Path) -> dict[str, str]:
        if server.primary is None:
            return {}
        told = subprocess.run(
            [BINARIES / "pg_controldata", "-D", data],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        return floors(told.stdout)

    def _run(self, argv: list[str], environment: dict[str, str] | None = None) -> None:
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *argv]
        answer = subprocess.run(
            as_user, capture_output=True, text=True, check=False, cwd="/", env={**os.environ, **(environment or {})}
        )
        if answer.returncode != 0:
            raise NotReady(f"{Path(argv[0]).name}: {answer.stderr.strip()[-400:]}")

    def _end(self, name: str, how: signal.Signals) -> None:
        """INT ends it in order, QUIT at once; TERM would wait for every client to leave."""
        running = self._context.processes.running(name)
        if running is not None:
            os.kill(running.pid, how)
            wait_until(lambda: not self._context.is_running(name), 15, f"{name} ends")
        self._context.processes.stop(name)

    def _connect(self, server: PostgresServer, files: Files) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(files.socket),
            port=server.port,
            user=ADMINISTRATOR,
            dbname="postgres",
            autocommit=True,
            connect_timeout=3,
        )

    def _answers(self, server: PostgresServer, files: Files) -> bool:
        if not self._context.is_running(server.name):
            raise NotReady(f"{server.name} ended; see {self._context.log(server.name)}")
        try:
            with self._connect(server, files) as connection:
                if server.primary is None:
                    return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
                return connection.execute("SELECT status FROM pg_stat_wal_receiver").fetchone() == ("streaming",)
        except psycopg.OperationalError:
            return False

    def _promote(self, server: PostgresServer, files: Files) -> None:
        with self._connect(server, files) as connection:
            connection.execute("SELECT pg_promote(wait => true, wait_seconds => 15)")

    def _set_up(self, server: PostgresServer, files: Files) -> None:
        passwords = fingerprint(server.password)
        try:
            with self._connect(server, files) as connection:
                if self._passwords.get(server.name) != passwords:
                    ensure_roles(connection, server.username, server.password, self._context.control_password)
                    self._passwords[server.name] = passwords
                if server.database:
                    ensure_database(connection, server.database, server.username)
                slots = [slot_name(replica) for replica in server.replicas]
                ensure_slots(connection, slots)
                drop_slots_except(connection, slots)
        except psycopg.Error as error:
            raise NotReady(f"{server.name}: {error}") from error
