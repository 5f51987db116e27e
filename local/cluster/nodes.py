"""Start and end one node: its anchor, containerd, kubelet and kube-proxy."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from local.cluster import anchor, cgroups, control_plane, kubeconfig, node_config, strays
from local.cluster.api import wait_until
from local.cluster.errors import ClusterError
from local.cluster.files import remove_tree, run_bound, write
from local.cluster.images import ArchiveContent
from local.cluster.layout import Layout, NodeLayout
from local.processes import ProcessSpec

CONTAINERD, KUBELET, KUBE_PROXY = "containerd", "kubelet", "kube-proxy"
COMPONENTS = (CONTAINERD, KUBELET, KUBE_PROXY)
IDENTITY_LABEL = "groundwork.local/identity"
_START_SECONDS = 30.0
# Pods inherit it: small enough that no service's own timers are seen to be late.
_POD_TIMER_SLACK = 0.002


def start_runtime(layout: Layout, node: NodeLayout, tools: Mapping[str, Path]) -> None:
    """Start the anchor and containerd, and return when containerd answers.

    A node whose anchor is gone is cleared first: its mounts are gone too, and what still ran on them is broken.

    Raises:
        ClusterError: containerd does not answer.
    """
    if layout.processes.running(node.process(anchor.ANCHOR)) is None:
        clear(layout, node)
    node.root.mkdir(parents=True, exist_ok=True)
    cgroups.create(node.cgroup)
    _write_runtime_files(node, tools)
    holder = anchor.start(layout, node)
    log = node.log(CONTAINERD, layout.logs)
    argv = [str(tools["containerd"]), "--config", str(node.containerd_config), "--log-level", "warn"]
    spec = ProcessSpec(
        node.process(CONTAINERD),
        anchor.inside(holder, argv),
        log,
        namespace=node.node.namespace,
        timer_slack=_POD_TIMER_SLACK,
    )
    layout.processes.start(spec)
    wait_until(
        lambda: _ctr(node, tools["ctr"], "version") is not None,
        _START_SECONDS,
        lambda: f"containerd of {node.node.name} does not answer: see {log}",
    )


def start_kubelet(layout: Layout, node: NodeLayout, tools: Mapping[str, Path]) -> None:
    """Start kubelet and kube-proxy; they find the API server by themselves."""
    holder = layout.processes.running(node.process(anchor.ANCHOR))
    if holder is None:
        raise ClusterError(f"{node.node.name} was ended while it was being started: run `groundwork local up` again")
    _write_kubelet_files(layout, node)
    kubelet = [str(tools["kubelet"]), *node_config.kubelet_flags(layout, node)]
    layout.processes.start(
        ProcessSpec(
            node.process(KUBELET),
            anchor.inside(holder, kubelet),
            node.log(KUBELET, layout.logs),
            namespace=node.node.namespace,
            timer_slack=control_plane.TIMER_SLACK,
        )
    )
    proxy = [str(tools["kube-proxy"]), f"--config={node.kube_proxy_config}", "--v=1"]
    layout.processes.start(
        ProcessSpec(
            node.process(KUBE_PROXY),
            proxy,
            node.log(KUBE_PROXY, layout.logs),
            namespace=node.node.namespace,
            timer_slack=control_plane.TIMER_SLACK,
        )
    )


def clear(layout: Layout, node: NodeLayout) -> None:
    """End every process of the node, its pods' too, and remove its control group and folder.

    Raises:
        ClusterError: a process cannot be ended.
    """
    # Whoever starts others first, so that nothing new appears behind our back.
    for component in (KUBELET, KUBE_PROXY, CONTAINERD, anchor.ANCHOR):
        layout.processes.stop(node.process(component), timeout=1.0)
    # Pods before their shims: a shim collects what ended at once, the host's first process takes its time.
    cgroups.kill(node.cgroup)
    strays.kill(node)
    cgroups.kill(node.cgroup)
    cgroups.remove(node.cgroup)
    remove_tree(node.root)


def load_archive(node: NodeLayout, ctr: Path, tar: Path, content: ArchiveContent) -> bool:
    """Import the image into the node's containerd unless it has it.

    Returns:
        Whether it was imported.

    Raises:
        ClusterError: the import failed.
    """
    if content.references and all(_has(node, ctr, name, content.identity) for name in content.references):
        return False
    # `--local`: half the time of containerd's own transfer service.
    answer = _run_ctr(node, ctr, "images", "import", "--local", str(tar))
    if answer.returncode != 0:
        raise ClusterError(f"{node.node.name} does not accept the image {tar}: {answer.stderr.strip()}")
    for name in content.references:
        _run_ctr(node, ctr, "images", "label", name, f"{IDENTITY_LABEL}={content.identity}")
    return True


def _has(node: NodeLayout, ctr: Path, reference: str, identity: str) -> bool:
    found = _ctr(node, ctr, "images", "list", "--quiet", f'name=={reference},labels."{IDENTITY_LABEL}"=={identity}')
    return bool(found and found.strip())


def _ctr(node: NodeLayout, ctr: Path, *arguments: str) -> str | None:
    answer = _run_ctr(node, ctr, *arguments)
    return answer.stdout if answer.returncode == 0 else None


def _run_ctr(node: NodeLayout, ctr: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [str(ctr), "--address", str(node.socket), "--namespace", "k8s.io", *arguments]
    return run_bound(argv)


def _write_runtime_files(node: NodeLayout, tools: Mapping[str, Path]) -> None:
    write(node.cni_config / "10-pods.conflist", json.dumps(node_config.pod_network(node), indent=1))
    write(node.containerd_config, node_config.containerd(node, tools["containerd-shim-runc-v2"]))
    # Pods that use their node's resolver find none: there is no way out, and the host's own is not reachable.
    write(node.resolv_conf, "search .\n")


def _write_kubelet_files(layout: Layout, node: NodeLayout) -> None:
    write(node.kubelet_config, yaml.safe_dump(node_config.kubelet(layout, node), sort_keys=False))
    kubeconfig.write_for(layout, node.node.name, node.kubeconfig)
    proxy = control_plane.proxy_config(
        layout, layout.control_plane / "kube-proxy.kubeconfig", node.node.name, node.node.address
    )
    write(node.kube_proxy_config, yaml.safe_dump(proxy, sort_keys=False))
