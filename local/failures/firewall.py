"""Brings the rules and queues of the platform's namespaces to what failures ask for."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from local.failures.effects import Effects
from local.failures.rules import HOOKS, TABLE, document, queues, rules
from local.network.namespaces import NAMESPACES
from local.network.plan import Plan
from local.processes import Processes, ProcessSpec

_DELAYING = "delaying"
_SECONDS = 10.0


class FirewallError(RuntimeError):
    """Rules could not be put in place; the message has what iptables said."""


def apply(effects: Effects, plan: Plan, processes: Processes, logs: Path) -> None:
    """Have packets pass, wait or vanish as asked for; nothing is left where nothing is asked for.

    Namespaces that are not there are passed over.

    Args:
        processes: Keeper of the process that delays packets.

    Raises:
        FirewallError: a rule was not accepted.
    """
    _delay(queues(effects), plan, processes, logs)
    for namespace, lines in rules(effects, plan).items():
        if (NAMESPACES / namespace).exists():
            _put(namespace, lines)


def _put(namespace: str, lines: list[str]) -> None:
    if not lines:
        _remove(namespace)
        return
    _run(namespace, ["iptables-restore", "--noflush", "--wait", "10"], document(lines))
    for chain, hook in HOOKS.items():
        if not _succeeds(namespace, "-C", hook, "-j", chain):
            _run(namespace, _iptables("-I", hook, "1", "-j", chain))


def _remove(namespace: str) -> None:
    for chain, hook in HOOKS.items():
        while _succeeds(namespace, "-D", hook, "-j", chain):
            pass
        if _succeeds(namespace, "-F", chain):
            _run(namespace, _iptables("-X", chain))


def _delay(wanted: dict[int, int], plan: Plan, processes: Processes, logs: Path) -> None:
    running = processes.running(_DELAYING)
    purpose = " ".join(f"{queue}={milliseconds}" for queue, milliseconds in wanted.items())
    if running is not None and running.purpose != purpose:
        processes.stop(_DELAYING)
    if not wanted:
        processes.stop(_DELAYING)
        return
    argv = [sys.executable, "-m", "local.failures.delaying", *purpose.split()]
    log = logs / f"{_DELAYING}.log"
    spec = ProcessSpec(_DELAYING, argv, log, cwd=Path("/"), namespace=plan.hub, purpose=purpose)
    running = processes.start(spec)
    deadline = time.monotonic() + _SECONDS
    while not set(wanted) <= _bound(running.pid):
        if processes.running(_DELAYING) is None or time.monotonic() > deadline:
            raise FirewallError(f"packets cannot be delayed: see {log}")
        time.sleep(0.02)


def _bound(pid: int) -> set[int]:
    """Numbers of the queues that somebody reads in the process's network namespace."""
    try:
        lines = Path(f"/proc/{pid}/net/netfilter/nfnetlink_queue").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, OSError):
        return set()
    return {int(line.split()[0]) for line in lines}


def _iptables(*arguments: str) -> list[str]:
    return ["iptables", "--wait", "10", "-t", TABLE, *arguments]


def _inside(namespace: str, argv: list[str]) -> list[str]:
    return ["nsenter", f"--net={NAMESPACES / namespace}", *argv]


def _succeeds(namespace: str, *arguments: str) -> bool:
    argv = _inside(namespace, _iptables(*arguments))
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _run(namespace: str, argv: list[str], text: str | None = None) -> None:
    whole = _inside(namespace, argv)
    answer = subprocess.run(whole, capture_output=True, text=True, check=False, input=text)
    if answer.returncode != 0:
        raise FirewallError(f"`{' '.join(whole)}` failed: {answer.stderr.strip()}")
