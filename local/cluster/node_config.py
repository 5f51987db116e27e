"""A node's configuration files: pure functions from the layout to their content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.cluster.control_plane import NODE_MONITOR_GRACE_SECONDS
from local.cluster.images import PAUSE_REFERENCE
from local.cluster.layout import Layout, NodeLayout

CNI_BINARIES = ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")


def containerd(layout: NodeLayout, shim: Path, *, systemd_cgroup: bool = False) -> str:
    """containerd's configuration. Paths below /run/containerd are this node's own (see `anchor`)."""
    binaries = ", ".join(f"'{folder}'" for folder in CNI_BINARIES)
    # The out-of-memory score of a pod's sandbox is below this process's; a machine that withholds
    # CAP_SYS_RESOURCE refuses to lower it and then starts no pod at all, hence restrict_oom_score_adj.
    return f"""\
version = 3
root = '{layout.containerd_root}'
state = '/run/containerd'
imports = []
disabled_plugins = [
  'io.containerd.nri.v1.nri',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.native',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
]

[grpc]
  address = '/run/containerd/containerd.sock'

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  stats_collect_period = 30
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '{PAUSE_REFERENCE}'
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '{layout.root}/registries'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  enable_cdi = false
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
    runtime_path = '{shim}'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      Root = '/run/containerd/runc'
      SystemdCgroup = {str(systemd_cgroup).lower()}
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = [{binaries}]
    conf_dir = '{layout.cni_config}'
    use_internal_loopback = true

[plugins.'io.containerd.metadata.v1.bolt']
  no_sync = true
"""


def pod_network(layout: NodeLayout) -> dict[str, Any]:
    """The CNI configuration: each pod on a link of its own, routed, with an address of the node's subnet.

    Point-to-point links and not a bridge: on a bridge, answers between two pods of one node would pass by the
    Service rules unless the kernel has bridge netfilter switched on.
    """
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": layout.node.pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": str(layout.cni_addresses),
                },
            }
        ],
    }


def kubelet(layout: Layout, node: NodeLayout) -> dict[str, Any]:
    """The kubelet's configuration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.node.address,
        "port": 10250,
        "readOnlyPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.pki / f"{node.node.name}.crt"),
        "tlsPrivateKeyFile": str(layout.pki / f"{node.node.name}.key"),
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "podLogsDir": str(node.pod_logs),
        "containerLogMaxSize": "20Mi",
        "containerLogMaxFiles": 2,
        "volumePluginDir": str(node.root / "volume-plugins"),
        "resolvConf": str(node.resolv_conf),
        "clusterDNS": [layout.plan.cluster_dns],
        "clusterDomain": "cluster.local",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "maxPods": 110,
        # The disk and the memory are a developer's, and shared: pods are not evicted for what others fill.
        "evictionHard": {
            "memory.available": "200Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
            "imagefs.inodesFree": "1%",
        },
        # Images come from archives and cannot be fetched again: never collect them.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "imageMinimumGCAge": "87600h",
        "nodeLeaseDurationSeconds": NODE_MONITOR_GRACE_SECONDS,
        "nodeStatusUpdateFrequency": "10s",
        "nodeStatusReportFrequency": "5m",
        "volumeStatsAggPeriod": "2m",
        "cpuManagerReconcilePeriod": "1m",
        "runtimeRequestTimeout": "2m",
        "serializeImagePulls": True,
        "enableProfilingHandler": False,
        "logging": {"verbosity": 1},
    }


def kubelet_flags(layout: Layout, node: NodeLayout) -> list[str]:
    """What the kubelet takes on its command line only."""
    zone = f"{layout.plan.region}{node.node.letter}"
    labels = {
        "topology.kubernetes.io/region": layout.plan.region,
        "topology.kubernetes.io/zone": zone,
        "node.kubernetes.io/instance-type": "local",
    }
    return [
        f"--config={node.kubelet_config}",
        f"--kubeconfig={node.kubeconfig}",
        f"--hostname-override={node.node.name}",
        f"--node-ip={node.node.address}",
        f"--node-labels={','.join(f'{key}={value}' for key, value in labels.items())}",
        "--root-dir=/var/lib/kubelet",
        "--cert-dir=/var/lib/kubelet/pki",
        # Each time it counts the open files of every process of the machine: half of what an idle kubelet does.
        # Evictions ask for numbers of their own.
        "--housekeeping-interval=5m",
        "--global-housekeeping-interval=5m",
    ]
