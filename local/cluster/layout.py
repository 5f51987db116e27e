"""Where the local cluster keeps each of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.cluster.errors import ClusterError
from local.cluster.files import write
from local.network.plan import PLAN, Node, Plan
from local.paths import Paths
from local.processes import Processes

# Folders that containerd, the CNI library and kubelet use whatever they are told, and so must be each node's own.
PRIVATE_FOLDERS = ("/run/containerd", "/var/lib/kubelet", "/var/lib/cni", "/var/log/containers")


@dataclass(frozen=True)
class NodeLayout:
    """One node's folder.

    Attributes:
        root: Holds everything of the node; may be removed when none of the node's processes lives.
    """

    root: Path
    node: Node

    @property
    def cgroup(self) -> str:
        """The node's control group, relative to the root of every hierarchy."""
        return f"groundwork/{self.node.namespace}"

    @property
    def containerd_config(self) -> Path:
        return self.root / "containerd.toml"

    @property
    def containerd_root(self) -> Path:
        return self.root / "containerd"

    @property
    def cni_config(self) -> Path:
        """Folder with the one network configuration."""
        return self.root / "cni"

    @property
    def cni_addresses(self) -> Path:
        """host-local's record of which pod has which address."""
        return self.root / "addresses"

    @property
    def kubelet_config(self) -> Path:
        return self.root / "kubelet.yaml"

    @property
    def resolv_conf(self) -> Path:
        return self.root / "resolv.conf"

    @property
    def pod_logs(self) -> Path:
        return self.root / "pods"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubelet.kubeconfig"

    @property
    def kube_proxy_config(self) -> Path:
        return self.root / "kube-proxy.yaml"

    @property
    def ready_mark(self) -> Path:
        """Made by the node's anchor once the node's private folders are mounted."""
        return self.root / "mounted"

    @property
    def socket(self) -> Path:
        """containerd's socket as the host sees it (the node itself sees it below /run/containerd)."""
        return self.private("/run/containerd") / "containerd.sock"

    def private(self, folder: str) -> Path:
        """What stands behind one of `PRIVATE_FOLDERS` in this node."""
        return self.root / "private" / folder.strip("/").replace("/", "-")

    def process(self, component: str) -> str:
        """Name of the node's process that runs the component."""
        return f"{self.node.name}-{component}"

    def log(self, component: str, logs: Path) -> Path:
        """Log of one of the node's processes."""
        return logs / f"{self.process(component)}.log"


@dataclass(frozen=True)
class Layout:
    """The cluster's folder, `<state>/cluster`."""

    root: Path
    plan: Plan = PLAN

    @classmethod
    def of(cls, paths: Paths, plan: Plan = PLAN) -> Layout:
        """The layout in the state folder."""
        return cls(paths.cluster, plan)

    @property
    def nodes(self) -> tuple[NodeLayout, ...]:
        return tuple(NodeLayout(self.root / node.name, node) for node in self.plan.nodes)

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def etcd(self) -> Path:
        return self.root / "etcd"

    @property
    def control_plane(self) -> Path:
        """Configuration and kubeconfigs of the control plane's components."""
        return self.root / "control-plane"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def images(self) -> Path:
        """Image archives made for the cluster itself."""
        return self.root / "images"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.root / "kubeconfig"

    @property
    def external_mark(self) -> Path:
        """Present when `kubeconfig` is a copy of the user's own, whose cluster is not ours to start or stop."""
        return self.root / "external"

    @property
    def created_folders(self) -> Path:
        """List of the mount points that had to be made on the host, to be removed again."""
        return self.root / "created-folders.json"

    @property
    def tools_record(self) -> Path:
        return self.root / "tools.json"

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{self.plan.hub_address}:6443"

    @property
    def processes(self) -> Processes:
        """Keeper of the cluster's processes."""
        return Processes(self.root / "processes")

    def save_tools(self, tools: Mapping[str, Path]) -> None:
        """Remember which binaries this cluster was started with."""
        write(self.tools_record, json.dumps({name: str(path) for name, path in sorted(tools.items())}, indent=1))

    def saved_tools(self) -> dict[str, Path]:
        """The binaries that this cluster was started with; empty if none was started here."""
        if not self.tools_record.exists():
            return {}
        return {name: Path(path) for name, path in json.loads(self.tools_record.read_text()).items()}

    def tool(self, name: str) -> Path:
        """A binary that this cluster was started with.

        Raises:
            ClusterError: no cluster was started here.
        """
        tools = self.saved_tools()
        if name not in tools:
            raise ClusterError("there is no local cluster here: start it with `groundwork local up`")
        return tools[name]
