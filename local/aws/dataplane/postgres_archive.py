"""The log that a database instance archives, and what is made of it: the data as they were at a moment.

Source: PostgreSQL documentation, "Continuous Archiving and Point-in-Time Recovery".
"""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from pathlib import Path

import psycopg

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.desired import Recovery
from local.aws.dataplane.files import write_private
from local.aws.dataplane.postgres_config import REPLICATOR
from local.aws.extensions.rds_parameters import BINARIES

USER = "postgres"

_RECOVERY_SECONDS = 600.0
_CLOSING_SECONDS = 30.0


def restore_command(folder: Path) -> str:
    """How a server that recovers gets a piece of the archived log back."""
    file = f"{shlex.quote(str(folder)).replace('%', '%%')}/%f.gz"
    return f"test -f {file} && gunzip -c {file} > %p"


def recovery_configuration(archive: Path, socket: Path, data: Path, until: str | None) -> str:
    """With which a server recovers, talks to nobody meanwhile, and ends recovery at the moment.

    All of it: the copied configuration is that of a server which talks to others, and names its files.

    Args:
        until: The moment, ISO 8601; None for the end of the log.
    """
    settings = {
        "restore_command": restore_command(archive),
        "recovery_target_action": "promote",
        "listen_addresses": "",
        "unix_socket_directories": str(socket),
        "hba_file": str(data / "pg_hba.conf"),
        "ident_file": str(data / "pg_ident.conf"),
        # A server that nobody reads from may have fewer connections than the log tells of.
        "hot_standby": "off",
        "shared_buffers": "32MB",
    }
    if until is not None:
        settings["recovery_target_time"] = until
    return "".join(f"{name} = '{_quoted(value)}'\n" for name, value in settings.items())


def state(control_data: str) -> str:
    """What `pg_controldata` says that the server was doing."""
    found = re.search(r"^Database cluster state: +(.+)$", control_data, re.MULTILINE)
    return found[1] if found else ""


class Archive:
    """Asks sources for the rest of their log, and recovers from it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def close(self, recovery: Recovery) -> None:
        """Have the source archive everything up to now, with a commit later than any moment that can be asked for.

        Raises:
            NotReady: the source does not answer, or does not archive.
        """
        source = recovery.source
        try:
            with psycopg.connect(
                host=source.address,
                port=source.port,
                user=REPLICATOR,
                password=self._context.control_password,
                dbname="postgres",
                sslmode="verify-ca",
                sslrootcert=str(self._context.authority.root),
                autocommit=True,
                connect_timeout=3,
            ) as connection:
                connection.execute("SELECT pg_current_xact_id()")
                row = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        except psycopg.Error as error:
            raise NotReady(f"{source.name}: {error}") from error
        assert row is not None
        piece = self._context.folder(recovery.archive) / f"{row[0]}.gz"
        wait_until(piece.exists, _CLOSING_SECONDS, f"{source.name} archives {row[0]}")

    def recover(self, recovery: Recovery, data: Path, socket: Path, log: Path) -> None:
        """Bring a copy of a base backup to the moment; its server has ended in order when this returns.

        Raises:
            NotReady: the log does not reach so far, or the server failed.
        """
        signal_file, file = data / "recovery.signal", data / "recovering.conf"
        archive = self._context.folder(recovery.archive)
        write_private(signal_file, "", USER)
        write_private(file, recovery_configuration(archive, socket, data, recovery.until), USER)
        argv = [str(BINARIES / "postgres"), "-D", str(data), f"--config-file={file}"]
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *argv]
        with log.open("ab") as output:
            process = subprocess.Popen(
                as_user, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=data, start_new_session=True
            )

        def is_done() -> bool:
            if process.poll() is not None:
                raise NotReady(f"recovery ended with exit code {process.returncode}; see {log}")
            # The copy itself says that it was in production, until recovery has begun.
            return not signal_file.exists() and state(_control_data(data)) == "in production"

        try:
            wait_until(is_done, _RECOVERY_SECONDS, "recovery from the archive")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        file.unlink()


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _control_data(data: Path) -> str:
    argv = [str(BINARIES / "pg_controldata"), "-D", str(data)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, env={"LC_ALL": "C"})
    return told.stdout
