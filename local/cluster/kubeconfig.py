"""Kubeconfigs: how a component, or the user, reaches the API server."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from local.cluster.files import write
from local.cluster.layout import Layout

CONTEXT = "groundwork-local"


def render(server: str, authority: bytes, certificate: bytes, key: bytes) -> dict[str, Any]:
    """A kubeconfig with one context and everything it needs inside it (PEM in, no file names out)."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {"server": server, "certificate-authority-data": _base64(authority)},
            }
        ],
        "users": [
            {
                "name": CONTEXT,
                "user": {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)},
            }
        ],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }


def write_for(layout: Layout, identity: str, target: Path) -> None:
    """Write the kubeconfig of one of the certificates' owners, readable by this user only."""
    pki = layout.pki
    content = render(
        layout.server,
        (pki / "ca.crt").read_bytes(),
        (pki / f"{identity}.crt").read_bytes(),
        (pki / f"{identity}.key").read_bytes(),
    )
    write(target, yaml.safe_dump(content, sort_keys=False), mode=0o600)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
