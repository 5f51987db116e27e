"""Pulumi's plugins: which are the official ones on this machine, and which are our stand-ins.

The engine takes a plugin from PATH before its own plugin folder, and the stand-ins share one folder. So it is all or
none: the stand-ins go on PATH only where an official plugin is lacking, and then every one of them is used.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local.toolchain.versions import Version, parse_version

STAND_INS = Path(__file__).parents[1] / "plugins" / "bin"
"""The stand-ins' launchers."""

Kind = Literal["language", "resource"]


@dataclass(frozen=True)
class Plugin:
    """A plugin that the platform's stacks need.

    Attributes:
        kind: `language` or `resource`, as in the executable's name.
        sdk: Python distribution whose version the plugin has to match in its major number.
    """

    kind: Kind
    name: str
    sdk: str
    purpose: str

    @property
    def executable(self) -> str:
        """What the engine starts."""
        return f"pulumi-{self.kind}-{self.name}"


PLUGINS = (
    Plugin("language", "python", "pulumi", "runs the stack's Python program"),
    Plugin("resource", "aws", "pulumi-aws", "manages AWS resources"),
    Plugin("resource", "kubernetes", "pulumi-kubernetes", "manages Kubernetes objects"),
    Plugin("resource", "random", "pulumi-random", "makes passwords and names"),
)


@dataclass(frozen=True)
class FoundPlugin:
    """A plugin's executable.

    Attributes:
        official: False for our stand-in.
        version: None where nothing tells it (a plugin beside the engine has the engine's).
    """

    path: Path
    official: bool
    version: Version | None


def official_plugins(
    engine: Path | None, environment: Mapping[str, str] | None = None, stand_ins: Path = STAND_INS
) -> dict[Plugin, FoundPlugin | None]:
    """Each plugin's official executable, looked for where the engine looks.

    That is PATH, beside the engine, Pulumi's `bin`, and for providers Pulumi's plugin folder.

    Args:
        engine: The `pulumi` that is used, if any.
        environment: Default this process's.
        stand_ins: Is left out of the search.
    """
    env = os.environ if environment is None else environment
    return {plugin: _official(plugin, engine, env, stand_ins) for plugin in PLUGINS}


def selected_plugins(
    engine: Path | None, environment: Mapping[str, str] | None = None, stand_ins: Path = STAND_INS
) -> dict[Plugin, FoundPlugin | None]:
    """The plugins that a stack on the local platform runs with: all official, or else all stand-ins."""
    official = official_plugins(engine, environment, stand_ins)
    if None not in official.values():
        return official
    return {plugin: _stand_in(plugin, stand_ins) for plugin in PLUGINS}


def sdk_version(plugin: Plugin) -> Version | None:
    """The version of the plugin's Python SDK; None when it is not installed."""
    try:
        return parse_version(importlib.metadata.version(plugin.sdk))
    except importlib.metadata.PackageNotFoundError:
        return None


def pulumi_home(environment: Mapping[str, str]) -> Path:
    """Pulumi's own folder: `PULUMI_HOME`, else `~/.pulumi`."""
    if environment.get("PULUMI_HOME"):
        return Path(environment["PULUMI_HOME"])
    return Path(environment.get("HOME") or Path.home()) / ".pulumi"


def _official(plugin: Plugin, engine: Path | None, env: Mapping[str, str], stand_ins: Path) -> FoundPlugin | None:
    home = pulumi_home(env)
    folders = [Path(folder) for folder in env.get("PATH", "").split(os.pathsep) if folder]
    folders += [*([engine.parent] if engine else []), home / "bin"]
    for folder in folders:
        if _runs(folder / plugin.executable) and folder.resolve() != stand_ins.resolve():
            return FoundPlugin(folder / plugin.executable, True, None)
    return _installed(plugin, home / "plugins")


def _stand_in(plugin: Plugin, stand_ins: Path) -> FoundPlugin | None:
    executable = stand_ins / plugin.executable
    return FoundPlugin(executable, False, sdk_version(plugin)) if _runs(executable) else None


def _installed(plugin: Plugin, folder: Path) -> FoundPlugin | None:
    """The newest installed plugin whose major version is the SDK's: the engine would refuse another."""
    wanted = sdk_version(plugin)
    name = re.compile(rf"{plugin.kind}-{re.escape(plugin.name)}-v(\d+\.\d+\.\d+\S*)")
    found = []
    for path in folder.glob(f"{plugin.kind}-{plugin.name}-v*"):
        matched = name.fullmatch(path.name)
        version = parse_version(matched[1]) if matched else None
        executable = path / plugin.executable
        if version is not None and _runs(executable) and (wanted is None or version.major == wanted.major):
            found.append((version, executable))
    if not found:
        return None
    version, executable = max(found)
    return FoundPlugin(executable, True, version)


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
