"""Processor time of the local platform's processes, by component: read from /proc, as root."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from local.network.namespaces import NAMESPACES
from local.network.plan import PLAN, Plan

_TICK = os.sysconf("SC_CLK_TCK")
_OF_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
# In this order: what a command line holds that tells the component.
_TOLD_BY = {
    "local.aws serve": "AWS endpoint",
    "local.aws watch": "AWS endpoint's watcher",
    "-m patroni": "Patroni",
    "[sentinel]": "Sentinel",
    "redis-server": "Redis",
    "postgres": "PostgreSQL",
    "pgbouncer": "PgBouncer",
    "haproxy": "HAProxy",
    "nginx": "nginx",
    "etcd": "etcd",
    "coredns": "CoreDNS",
    "containerd-shim": "containerd's shims",
    "containerd": "containerd",
    "main.js": "workload",
}


@dataclass(frozen=True)
class Process:
    """One process at one moment.

    Attributes:
        started: In clock ticks since boot; with its number it names one process for good.
        network: Inode of its network namespace.
        seconds: Processor time that it took.
        ended: Processor time of its children that ended.
    """

    pid: int
    parent: int
    started: int
    command: str
    network: int
    seconds: float
    ended: float


def component(command: str) -> str:
    """What a command line is a part of; its program's own name if that is nothing known."""
    program = Path(command.split(" ", 1)[0]).name
    if program in _OF_KUBERNETES:
        return program
    return next((name for sign, name in _TOLD_BY.items() if sign in command), program.rstrip(":"))


def snapshot() -> dict[int, Process]:
    """Every process of the machine that may be looked at, by number."""
    found = (_read(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return {process.pid: process for process in found if process is not None}


def busy_seconds() -> float:
    """Processor time that the whole machine took since it began, the kernel's own included."""
    user, nice, system, _idle, _wait, *others = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8])
    return (user + nice + system + sum(others)) / _TICK


def networks(plan: Plan = PLAN) -> set[int]:
    """The platform's network namespaces, by inode."""
    names = (plan.hub, *(node.namespace for node in plan.nodes))
    return {(NAMESPACES / name).stat().st_ino for name in names}


def taken(before: Mapping[int, Process], after: Mapping[int, Process], owned: Set[int]) -> dict[str, float]:
    """Seconds of processor time between two snapshots, by component.

    Args:
        owned: Network namespaces: what is in one of them, or descends from what is, counts.
    """
    found: defaultdict[str, float] = defaultdict(float)
    for process in after.values():
        if not _descends(process, after, owned):
            continue
        earlier = before.get(process.pid)
        if earlier is None or earlier.started != process.started:
            found[component(process.command)] += process.seconds + process.ended
            continue
        # A child's time counts as its parent's when it ends: without what it had taken before.
        gone = sum(
            child.seconds + child.ended
            for child in before.values()
            if child.parent == process.pid and child.pid not in after
        )
        found[component(process.command)] += process.seconds - earlier.seconds
        found[component(process.command)] += max(0.0, process.ended - earlier.ended - gone)
    return dict(found)


def _descends(process: Process, everybody: Mapping[int, Process], owned: Set[int]) -> bool:
    at: Process | None = process
    while at is not None:
        if at.network in owned:
            return True
        at = everybody.get(at.parent)
    return False


def _read(folder: Path) -> Process | None:
    try:
        # The name in brackets may hold spaces. From the state on: PROC(5), /proc/pid/stat.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        network = (folder / "ns/net").stat().st_ino
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        # It ended just now, or belongs to whoever runs this machine.
        return None
    own, ended = (sum(map(int, fields[at : at + 2])) / _TICK for at in (11, 13))
    return Process(int(folder.name), int(fields[1]), int(fields[19]), command, network, own, ended)
