"""A cluster of the user's own instead of ours: verified, used, never started or stopped."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from local.cluster.errors import ClusterError
from local.cluster.files import write
from local.cluster.layout import Layout
from local.network.this_machine import NotThisMachine, require_this_machine


def adopt(layout: Layout, kubeconfig: Path, kubectl: Path) -> None:
    """Use the current context of the user's kubeconfig; a copy of it takes the place of our administrator's.

    Raises:
        ClusterError: the file cannot be read, its cluster is not on this machine or does not answer, or a cluster of
            ours runs already.
    """
    if layout.processes.all():
        raise ClusterError("a local cluster runs already: remove it with `groundwork local down`, then try again")
    text = _kubectl(kubectl, kubeconfig, "config", "view", "--minify", "--flatten", "--raw")
    server = server_of(yaml.safe_load(text), kubeconfig)
    try:
        require_this_machine(server)
    except NotThisMachine:
        raise ClusterError(
            f"{kubeconfig}: its current context uses {server}, which is not on this machine: "
            "name the kubeconfig of a cluster on this machine (kind, k3d), or none to have one made"
        ) from None
    _kubectl(kubectl, kubeconfig, "get", "--raw", "/readyz", "--request-timeout=10s")
    layout.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    write(layout.external_mark, f"{kubeconfig}\n")
    write(layout.kubeconfig, text, mode=0o600)


def forget(layout: Layout) -> None:
    """No longer use the user's cluster; nothing happens if it isn't used."""
    if layout.external_mark.exists():
        layout.kubeconfig.unlink(missing_ok=True)
        layout.external_mark.unlink()


def server_of(config: Any, kubeconfig: Path) -> str:
    """The API server's URL in a kubeconfig of one context.

    Raises:
        ClusterError: it names none.
    """
    try:
        return str(config["clusters"][0]["cluster"]["server"])
    except (KeyError, IndexError, TypeError):
        raise ClusterError(f"{kubeconfig}: its current context names no cluster with a server") from None


def _kubectl(kubectl: Path, kubeconfig: Path, *arguments: str) -> str:
    argv = [str(kubectl), "--kubeconfig", str(kubeconfig), *arguments]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ClusterError(f"{kubeconfig}: `kubectl {' '.join(arguments)}` says: {answer.stderr.strip()}")
    return answer.stdout
