"""What the control plane is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.cluster import control_plane
from local.cluster.layout import Layout
from local.processes import ProcessSpec

pytestmark = pytest.mark.unit


def _flags(spec: ProcessSpec) -> dict[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in spec.argv[1:])


def test_everything_runs_in_the_hub_and_logs_to_its_own_file(layout: Layout, tools: dict[str, Path]) -> None:
    makers = (
        control_plane.etcd,
        control_plane.api_server,
        control_plane.controller_manager,
        control_plane.scheduler,
        control_plane.hub_proxy,
    )
    specs = [make(layout, tools) for make in makers]
    assert {spec.namespace for spec in specs} == {"gw-hub"}
    assert len({spec.name for spec in specs}) == len({spec.log for spec in specs}) == len(specs)
    assert all(spec.log.is_relative_to(layout.root) for spec in specs)


def test_the_api_server_knows_no_strangers(layout: Layout, tools: dict[str, Path]) -> None:
    flags = _flags(control_plane.api_server(layout, tools))
    assert flags["anonymous-auth"] == "false"
    assert flags["authorization-mode"] == "Node,RBAC"
    assert "NodeRestriction" in flags["enable-admission-plugins"]
    # PodSecurity is among the plugins that are on unless switched off.
    assert "disable-admission-plugins" not in flags


def test_the_api_server_listens_on_the_hub_only(layout: Layout, tools: dict[str, Path]) -> None:
    flags = _flags(control_plane.api_server(layout, tools))
    assert (flags["bind-address"], flags["secure-port"]) == ("10.213.0.1", "6443")
    assert layout.server == "https://10.213.0.1:6443"
    assert flags["service-cluster-ip-range"] == "10.213.128.0/20"


def test_only_who_has_a_certificate_gets_at_etcd(layout: Layout, tools: dict[str, Path]) -> None:
    flags = _flags(control_plane.etcd(layout, tools))
    assert flags["client-cert-auth"] == flags["peer-client-cert-auth"] == "true"
    assert all(value.startswith("https://127.0.0.1:") for key, value in flags.items() if key.endswith("-urls"))


def test_there_are_no_elections_where_there_is_one_of_each(layout: Layout, tools: dict[str, Path]) -> None:
    assert _flags(control_plane.controller_manager(layout, tools))["leader-elect"] == "false"
    assert control_plane.scheduler_config(layout)["leaderElection"] == {"leaderElect": False}


def test_kube_proxy_leaves_the_hosts_connection_table_alone(layout: Layout) -> None:
    config = control_plane.proxy_config(layout, Path("/kubeconfig"), "node-a", "10.213.0.11")
    # Zero means: as it is.
    assert config["conntrack"] == {
        "maxPerCore": 0,
        "min": 0,
        "tcpEstablishedTimeout": "0s",
        "tcpCloseWaitTimeout": "0s",
    }


def test_kube_proxy_counts_the_whole_platform_as_local(layout: Layout) -> None:
    config = control_plane.proxy_config(layout, Path("/kubeconfig"), "node-a", "10.213.0.11")
    assert (config["mode"], config["clusterCIDR"]) == ("iptables", "10.213.0.0/16")
