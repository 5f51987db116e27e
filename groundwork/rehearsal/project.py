"""The program with other settings on the local platform, with a state of its own: for tests and measurements."""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from groundwork.engine import file_backend, local_environment, stale_locks
from groundwork.project import ROOT, StackFile
from local.paths import Paths
from local.toolchain import find

_LINKED = ("Pulumi.yaml", "__main__.py", "components", "policies", ".venv")


def under_another_name(stack: StackFile, system: str) -> dict[str, Any]:
    """The stack file's content for a second system beside the first: other names, and a token issuer of its own.

    An account has one identity provider for each issuer, so two stacks cannot both make it.
    """
    config = copy.deepcopy(stack.config)
    config["groundwork:system"] = system
    config["groundwork:workloadIdentity"] = {"issuer": f"https://{system}.cluster.local"}
    return {"config": config}


@dataclass(frozen=True)
class Rehearsal:
    """One stack in a project folder of its own: the program by link, the stack file beside it.

    Attributes:
        folder: Project folder.
        paths: The local platform that it lands on.
        stack: Name of the stack.
    """

    folder: Path
    paths: Paths
    stack: str

    @classmethod
    def create(cls, folder: Path, paths: Paths, stack: str, content: Mapping[str, Any]) -> Rehearsal:
        """Make the project folder, write the stack file and initialise the stack."""
        made = cls(folder, paths, stack)
        for name in _LINKED:
            (folder / name).symlink_to(ROOT / name)
        made.state.mkdir()
        made.file.parent.mkdir()
        made.write(content)
        made.answer("stack", "init", "--no-select")
        return made

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"

    @property
    def state(self) -> Path:
        """Pulumi's file backend."""
        return self.folder / "state"

    def write(self, content: Mapping[str, Any]) -> None:
        """Replace the stack file."""
        self.file.write_text(yaml.safe_dump(dict(content), sort_keys=False))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `pulumi ARGUMENTS`; standard error goes to standard output."""
        pulumi = find("pulumi", self.paths)
        own = local_environment(self.paths, pulumi)
        return subprocess.Popen(
            [str(pulumi), *arguments, "--stack", self.stack, "--non-interactive"],
            cwd=self.folder,
            env={**os.environ, **own, "PULUMI_BACKEND_URL": file_backend(self.state)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, timeout: float = 1800) -> tuple[int, str]:
        """Run `pulumi ARGUMENTS` to its end; returns exit code and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output

    def answer(self, *arguments: str) -> str:
        """Run `pulumi ARGUMENTS` and return what it printed.

        Raises:
            RuntimeError: it failed; carries the whole output.
        """
        code, output = self.run(*arguments)
        if code != 0:
            raise RuntimeError(f"pulumi {' '.join(arguments)} ended with {code}:\n{output}")
        return output

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        found: list[dict[str, Any]] = json.loads(self.answer("stack", "export"))["deployment"].get("resources", [])
        return found

    def release_locks(self) -> None:
        """Remove locks whose owner was killed."""
        for lock in stale_locks(self.state / ".pulumi" / "locks", self.stack, socket.gethostname()):
            lock.unlink()
