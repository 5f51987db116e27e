"""Takes snapshots of database instances: base backups through the replication protocol, kept until they are deleted."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from local.aws.dataplane.context import Context, NotReady
from local.aws.dataplane.desired import PostgresSnapshot
from local.aws.dataplane.files import own_folder, write_private
from local.aws.dataplane.postgres_config import REPLICATOR
from local.aws.extensions.rds_parameters import BINARIES

USER = "postgres"

# Of the server that was copied, and wrong for any other.
_NOT_COPIED = ("patroni.dynamic.json", "standby.signal")


def data_of(context: Context, snapshot: str) -> Path:
    """Where a snapshot's data are, once they are."""
    return context.folder(snapshot) / "data"


class SnapshotDriver:
    """Makes, keeps and removes the snapshots' data."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def ensure(self, snapshot: PostgresSnapshot) -> None:
        """Take the snapshot, unless it is there.

        Raises:
            NotReady: the instance could not be copied.
        """
        data = data_of(self._context, snapshot.name)
        if data.exists():
            return
        folder = own_folder(self._context.folder(snapshot.name), USER)
        partial = own_folder(folder / "partial", USER)
        shutil.rmtree(partial)
        if snapshot.copied is not None:
            source = data_of(self._context, snapshot.copied)
            self._run(["cp", "-a", "--reflink=auto", str(source), str(partial)], {})
        else:
            self._back_up(snapshot, folder, partial)
        partial.rename(data)

    def is_alive(self, snapshot: PostgresSnapshot) -> bool:
        """Whether the data are there."""
        return data_of(self._context, snapshot.name).exists()

    def remove(self, snapshot: PostgresSnapshot) -> None:
        """Remove the data."""
        shutil.rmtree(self._context.folder(snapshot.name), ignore_errors=True)

    def _back_up(self, snapshot: PostgresSnapshot, folder: Path, target: Path) -> None:
        passwords, root = folder / "pgpass", folder / "ca.pem"
        write_private(passwords, f"*:*:*:{REPLICATOR}:{self._context.control_password}\n", USER)
        write_private(root, self._context.authority.root.read_text(), USER)
        environment = {
            "HOME": str(folder),
            "PGPASSFILE": str(passwords),
            "PGSSLMODE": "verify-ca",
            "PGSSLROOTCERT": str(root),
        }
        source = snapshot.source
        where = ["-h", source.address, "-p", str(source.port), "-U", REPLICATOR, "--no-password"]
        how = ["-X", "stream", "-c", "fast", "--no-sync", "-D", str(target)]
        self._run([str(BINARIES / "pg_basebackup"), *where, *how], environment)
        for name in _NOT_COPIED:
            (target / name).unlink(missing_ok=True)

    def _run(self, argv: list[str], environment: dict[str, str]) -> None:
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *argv]
        answer = subprocess.run(
            as_user, capture_output=True, text=True, check=False, cwd="/", env={**os.environ, **environment}
        )
        if answer.returncode != 0:
            raise NotReady(f"{Path(argv[0]).name}: {answer.stderr.strip()[-400:]}")
