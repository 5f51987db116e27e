"""Keeps on disk what the endpoint knows: whatever changed, before the change is acknowledged."""

from __future__ import annotations

import logging
import pickle
import secrets
import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.s3.models import FakeBucket, s3_backends

from local.aws.extensions import install
from local.aws.extensions.s3_keys import TrackedKeys
from local.aws.memory import backends
from local.aws.memory.backends import Service
from local.aws.memory.bodies import Bodies
from local.aws.memory.pickling import Reducer, dump, load
from local.aws.memory.store import Entry, Row, Store
from local.aws.memory.version import version
from local.aws.state import ADDRESSES, LOCK

_log = logging.getLogger("local.aws")

SWEEP = 1.0
"""Seconds within which changes that nobody was told of (states that move on when they are looked at) are on disk."""

_SERVICE, _OBJECT, _PLANE = "service", "object", "plane"
_ADDRESSES, _SECRETS, _SERVERS = Row(_PLANE, "addresses"), Row(_PLANE, "secrets"), Row(_PLANE, "servers")


@dataclass(frozen=True)
class Secrets:
    """What the endpoint and its servers know of each other, the same as long as the platform is there.

    Attributes:
        control_password: With which the platform logs in to the servers that it runs.
        edge_secret: With which the edge identifies itself to S3.
    """

    control_password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    edge_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


