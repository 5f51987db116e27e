"""The Pulumi engine as `groundwork` runs it: the right environment, the policy packs, and recovery after a kill."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from groundwork.errors import UserError
from groundwork.project import POLICY_PACKS, ROOT, StackFile
from local.network.plan import PLAN
from local.paths import Paths
from local.toolchain import find
from local.toolchain.plugins import STAND_INS, official_plugins, pulumi_home

# The local platform's state is disposable and never leaves this machine, and so its passphrase may be known:
# the engine still encrypts, so that what it writes has the same form as in production.
LOCAL_PASSPHRASE = "groundwork-local"


def file_backend(folder: Path) -> str:
    """The backend's URL for a folder, without the sidecar files that it would write beside each state.

    The state itself is replaced in one step, its sidecar is not: an engine that is killed at the wrong moment leaves
    an empty one, and no later command reads the state again.
    """
    return f"file://{folder}?metadata=skip"


SHORT_LIVED = {"GOGC": os.environ.get("GOGC", "off"), "GOMEMLIMIT": os.environ.get("GOMEMLIMIT", "1GiB")}
"""The engine lives for seconds and makes much garbage: none is collected below this limit, unless told otherwise. It
takes a third off the engine's processor time for a large stack."""


def local_environment(paths: Paths, pulumi: Path) -> dict[str, str]:
    """What `pulumi` needs to know to work on the local platform, with no account and no network.

    Args:
        pulumi: The engine; its folder goes to the front of PATH.
    """
    folders = [str(pulumi.parent), *([str(STAND_INS)] if needs_stand_ins(pulumi) else [])]
    return {
        "PATH": os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]),
        "PULUMI_BACKEND_URL": file_backend(paths.pulumi),
        "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE,
        "PULUMI_HOME": str(_home(paths, pulumi_home(os.environ))),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
        **SHORT_LIVED,
        "KUBECONFIG": str(paths.kubeconfig),
        "AWS_ENDPOINT_URL": PLAN.aws_url,
        "AWS_REGION": PLAN.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "GROUNDWORK_STATE": str(paths.state),
    }


def _home(paths: Paths, of_user: Path) -> Path:
    """The engine's folder on the local platform: the user's plugins, and no automatic log.

    The engine keeps a log of everything that it does, secrets as they are, under `logs` in its folder, unasked.
    Without it and the SDK's debug lines a preview of four hundred services took 32 s and not 60. Where no such folder
    can be made the engine goes without; `--logtostderr -v=9` asks for the same log.
    """
    home = paths.pulumi_home
    home.mkdir(parents=True, exist_ok=True)
    (home / "logs").touch()
    if of_user != home:
        with contextlib.suppress(FileExistsError):
            (home / "plugins").symlink_to(of_user / "plugins")
    return home


@dataclass(frozen=True)
class Engine:
    """The engine for one stack.

    Attributes:
        environment: The whole environment of the engine's process.
        project: Folder of `Pulumi.yaml`.
    """

    stack: StackFile
    executable: Path
    environment: Mapping[str, str]
    project: Path = ROOT

    def run(self, *arguments: str, event_log: Path | None = None) -> int:
        """Run `pulumi ARGUMENTS` on the user's terminal; returns its exit code.

        Args:
            event_log: Where the engine also writes its events, one JSON object a line.
        """
        environment = dict(self.environment)
        if event_log is not None:
            # The engine hides this flag behind its debug commands; its Automation API reads previews in this way too.
            environment["PULUMI_DEBUG_COMMANDS"] = "true"
            arguments = (*arguments, "--event-log", str(event_log))
        return subprocess.run(self._argv(arguments), env=environment, cwd=self.project, check=False).returncode

    def answer(self, *arguments: str) -> str:
        """Run `pulumi ARGUMENTS` and return what it printed.

        Raises:
            UserError: it failed; carries the engine's own message.
        """
        return self._capture(self._argv(arguments))

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secret ones masked.

        Raises:
            UserError: the stack does not exist or was never brought up.
        """
        outputs = json.loads(self.answer("stack", "output", "--json"))
        if not isinstance(outputs, dict) or not outputs:
            raise UserError(
                f"stack {self.stack.stack!r} has no outputs yet: bring it up with `groundwork up {self.stack.stack}`."
            )
        return outputs

    def prepare(self) -> None:
        """Make the stack selectable on the local backend, and release a lock whose owner was killed.

        Only for stacks on the local platform: elsewhere, the stack and its locks belong to the user.
        """
        folder = Path(urlsplit(self.environment["PULUMI_BACKEND_URL"]).path)
        folder.mkdir(parents=True, exist_ok=True)
        known = json.loads(self._capture([str(self.executable), "stack", "ls", "--json"]))
        if self.stack.stack not in {str(item["name"]).split("/")[-1] for item in known}:
            self.answer("stack", "init", "--no-select")
        for lock in stale_locks(folder / ".pulumi" / "locks", self.stack.stack, socket.gethostname()):
            lock.unlink(missing_ok=True)

    def _capture(self, argv: Sequence[str]) -> str:
        done = subprocess.run(
            argv,
            env=dict(self.environment),
            cwd=self.project,
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise UserError(f"pulumi {argv[1]} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _argv(self, arguments: Sequence[str]) -> list[str]:
        return [str(self.executable), *_with_stack(arguments, self.stack.stack)]


def open_engine(stack: StackFile) -> Engine:
    """The engine for a stack; on the local platform with that platform's environment.

    Raises:
        ToolMissing: there is no `pulumi`.
    """
    paths = Paths.from_environment()
    executable = find("pulumi", paths)
    own = local_environment(paths, executable) if stack.is_local else {}
    return Engine(stack, executable, {**os.environ, **own})


def _with_stack(arguments: Sequence[str], stack: str) -> list[str]:
    if list(arguments[:2]) == ["stack", "init"]:
        return [*arguments, stack]
    return [*arguments, "--stack", stack]


def policy_arguments() -> list[str]:
    """`--policy-pack` for each pack of ours."""
    return [word for pack in POLICY_PACKS for word in ("--policy-pack", str(pack))]


def stale_locks(folder: Path, stack: str, host: str) -> list[Path]:
    """The locks of a stack in a file backend whose owner ran on this host and is gone (killed)."""
    return [
        path for path in sorted(folder.glob(f"**/{stack}/*.json")) if _owner_is_gone(json.loads(path.read_text()), host)
    ]


def _owner_is_gone(lock: Mapping[str, Any], host: str) -> bool:
    return lock.get("hostname") == host and not Path(f"/proc/{lock.get('pid')}").exists()


def needs_stand_ins(pulumi: Path) -> bool:
    """Whether any official plugin is missing; then the stand-ins take the place of all of them."""
    return None in official_plugins(pulumi).values()
