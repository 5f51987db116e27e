"""The control plane's components: pure functions from the layout to what to run.

Settings are those of a small cluster on a shared developer machine: no leader election (there is one of each), little
logging, no profiling, and etcd that does not wait for the disk, because nothing here must survive a power cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.cluster.layout import Layout
from local.processes import ProcessSpec

ETCD = "etcd"
API_SERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
HUB_PROXY = "hub-kube-proxy"
ISSUER = "https://kubernetes.default.svc.cluster.local"

# A lost node is noticed after this long; a kubelet renews its lease four times in between.
NODE_MONITOR_GRACE_SECONDS = 20

TIMER_SLACK = 0.05
"""Seconds by which timers of the control plane, kubelets and proxies may run late (`ProcessSpec.timer_slack`).

An idle cluster's processor time is almost all wakeups: loops that look ten times a second, and Go's own monitor, which
sleeps for microseconds after each. Nothing of it promises anybody an answer within less than this.
"""


def etcd(layout: Layout, tools: Mapping[str, Path]) -> ProcessSpec:
    """The store; only the API server has a certificate for it."""
    pki = layout.pki
    flags = {
        "name": "hub",
        "data-dir": layout.etcd,
        "listen-client-urls": "https://127.0.0.1:2379",
        "advertise-client-urls": "https://127.0.0.1:2379",
        "listen-peer-urls": "https://127.0.0.1:2380",
        "initial-advertise-peer-urls": "https://127.0.0.1:2380",
        "initial-cluster": "hub=https://127.0.0.1:2380",
        "client-cert-auth": "true",
        "trusted-ca-file": pki / "etcd-ca.crt",
        "cert-file": pki / "etcd.crt",
        "key-file": pki / "etcd.key",
        "peer-client-cert-auth": "true",
        "peer-trusted-ca-file": pki / "etcd-ca.crt",
        "peer-cert-file": pki / "etcd.crt",
        "peer-key-file": pki / "etcd.key",
        "unsafe-no-fsync": "true",
        "auto-compaction-mode": "periodic",
        "auto-compaction-retention": "30m",
        # Nobody else is to hear that the leader lives: as few beats as a timeout of a second allows.
        "heartbeat-interval": "200",
        "election-timeout": "1000",
        "log-level": "warn",
    }
    return _spec(layout, ETCD, tools["etcd"], flags)


def api_server(layout: Layout, tools: Mapping[str, Path]) -> ProcessSpec:
    """The API server, on the hub's address."""
    pki = layout.pki
    flags = {
        "bind-address": layout.plan.hub_address,
        "advertise-address": layout.plan.hub_address,
        "secure-port": 6443,
        "tls-cert-file": pki / "apiserver.crt",
        "tls-private-key-file": pki / "apiserver.key",
        "client-ca-file": pki / "ca.crt",
        "anonymous-auth": "false",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        # Who may run privileged pods is a matter of PodSecurity levels, namespace by namespace.
        "allow-privileged": "true",
        "etcd-servers": "https://127.0.0.1:2379",
        "etcd-cafile": pki / "etcd-ca.crt",
        "etcd-certfile": pki / "etcd-client.crt",
        "etcd-keyfile": pki / "etcd-client.key",
        "kubelet-certificate-authority": pki / "ca.crt",
        "kubelet-client-certificate": pki / "kubelet-client.crt",
        "kubelet-client-key": pki / "kubelet-client.key",
        # Nodes' names do not resolve: nothing here depends on the host's resolver.
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": ISSUER,
        "service-account-key-file": pki / "service-accounts.pub",
        "service-account-signing-key-file": pki / "service-accounts.key",
        "service-cluster-ip-range": layout.plan.services,
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": pki / "front-proxy-client.crt",
        "proxy-client-key-file": pki / "front-proxy-client.key",
        # The hub reaches pods straight: no need to go by a Service's rules to an aggregated API.
        "enable-aggregator-routing": "true",
        "profiling": "false",
        "v": 1,
    }
    return _spec(layout, API_SERVER, tools["kube-apiserver"], flags)


def controller_manager(layout: Layout, tools: Mapping[str, Path]) -> ProcessSpec:
    """The built-in controllers, each with a service account of its own."""
    pki = layout.pki
    kubeconfig = layout.control_plane / "controller-manager.kubeconfig"
    flags = {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "leader-elect": "false",
        "use-service-account-credentials": "true",
        "root-ca-file": pki / "ca.crt",
        "service-account-private-key-file": pki / "service-accounts.key",
        "cluster-signing-cert-file": pki / "ca.crt",
        "cluster-signing-key-file": pki / "ca.key",
        "client-ca-file": pki / "ca.crt",
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        # Pod subnets are fixed in the plan, one a node.
        "allocate-node-cidrs": "false",
        "node-monitor-grace-period": f"{NODE_MONITOR_GRACE_SECONDS}s",
        "profiling": "false",
        "v": 1,
    }
    return _spec(layout, CONTROLLER_MANAGER, tools["kube-controller-manager"], flags)


def scheduler(layout: Layout, tools: Mapping[str, Path]) -> ProcessSpec:
    """The scheduler with its default plugins."""
    kubeconfig = layout.control_plane / "scheduler.kubeconfig"
    flags = {
        "config": layout.control_plane / "scheduler.yaml",
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "v": 1,
    }
    return _spec(layout, SCHEDULER, tools["kube-scheduler"], flags)


def scheduler_config(layout: Layout) -> dict[str, Any]:
    """The scheduler's configuration file."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(layout.control_plane / "scheduler.kubeconfig")},
        "leaderElection": {"leaderElect": False},
        "enableProfiling": False,
    }


def hub_proxy(layout: Layout, tools: Mapping[str, Path]) -> ProcessSpec:
    """Makes Services answer in the hub, and by it on the host."""
    return _spec(layout, HUB_PROXY, tools["kube-proxy"], {"config": layout.control_plane / "kube-proxy.yaml", "v": 1})


def proxy_config(layout: Layout, kubeconfig: Path, node_name: str, address: str) -> dict[str, Any]:
    """kube-proxy's configuration, in the hub or on a node.

    Every address of the platform counts as local, so that no call to a Service is masqueraded: a pod sees who calls.
    """
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "hostnameOverride": node_name,
        "mode": "iptables",
        "bindAddress": address,
        "clusterCIDR": layout.plan.network,
        "detectLocalMode": "ClusterCIDR",
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "iptables": {"localhostNodePorts": False, "minSyncPeriod": "1s", "syncPeriod": "60s"},
        # The kernel's table of connections is the host's too: leave its size and timeouts alone.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "oomScoreAdj": 0,
    }


def _spec(layout: Layout, name: str, binary: Path, flags: Mapping[str, object]) -> ProcessSpec:
    argv = [str(binary), *(f"--{flag}={value}" for flag, value in flags.items())]
    return ProcessSpec(
        name=name, argv=argv, log=layout.logs / f"{name}.log", namespace=layout.plan.hub, timer_slack=TIMER_SLACK
    )