class Keeper:
    """The endpoint's memory on disk.

    A change is written under the same lock under which it was made. One service is one row, so a request writes the
    services that it asked for and that differ from what is on disk; an object of S3 is a row of its own, and its
    content a file.

    Args:
        folder: Where the state lies.
    """

    def __init__(self, folder: Path) -> None:
        self._store = Store(folder, version())
        self._bodies = Bodies(folder / "bodies")
        self._written: dict[Row, bytes] = {}
        self._buckets: dict[str, set[str]] = {}
        self._later = threading.Event()
        self._stopping = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="memory", daemon=True)
        self.secrets = Secrets()
        self.servers: Any = {}
        """What `keep_servers` was last given; after `open`, what it was given before the endpoint ended."""

    @property
    def exists(self) -> bool:
        """Whether there is a state to take over."""
        return self._store.exists

    def open(self) -> None:
        """Take over what was kept, or begin empty; moto must not have been used yet.

        Raises:
            StateUnreadable: what is there cannot be used; nothing of it was taken over.
        """
        install()
        backends.watch()
        self._store.open()
        rows = self._store.read()
        missing = self._bodies.missing(self._store.bodies())
        if missing:
            raise self._store.unreadable(f"the contents of {len(missing)} objects are missing")
        with LOCK:
            if _SECRETS in rows:
                self._restore(rows)
            else:
                self._write({_SECRETS: self._entry(self.secrets)})
        self._bodies.keep_only(self._store.bodies())

    def start(self) -> None:
        """Write from now on, within a second, what changed without a request that changes things."""
        self._sweeper.start()

    def close(self) -> None:
        """Write what is left and let go of the files."""
        self._stopping.set()
        self._later.set()
        self._sweeper.join()
        with LOCK:
            self._keep(backends.used())
            self._bodies.sweep(grace=0)
            self._store.close()

    def keep(self, services: Collection[Service], objects: Iterable[tuple[str, str]] = ()) -> None:
        """Have on disk, when this returns, whatever of these services changed. The caller holds `LOCK`.

        Args:
            services: Those that a request asked for.
            objects: Bucket and key of objects that may have changed in place.

        Raises:
            OSError: the disk does not take it.
            pickle.PicklingError, TypeError, AttributeError: moto holds something that cannot be kept.
        """
        try:
            self._keep(services, objects)
        except BaseException:
            self._later.set()
            raise

    def keep_later(self) -> None:
        """Have on disk, within a second, whatever changed anywhere."""
        self._later.set()

    def keep_servers(self, servers: object) -> None:
        """Have on disk which servers are cared for. The caller holds `LOCK`."""
        self.servers = servers
        self._write({_SERVERS: self._entry(servers), _ADDRESSES: self._entry(ADDRESSES.taken)})

    def _keep(self, services: Collection[Service], objects: Iterable[tuple[str, str]] = ()) -> None:
        changes: dict[Row, Entry | None] = {_ADDRESSES: self._entry(ADDRESSES.taken)}
        # A copy: to take a service out may ask for others, which are then noted as asked for.
        for service in tuple(services):
            row = Row(_SERVICE, backends.name_of(service))
            changes[row] = self._entry(backends.capture(service), _forms(service))
        changed: dict[str, set[str]] = {}
        if s3_backends in services:
            changed = _changed_objects(objects)
            changes.update(self._objects(changed, _forms(s3_backends)))
        self._write(changes)
        for name, keys in changed.items():
            found = _keys(name)
            if found is not None:
                found.changed -= keys

    def _entry(self, value: object, forms: dict[type, Reducer] | None = None) -> Entry:
        return Entry(*dump(value, self._bodies, forms or {}))

    def _objects(self, changed: dict[str, set[str]], forms: dict[type, Reducer]) -> Iterator[tuple[Row, Entry | None]]:
        for name, keys in changed.items():
            found = _keys(name)
            for key in keys:
                versions = None if found is None else found.getlist(key)
                yield Row(_OBJECT, f"{name}/{key}"), None if versions is None else self._entry(versions, forms)
            self._buckets.setdefault(name, set()).update(keys)
        for name in self._buckets.keys() - {bucket.name for bucket in _all_buckets()}:
            for key in self._buckets.pop(name):
                yield Row(_OBJECT, f"{name}/{key}"), None

    def _write(self, changes: dict[Row, Entry | None]) -> None:
        due = {row: entry for row, entry in changes.items() if self._written.get(row) != _digest(entry)}
        if not due:
            return
        self._bodies.abandon(self._store.write(due))
        for row, entry in due.items():
            if entry is None:
                self._written.pop(row, None)
            else:
                self._written[row] = entry.digest

    def _restore(self, rows: dict[Row, bytes]) -> None:
        try:
            for row in sorted(rows, key=_order):
                self._put_back(row, load(rows[row], self._bodies))
        except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, ValueError, LookupError) as error:
            raise self._store.unreadable(f"it does not fit this version ({type(error).__name__}: {error})") from error
        backends.complete()
        self._written = {row: Entry(state).digest for row, state in rows.items()}

    def _put_back(self, row: Row, value: Any) -> None:
        if row.kind == _SERVICE:
            backends.put_back(row.name, value)
        elif row.kind == _OBJECT:
            name, _, key = row.name.partition("/")
            keys = _keys(name)
            if keys is None:
                raise LookupError(f"the object {row.name} has no bucket")
            keys.restore(key, value)
            self._buckets.setdefault(name, set()).add(key)
        elif row == _SECRETS:
            self.secrets = value
        elif row == _SERVERS:
            self.servers = value
        elif row == _ADDRESSES:
            ADDRESSES.taken.update(value)

    def _sweep(self) -> None:
        told = ""
        while not self._stopping.is_set():
            self._later.wait()
            self._later.clear()
            if self._stopping.wait(SWEEP):
                return
            try:
                with LOCK:
                    self._keep(backends.used())
                    self._bodies.sweep()
                told = ""
            except Exception as error:  # noqa: BLE001  # the next sweep tries again
                if str(error) != told:
                    told = str(error)
                    _log.exception("the state is not on disk; it is tried again every second")
                self._later.set()


def _forms(service: Service) -> dict[type, Reducer]:
    return {**backends.reducers(service), TrackedKeys: lambda _: (TrackedKeys, ())}


def _order(row: Row) -> tuple[bool, bool, Row]:
    """EC2, which others refer to; the other services; their objects."""
    return row.kind != _SERVICE, row.name != backends.EC2, row


def _digest(entry: Entry | None) -> bytes | None:
    return None if entry is None else entry.digest


def _all_buckets() -> Iterator[FakeBucket]:
    for _, _, backend in s3_backends.iter_backends():
        yield from list(backend.buckets.values())  # type: ignore[attr-defined]


def _keys(bucket: str) -> TrackedKeys | None:
    """The bucket's objects."""
    for each in _all_buckets():
        if each.name == bucket and isinstance(each.keys, TrackedKeys):
            return each.keys
    return None


def _changed_objects(more: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Keys of objects that are not on disk as they are, by bucket."""
    found = {
        each.name: set(each.keys.changed)
        for each in _all_buckets()
        if isinstance(each.keys, TrackedKeys) and each.keys.changed
    }
    for bucket, key in more:
        if _keys(bucket) is not None:
            found.setdefault(bucket, set()).add(key)
    return found
