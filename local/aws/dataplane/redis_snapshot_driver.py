"""Takes snapshots of Redis servers: RDB files, kept in folders of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

import redis

from local.aws.dataplane.context import Context, NotReady, wait_until
from local.aws.dataplane.files import own_folder
from local.aws.dataplane.redis_access import USER, connect
from local.aws.dataplane.redis_desired import RedisSnapshot
from local.aws.extensions.elasticache_snapshots import ExportedFile
from local.aws.stored_objects import stored_object

FILE = "dump.rdb"
"""Name of an RDB file, in a server's folder as in a snapshot's."""


def snapshot_file(context: Context, name: str) -> Path:
    """Where the snapshot of this name is kept."""
    return context.folder(name) / FILE


class RedisSnapshotDriver:
    """One file a snapshot."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def ensure(self, snapshot: RedisSnapshot) -> None:
        """Take the snapshot, unless it is there; returns when it is.

        Raises:
            NotReady: it is not there yet.
        """
        kept = snapshot_file(self._context, snapshot.name)
        if kept.exists():
            return
        own_folder(kept.parent, USER)
        if snapshot.copy_of is not None:
            _keep(snapshot_file(self._context, snapshot.copy_of), kept)
            return
        if snapshot.exported is not None:
            _bring(snapshot.exported, kept)
            return
        saved = self._context.folder(snapshot.server) / FILE
        try:
            with connect(self._context, snapshot.address, snapshot.port, snapshot.tls) as client:
                # What is there is from an earlier attempt; the server puts the new one in place when it is whole.
                saved.unlink(missing_ok=True)
                client.bgsave(schedule=True)
                wait_until(saved.exists, 60, f"{snapshot.server} has saved its data")
        except redis.RedisError as error:
            raise NotReady(f"{snapshot.name}: {error}") from error
        _keep(saved, kept)
        # A server that starts anew must not find it.
        saved.unlink()

    def is_alive(self, snapshot: RedisSnapshot) -> bool:
        """Whether its file is there."""
        return snapshot_file(self._context, snapshot.name).exists()

    def remove(self, snapshot: RedisSnapshot) -> None:
        """Remove the file."""
        shutil.rmtree(self._context.folder(snapshot.name), ignore_errors=True)

    def size(self, name: str) -> int:
        """Bytes of the snapshot of this name.

        Raises:
            FileNotFoundError: it is not there.
        """
        return snapshot_file(self._context, name).stat().st_size


def _bring(exported: ExportedFile, target: Path) -> None:
    content = stored_object(exported.bucket, exported.key)
    if content is None:
        raise NotReady(f"s3://{exported.bucket}/{exported.key} is gone")
    fetched = target.with_name(f"{target.name}.fetched")
    fetched.write_bytes(content)
    _keep(fetched, target)
    fetched.unlink()


def _keep(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    partial = target.with_name(f"{target.name}.partial")
    try:
        shutil.copyfile(source, partial)
    except FileNotFoundError as error:
        raise NotReady(f"{source} is gone") from error
    shutil.chown(partial, USER, USER)
    partial.chmod(0o600)
    partial.rename(target)
