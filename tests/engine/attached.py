"""Plugins that serve one run of the engine after the other, for tests whose subject is not how plugins start and end.

An engine finds those that it is told of by PULUMI_DEBUG_LANGUAGES and PULUMI_DEBUG_PROVIDERS and starts none of its
own: most of what a run of a small program costs. They are the delivered plugins, started by their launchers with the
environment that an engine would hand on.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLUGINS = Path(__file__).parents[2] / "local" / "plugins" / "bin"
_START_SECONDS = 90
_NO_ENGINE = "127.0.0.1:9"


@dataclass
class Attached:
    """The Python language host and some providers.

    A provider has one configuration: programs with explicit providers of the same package need plugins of the engine's.
    What a program prints does not reach the engine, what it logs does.

    Attributes:
        project: Folder of the program, in which an engine starts them, and from which they read assets. What they print
            goes to files beside it.
        providers: Packages of the providers.
    """

    project: Path
    providers: tuple[str, ...] = ()
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What an engine has to be told in addition to this environment; starts what does not run yet."""
        language = self._port("language-python", environment)
        providers = [f"{name}:{self._port(f'resource-{name}', environment)}" for name in self.providers]
        return {"PULUMI_DEBUG_LANGUAGES": f"python:{language}", "PULUMI_DEBUG_PROVIDERS": ",".join(providers)}

    def end(self) -> None:
        """End them; the next run starts others."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait()
        self._running.clear()
        self._ports.clear()

    def _port(self, plugin: str, environment: Mapping[str, str]) -> int:
        if plugin not in self._running:
            printed = self.project.parent / f"{plugin}.out"
            # Each engine tells its address in its handshake; until then there is none.
            command = [PLUGINS / f"pulumi-{plugin}", _NO_ENGINE]
            with printed.open("wb") as output:
                self._running[plugin] = subprocess.Popen(
                    command, env=dict(environment), cwd=self.project, stdin=subprocess.DEVNULL, stdout=output
                )
            self._ports[plugin] = self._told(plugin, printed)
        return self._ports[plugin]

    def _told(self, plugin: str, printed: Path) -> int:
        """The port, which is the first line that a plugin prints."""
        deadline = time.monotonic() + _START_SECONDS
        while "\n" not in (text := printed.read_text()):
            assert self._running[plugin].poll() is None, f"{plugin} ended with {self._running[plugin].returncode}"
            assert time.monotonic() < deadline, f"{plugin} does not tell its port"
            time.sleep(0.02)
        return int(text.split("\n", 1)[0])
