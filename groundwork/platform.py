"""The local platform as a whole: brought up in the right order, and removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import local.aws
import local.cluster
import local.images
import local.toolchain
from groundwork.project import STACKS
from local.failures.control import Control
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


def up(paths: Paths, progress: Progress) -> None:
    """Bring up network, AWS endpoint and cluster, and load the workload's image; what runs already is left alone."""
    tools = local.toolchain.ensure(TOOLS, paths, progress)
    image = local.images.ensure_workload_image(paths, progress)
    progress("network namespaces")
    namespaces.up(PLAN)
    progress("AWS endpoint")
    with ThreadPoolExecutor(max_workers=1) as beside:
        endpoint = beside.submit(local.aws.start, paths)
        local.cluster.up(paths, tools, progress, archives=[image])
        endpoint.result()
    _trust_authority(paths.aws / "ca" / "ca.pem")


def down(paths: Paths, progress: Progress) -> None:
    """Remove every process, mount, interface, rule and file that `up` made, and only those."""
    progress("failures")
    Control(paths).heal()
    progress("cluster")
    local.cluster.down(paths)
    progress("AWS endpoint")
    local.aws.stop(paths)
    progress("network namespaces")
    namespaces.down(PLAN)
    LOCAL_CA.unlink(missing_ok=True)
    if paths.state.exists():
        shutil.rmtree(paths.state)


def _trust_authority(certificate: Path) -> None:
    LOCAL_CA.parent.mkdir(exist_ok=True)
    LOCAL_CA.write_bytes(certificate.read_bytes())
