"""The running local platform, and small stacks of the tests' own on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import local.aws
import local.cluster
from groundwork.engine import local_environment, stale_locks
from groundwork.project import ROOT, STACKS
from local.paths import Paths
from local.toolchain import find
from tests.e2e.system.inventory import aws_inventory, cluster_inventory

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


def small_settings() -> dict[str, Any]:
    """The local stack's settings cut down to one service and one queue, under names of their own."""
    config: dict[str, Any] = yaml.safe_load((STACKS / "Pulumi.local.yaml").read_text())
    settings = config["config"]
    services = settings["groundwork:services"]
    queues = settings["groundwork:queues"]
    name, queue = next(iter(queues.items()))
    settings["groundwork:system"] = "small"
    settings["groundwork:services"] = {queue["owner"]: services[queue["owner"]]}
    settings["groundwork:queues"] = {name: queue}
    return config


@dataclass
class SmallStack:
    """A project of the test's own: the program and its packages by link, the stack file beside them."""

    folder: Path
    paths: Paths
    name: str

    @property
    def file(self) -> Path:
        return self.folder / "stacks" / f"Pulumi.{self.name}.yaml"

    @property
    def environment(self) -> dict[str, str]:
        own = local_environment(self.paths, find("pulumi", self.paths))
        return {**os.environ, **own, "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}"}

    def write(self, content: dict[str, Any]) -> None:
        self.file.write_text(yaml.safe_dump(content, sort_keys=False))

    def argv(self, *arguments: str) -> list[str]:
        return [str(find("pulumi", self.paths)), *arguments, "--stack", self.name, "--non-interactive"]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, timeout: float = 900) -> tuple[int, str]:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output

    def succeed(self, *arguments: str) -> str:
        code, output = self.run(*arguments)
        assert code == 0, output
        return output

    def up(self, *more: str) -> str:
        return self.succeed("up", "--yes", "--skip-preview", *more)

    def steps(self) -> dict[str, str]:
        """What a preview would do, by `type::name`; untouched resources left out."""
        code, output = self.run("preview", "--json")
        assert code == 0, output
        document = json.loads(output[output.index("{") :])
        return {
            step["urn"].split("::", 2)[2].rpartition("$")[2]: step["op"]
            for step in document["steps"]
            if step["op"] not in ("same", "read")
        }

    def resources(self) -> list[dict[str, Any]]:
        exported = json.loads(self.succeed("stack", "export"))
        found: list[dict[str, Any]] = exported["deployment"].get("resources", [])
        return found

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.succeed("stack", "output", "--json"))
        return found

    def kill_after(self, seconds: float) -> bool:
        """Start an update and SIGKILL the engine after so long; False when it was through before."""
        process = self.start("up", "--yes", "--skip-preview")
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            return True
        return False

    def release_locks(self) -> None:
        for lock in stale_locks(self.folder / "state" / ".pulumi" / "locks", self.name, os.uname().nodename):
            lock.unlink()


@dataclass(frozen=True)
class World:
    """What exists at one moment."""

    aws: frozenset[str]
    cluster: frozenset[str]


def world(paths: Paths) -> World:
    """Take stock of the endpoint and the cluster."""
    return World(frozenset(aws_inventory()), frozenset(cluster_inventory(find("kubectl", paths), paths.kubeconfig)))


@pytest.fixture
def small(platform: Paths, tmp_path: Path) -> Iterator[SmallStack]:
    """A small stack, not yet brought up; destroyed at the end whatever happened."""
    for name in ("__main__.py", "components", "policies", ".venv", "Pulumi.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "state").mkdir()
    (tmp_path / "stacks").mkdir()
    stack = SmallStack(tmp_path, platform, "small")
    stack.write(small_settings())
    stack.succeed("stack", "init", "--no-select")
    try:
        yield stack
    finally:
        stack.release_locks()
        stack.write(small_settings())
        stack.succeed("destroy", "--yes", "--skip-preview")
