"""Fixtures for tests with the real Pulumi engine and the stand-in plugins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from groundwork.engine import SHORT_LIVED
from local import toolchain
from local.paths import Paths
from local.toolchain.errors import ToolMissing
from tests.engine.attached import PLUGINS, Attached


def find_tool(name: str) -> Path:
    """A tool of the toolchain; GROUNDWORK_<NAME> (in capitals) names one by hand."""
    named = os.environ.get(f"GROUNDWORK_{name.upper().replace('-', '_')}")
    if named:
        return Path(named)
    try:
        return toolchain.find(name, Paths.from_environment())
    except ToolMissing as missing:
        pytest.fail(f"{missing}", pytrace=False)


@dataclass(frozen=True)
class Outcome:
    """What a run of the engine came to."""

    code: int
    output: str

    def assert_succeeded(self) -> Outcome:
        """Fail with the whole output unless the exit code is 0."""
        assert self.code == 0, self.output
        return self

    def assert_failed(self) -> Outcome:
        """Fail with the whole output if the exit code is 0."""
        assert self.code != 0, self.output
        return self


@dataclass
class Project:
    """A small Pulumi project with a stack in a file backend of its own.

    Attributes:
        plugins: Those that all runs share; None has each run of the engine start its own, as in use.
    """

    folder: Path
    environment: dict[str, str]
    pulumi: Path
    virtualenv: str
    stack: str = "test"
    plugins: Attached | None = None
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, program: str, name: str = "__main__.py") -> None:
        """Write the program, or another file."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(dedent(program))

    def runtime(self, options: Mapping[str, Any]) -> None:
        """Write Pulumi.yaml with these runtime options."""
        project = {"name": "small", "runtime": {"name": "python", "options": dict(options)}}
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the engine and return at once; standard error goes to standard output."""
        process = subprocess.Popen(
            [self.pulumi, *arguments, "--non-interactive", "--stack", self.stack, "--cwd", str(self.folder)],
            env=self.environment | (self.plugins.environment(self.environment) if self.plugins else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def run(self, *arguments: str, timeout: float = 300) -> Outcome:
        """Run the engine to its end."""
        process = self.start(*arguments)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail(f"not done after {timeout:g} s:\n{process.communicate()[0]}", pytrace=False)
        if process.returncode != 0 and self.plugins:
            # The engine may have told them to give up, which holds for good.
            self.plugins.end()
        return Outcome(process.returncode, output)

    def up(self, *arguments: str) -> Outcome:
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def preview(self, *arguments: str) -> Outcome:
        return self.run("preview", "--diff", *arguments)

    def refresh(self, *arguments: str) -> Outcome:
        return self.run("refresh", "--yes", "--skip-preview", *arguments)

    def destroy(self, *arguments: str) -> Outcome:
        return self.run("destroy", "--yes", "--skip-preview", *arguments)

    def config(self, key: str, value: str) -> None:
        """Set a plain configuration value."""
        file = self.folder / f"Pulumi.{self.stack}.yaml"
        settings = yaml.safe_load(file.read_text()) if file.exists() else {}
        settings.setdefault("config", {})[key] = value
        file.write_text(yaml.safe_dump(settings))

    def state(self) -> str:
        """The stack's checkpoint as it lies on disk."""
        [file] = (self.folder.parent / "state").glob(f"**/stacks/**/{self.stack}.json")
        return file.read_text()

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state, without the stack and the providers."""
        checkpoint = json.loads(self.state())["checkpoint"]["latest"]
        found: list[dict[str, Any]] = checkpoint.get("resources", [])
        return [each for each in found if not each["type"].startswith("pulumi:")]

    def resource(self, name: str) -> dict[str, Any]:
        """The one resource of that name."""
        [found] = [each for each in self.resources() if each["urn"].rsplit("::", 1)[-1] == name]
        return found

    def output(self, name: str) -> Any:
        """A stack output, with secrets shown."""
        return self.outputs()[name]

    def outputs(self) -> dict[str, Any]:
        """All stack outputs, with secrets shown."""
        outcome = self.run("stack", "output", "--json", "--show-secrets").assert_succeeded()
        found: dict[str, Any] = json.loads(outcome.output)
        return found

    def pulumi_about(self) -> Any:
        """What `pulumi about` tells of the project."""
        answer = subprocess.run(
            [self.pulumi, "about", "--json"], cwd=self.folder, env=self.environment, capture_output=True, check=True
        )
        return json.loads(answer.stdout)

    def close(self) -> None:
        """End whatever still runs."""
        if self.plugins:
            self.plugins.end()
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Finds a tool of the toolchain by name."""
    return find_tool


@pytest.fixture(scope="session")
def pulumi() -> Path:
    """The engine."""
    return find_tool("pulumi")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the plugins keep of the SDKs, shared by the tests of a run: each file there is put in place whole."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "plugins"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def empty(pulumi: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project whose stack has just been made; each test gets a copy."""
    root = tmp_path_factory.mktemp("empty")
    made = _project(root, pulumi, cache)
    for each in ("project", "state"):
        (root / each).mkdir()
    made.runtime({"virtualenv": made.virtualenv})
    made.write("import pulumi\n")
    made.run("stack", "init").assert_succeeded()
    return root


@pytest.fixture
def project(empty: Path, pulumi: Path, cache: Path, tmp_path: Path) -> Any:
    """A project with an empty program and a stack, ready for `up`."""
    made = _project(tmp_path, pulumi, cache)
    for each in ("project", "state"):
        shutil.copytree(empty / each, tmp_path / each)
    yield made
    made.close()
    shutil.rmtree(made.folder)


def _project(root: Path, pulumi: Path, cache: Path) -> Project:
    """A project with a home of its own; its folder and its state's are still to be made."""
    home, state = root / "home", root / "state"
    # Where its log would be is a file, so that the engine keeps none: as on the local platform.
    (home / ".pulumi").mkdir(parents=True)
    (home / ".pulumi" / "logs").touch()
    environment = {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(pulumi.parent), str(PLUGINS), os.environ["PATH"]]),
        "PULUMI_HOME": str(home / ".pulumi"),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "for tests only",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        "GROUNDWORK_PYTHON": sys.executable,
        **SHORT_LIVED,
        "GROUNDWORK_CACHE": str(cache),
        "GROUNDWORK_STATE": str(root / "platform"),
    }
    return Project(root / "project", environment, pulumi, virtualenv=str(Path(sys.executable).parents[1]))
