"""Rows in one SQLite file: written together or not at all, and read only by what wrote them."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

_APPLICATION = 0x67777374
"""SQLite's `application_id` of our files."""

_SCHEMA = """
CREATE TABLE written_by (version TEXT NOT NULL);
CREATE TABLE rows (
    kind TEXT NOT NULL, name TEXT NOT NULL, state BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE bodies (
    digest TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (digest, kind, name)
) WITHOUT ROWID;
CREATE INDEX bodies_of_row ON bodies (kind, name);
"""


class StateUnreadable(RuntimeError):
    """The kept state cannot be used; the message says why and what to do. Nothing of it was taken over."""


@dataclass(frozen=True, order=True)
class Row:
    """What a row is called.

    Attributes:
        kind: `service`, `object` or `plane`.
        name: Unique within its kind.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Entry:
    """What a row holds.

    Attributes:
        state: A pickle.
        bodies: Contents of objects that it refers to, by their SHA-256.
    """

    state: bytes = field(repr=False)
    bodies: frozenset[str] = frozenset()

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the state."""
        return hashlib.sha256(self.state).digest()


class Store:
    """The file `state.db` in a folder that only its owner can enter.

    One thread at a time; the caller locks.

    Args:
        folder: Made if it is not there (mode 0700).
        version: Of whoever writes; a file of another version is refused.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self._folder = folder
        self._version = version
        self._connection: sqlite3.Connection | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept here."""
        return self._path.exists()

    def open(self) -> None:
        """Open the file, or make an empty one.

        Raises:
            StateUnreadable: it is not ours, of another version, or damaged.
        """
        if self.exists:
            self.check()
            self._connection = self._connect()
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        # Made under another name: a crash here must not leave a file that says nothing about its version.
        partial = self._path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(partial)
        connection.executescript(f"PRAGMA application_id = {_APPLICATION}; {_SCHEMA}")
        connection.execute("INSERT INTO written_by VALUES (?)", (self._version,))
        connection.commit()
        connection.close()
        partial.rename(self._path)
        self._connection = self._connect()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def check(self) -> None:
        """Look at the whole file; nothing happens if there is none.

        Raises:
            StateUnreadable: it is not ours, of another version, damaged, or others may write to it.
        """
        if not self.exists:
            return
        found = self._path.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise self._unreadable("others than its owner may read or write it")
        with self._explained():
            connection = self._connect()
            try:
                [(application,)] = connection.execute("PRAGMA application_id").fetchall()
                if application != _APPLICATION:
                    raise self._unreadable("it is not the local platform's")
                [(version,)] = connection.execute("SELECT version FROM written_by").fetchall()
                if version != self._version:
                    raise self._unreadable(f"it was written by {version}, and this is {self._version}")
                if connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
                    raise self._unreadable("it is damaged")
                for _ in _rows(connection, self):
                    pass
            finally:
                connection.close()

    def read(self) -> dict[Row, bytes]:
        """Every row's state.

        Raises:
            StateUnreadable: it is damaged.
        """
        with self._explained():
            return dict(_rows(self._opened, self))

    def write(self, changes: Mapping[Row, Entry | None]) -> set[str]:
        """Replace rows, or remove those whose entry is None, all together; on disk when this returns.

        Returns:
            Bodies that no row refers to any more.

        Raises:
            OSError: the disk does not take it; nothing was changed.
        """
        connection = self._opened
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                dropped = self._replace(connection, changes)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise OSError(f"{self._path}: {error}") from error
        return dropped

    def bodies(self) -> set[str]:
        """Every body that some row refers to."""
        return {digest for (digest,) in self._opened.execute("SELECT DISTINCT digest FROM bodies")}

    def unreadable(self, why: str) -> StateUnreadable:
        """The error for a state that turns out not to fit after it was read."""
        return self._unreadable(why)

    def _replace(self, connection: sqlite3.Connection, changes: Mapping[Row, Entry | None]) -> set[str]:
        before: set[str] = set()
        for row, entry in changes.items():
            where = (row.kind, row.name)
            found = connection.execute("SELECT digest FROM bodies WHERE kind = ? AND name = ?", where)
            before.update(digest for (digest,) in found)
            connection.execute("DELETE FROM bodies WHERE kind = ? AND name = ?", where)
            if entry is None:
                connection.execute("DELETE FROM rows WHERE kind = ? AND name = ?", where)
                continue
            connection.execute("REPLACE INTO rows VALUES (?, ?, ?, ?)", (*where, entry.state, entry.digest))
            connection.executemany("INSERT INTO bodies VALUES (?, ?, ?)", ((each, *where) for each in entry.bodies))
        still = "SELECT 1 FROM bodies WHERE digest = ? LIMIT 1"
        return {digest for digest in before if connection.execute(still, (digest,)).fetchone() is None}

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit is on the disk, not only with the kernel, when it returns.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._unreadable(f"it is damaged ({error})") from error
        except ValueError as error:
            raise self._unreadable("it is damaged (a table is not as it was made)") from error

    def _unreadable(self, why: str) -> StateUnreadable:
        return StateUnreadable(
            f"the local platform's kept state {self._path} cannot be used: {why}. "
            "Remove it with `groundwork local down` and begin anew with `groundwork local up`; "
            "what was declared on the local platform, and its data, go with it."
        )

    @property
    def _path(self) -> Path:
        return self._folder / "state.db"

    @property
    def _opened(self) -> sqlite3.Connection:
        assert self._connection is not None, "open() comes first"
        return self._connection


def _rows(connection: sqlite3.Connection, store: Store) -> Iterator[tuple[Row, bytes]]:
    for kind, name, state, digest in connection.execute("SELECT kind, name, state, digest FROM rows"):
        if hashlib.sha256(state).digest() != digest:
            raise store.unreadable(f"it is damaged (the {kind} {name})")
        yield Row(kind, name), state
