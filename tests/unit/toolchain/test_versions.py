"""Versions are read from what programs really print, and held against ranges."""

import pytest

from local.toolchain.go_build import pinned_version
from local.toolchain.table import BY_NAME, GROUPS, KUBERNETES, TOOLS, GoGroup, members
from local.toolchain.versions import Version, VersionRange, parse_version

pytestmark = pytest.mark.unit

PRINTED = [
    ("go", "go version go1.26.6 linux/amd64", Version(1, 26, 6)),
    ("go", "go version go1.27rc1 linux/amd64", Version(1, 27, 0)),
    ("node", "v20.20.2", Version(20, 20, 2)),
    ("npm", "11.19.1", Version(11, 19, 1)),
    ("pulumi", "v3.259.0", Version(3, 259, 0)),
    ("etcd", "etcd Version: 3.7.3\nGit SHA: Not provided\nGo Version: go1.26.8", Version(3, 7, 3)),
    ("containerd", "containerd github.com/containerd/containerd/v2 2.2.1+unknown ", Version(2, 2, 1)),
    (
        "containerd",
        "containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7193e4e490e9fbdc236c0",
        Version(2, 1, 4),
    ),
    ("containerd", "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1", None),
    ("containerd-shim-runc-v2", "containerd-shim-runc-v2:\n  Version:  2.2.1+unknown\n  Go: go1.26", Version(2, 2, 1)),
    ("ctr", "ctr github.com/containerd/containerd/v2 2.2.1+unknown", Version(2, 2, 1)),
    ("coredns", "CoreDNS-1.15.0\nlinux/amd64, go1.26.8, \n", Version(1, 15, 0)),
    ("k6", "k6 v1.8.1 (go1.26.8, linux/amd64)", Version(1, 8, 1)),
    ("kubelet", "Kubernetes v1.36.3", Version(1, 36, 3)),
    ("kubectl", "Client Version: v1.36.3\nKustomize Version: v5.8.0", Version(1, 36, 3)),
    ("kubectl", "error: unknown flag", None),
    ("runc", "runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\ngo: go1.19.8", Version(1, 1, 5)),
    ("ptp", "CNI ptp plugin version unknown\nCNI protocol versions supported: 0.3.1, 0.4.0, 1.0.0", Version(1)),
    ("ptp", "another program of that name, 6.1.0", None),
    ("ip", "ip utility, iproute2-6.1.0, libbpf 1.1.2", Version(6, 1, 0)),
    ("iptables", "iptables v1.8.9 (nf_tables)", Version(1, 8, 9)),
    ("conntrack", "conntrack v1.4.7 (conntrack-tools)", Version(1, 4, 7)),
    ("nsenter", "nsenter from util-linux 2.38.1", Version(2, 38, 1)),
    ("redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", Version(7, 0, 15)),
    ("postgres", "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", Version(15, 20)),
    ("haproxy", "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", Version(2, 6, 12)),
    ("pgbouncer", "PgBouncer 1.18.0\nlibevent 2.1.12-stable\nadns: c-ares 1.18.1", Version(1, 18)),
    ("nginx", "nginx version: nginx/1.22.1", Version(1, 22, 1)),
    ("buildah", "buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)", Version(1, 28, 2)),
    ("mmdebstrap", "mmdebstrap 1.3.5", Version(1, 3, 5)),
]


@pytest.mark.parametrize(("name", "output", "version"), PRINTED)
def test_reads_what_each_program_prints(name: str, output: str, version: Version | None) -> None:
    assert parse_version(output, BY_NAME[name].version_pattern) == version


def test_numbers_are_compared_as_numbers() -> None:
    assert Version(1, 9) < Version(1, 26) < Version(2)


@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        (Version(1, 35, 9), False),
        (Version(1, 36, 0), True),
        (Version(1, 36, 99), True),
        (Version(1, 37, 0), False),
        (Version(2, 0, 0), False),
    ],
)
def test_range_includes_its_minimum_and_excludes_its_end(version: Version, accepted: bool) -> None:
    assert VersionRange(Version(1, 36), Version(1, 37)).accepts(version) is accepted


def test_range_without_an_end_accepts_everything_later() -> None:
    assert VersionRange(Version(20)).accepts(Version(99))


def test_every_kubernetes_component_is_held_to_the_one_minor_that_is_pinned() -> None:
    pinned = parse_version(pinned_version((KUBERNETES.folder / "go.mod").read_text(), KUBERNETES.module))
    assert pinned is not None
    expected = VersionRange(Version(pinned.major, pinned.minor), Version(pinned.major, pinned.minor + 1))
    assert {tool.accepted for tool in members(KUBERNETES)} == {expected}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_what_a_group_pins_is_what_its_tools_accept(group: GoGroup) -> None:
    pinned = parse_version(pinned_version((group.folder / "go.mod").read_text(), group.module))
    assert pinned is not None
    assert members(group)
    assert all(tool.accepted.accepts(pinned) for tool in members(group))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_go_mod_has_a_tool_line_for_each_program(group: GoGroup) -> None:
    """What `go build tool` produces is what the table expects."""
    text = (group.folder / "go.mod").read_text()
    lines = text[text.index("tool") :].split()
    named = dict(group.produced)
    produced = {_program(line) for line in lines if "/" in line and line.split("/")[0].count(".")}
    assert {tool.name for tool in members(group)} <= {named.get(name, name) for name in produced}


def test_tool_names_are_unique() -> None:
    assert len(BY_NAME) == len(TOOLS)


def _program(package: str) -> str:
    """Go names a program by its package's last element that is not a major version."""
    *_, before, last = package.split("/")
    return before if last[0] == "v" and last[1:].isdigit() else last
