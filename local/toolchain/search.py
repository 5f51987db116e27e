"""Looking for programs that are already on this machine."""

from __future__ import annotations

import functools
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.toolchain.table import Tool
from local.toolchain.versions import Version, parse_version

# An unprivileged user's PATH often lacks these, and some programs there answer --version to anybody.
ADMINISTRATOR_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Candidate:
    """A program that has the right name.

    Attributes:
        version: None when the program does not tell or does not run.
    """

    path: Path
    version: Version | None


def acceptable(tool: Tool, search_path: str) -> Candidate | None:
    """The first program of that name on the search path whose version will do."""
    return next((found for found in candidates(tool, search_path) if fits(tool, found)), None)


def fits(tool: Tool, candidate: Candidate) -> bool:
    """Whether the candidate's version will do; one without a version will not."""
    return candidate.version is not None and tool.accepted.accepts(candidate.version)


def candidates(tool: Tool, search_path: str) -> list[Candidate]:
    """Every program of that name, in the tool's own folders and then on the search path."""
    return [Candidate(path, read_version(tool, path)) for path in _executables(tool, search_path)]


def present(tool: Tool, search_path: str) -> bool:
    """Whether any program of that name is there, of whatever version; runs nothing."""
    return bool(_executables(tool, search_path))


def read_version(tool: Tool, path: Path) -> Version | None:
    """Ask the program for its version; None when it does not tell."""
    return _version(path, path.stat().st_mtime_ns, tool.version_arguments, tool.version_pattern)


@functools.cache
def _version(path: Path, _changed: int, arguments: tuple[str, ...], pattern: str | None) -> Version | None:
    # C for untranslated output; the update check would make Pulumi ask the network.
    environment = {**os.environ, "LC_ALL": "C", "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        answer = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=_ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(answer.stdout, pattern) or parse_version(answer.stderr, pattern)


def _executables(tool: Tool, search_path: str) -> list[Path]:
    own = [folder for pattern in tool.folders for folder in _matching(pattern)]
    folders = [*own, *filter(None, search_path.split(os.pathsep)), *ADMINISTRATOR_FOLDERS]
    # By what they resolve to: /bin is /usr/bin on most machines. The first name is kept.
    distinct: dict[str, str] = {}
    for folder in folders:
        distinct.setdefault(os.path.realpath(folder), folder)
    paths = [Path(folder) / tool.name for folder in distinct.values()]
    return [path for path in paths if path.is_file() and os.access(path, os.X_OK)]


def _matching(pattern: str) -> list[str]:
    """The folders that match, highest version number first: /usr/lib/postgresql/15/bin before 9's."""
    root = Path("/")
    found = [str(folder) for folder in root.glob(pattern.removeprefix("/"))]
    return sorted(found, key=lambda folder: [int(part) for part in folder.split("/") if part.isdigit()], reverse=True)
