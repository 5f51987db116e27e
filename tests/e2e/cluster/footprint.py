"""What a cluster could leave on the host, gathered so that before and after can be compared.

Only what could be the tests' own is looked at: others may use the machine at the same time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from local.cluster.anchor import KERNEL_SETTINGS
from local.cluster.layout import PRIVATE_FOLDERS
from local.network.plan import Plan

_MARKS = (*PRIVATE_FOLDERS, "/var/log/pods", "/var/lib/containerd", "/run/netns/cni-")
_HOST_SETTINGS = (*KERNEL_SETTINGS, "net/ipv4/ip_forward", "net/netfilter/nf_conntrack_max")


def footprint(state: Path, plan: Plan) -> dict[str, list[str]]:
    """Each kind of thing with what is there of it, sorted."""
    prefix = plan.nodes[0].prefix
    return {
        "mounts": _lines(Path("/proc/self/mountinfo").read_text(), (str(state), *_MARKS)),
        "links": _lines(_run("ip", "-br", "link"), (f"{prefix}-", plan.bridge, "veth", "cni")),
        "routes": _lines(_run("ip", "route"), (plan.network.split(".0.0/")[0] + ".",)),
        "namespaces": _lines(_run("ip", "netns", "list"), (f"{prefix}-", "cni-")),
        "cgroups": sorted(str(path) for path in Path("/sys/fs/cgroup").glob(f"*/groundwork/{prefix}-*")),
        "processes": _processes(str(state)),
        "files": sorted(str(path) for path in state.rglob("*")) + _private_files(),
        "settings": [f"{key} {_setting(key)}" for key in _HOST_SETTINGS],
        "firewall": _firewall(),
    }


def _private_files() -> list[str]:
    folders = [Path(folder) for folder in PRIVATE_FOLDERS]
    return sorted(str(path) for folder in folders if folder.exists() for path in (folder, *folder.rglob("*")))


def _processes(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark.encode() in (process / "cmdline").read_bytes():
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return sorted(found)


def _setting(key: str) -> str:
    path = Path("/proc/sys") / key
    return path.read_text().strip() if path.exists() else "absent"


def _firewall() -> list[str]:
    """The host's rules without their counters and comments."""
    if shutil.which("iptables-save") is None:
        return []
    return [line.split(" [")[0] for line in _run("iptables-save").splitlines() if not line.startswith("#")]


def _lines(text: str, marks: tuple[str, ...]) -> list[str]:
    return sorted(line.split("@")[0] for line in text.splitlines() if any(mark in line for mark in marks))


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
