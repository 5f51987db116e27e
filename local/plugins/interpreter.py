"""Which Python interpreter a project runs with, from its runtime options."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.plugins.provider import ProviderError

TOOLCHAINS = ("pip", "uv", "poetry")
_OPTIONS = ("virtualenv", "toolchain", "typechecker")


@dataclass(frozen=True)
class RuntimeOptions:
    """`runtime.options` of a Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml.

    Attributes:
        toolchain: Who manages the environment: pip (default), uv or poetry.
        virtualenv: Its folder, relative to the project's; for uv the default is `.venv`. None: the interpreter
            that PATH has.
    """

    toolchain: str = "pip"
    virtualenv: str | None = None

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> RuntimeOptions:
        """Read the options.

        Raises:
            ProviderError: an option is unknown or its value is.
        """
        unknown = [key for key in options if key not in _OPTIONS]
        if unknown:
            raise ProviderError(f"runtime.options.{unknown[0]}: unknown; known are {', '.join(_OPTIONS[:2])}")
        if options.get("typechecker"):
            raise ProviderError(
                "runtime.options.typechecker: the stand-in language host runs no type checker; run it by itself "
                "and leave the option out"
            )
        toolchain = options.get("toolchain") or "pip"
        if toolchain not in TOOLCHAINS:
            raise ProviderError(f"runtime.options.toolchain: {toolchain!r} is not one of {', '.join(TOOLCHAINS)}")
        virtualenv = options.get("virtualenv") or (".venv" if toolchain == "uv" else None)
        return cls(toolchain=toolchain, virtualenv=virtualenv)


def environment_folder(options: RuntimeOptions, project: Path) -> Path | None:
    """The folder of the virtual environment; None when the project names none."""
    if options.virtualenv is not None:
        return project / Path(options.virtualenv).expanduser()
    if options.toolchain == "poetry":
        answer = subprocess.run(
            ["poetry", "env", "info", "--path"], cwd=project, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0 or not answer.stdout.strip():
            raise ProviderError(f"{project}: poetry knows no environment: run `poetry install` there")
        return Path(answer.stdout.strip())
    return None


def find(options: RuntimeOptions, project: Path, environment: Mapping[str, str] | None = None) -> Path:
    """The interpreter.

    Raises:
        ProviderError: there is none; the message names the folder and the cure.
    """
    env = os.environ if environment is None else environment
    folder = environment_folder(options, project)
    if folder is not None:
        python = folder / "bin" / "python"
        if not python.is_file():
            raise ProviderError(
                f"{project}: the virtual environment {folder} of runtime.options has no bin/python: "
                "make it with `pulumi install`, or correct `virtualenv`"
            )
        return python
    named = env.get("PULUMI_PYTHON_CMD")
    for name in (named,) if named else ("python3", "python"):
        found = shutil.which(name, path=env.get("PATH"))
        if found:
            return Path(found)
    raise ProviderError("no Python interpreter on PATH: install one, or set `virtualenv` in Pulumi.yaml")


def child_environment(python: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a program: its interpreter's folder comes first on PATH."""
    env = dict(os.environ if environment is None else environment)
    if (python.parent.parent / "pyvenv.cfg").is_file():
        env["VIRTUAL_ENV"] = str(python.parent.parent)
        env["PATH"] = f"{python.parent}{os.pathsep}{env.get('PATH', '')}"
        env.pop("PYTHONHOME", None)
    return env


_DESCRIBE = """
import json, platform, sys, sysconfig
print(json.dumps({
    "version": platform.python_version(),
    "folders": sorted({sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]}),
}))
"""

_LIST = """
import importlib.metadata as metadata, json, re
found, needed = {}, set()
for each in metadata.distributions():
    found[each.metadata["Name"]] = each.version
    for need in each.requires or []:
        if "extra ==" not in need:
            needed.add(re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0].lower().replace("_", "-"))
print(json.dumps({"distributions": found, "needed": sorted(needed)}))
"""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter's version and package folders."""

    version: str
    folders: tuple[Path, ...]


@dataclass(frozen=True)
class Installed:
    """What is installed for an interpreter: distributions with versions, and the names that others depend on."""

    distributions: Mapping[str, str]
    needed: frozenset[str]


def describe(python: Path) -> Interpreter:
    """Ask the interpreter what it is.

    Raises:
        ProviderError: it does not run.
    """
    described = _ask(python, _DESCRIBE)
    return Interpreter(described["version"], tuple(Path(folder) for folder in described["folders"]))


def installed(python: Path) -> Installed:
    """Ask the interpreter what is installed for it: much slower than what it is, every package is read.

    Raises:
        ProviderError: it does not run.
    """
    described = _ask(python, _LIST)
    return Installed(described["distributions"], frozenset(described["needed"]))


def _ask(python: Path, script: str) -> Any:
    answer = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ProviderError(f"{python} does not run: {answer.stderr.strip()}")
    return json.loads(answer.stdout)


@dataclass(frozen=True)
class WantedPlugin:
    """A provider plugin that an installed SDK asks for; `server` is where to get it, when it is not the usual one."""

    name: str
    version: str
    server: str


def plugins_of(folders: tuple[Path, ...]) -> list[WantedPlugin]:
    """The provider plugins that the SDKs installed in these folders ask for."""
    wanted = []
    for folder in folders:
        for file in sorted(folder.glob("*/pulumi-plugin.json")):
            plugin = json.loads(file.read_text())
            if plugin.get("resource"):
                wanted.append(
                    WantedPlugin(plugin["name"], plugin.get("version", "").removeprefix("v"), plugin.get("server", ""))
                )
    return wanted
