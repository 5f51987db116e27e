"""A node's own view of the file system, kept alive by one small process, the anchor.

containerd, the CNI library and kubelet use some folders whatever they are told, and kubelet sets six kernel settings
of the host. In the node's mount namespace those folders are the node's own and those settings look as the kubelet
wants them, so it leaves them alone. All the node's mounts live in there too and end with its last process: on the
host there is nothing to unmount.
"""

from __future__ import annotations

import shlex
import time
from pathlib import Path

from local.cluster.errors import ClusterError
from local.cluster.layout import PRIVATE_FOLDERS, Layout, NodeLayout
from local.processes import Processes, ProcessSpec, Running

ANCHOR = "anchor"
READY_SECONDS = 10.0

# What kubelet would set; it writes only where it reads something else.
KERNEL_SETTINGS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}


def script(node: NodeLayout) -> str:
    """The shell script that arranges the mounts, says that it has, and then waits for ever."""
    lines = ["set -eu"]
    for folder in PRIVATE_FOLDERS:
        lines.append(f"mount --bind {shlex.quote(str(node.private(folder)))} {folder}")
    for key in KERNEL_SETTINGS:
        lines.append(f"mount --bind {shlex.quote(str(_setting_file(node, key)))} /proc/sys/{key}")
    # As on a machine of its own: volumes that kubelet mounts appear in the containers that ask to see them.
    lines.append("mount --make-rshared /")
    lines.append(f"touch {shlex.quote(str(node.ready_mark))}")
    lines.append("exec sleep infinity")
    return "\n".join(lines)


def start(layout: Layout, node: NodeLayout) -> Running:
    """Start the node's anchor unless it lives, and return when its mounts are in place.

    Raises:
        ClusterError: the mounts cannot be made.
    """
    name = node.process(ANCHOR)
    already = layout.processes.running(name)
    if already is not None and node.ready_mark.exists():
        return already
    layout.processes.stop(name)
    node.ready_mark.unlink(missing_ok=True)
    for folder in PRIVATE_FOLDERS:
        node.private(folder).mkdir(parents=True, exist_ok=True)
    for key, value in KERNEL_SETTINGS.items():
        file = _setting_file(node, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script(node)]
    log = node.log(ANCHOR, layout.logs)
    running = layout.processes.start(ProcessSpec(name, argv, log, namespace=node.node.namespace))
    _wait(layout.processes, name, node.ready_mark, log)
    return running


def inside(anchor: Running, argv: list[str]) -> list[str]:
    """The command as it is run with the anchor's view of the file system."""
    return ["nsenter", f"--mount=/proc/{anchor.pid}/ns/mnt", *argv]


def _setting_file(node: NodeLayout, key: str) -> Path:
    return node.root / "kernel-settings" / key.replace("/", "-")


def _wait(processes: Processes, name: str, mark: Path, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not mark.exists():
        if processes.running(name) is None or time.monotonic() > deadline:
            raise ClusterError(f"the mounts of {name.removesuffix('-' + ANCHOR)} cannot be made: see {log}")
        time.sleep(0.02)
