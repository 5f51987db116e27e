"""What every driver needs to run its servers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.aws.authority import Authority
from local.aws.layout import Layout
from local.network.namespaces import add_address, remove_address
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes, ProcessSpec

TIMER_SLACK = 0.01
"""Seconds by which servers' timers may run late (`ProcessSpec.timer_slack`): one wakeup then serves several, and what
they measure their peers' silence by is a hundred times as long."""


class NotReady(Exception):
    """A server did not come to its desired state; the message says what was seen. It is tried again."""


@dataclass(frozen=True)
class Context:
    """Surroundings of the data plane.

    Attributes:
        control_password: With which the platform itself logs in to the servers that it runs.
        edge_secret: With which the edge identifies itself to S3.
        paths: Where built tools are.
    """

    layout: Layout
    paths: Paths
    processes: Processes
    authority: Authority
    control_password: str = field(repr=False)
    edge_secret: str = field(repr=False)
    plan: Plan

    def folder(self, name: str) -> Path:
        """The server's folder."""
        return self.layout.servers / name

    def socket_folder(self, name: str) -> Path:
        """Where the server's socket is: under a short name, since a socket's path has 107 bytes at most."""
        return self.layout.servers / f"socket-{hashlib.sha256(name.encode()).hexdigest()[:12]}"

    def log(self, name: str) -> Path:
        """The server's log."""
        return self.layout.logs / f"{name}.log"

    def add_address(self, address: str) -> None:
        """Have the hub answer on this address."""
        add_address(address, self.plan)

    def remove_address(self, address: str) -> None:
        """Take the address away."""
        remove_address(address, self.plan)

    def run(
        self,
        name: str,
        argv: list[str],
        user: str | None,
        cwd: Path | None = None,
        *,
        owner: str | None = None,
        purpose: str = "",
        environment: Mapping[str, str] | None = None,
        timer_slack: float = TIMER_SLACK,
    ) -> None:
        """Start the server's process unless it runs. It inherits the endpoint's network namespace.

        Args:
            owner: The server that it is a part of, whose folder and log it uses; default the one of its own name.
            purpose: What of it changes takes a new start; `purpose_of` tells it later, also to the next endpoint.
            environment: Variables beside the endpoint's own.
            timer_slack: Seconds that its timers may run late.
        """
        server = owner or name
        # The server's own folder is its home: it must not look for settings in this process's.
        env = {"HOME": str(self.folder(server)), **(environment or {})}
        self.processes.start(
            ProcessSpec(
                name, argv, self.log(server), env=env, cwd=cwd, user=user, purpose=purpose, timer_slack=timer_slack
            )
        )

    def purpose_of(self, name: str) -> str | None:
        """What the running process was started for; None if it does not run."""
        running = self.processes.running(name)
        return None if running is None else running.purpose

    def is_running(self, name: str) -> bool:
        """Whether the server's process is alive."""
        return self.processes.running(name) is not None


def wait_until(question: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask every 50 ms until the answer is yes.

    Raises:
        NotReady: it was not within `seconds`; `what` says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise NotReady(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
