"""A bucket's objects by key, and which of them changed since they were last kept on disk."""

from __future__ import annotations

from typing import Any

from moto.s3.utils import _VersionedKeyStore


class TrackedKeys(_VersionedKeyStore):
    """Takes the place of moto's own store of a bucket's objects.

    Attributes:
        changed: Keys whose versions, or something of them, are not on disk as they are.
        unjudged: Keys with versions of which replication has not been decided yet.
        pending: Keys with versions that are to be replicated.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()
        self.unjudged: set[str] = set()
        self.pending: set[str] = set()

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._note(key)

    def setlist(self, key: Any, list_: Any) -> None:
        super().setlist(key, list_)
        self._note(key)

    def pop(self, key: str) -> None:  # type: ignore[override]
        super().pop(key)
        self._note(key)

    def restore(self, key: str, versions: list[Any]) -> None:
        """Put versions back as they are on disk."""
        dict.__setitem__(self, key, versions)

    def _note(self, key: str) -> None:
        self.changed.add(key)
        self.unjudged.add(key)
