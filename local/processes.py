"""Long-running processes of the local platform: started in the background, found again, ended by their own id."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

EXACT = 50e-6
"""Timer slack that every process has by default."""

_PR_SET_TIMERSLACK = 29


@dataclass(frozen=True)
class ProcessSpec:
    """What to run.

    Attributes:
        name: Unique within one `Processes`; names the record.
        argv: Command and arguments.
        log: Standard output and error are appended here.
        env: Variables added to this process's environment.
        cwd: Working directory; default this process's.
        namespace: Network namespace to run in; default this process's.
        user: User to run as; default this process's.
        purpose: Noted in the record: what of it changes asks for another start.
        timer_slack: Seconds that the kernel may let each timer of it and of its descendants run late, so that one
            wakeup serves several; default the kernel's own. PR_SET_TIMERSLACK of prctl(2).
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    namespace: str | None = None
    user: str | None = None
    purpose: str = ""
    timer_slack: float = EXACT


@dataclass(frozen=True)
class Running:
    """A process that was started.

    Attributes:
        started: Kernel start time in clock ticks since boot; with the pid it names one process for good.
        log: Where its output goes.
        since: Wall-clock start, seconds since the epoch.
        purpose: As it was given at the start.
    """

    name: str
    pid: int
    started: int
    log: str
    since: float
    purpose: str = ""


class Processes:
    """Keeper of the records in one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def start(self, spec: ProcessSpec) -> Running:
        """Start the process unless it runs already; returns its record.

        Raises:
            FileNotFoundError: the command does not exist.
        """
        already = self.running(spec.name)
        if already is not None:
            return already
        self._root.mkdir(parents=True, exist_ok=True)
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        with spec.log.open("ab") as log, _timers_may_be_late(spec.timer_slack):
            child = subprocess.Popen(
                _with_surroundings(spec),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=spec.cwd,
                env={**os.environ, **(spec.env or {})},
                start_new_session=True,
            )
        record = Running(spec.name, child.pid, start_time(child.pid) or 0, str(spec.log), time.time(), spec.purpose)
        # Written whole or not at all: a crash here must not leave a record that cannot be read.
        partial = self._record(spec.name).with_suffix(".partial")
        partial.write_text(json.dumps(asdict(record)))
        partial.rename(self._record(spec.name))
        return record

    def running(self, name: str) -> Running | None:
        """The record, if the very process it names is still alive."""
        path = self._record(name)
        try:
            record = Running(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        return record if is_alive(record.pid, record.started) else None

    def all(self) -> list[Running]:
        """Every process of this folder that is alive, by name."""
        found = (self.running(path.stem) for path in sorted(self._root.glob("*.json")))
        return [record for record in found if record is not None]

    def stop(self, name: str, timeout: float = 10.0) -> None:
        """End the process and its group: TERM, then KILL after `timeout` seconds. Nothing happens if it is gone."""
        record = self.running(name)
        if record is not None:
            end_group(record.pid, record.started, timeout)
        self._record(name).unlink(missing_ok=True)

    def _record(self, name: str) -> Path:
        return self._root / f"{name}.json"


def is_alive(pid: int, started: int) -> bool:
    """Whether the process with this id *and* this kernel start time still runs."""
    return started != 0 and start_time(pid) == started


def end_group(pid: int, started: int, timeout: float) -> None:
    """TERM the process group led by `pid`, KILL it after `timeout` seconds."""
    for sign, patience in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)):
        if not is_alive(pid, started):
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, sign)
        deadline = time.monotonic() + patience
        while is_alive(pid, started) and time.monotonic() < deadline:
            _reap(pid)
            time.sleep(0.02)


@contextlib.contextmanager
def _timers_may_be_late(seconds: float) -> Iterator[None]:
    """What this thread starts meanwhile inherits this slack; the thread itself has its own again afterwards."""
    control = ctypes.CDLL(None).prctl
    control(_PR_SET_TIMERSLACK, ctypes.c_ulong(round(seconds * 1e9)), 0, 0, 0)
    try:
        yield
    finally:
        # Zero stands for what the thread began with.
        control(_PR_SET_TIMERSLACK, ctypes.c_ulong(0), 0, 0, 0)


def _with_surroundings(spec: ProcessSpec) -> list[str]:
    argv = list(spec.argv)
    if spec.user is not None:
        argv = ["setpriv", f"--reuid={spec.user}", f"--regid={spec.user}", "--init-groups", *argv]
    if spec.namespace is not None:
        # Not `ip netns exec`: that mounts a new /sys and so hides the cgroups from kubelet and containerd.
        argv = ["nsenter", f"--net=/run/netns/{spec.namespace}", *argv]
    return argv


def _reap(pid: int) -> None:
    """Collect the process if it is our own child; a zombie would count as alive."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def start_time(pid: int) -> int | None:
    """When the process was started, in clock ticks since boot; None if there is none with this id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name in brackets may hold spaces; the state follows it, the start time is field 22.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
