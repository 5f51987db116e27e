"""Building a Dockerfile with buildah: no engine, no registry, no storage that outlives the build."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.images.errors import ImageError

_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'
"""Nothing is fetched, so there is no signature to check; without a policy buildah refuses to work."""


class Buildah:
    """One throw-away image storage.

    Its storage driver copies whole files (vfs): that works on every file system, and the storage is small and brief.
    """

    def __init__(self, program: Path, folder: Path, log: Path) -> None:
        """Keep everything in `folder`, and the output of every command in `log`."""
        self._program = program
        self._folder = folder
        self._log = log
        self._policy = folder / "policy.json"
        self._policy.write_text(_POLICY)
        (folder / "tmp").mkdir()

    def import_base(self, root_fs: Path, name: str, labels: Mapping[str, str]) -> None:
        """Make an image of one layer out of a root file system."""
        container = self._run("from", "scratch").strip()
        self._run("add", "--quiet", container, str(root_fs), "/")
        path = "/usr/local/bin:/usr/bin:/bin"
        settings = [argument for key, value in labels.items() for argument in ("--label", f"{key}={value}")]
        self._run("config", "--env", f"PATH={path}", "--cmd", '["node"]', *settings, container)
        self._run("commit", "--quiet", "--signature-policy", str(self._policy), "--rm", container, name)

    def build(self, context: Path, name: str, secrets: Mapping[str, Path], labels: Mapping[str, str]) -> None:
        """Build the folder's Dockerfile; its FROM must have been imported."""
        given = [f"--secret=id={key},src={path}" for key, path in secrets.items()]
        said = [f"--label={key}={value}" for key, value in labels.items()]
        # Times are fixed so that equal content makes an equal image.
        options = ["--isolation=chroot", "--pull-never", "--layers=false", "--timestamp=0", "--format=docker"]
        policy = f"--signature-policy={self._policy}"
        self._run("build-using-dockerfile", *options, policy, *given, *said, f"--tag={name}", str(context))

    def write_archive(self, name: str, target: Path) -> None:
        """Write an image as a tar that `docker load` and `ctr images import` take."""
        self._run("push", "--quiet", f"--signature-policy={self._policy}", name, f"docker-archive:{target}:{name}")

    def _run(self, *arguments: str) -> str:
        storage = [
            "--root",
            str(self._folder / "root"),
            "--runroot",
            str(self._folder / "run"),
            "--storage-driver",
            "vfs",
        ]
        with self._log.open("a") as log:
            log.write(f"buildah {' '.join(arguments)}\n")
            log.flush()
            done = subprocess.run(
                [self._program, *storage, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "TMPDIR": str(self._folder / "tmp"), "BUILDAH_ISOLATION": "chroot"},
            )
            log.write(done.stdout)
        if done.returncode != 0:
            tail = self._log.read_text(errors="replace").strip().splitlines()[-12:]
            raise ImageError("\n".join([f"buildah {arguments[0]} failed ({self._log} has all of it):", *tail]))
        return done.stdout


@contextlib.contextmanager
def open_buildah(program: Path, parent: Path, log: Path) -> Iterator[Buildah]:
    """A storage below `parent` for the length of the block; what a killed build left there goes too.

    The caller sees to it that there is one at a time for each `parent`.
    """
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir(parents=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=parent))
    try:
        yield Buildah(program, folder, log)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
