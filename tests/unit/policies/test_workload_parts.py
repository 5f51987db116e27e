"""The parts of the rules on workloads, and our own workload that is no Deployment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from components.log_shipper_manifests import NAME, Exemption, daemon_set_manifest
from policies.judge import judge
from policies.manifests import resource_from_manifest
from policies.model import UNKNOWN, Resource, Status, Verdict
from policies.node import Node, Undetermined, distinct
from policies.quantities import scaled
from policies.rules.table_workloads import WORKLOADS
from policies.workloads import named_port

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "total", "number"),
    [("50%", 3, 1), ("99%", 100, 99), ("99%", 99, 98), ("100%", 3, 3), ("0%", 3, 0), (2, 3, 2), ("2", 3, 2)],
)
def test_percentages_of_a_rollout_round_down(value: Any, total: int, number: int) -> None:
    """SR-REPLICAS: as a Deployment rounds `maxUnavailable`."""
    assert scaled(value, total, up=False) == number


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "²", "²%", "1" * 10, "1" * 5000, "1" * 10 + "%"])
def test_no_number_is_too_strange_to_be_refused(value: Any) -> None:
    """SR-REPLICAS, SR-PDB."""
    assert scaled(value, 3) is None


@pytest.mark.parametrize(("value", "number"), [(None, 7), (0, 0), (3, 3), (3.0, 3), (10**30, 10**30)])
def test_whole_numbers(value: Any, number: int) -> None:
    assert Node({"n": value})["n"].whole(7, "number") == number


@pytest.mark.parametrize("value", ["3", True, -1, 1.5, float("inf"), [], UNKNOWN])
def test_what_is_no_whole_number(value: Any) -> None:
    with pytest.raises(Undetermined):
        Node({"n": value})["n"].whole(7, "number")


def test_a_verdict_is_given_once() -> None:
    resource = Resource("t", "n", "u", {})
    verdicts = [Verdict(resource, path, None, problem, "") for path, problem in ("ab", "ab", "ac", "db", "ab")]
    assert [(one.path, one.problem) for one in distinct(verdicts)] == [("a", "b"), ("a", "c"), ("d", "b")]


@pytest.mark.parametrize(
    ("port", "number"),
    [(8080, 8080), ("8080", 8080), ("http", 80), ("9090", 9999), ("none", None), ("655350", None), (True, None)],
)
def test_ports_by_number_and_by_name(port: Any, number: int | None) -> None:
    """SR-PROBES, SR-SHUTDOWN: a name comes before a number in quotes."""
    ports = [{"name": "http", "containerPort": 80}, {"name": "9090", "containerPort": 9999}]
    assert named_port(Node({"ports": ports}), Node({"port": port})["port"]) == number


def test_our_collector_of_logs_needs_its_exemption_and_nothing_else() -> None:
    """SR-KIND, SR-PROBES, SR-SHUTDOWN, SR-REPLICAS: the only DaemonSet that we deploy."""
    labels = {"app.kubernetes.io/name": NAME}
    exemption = Exemption(owner="platform-team", expires="2027-06-30")
    manifest = daemon_set_manifest({"name": NAME, "labels": labels}, "image", "eu-west-1", "role", "sum", exemption)
    found = list(judge(WORKLOADS, [resource_from_manifest(manifest)], date(2026, 11, 22)))
    assert [(finding.rule, finding.status) for finding in found] == [("SR-KIND", Status.EXEMPT)]
