"""A layout in a folder whose name has a space in it, as a home directory's may."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.cluster.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "a state" / "cluster"
    root.mkdir(parents=True)
    return Layout(root)


@pytest.fixture
def tools() -> dict[str, Path]:
    names = (
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubelet",
        "containerd",
        "containerd-shim-runc-v2",
    )
    return {name: Path("/tools") / name for name in names}
