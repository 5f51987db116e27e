"""The image that is built here: what is in it, and that it starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.images import WORKLOAD_IMAGE, ensure_workload_image
from local.paths import Paths

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="entering a root file system needs root"),
]


@pytest.fixture(scope="module")
def archive() -> Path:
    """The image's tar; built if the checkout's content is new."""
    return ensure_workload_image(Paths.from_environment())


@pytest.fixture(scope="module")
def root(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The image's root file system, its layers unpacked one over the other."""
    folder = tmp_path_factory.mktemp("image")
    with tarfile.open(archive) as image:
        for name in _manifest(image)["Layers"]:
            content = image.extractfile(name)
            assert content is not None
            # tarfile keeps owners and modes only when told to, in ways that differ between Python's releases.
            subprocess.run(["tar", "-x", "--same-owner", "-p", "-C", str(folder)], input=content.read(), check=True)
    folder.chmod(0o755)
    yield folder


def run(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a program inside as the image's user, with an empty environment."""
    chroot = shutil.which("chroot")
    assert chroot is not None
    command = [chroot, "--userspec=1000:1000", str(root), *argv]
    return subprocess.run(command, env={}, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_it_is_named_and_runs_as_an_unprivileged_user(archive: Path) -> None:
    """The cluster asks for this very name; PodSecurity `restricted` for a user that is not root."""
    with tarfile.open(archive) as image:
        manifest = _manifest(image)
        content = image.extractfile(manifest["Config"])
        assert content is not None
        config = json.load(content)["config"]
    assert manifest["RepoTags"] == [WORKLOAD_IMAGE]
    assert config["User"] == "1000:1000"
    assert config["Entrypoint"] == ["node", "/app/src/main.js"]
    assert "stand-in" in config["Labels"]["groundwork.local/base"]


@pytest.mark.parametrize("role", ["api", "worker", "dashboard"])
def test_each_role_loads_all_its_modules(root: Path, role: str) -> None:
    """No module is missing although development and optional packages are left out."""
    done = run(
        root, "/usr/local/bin/node", "--input-type=module", "--eval", f"await import('/app/src/roles/{role}.js')"
    )
    assert done.returncode == 0, done.stderr


def test_it_starts_and_says_what_it_lacks(root: Path) -> None:
    """SR-REDIS: one line a fault, no stack trace."""
    done = run(root, "/usr/local/bin/node", "/app/src/main.js", "api")
    assert (done.returncode, done.stderr.splitlines()) == (
        78,
        ["configuration: SERVICE_NAME: is missing", "configuration: REDIS_URL: is missing"],
    )


def test_it_has_no_shell_no_settings_of_the_build_and_nothing_for_its_user_to_write(root: Path) -> None:
    """SR-SECRET, SR-VOLUME: npm's settings were a secret of the build; only /tmp may be written to by anybody."""
    assert not [name for name in ("bin/sh", "usr/bin/bash", "bin/dash") if (root / name).exists()]
    assert not (root / "root" / ".npmrc").exists()
    assert not list(root.rglob("registry-ca"))
    writable = [
        path
        for path in root.rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o002 and path != root / "tmp"
    ]
    assert writable == []
    assert not [path for path in (root / "app").rglob("*") if path.lstat().st_uid == 1000]


def test_it_is_small(archive: Path) -> None:
    """It is loaded into every node of the cluster."""
    assert archive.stat().st_size < 250e6


def _manifest(image: tarfile.TarFile) -> dict[str, list[str]]:
    content = image.extractfile("manifest.json")
    assert content is not None
    manifest: dict[str, list[str]] = json.load(content)[0]
    return manifest
