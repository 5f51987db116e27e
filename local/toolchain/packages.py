"""Debian packages that the local platform needs, and how they are installed without starting a service."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.toolchain.errors import ToolchainError
from local.toolchain.search import acceptable
from local.toolchain.table import TOOLS, FromDebian

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian's maintainer scripts ask this program whether they may start a service."""

_LOCK = Path("/run/lock/groundwork-packages.lock")
_OURS = "# Written by groundwork while it installs packages: no service may start.\n"
_NO_STARTS = f"#!/bin/sh\n{_OURS}exit 101\n"


@dataclass(frozen=True)
class Package:
    """A Debian package.

    Attributes:
        reason: Why the platform needs it.
        units: Its system services. The platform starts servers of its own, so these stay off.
    """

    name: str
    reason: str
    units: tuple[str, ...] = ()


PACKAGES = (
    Package("runc", "containerd starts containers with it"),
    Package("containernetworking-plugins", "connects pods to their node's network"),
    Package("iptables", "kube-proxy writes the rules of Services with it"),
    Package("iproute2", "network namespaces, bridges and addresses"),
    Package("conntrack", "kube-proxy clears the connections of pods that went away"),
    Package("util-linux", "nsenter, unshare and setpriv start each process where it belongs"),
    Package("mount", "containers' and images' file systems"),
    Package("redis-server", "real Redis servers behind ElastiCache endpoints", ("redis-server.service",)),
    Package("redis-tools", "redis-cli"),
    Package("postgresql-15", "real PostgreSQL servers behind RDS endpoints", ("postgresql.service",)),
    Package("haproxy", "endpoints of Redis and PostgreSQL that stay while servers fail over", ("haproxy.service",)),
    Package("nginx-light", "the cache behind CloudFront endpoints", ("nginx.service",)),
    Package("libnginx-mod-http-lua", "cache keys, lifetimes and WAF rules at the local edge"),
    Package("libnginx-mod-http-brotli-filter", "Brotli at the local edge"),
    Package("lua-cjson", "the edge reads what is declared as JSON"),
    Package("buildah", "builds the workload's image without a Docker engine"),
    Package("mmdebstrap", "makes the workload's base image where there is no image registry"),
    Package("ca-certificates", "certificates of the package registries"),
    Package("openssl", "certificates for the conformance workload's own tests"),
)


class PackagesError(ToolchainError):
    """Packages could not be installed."""


def missing(
    installed: Iterable[str], provided: Iterable[str] = (), packages: Sequence[Package] = PACKAGES
) -> list[Package]:
    """The packages of the table that are neither installed nor provided otherwise.

    Args:
        provided: Packages all of whose tools this machine has from elsewhere, in versions that will do.
    """
    there = {*installed, *provided}
    return [package for package in packages if package.name not in there]


def provided_otherwise(search_path: str) -> set[str]:
    """The packages all of whose tools are on the search path in versions that will do."""
    tools = [tool for tool in TOOLS if isinstance(tool.source, FromDebian)]
    there = {(tool.source, acceptable(tool, search_path) is not None) for tool in tools}
    lacking = {source for source, found in there if not found}
    return {source.package for source, _ in there if isinstance(source, FromDebian) and source not in lacking}


def is_debian() -> bool:
    """Whether packages can be had with apt-get here."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-query") is not None


def installed_packages(names: Iterable[str]) -> set[str]:
    """Those of the names that dpkg knows as installed."""
    # dpkg-query exits with 1 when it has never heard of one of them: that is an answer, not a fault.
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *names],
        capture_output=True,
        text=True,
    )
    rows = [line.split() for line in answer.stdout.splitlines()]
    return {row[0] for row in rows if row[1:] == ["installed"]}


def missing_here() -> list[Package]:
    """The packages of the table that this Debian machine lacks."""
    installed = installed_packages(package.name for package in PACKAGES)
    return missing(installed, provided_otherwise(os.environ.get("PATH", os.defpath)))


def install(packages: Sequence[Package]) -> None:
    """Install packages with apt-get; none of their services starts, now or at the next boot.

    Raises:
        PackagesError: not root, not Debian, or apt-get failed.
    """
    names = " ".join(package.name for package in packages)
    if not is_debian():
        raise PackagesError(f"this is not a Debian machine; install with its own package manager: {names}")
    if os.geteuid() != 0:
        raise PackagesError(f"installing packages takes root: sudo apt-get install --no-install-recommends {names}")
    with _alone(_LOCK), no_service_starts(POLICY):
        _apt("update")
        _apt("install", "--no-install-recommends", *(package.name for package in packages))
        _disable([unit for package in packages for unit in package.units])


@contextlib.contextmanager
def no_service_starts(policy: Path) -> Iterator[None]:
    """While this holds, Debian's maintainer scripts start no service.

    A policy that the user has is set aside and put back. Should this process be killed in between, the next call
    finds the user's policy where it was set aside, and puts it back in the end.
    """
    aside = policy.with_name(f"{policy.name}.kept-by-groundwork")
    if policy.exists() and not _is_ours(policy):
        policy.rename(aside)
    partial = policy.with_name(f"{policy.name}.partial")
    partial.write_text(_NO_STARTS)
    partial.chmod(0o755)
    partial.rename(policy)
    try:
        yield
    finally:
        if aside.exists():
            aside.rename(policy)
        else:
            policy.unlink(missing_ok=True)


def apt_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for apt-get: asks nothing, and for maintainer scripts that know no policy a run level with no
    services."""
    return {**environment, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1", "LC_ALL": "C.UTF-8"}


def _is_ours(policy: Path) -> bool:
    return _OURS in policy.read_text(errors="replace")


def _apt(*arguments: str) -> None:
    command = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0", *arguments]
    done = subprocess.run(
        command, env=apt_environment(os.environ), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise PackagesError(f"{' '.join(command)} failed:\n{tail}\nCure: check /etc/apt/sources.list and the network")


def _disable(units: Sequence[str]) -> None:
    """Where systemd runs, keep freshly installed services from starting at the next boot."""
    if units and Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "disable", "--quiet", *units], check=True, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
