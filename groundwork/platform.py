"""The local platform as a whole: brought up in the right order, looked at, and removed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

import local.aws
import local.cluster
import local.images
import local.toolchain
from groundwork.project import STACKS
from local.network import namespaces
from local.network.plan import PLAN
from local.paths import Paths

Progress = Callable[[str], None]

TOOLS = (
    "pulumi",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "coredns",
)
# Where the stack file names it as a trusted certificate; not checked in, made anew with each platform.
LOCAL_CA = STACKS / "certificates" / "local-ca.pem"


@dataclass(frozen=True)
class Row:
    """One line of the status.

    Attributes:
        where: Address or zone.
        state: `ready`, or what is wrong.
        since: When it was started, seconds since the epoch; None when it does not run.
    """

    name: str
    kind: str
    where: str
    state: str
    since: float | None
    log: str


def up(paths: Paths, progress: Progress) -> None:
    """Bring up network, AWS endpoint and cluster, and load the workload's image; what runs already is left alone."""
    tools = local.toolchain.ensure(TOOLS, paths, progress)
    image = local.images.ensure_workload_image(paths, progress)
    progress("network namespaces")
    namespaces.up(PLAN)
    progress("AWS endpoint")
    local.aws.start(paths)
    _trust_authority(paths.aws / "ca" / "ca.pem")
    local.cluster.up(paths, tools, progress)
    progress("workload image")
    local.cluster.load_image(paths, image)


def down(paths: Paths, progress: Progress) -> None:
    """Remove every process, mount, interface, rule and file that `up` made, and only those."""
    progress("cluster")
    local.cluster.down(paths)
    progress("AWS endpoint")
    local.aws.stop(paths)
    progress("network namespaces")
    namespaces.down(PLAN)
    LOCAL_CA.unlink(missing_ok=True)
    if paths.state.exists():
        shutil.rmtree(paths.state)


def status(paths: Paths) -> list[Row]:
    """One row for each server and process of the platform; empty when there is none."""
    servers = [
        Row(item.name, item.kind, item.address, item.problem or item.state, item.since, item.log)
        for item in local.aws.status(paths)
    ]
    cluster = local.cluster.status(paths)
    if cluster is None:
        return servers
    nodes = [
        Row(node.name, "node", node.zone, "ready" if node.ready else "not ready", None, "") for node in cluster.nodes
    ]
    components = [
        Row(item.name, "cluster", "", "ready" if item.pid else "down", item.since, str(item.log))
        for item in cluster.components
    ]
    return [*servers, *nodes, *components]


def table(rows: Sequence[Row]) -> Table:
    """The rows for a person."""
    drawn = Table("name", "kind", "where", "state", "since", "log", title="local platform")
    for row in rows:
        since = time.strftime("%H:%M:%S", time.localtime(row.since)) if row.since else ""
        colour = "green" if row.state == "ready" else "red"
        drawn.add_row(row.name, row.kind, row.where, f"[{colour}]{row.state}[/]", since, row.log)
    return drawn


def _trust_authority(certificate: Path) -> None:
    LOCAL_CA.parent.mkdir(exist_ok=True)
    LOCAL_CA.write_bytes(certificate.read_bytes())
