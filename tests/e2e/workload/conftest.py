"""Node.js and the workload's packages, as the tests need them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.images.base import find_node

WORKLOAD = Path(__file__).resolve().parents[3] / "workloads" / "conformance"

Npm = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def npm() -> Npm:
    """Run npm in the workload's folder, with the Node.js that the image has."""
    node = find_node().root
    program = (str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
    environment = {**os.environ, "PATH": f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, *arguments],
            cwd=WORKLOAD,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )

    return run


@pytest.fixture(scope="session")
def installed(npm: Npm) -> Npm:
    """npm, with the packages of the lock file installed."""
    stamp = WORKLOAD / "node_modules" / ".package-lock.json"
    lock = WORKLOAD / "package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        done = npm("ci", "--ignore-scripts")
        assert done.returncode == 0, done.stdout
    return npm
