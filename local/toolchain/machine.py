"""What the machine itself has to offer the local platform."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_GIB = 1 << 30

NEEDED_MEMORY = 6 * _GIB
"""Bytes that the platform and AIPONGE's services take, at most."""

NEEDED_DISK = 12 * _GIB
"""Bytes for built tools, Go's caches and images, when nothing has been built yet."""


@dataclass(frozen=True)
class Machine:
    """Measured values.

    Attributes:
        system: The kernel's name, such as `Linux`.
        root: Whether this process may do what takes root.
        memory: Bytes available now; None where the kernel does not tell.
        disk: Bytes free where the cache is or will be.
        cores: Processors that this process may use.
    """

    system: str
    root: bool
    memory: int | None
    disk: int
    cores: int


@dataclass(frozen=True)
class Condition:
    """One thing that the platform asks of the machine.

    Attributes:
        required: False where the platform runs without, only not as well.
        cure: Empty when met.
    """

    name: str
    value: str
    met: bool
    required: bool
    cure: str = ""


def measure(cache: Path) -> Machine:
    """Look at this machine."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    return Machine(
        system=os.uname().sysname,
        root=os.geteuid() == 0,
        memory=_available_memory(Path("/proc/meminfo")),
        disk=shutil.disk_usage(existing).free,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1),
    )


def conditions(machine: Machine, built: bool) -> list[Condition]:
    """Hold the machine against what the platform needs.

    Args:
        built: Whether all tools are there already, so that no disk space is needed for building.
    """
    linux = machine.system == "Linux"
    memory = machine.memory
    enough_memory = memory is not None and memory >= NEEDED_MEMORY
    enough_disk = built or machine.disk >= NEEDED_DISK
    return [
        _condition("kernel", machine.system, linux, True, "run the local platform on Linux (namespaces, cgroups)"),
        _condition("root", "yes" if machine.root else "no", machine.root, True, "run as root (sudo) for `local up`"),
        _condition(
            "memory available",
            "unknown" if memory is None else f"{memory / _GIB:.1f} GiB",
            enough_memory,
            False,
            f"free some: the local platform takes up to {NEEDED_MEMORY // _GIB} GiB",
        ),
        _condition(
            "disk free",
            f"{machine.disk / _GIB:.1f} GiB",
            enough_disk,
            False,
            f"free some: building all tools takes up to {NEEDED_DISK // _GIB} GiB, or set GROUNDWORK_CACHE and GOCACHE",
        ),
        _condition("cores", str(machine.cores), machine.cores >= 2, False, "two or more cores"),
    ]


def _condition(name: str, value: str, met: bool, required: bool, cure: str) -> Condition:
    return Condition(name, value, met, required, "" if met else cure)


def _available_memory(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    kibibytes = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return kibibytes[0] * 1024 if kibibytes else None
