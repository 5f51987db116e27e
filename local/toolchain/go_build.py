"""Building a Go module group into the cache: once, whole, by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from local.toolchain.errors import BuildFailed
from local.toolchain.progress import Progress
from local.toolchain.search import Candidate, fits, read_version
from local.toolchain.table import GoGroup, members
from local.toolchain.versions import Version, parse_version

_POLL_SECONDS = 0.25
_SHOWN_LINES = 15

_CURES = (
    (r"no space left on device", "free some disk space (`df -h`), then run it again"),
    (
        r"dial tcp|no such host|proxyconnect|TLS handshake|x509:|i/o timeout|connection refused",
        "the Go module proxy cannot be reached: check the network, `go env GOPROXY` and the system's certificates",
    ),
    (r"SECURITY ERROR|checksum mismatch", "a module differs from go.sum: `go clean -modcache`, then run it again"),
    (
        r"missing go\.sum entry|updates to go\.mod needed|updates to go\.sum needed",
        "go.mod and go.sum do not agree: `go mod tidy` in that folder, and commit both",
    ),
    (r"requires go >= |toolchain not available", "a newer Go: put one on PATH, or `make venv` for the pinned one"),
    (r"signal: killed", "the system ended the compiler, most likely for want of memory: free some, then run it again"),
)
"""What a failed build's output says, and what to do about it."""


@dataclass(frozen=True)
class GoToolchain:
    """A Go command that works.

    Attributes:
        version: Such as `go1.26.6`.
        target: Such as `linux/amd64`.
    """

    path: Path
    version: str
    target: str


