"""How a project's dependencies are installed by each toolchain."""

from __future__ import annotations

import sys
from pathlib import Path

from local.plugins.interpreter import RuntimeOptions
from local.plugins.provider import ProviderError


def commands(options: RuntimeOptions, project: Path) -> list[list[str]]:
    """The commands to run in the project's folder, in order; none when it declares no dependencies.

    Raises:
        ProviderError: pip has no environment to install into.
    """
    if options.toolchain == "uv":
        return [["uv", "sync", "--inexact"]] if (project / "pyproject.toml").is_file() else _uv_pip(options, project)
    if options.toolchain == "poetry":
        return [["poetry", "install", "--no-ansi"]]
    wanted = _wanted(project)
    if not wanted:
        return []
    if options.virtualenv is None:
        raise ProviderError(
            f"{project}: `virtualenv` is not set under runtime.options, so there is no environment to install into: "
            "set it, or install the requirements yourself"
        )
    environment = project / Path(options.virtualenv).expanduser()
    python = environment / "bin" / "python"
    make = [] if python.is_file() else [[sys.executable, "-m", "venv", str(environment)]]
    return [*make, [str(python), "-m", "pip", "install", *wanted]]


def _uv_pip(options: RuntimeOptions, project: Path) -> list[list[str]]:
    wanted = _wanted(project)
    if not wanted:
        return []
    environment = project / Path(options.virtualenv or ".venv").expanduser()
    make = [] if (environment / "bin" / "python").is_file() else [["uv", "venv", str(environment)]]
    return [*make, ["uv", "pip", "install", "--python", str(environment / "bin" / "python"), *wanted]]


def _wanted(project: Path) -> list[str]:
    if (project / "requirements.txt").is_file():
        return ["-r", "requirements.txt"]
    return ["-e", "."] if (project / "pyproject.toml").is_file() else []
