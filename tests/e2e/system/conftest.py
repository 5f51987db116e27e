"""The running local platform, and small stacks of the tests' own on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import local.cluster
from groundwork.project import ROOT, read_stack
from groundwork.rehearsal import Platform, Rehearsal, adapted
from local.paths import Paths

GROUNDWORK = ROOT / ".venv" / "bin" / "groundwork"


def groundwork(*arguments: str, timeout: float = 1800) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    return subprocess.run(
        [GROUNDWORK, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="session")
def platform() -> Iterator[Paths]:
    """The local platform: the one that runs, or one of the session's own that is removed again."""
    assert os.geteuid() == 0, "the local platform needs root"
    paths = Paths.from_environment()
    ran_before = local.cluster.status(paths) is not None
    brought_up = groundwork("local", "up")
    assert brought_up.returncode == 0, brought_up.stderr
    yield paths
    if not ran_before:
        removed = groundwork("local", "down")
        assert removed.returncode == 0, removed.stderr


def small_settings(system: str = "small") -> dict[str, Any]:
    """The local stack's settings cut down to one service and one queue, under names of their own."""
    local = read_stack("local")
    config = dict(adapted(local, Platform.of(local), system).config)
    name, queue = next(iter(config["groundwork:queues"].items()))
    config["groundwork:services"] = {queue["owner"]: config["groundwork:services"][queue["owner"]]}
    config["groundwork:queues"] = {name: queue}
    return {"config": config}


def steps(stack: Rehearsal) -> dict[str, str]:
    """What a preview would do, by `type::name`; untouched resources left out."""
    output = stack.answer("preview", "--json")
    document = json.loads(output[output.index("{") :])
    return {
        step["urn"].split("::", 2)[2].rpartition("$")[2]: step["op"]
        for step in document["steps"]
        if step["op"] not in ("same", "read")
    }


def up(stack: Rehearsal, *more: str) -> str:
    return stack.answer("up", "--yes", "--skip-preview", *more)


def destroy(stack: Rehearsal) -> str:
    return stack.answer("destroy", "--yes", "--skip-preview")


def refresh(stack: Rehearsal, *more: str) -> str:
    return stack.answer("refresh", "--yes", "--skip-preview", *more)


def kill_after(stack: Rehearsal, seconds: float) -> bool:
    """Start an update and SIGKILL the engine after so long; False when it was through before."""
    process = stack.start("up", "--yes", "--skip-preview")
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    return False


@contextmanager
def small_stack(folder: Path, paths: Paths, system: str) -> Iterator[Rehearsal]:
    """A small stack, not yet brought up; destroyed at the end whatever happened."""
    stack = Rehearsal.create(folder, paths, system, small_settings(system))
    try:
        yield stack
    finally:
        stack.release_locks()
        stack.write(small_settings(system))
        destroy(stack)


@pytest.fixture
def fresh(platform: Paths, tmp_path: Path) -> Iterator[Rehearsal]:
    """A small stack of the test's own, not yet brought up."""
    with small_stack(tmp_path, platform, "fresh") as stack:
        yield stack