@dataclass(frozen=True)
class BuildPlan:
    """Everything that decides what a build produces."""

    group: GoGroup
    go: GoToolchain
    go_mod: str
    go_sum: str
    sources: tuple[str, ...] = ()
    """Go files of our own in the group's folder."""

    @property
    def pinned(self) -> str:
        """The version that go.mod pins, such as `v1.36.3`."""
        return pinned_version(self.go_mod, self.group.module)

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags of `go build`."""
        version = parse_version(self.pinned) or Version(0)
        values = [
            value.format(version=self.pinned, major=version.major, minor=version.minor)
            for value in self.group.linker_values
        ]
        # -s and -w leave out the tables for debuggers, a third of the size; what is not linked need not be compiled,
        # a tenth of the time.
        linker = " ".join(["-s", "-w", *(f"-X {value}" for value in values)])
        tags = ("-tags", ",".join(self.group.tags)) if self.group.tags else ()
        return ("-mod=readonly", "-trimpath", "-gcflags=all=-dwarf=false", *tags, "-ldflags", linker)

    @property
    def key(self) -> str:
        """Changes with what is asked for.

        Not with Go's own version: any that is good enough may build, and another one on PATH is no reason to build
        everything anew.
        """
        parts = [self.go_mod, self.go_sum, *self.sources, self.go.target, *self.flags]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def folder(self, tools: Path) -> Path:
        """Where the finished build lies; it exists only when it is complete."""
        return tools / f"{self.group.name}-{self.key}"


def go_toolchain(path: Path) -> GoToolchain:
    """Ask a Go command what it is.

    Raises:
        BuildFailed: it does not run.
    """
    return _ask_go(path, path.stat().st_mtime_ns)


@functools.cache
def _ask_go(path: Path, _changed: int) -> GoToolchain:
    try:
        answer = subprocess.run(
            [path, "env", "-json", "GOVERSION", "GOOS", "GOARCH"],
            capture_output=True,
            text=True,
            check=True,
            # Not in a folder whose go.mod would ask for another toolchain.
            cwd="/",
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
        values = json.loads(answer.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise BuildFailed(f"{path} does not work as a Go command ({error}); put another Go on PATH") from error
    return GoToolchain(path, values["GOVERSION"], f"{values['GOOS']}/{values['GOARCH']}")


def plan(group: GoGroup, go: GoToolchain) -> BuildPlan:
    """Read the group's pins.

    Raises:
        BuildFailed: go.mod or go.sum is not there.
    """
    try:
        go_mod, go_sum = ((group.folder / name).read_text() for name in ("go.mod", "go.sum"))
    except FileNotFoundError as error:
        raise BuildFailed(f"{error.filename} is missing: the checkout is not complete (`git status`)") from error
    return BuildPlan(group, go, go_mod, go_sum, tuple(file.read_text() for file in sorted(group.folder.glob("*.go"))))


def pinned_version(go_mod: str, module: str) -> str:
    """The version of a module that a go.mod requires.

    Raises:
        BuildFailed: go.mod does not require the module.
    """
    required = re.search(rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)", go_mod, re.MULTILINE)
    if required is None:
        raise BuildFailed(f"go.mod does not require {module}")
    return required[1]


def build(build_plan: BuildPlan, tools: Path, progress: Progress) -> Path:
    """Build the group unless that is done already.

    The result appears under its name only when it is complete: an interrupted build leaves nothing that a later one
    would take for finished, and what it compiled stays in Go's own cache.

    Args:
        tools: Folder of finished builds.

    Returns:
        The folder of the finished build; the programs are in its `bin`.

    Raises:
        BuildFailed: the build went wrong; names the log and, where known, the cure.
    """
    final = build_plan.folder(tools)
    if final.is_dir():
        return final
    tools.mkdir(parents=True, exist_ok=True)
    title = f"building {build_plan.group.name} {build_plan.pinned}"
    with _lock(tools / f"{final.name}.lock", title, progress) as lock:
        if final.is_dir():  # another process built it while we waited
            return final
        log = tools / f"{final.name}.log"
        partial = tools / f".{final.name}.partial"
        # The lock is ours, so whatever lies there is what a killed build left.
        shutil.rmtree(partial, ignore_errors=True)
        began = time.monotonic()
        outcome = f"{title}: interrupted"
        progress.begin(title)
        try:
            _run_go(build_plan, partial / "bin", log, lock, progress)
            _name_programs(build_plan.group, partial / "bin")
            _verify(build_plan.group, partial / "bin", log)
            seconds = time.monotonic() - began
            _write_manifest(build_plan, partial, seconds)
            partial.rename(final)
            outcome = f"built {build_plan.group.name} {build_plan.pinned} in {seconds:.0f} s"
        except BuildFailed:
            outcome = f"{title}: failed"
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            progress.end(outcome)
    return final


def describe(output: str) -> str:
    """One line on how far a build is, from the output of `go build -v` so far."""
    lines = output.splitlines()
    if not lines:
        return "loading or linking, nothing to compile"
    if lines[-1].startswith("go: downloading "):
        return " ".join(lines[-1].split()[1:3])
    compiled = sum(1 for line in lines if not line.startswith("go: "))
    return f"{compiled} packages compiled, last {lines[-1]}"


def cure(output: str) -> str:
    """What to do about a failed build."""
    return next((text for pattern, text in _CURES if re.search(pattern, output)), "see the log")


def _run_go(build_plan: BuildPlan, target: Path, log: Path, lock: IO[str], progress: Progress) -> None:
    target.mkdir(parents=True)
    # The caches of the user's Go stay where they are. GOWORK: a workspace file above the checkout must not
    # change what is built; GOTOOLCHAIN: never fetch another Go. GOGC, GOMEMLIMIT: a compiler lives for seconds, and
    # one that collects no garbage before its memory runs short needs a twentieth less time.
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOGC": "off",
        "GOMEMLIMIT": "1GiB",
    }
    with log.open("w+") as output:
        process = subprocess.Popen(
            [build_plan.go.path, "build", "-v", *build_plan.flags, "-o", f"{target}/", "tool"],
            cwd=build_plan.group.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A group of its own, so that interrupting ends the compilers too.
            start_new_session=True,
            # The compiler keeps the lock: should we be killed, the next build waits for it.
            pass_fds=(lock.fileno(),),
        )
        try:
            while not _ended(process):
                progress.update(describe(log.read_text(errors="replace")))
        finally:
            _end(process)
    if process.returncode != 0:
        raise _failure(build_plan.group, log)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_POLL_SECONDS)
    return process.returncode is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the build and its compilers; nothing happens when it is over."""
    for sign, patience in ((signal.SIGINT, 5.0), (signal.SIGKILL, 5.0)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def _name_programs(group: GoGroup, folder: Path) -> None:
    for produced, name in group.produced:
        if (folder / produced).exists():
            (folder / produced).rename(folder / name)


def _verify(group: GoGroup, folder: Path, log: Path) -> None:
    """A build counts only when every program of the table runs and says a version that the table accepts."""
    for tool in members(group):
        program = folder / tool.name
        if not program.is_file():
            raise BuildFailed(f"building {group.name} made no {tool.name}: is it in the tool block of its go.mod?")
        version = read_version(tool, program)
        if not fits(tool, Candidate(program, version)):
            raise BuildFailed(f"the {tool.name} that was built says version {version}; needed: {tool.accepted} ({log})")


def _write_manifest(build_plan: BuildPlan, folder: Path, seconds: float) -> None:
    manifest = {
        "group": build_plan.group.name,
        "version": build_plan.pinned,
        "go": {key: str(value) for key, value in asdict(build_plan.go).items()},
        "flags": build_plan.flags,
        "seconds": round(seconds, 1),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def _failure(group: GoGroup, log: Path) -> BuildFailed:
    output = log.read_text(errors="replace")
    tail = "\n".join(f"  {line}" for line in _telling(output.splitlines()))
    return BuildFailed(f"building {group.name} failed; the end of {log}:\n{tail}\nCure: {cure(output)}")


def _telling(lines: Sequence[str]) -> Sequence[str]:
    """The last lines that are not mere progress (a package's import path, a download)."""
    return [line for line in lines if " " in line.strip() and not line.startswith("go: downloading")][-_SHOWN_LINES:]


@contextlib.contextmanager
def _lock(path: Path, title: str, progress: Progress) -> Iterator[IO[str]]:
    """Hold the lock file. The kernel gives the lock back when its holders are gone, however they ended."""
    with path.open("w") as lock:
        if not _try_lock(lock):
            progress.begin(f"{title}: waiting for another process that builds it")
            try:
                while not _try_lock(lock):
                    progress.update("")
                    time.sleep(_POLL_SECONDS)
            finally:
                progress.end(f"{title}: the other process is done")
        yield lock


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
