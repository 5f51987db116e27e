"""The program with other settings on the local platform, in a folder with a state of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components import yaml_file
from groundwork.engine import Engine, file_backend, local_environment, stale_locks
from groundwork.project import ROOT, StackFile
from local.paths import Paths
from local.toolchain import find

_GRACE_SECONDS = 120.0
"""Of an engine that was interrupted: a database under way takes that long."""
_LINKED = ("Pulumi.yaml", "__main__.py", "components", "policies", ".venv")


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
        """Make the project folder, write the stack file and initialise the stack.

        Args:
            folder: Made if it is not there; has to be empty.
            paths: The local platform.
            stack: Name of the stack.
            content: The stack file.
        """
        made = cls(folder, paths, stack)
        folder.mkdir(parents=True, exist_ok=True)
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

    def has_state(self) -> bool:
        """Whether the stack was ever initialised: there may be something to destroy."""
        return any(self.state.glob(f"**/stacks/**/{self.stack}.json"))

    def is_pending(self) -> bool:
        """Whether the engine was killed while it made something, so that the state may not know of it."""
        states = [json.loads(path.read_text()) for path in self.state.glob(f"**/stacks/**/{self.stack}.json")]
        latest = [(state.get("checkpoint") or {}).get("latest") or {} for state in states]
        return any(deployment.get("pending_operations") for deployment in latest)

    def write(self, content: Mapping[str, Any]) -> None:
        """Replace the stack file."""
        self.file.write_text(yaml.safe_dump(dict(content), sort_keys=False))

    def engine(self) -> Engine:
        """The engine for this folder's stack."""
        config = yaml_file.load(self.file.read_text())["config"]
        return Engine(
            StackFile(self.stack, self.file, config), find("pulumi", self.paths), self._environment(), self.folder
        )

    def start(self, *arguments: str, reads: bool = False) -> subprocess.Popen[str]:
        """Start `pulumi ARGUMENTS`; standard error goes to standard output.

        Args:
            arguments: What to do.
            reads: Whether it is given something on its standard input.
        """
        return subprocess.Popen(
            [str(find("pulumi", self.paths)), *arguments, "--stack", self.stack, "--non-interactive"],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(
        self,
        *arguments: str,
        timeout: float = 1800,
        on_line: Callable[[str], None] | None = None,
        text: str | None = None,
    ) -> tuple[int, str]:
        """Run `pulumi ARGUMENTS` to its end; returns exit code and output.

        Whoever interrupts it (Ctrl-C, or the time being up) lets the engine end what is under way and write its state.

        Args:
            arguments: What to do.
            timeout: Seconds after which the engine is interrupted.
            on_line: Told each line of the output as it comes.
            text: What it is given on its standard input.
        """
        process = self.start(*arguments, reads=text is not None)
        alarm = threading.Timer(timeout, process.send_signal, [signal.SIGINT])
        alarm.start()
        try:
            if process.stdin is not None and text is not None:
                process.stdin.write(text)
                process.stdin.close()
            return self._followed(process, on_line)
        except KeyboardInterrupt:
            _interrupt(process)
            raise
        finally:
            alarm.cancel()

    def _followed(self, process: subprocess.Popen[str], on_line: Callable[[str], None] | None) -> tuple[int, str]:
        lines: list[str] = []
        for line in process.stdout or ():
            lines.append(line)
            if on_line is not None:
                on_line(line.rstrip())
        return process.wait(), "".join(lines)

    def answer(self, *arguments: str, on_line: Callable[[str], None] | None = None, text: str | None = None) -> str:
        """Run `pulumi ARGUMENTS` and return what it printed.

        Raises:
            RuntimeError: it failed; carries the whole output.
        """
        code, output = self.run(*arguments, on_line=on_line, text=text)
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

    def remove(self) -> None:
        """Remove the folder with the state; what the stack made has to be gone already."""
        shutil.rmtree(self.folder)

    def _environment(self) -> dict[str, str]:
        own = local_environment(self.paths, find("pulumi", self.paths))
        return {**os.environ, **own, "PULUMI_BACKEND_URL": file_backend(self.state)}


def _interrupt(process: subprocess.Popen[str]) -> None:
    """Ask the engine to end, and kill it when it is asked a second time or takes too long."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=_GRACE_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.kill()
        process.communicate()
