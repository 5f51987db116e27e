"""The cluster's own objects, and how objects are judged and addressed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from local.cluster import addons, external
from local.cluster.api import is_available, is_ready, object_path
from local.cluster.errors import ClusterError
from local.cluster.files import remove_tree, write
from local.cluster.layout import Layout
from local.cluster.status import status
from local.network.plan import PLAN
from local.paths import Paths
from local.toolchain.table import COREDNS

pytestmark = pytest.mark.unit


def _find(kind: str) -> dict[str, Any]:
    (found,) = [item for item in addons.objects(PLAN, "sha256:1") if item["kind"] == kind]
    return found


def test_dns_answers_where_pods_ask() -> None:
    service = _find("Service")
    assert service["spec"]["clusterIP"] == PLAN.cluster_dns
    container = _find("Deployment")["spec"]["template"]["spec"]["containers"][0]
    inside = {(port["containerPort"], port["protocol"]) for port in container["ports"]}
    assert {(port["targetPort"], port["protocol"]) for port in service["spec"]["ports"]} == inside


def test_dns_asks_nobody_outside() -> None:
    assert "forward" not in addons.COREFILE


def test_dns_is_built_with_the_plugins_that_its_configuration_names_and_no_others() -> None:
    named = set(re.findall(r"^    (\w+)", addons.COREFILE, re.MULTILINE))
    source = (COREDNS.folder / "main.go").read_text()
    assert set(re.findall(r'coredns/plugin/(\w+)"', source)) == named
    (directives,) = re.findall(r"Directives = \[\]string\{(.*)\}", source)
    assert set(re.findall(r'"(\w+)"', directives)) == named


def test_dns_keeps_to_our_own_rules() -> None:
    """SR-REPLICAS, SR-PDB, SR-PROBES and SR-VOLUME hold for what the platform itself runs."""
    pod = _find("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert _find("Deployment")["spec"]["replicas"] >= 2
    assert _find("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert container["livenessProbe"]["httpGet"] != container["readinessProbe"]["httpGet"]
    assert all("configMap" in volume for volume in pod["volumes"])
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_a_new_image_of_dns_rolls_its_pods() -> None:
    one, two = (addons.objects(PLAN, image)[-1]["spec"]["template"] for image in ("sha256:1", "sha256:2"))
    assert one != two


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "n"}},
            "/api/v1/namespaces/n/services/x",
        ),
        (
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "n"}},
            "/apis/apps/v1/namespaces/n/deployments/x",
        ),
        (
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}},
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
        ),
    ],
)
def test_the_path_of_an_object(item: dict[str, Any], path: str) -> None:
    assert object_path(item) == path


@pytest.mark.parametrize(("value", "ready"), [("True", True), ("False", False), ("Unknown", False)])
def test_a_node_is_ready_when_it_says_so(value: str, ready: bool) -> None:
    assert is_ready({"status": {"conditions": [{"type": "Ready", "status": value}]}}) is ready


def test_a_node_that_has_said_nothing_yet_is_not_ready() -> None:
    assert not is_ready({})


@pytest.mark.parametrize(
    ("change", "available"),
    [
        ({}, True),
        ({"observedGeneration": 1}, False),
        ({"updatedReplicas": 1}, False),
        ({"availableReplicas": 1}, False),
    ],
)
def test_a_deployment_is_available_in_its_newest_form_only(change: dict[str, int], available: bool) -> None:
    state = {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2, **change}
    assert is_available({"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": state}) is available


def test_a_kubeconfig_without_a_server_is_refused_by_its_name() -> None:
    with pytest.raises(ClusterError, match=r"^/some/file: "):
        external.server_of({"clusters": None}, Path("/some/file"))


def test_there_is_no_status_of_no_cluster(tmp_path: Path) -> None:
    assert status(Paths(tmp_path / "cache", tmp_path / "state")) is None
    assert list(tmp_path.iterdir()) == []


def test_a_tool_of_no_cluster_is_asked_for(layout: Layout) -> None:
    with pytest.raises(ClusterError, match="groundwork local up"):
        layout.tool("ctr")


def test_an_unchanged_file_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write(file, "same", mode=0o600)
    before = file.stat()
    write(file, "same", mode=0o600)
    assert file.stat().st_ino == before.st_ino
    write(file, "other", mode=0o600)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("other", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_removed_with_all_in_it_and_once_is_enough(tmp_path: Path) -> None:
    (tmp_path / "-a folder" / "deep").mkdir(parents=True)
    remove_tree(tmp_path / "-a folder")
    remove_tree(tmp_path / "-a folder")
    assert list(tmp_path.iterdir()) == []
