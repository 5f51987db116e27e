"""Where the endpoint and its servers keep their files."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from local.paths import Paths

HEALTH_PATH = "/_groundwork/health"
"""Answered by the endpoint itself; no AWS service has it."""

_SYSTEM = Path("/var/lib/groundwork")


@dataclass(frozen=True)
class Layout:
    """The endpoint's folders.

    Attributes:
        root: `.state/aws`: records, logs, the certificate authority, what the endpoint knows.
        servers: Data of the servers, one folder each.
    """

    root: Path
    servers: Path

    @classmethod
    def of(cls, paths: Paths) -> Layout:
        """The layout for these paths.

        The servers run as users of their own, who must be able to reach their data; a state folder inside a closed
        home (root's, usually) does not let them, so their data then lives in `/var/lib/groundwork`, under a name
        that is derived from the state folder's.
        """
        root = paths.aws
        if _everybody_passes(root):
            return cls(root, root / "servers")
        return cls(root, _SYSTEM / hashlib.sha256(str(root).encode()).hexdigest()[:12])

    @property
    def authority(self) -> Path:
        return self.root / "ca"

    @property
    def endpoint_records(self) -> Path:
        """Record of the endpoint's process."""
        return self.root / "endpoint"

    @property
    def server_records(self) -> Path:
        """Records of the servers' processes."""
        return self.root / "processes"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def memory(self) -> Path:
        """What the endpoint knows; holds secrets."""
        return self.root / "memory"

    @property
    def inbox(self) -> Path:
        """Messages that would have left this machine, JSON lines."""
        return self.root / "inbox.jsonl"

    @property
    def status(self) -> Path:
        """What the endpoint last knew of its servers, JSON."""
        return self.root / "status.json"


def _everybody_passes(path: Path) -> bool:
    existing = (each for each in (path, *path.parents) if each.exists())
    return all(each.stat().st_mode & stat.S_IXOTH for each in existing)
