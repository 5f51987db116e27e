"""What a node's programs are configured with."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from local.cluster import anchor, node_config
from local.cluster.layout import PRIVATE_FOLDERS, Layout
from local.network.plan import PLAN

pytestmark = pytest.mark.unit

SHIM = Path("/tools/containerd-shim-runc-v2")


def test_containerds_configuration_is_toml_with_our_folders(layout: Layout) -> None:
    node = layout.nodes[0]
    config = tomllib.loads(node_config.containerd(node, SHIM))
    assert config["root"] == str(node.containerd_root)
    runtime = config["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["containerd"]["runtimes"]["runc"]["runtime_path"] == str(SHIM)
    assert runtime["cni"]["conf_dir"] == str(node.cni_config)


def test_containerd_runs_where_out_of_memory_scores_cannot_be_lowered(layout: Layout) -> None:
    config = tomllib.loads(node_config.containerd(layout.nodes[0], SHIM))
    assert config["plugins"]["io.containerd.cri.v1.runtime"]["restrict_oom_score_adj"] is True


def test_three_containerds_do_not_meet(layout: Layout) -> None:
    """The interface for resource plugins has one fixed socket, which the second containerd would fail on."""
    config = tomllib.loads(node_config.containerd(layout.nodes[0], SHIM))
    assert "io.containerd.nri.v1.nri" in config["disabled_plugins"]
    assert config["grpc"]["address"].startswith("/run/containerd/")
    assert "/run/containerd" in PRIVATE_FOLDERS


def test_a_nodes_pods_get_addresses_of_its_subnet_and_keep_them(layout: Layout) -> None:
    for node, subnet in zip(layout.nodes, ("10.213.1.0/24", "10.213.2.0/24", "10.213.3.0/24"), strict=True):
        (plugin,) = node_config.pod_network(node)["plugins"]
        assert plugin["ipam"]["ranges"] == [[{"subnet": subnet}]]
        assert plugin["ipMasq"] is False
        assert plugin["ipam"]["dataDir"].startswith(str(node.root))


def test_kubelets_are_told_apart_by_group_address_and_zone(layout: Layout) -> None:
    configs = [node_config.kubelet(layout, node) for node in layout.nodes]
    assert [config["cgroupRoot"] for config in configs] == [f"/groundwork/gw-node-{x}" for x in "abc"]
    assert [config["address"] for config in configs] == [node.address for node in PLAN.nodes]
    zones = [flag for node in layout.nodes for flag in node_config.kubelet_flags(layout, node) if "labels" in flag]
    for zone, labels in zip(("eu-west-1a", "eu-west-1b", "eu-west-1c"), zones, strict=True):
        assert f"topology.kubernetes.io/zone={zone}," in labels


def test_the_kubelet_knows_no_strangers(layout: Layout) -> None:
    config = node_config.kubelet(layout, layout.nodes[0])
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authorization"] == {"mode": "Webhook"}
    assert config["readOnlyPort"] == 0


def test_images_that_cannot_be_fetched_again_are_never_collected(layout: Layout) -> None:
    assert node_config.kubelet(layout, layout.nodes[0])["imageGCHighThresholdPercent"] == 100


def test_a_lost_node_is_noticed_after_several_missed_leases(layout: Layout) -> None:
    """A kubelet renews its lease after a quarter of its time; one late renewal must not lose the node."""
    config = node_config.kubelet(layout, layout.nodes[0])
    assert config["nodeLeaseDurationSeconds"] / 4 * 3 < node_config.NODE_MONITOR_GRACE_SECONDS


def test_the_anchors_script_survives_a_space_in_a_folders_name(layout: Layout) -> None:
    node = layout.nodes[0]
    lines = anchor.script(node).splitlines()
    assert f"mount --bind '{node.private('/run/containerd')}' /run/containerd" in lines
    assert lines[0] == "set -eu"
    assert lines[-1] == "exec sleep infinity"


def test_the_anchor_says_that_it_is_ready_after_its_last_mount(layout: Layout) -> None:
    lines = anchor.script(layout.nodes[0]).splitlines()
    mounts = [i for i, line in enumerate(lines) if line.startswith("mount")]
    assert max(mounts) < lines.index(f"touch '{layout.nodes[0].ready_mark}'")
    assert len(mounts) == len(PRIVATE_FOLDERS) + len(anchor.KERNEL_SETTINGS) + 1


def test_private_folders_do_not_share_a_folder(layout: Layout) -> None:
    node = layout.nodes[0]
    assert len({node.private(folder) for folder in PRIVATE_FOLDERS}) == len(PRIVATE_FOLDERS)
