"""Which program to use for each tool: PATH's when its version will do, else a wheel's or one that is built."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.paths import Paths
from local.toolchain import search
from local.toolchain.errors import BuildFailed, ToolMissing, UnknownTool
from local.toolchain.go_build import BuildPlan, build, go_toolchain, plan
from local.toolchain.progress import Progress, as_progress
from local.toolchain.table import BY_NAME, GROUPS, TOOLS, FromDebian, FromGo, FromWheel, GoGroup, Tool, members
from local.toolchain.versions import Version, parse_version

Origin = Literal["path", "wheel", "built"]


@dataclass(frozen=True)
class Located:
    """A program that will do.

    Attributes:
        origin: Found on PATH (or in the tool's own folders), in a Python wheel, or built into the cache.
    """

    path: Path
    version: Version | None
    origin: Origin


@dataclass(frozen=True)
class Absent:
    """No program will do.

    Attributes:
        problem: What was looked for and found instead.
        cure: What the user can do.
    """

    problem: str
    cure: str


@dataclass(frozen=True)
class ToolReport:
    """One tool as it stands on this machine."""

    tool: Tool
    result: Located | Absent


def ensure(
    names: Iterable[str] | None, paths: Paths, progress: Progress | Callable[[str], None] | None = None
) -> dict[str, Path]:
    """Find every tool, building what PATH lacks.

    Args:
        names: Tools of the table; None for all of them.
        paths: Where the cache is.
        progress: Is told what is being built: a display, or a function that takes one line; default nobody.

    Returns:
        The program for each name. A second call builds nothing.

    Raises:
        UnknownTool: a name that the table lacks.
        ToolMissing: tools that are not built from Go and not there; nothing has been built then.
        BuildFailed: a build went wrong.
    """
    wanted = TOOLS if names is None else tuple(_tool(name) for name in names)
    results = {tool: locate(tool, paths) for tool in wanted}
    _refuse_missing([(tool, result) for tool, result in results.items() if not isinstance(tool.source, FromGo)])
    to_build = {
        tool.source.group
        for tool, result in results.items()
        if isinstance(tool.source, FromGo) and isinstance(result, Absent)
    }
    for group in GROUPS:
        if group in to_build:
            build(_plan(group, paths), _tools(paths), as_progress(progress))
    return {tool.name: find(tool.name, paths) for tool in wanted}


def find(name: str, paths: Paths) -> Path:
    """The program for a tool; builds nothing.

    Raises:
        UnknownTool: the table has no such name.
        ToolMissing: it is not there; the message has the cure.
    """
    tool = _tool(name)
    result = locate(tool, paths)
    if isinstance(result, Absent):
        raise ToolMissing([(name, result.problem, result.cure)])
    return result.path


def inventory(paths: Paths) -> list[ToolReport]:
    """Every tool of the table as it stands; builds nothing."""
    return [ToolReport(tool, locate(tool, paths)) for tool in TOOLS]


def locate(tool: Tool, paths: Paths, search_path: str | None = None) -> Located | Absent:
    """Decide where a tool comes from; builds nothing.

    Args:
        search_path: In the form of PATH; default the environment's.
    """
    folders = os.environ.get("PATH", os.defpath) if search_path is None else search_path
    source = tool.source
    if isinstance(source, FromGo):
        return _locate_built(tool, source.group, paths, folders)
    if isinstance(source, FromWheel):
        return _locate_wheel(tool, source, paths, folders)
    found = search.acceptable(tool, folders)
    return _located(found) if found else _absent(tool, folders, _debian_cure(source))


def choose_from_path(group: GoGroup, available: Mapping[str, search.Candidate | None]) -> dict[str, search.Candidate]:
    """Which of a group's programs to take from PATH.

    Args:
        available: Each member's acceptable program, or None.
    """
    good = {name: candidate for name, candidate in available.items() if candidate is not None}
    return {} if group.whole and len(good) < len(available) else good


def _locate_built(tool: Tool, group: GoGroup, paths: Paths, folders: str) -> Located | Absent:
    related = members(group) if group.whole else (tool,)
    # Presence first: asking six programs for their versions is no use when the seventh is not there.
    if all(search.present(member, folders) for member in related):
        chosen = choose_from_path(group, {member.name: search.acceptable(member, folders) for member in related})
        if tool.name in chosen:
            return _located(chosen[tool.name])
    try:
        build_plan = _plan(group, paths, folders)
    except (BuildFailed, ToolMissing) as error:
        return Absent(f"not built, and cannot be: {error}", "see there")
    program = build_plan.folder(_tools(paths)) / "bin" / tool.name
    if program.exists():
        return Located(program, parse_version(build_plan.pinned), "built")
    return _absent(tool, folders, f"make tools (builds {group.name} {build_plan.pinned})", "not built yet")


def _locate_wheel(tool: Tool, source: FromWheel, paths: Paths, folders: str) -> Located | Absent:
    interpreter = None if source.interpreter is None else locate(_tool(source.interpreter), paths, folders)
    if isinstance(interpreter, Absent):
        return interpreter
    if interpreter is None or interpreter.origin == "path":
        found = search.acceptable(tool, folders)
        if found is not None:
            return _located(found)
    try:
        program = Path(str(importlib.metadata.distribution(source.distribution).locate_file(source.file)))
    except importlib.metadata.PackageNotFoundError:
        return _absent(tool, folders, f"make venv (installs {source.distribution}), or put {tool.name} on PATH")
    if interpreter is not None:
        program = _launcher(tool.name, interpreter.path, program, _tools(paths) / "launchers")
    if not program.is_file():
        return _absent(tool, folders, f"{source.distribution} is damaged: remove .venv, then make venv")
    candidate = search.Candidate(program, search.read_version(tool, program))
    if not search.fits(tool, candidate):
        return _absent(tool, folders, f"put {tool.name} {tool.accepted} on PATH: the one in the wheel does not run")
    return Located(candidate.path, candidate.version, "wheel")


def _launcher(name: str, interpreter: Path, script: Path, folder: Path) -> Path:
    """A shell script that runs the wheel's script with the wheel's interpreter, and has it on PATH for its children."""
    launcher = folder / name
    text = (
        "#!/bin/sh\n"
        f"PATH={shlex.quote(str(interpreter.parent))}:$PATH; export PATH\n"
        f'exec {shlex.quote(str(interpreter))} {shlex.quote(str(script))} "$@"\n'
    )
    if not launcher.is_file() or launcher.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{name}.{os.getpid()}"
        partial.write_text(text)
        partial.chmod(0o755)
        partial.rename(launcher)
    return launcher


def _plan(group: GoGroup, paths: Paths, folders: str | None = None) -> BuildPlan:
    go = locate(BY_NAME["go"], paths, folders)
    if isinstance(go, Absent):
        raise ToolMissing([("go", go.problem, go.cure)])
    return plan(group, go_toolchain(go.path))


def _located(candidate: search.Candidate) -> Located:
    return Located(candidate.path, candidate.version, "path")


def _absent(tool: Tool, folders: str, cure: str, otherwise: str = "not found") -> Absent:
    unsuitable = [
        f"{candidate.path} is {candidate.version or 'of unknown version'}"
        for candidate in search.candidates(tool, folders)
        if not search.fits(tool, candidate)
    ]
    return Absent(f"{'; '.join([*unsuitable, otherwise])}; needed: {tool.accepted}", cure)


def _debian_cure(source: FromDebian) -> str:
    return f"make packages as root, or apt-get install {source.package}"


def _refuse_missing(results: Iterable[tuple[Tool, Located | Absent]]) -> None:
    problems = [(tool.name, result.problem, result.cure) for tool, result in results if isinstance(result, Absent)]
    if problems:
        raise ToolMissing(problems)


def _tool(name: str) -> Tool:
    if name not in BY_NAME:
        raise UnknownTool(name, sorted(BY_NAME))
    return BY_NAME[name]


def _tools(paths: Paths) -> Path:
    return paths.cache / "tools"
