"""The parts of the rules on workloads: numbers, ports, what probes ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from policies.judge import judge_resource
from policies.model import UNKNOWN, Resource, Verdict
from policies.node import Node, Undetermined, distinct
from policies.probe_effects import Question, question
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
    [
        (8080, 8080),
        ("8080", 8080),
        ("http", 80),
        ("9090", 9999),
        (9090, 9090),
        ("none", None),
        ("655350", None),
        (True, None),
    ],
)
def test_ports_by_number_and_by_name(port: Any, number: int | None) -> None:
    """SR-PROBES, SR-SHUTDOWN: a name comes before a number in quotes."""
    ports = [{"name": "http", "containerPort": 80}, {"name": "9090", "containerPort": 9999}]
    assert named_port(Node({"ports": ports}), Node({"port": port})["port"]) == number


CLIENTS = (
    *("redis-cli", "valkey-cli", "pg_isready", "psql", "mysql", "mysqladmin", "mariadb", "mariadb-admin"),
    *("mongosh", "mongo"),
)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("option", ["-h db", "-h=db", "--host db", "--host=db", "-p 1 -h 'db'"])
def test_clients_of_stores_ask_another_host(client: str, option: str) -> None:
    """SR-PROBES."""
    assert list(Question("exec", command=("sh", "-c", f"true && {client} {option} ping")).others()) == ["db"]


@pytest.mark.parametrize(
    "command",
    [
        *(f"redis-cli -h {host}" for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "$HOSTNAME", "${HOSTNAME}")),
        *(f"redis-cli -h {host}" for host in ("$(hostname)", "$POD_IP", "$(POD_IP)", "/run/socket", '""')),
        *(f"curl http://{host}:1/" for host in ("localhost", "user@127.0.0.1", "[::1]", "$POD_IP", "[")),
        *("curl http:///live", "redis-cli ping", "redis-cli ; df -h data", "redis-cli | x -h db", "xredis-cli_x -h db"),
    ],
)
def test_what_a_command_asks_of_the_pod_itself(command: str) -> None:
    """SR-PROBES."""
    assert list(Question("exec", command=("sh", "-c", command)).others()) == []


@pytest.mark.parametrize(
    ("address", "host"),
    [("http://auth:80/x", "auth"), ("redis://u:p@cache:6379", "cache"), ("HTTP://[fd00::1]:80/", "[fd00::1]")],
)
def test_addresses_in_a_command_name_their_host(address: str, host: str) -> None:
    """SR-PROBES."""
    assert list(Question("exec", command=("curl", address)).others()) == [host]
    assert list(Question("exec", command=("sh", "-c", f"curl '{address}';x|y&z")).others()) == [host]


def test_the_words_and_paths_of_a_command_are_those_of_its_addresses() -> None:
    """SR-PROBES."""
    asked = Question("exec", command=("curl", "http://localhost", "http://localhost/a-B/c?with=Redis", "/etc/ready"))
    assert asked.words() == {"a", "b", "c", "with", "redis"}
    assert list(asked.paths()) == ["/", "/a-B/c"]
    http = Question("httpGet", 1, target="/Health_Live?x=y", command=())
    assert http.words() == {"health", "live", "x", "y"}
    assert list(http.paths()) == ["/Health_Live"]
    assert list(Question("grpc", 1, target="/q/health").paths()) == []


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"scheme": "HTTPS", "headers": (("a", "b"),)}, True),
        ({"port": 2}, False),
        ({"target": "/y"}, False),
        ({"host": "x"}, False),
        ({"handler": "grpc"}, False),
    ],
)
def test_one_place_is_one_port_path_and_host(change: dict[str, Any], same: bool) -> None:
    """SR-PROBES."""
    asked = Question("httpGet", 1, scheme="HTTP", target="/x")
    assert asked.same_place(replace(asked, **change)) is same
    assert not Question("grpc", 1, target="/x").same_place(Question("grpc", 1, target="/x"))


@pytest.mark.parametrize(
    ("host", "own"), [("localhost", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.1", False)]
)
def test_on_the_nodes_network_loopback_is_the_pod(host: str, own: bool) -> None:
    """SR-PROBES."""
    for handler in ("httpGet", "tcpSocket"):
        probe = Node({handler: {"port": 1, "host": host.upper()}})
        assert question(probe, Node({}), host_network=True).host == ("" if own else host)
        assert question(probe, Node({}), host_network=False).host == host


def test_a_port_that_is_not_declared_keeps_its_name() -> None:
    """SR-PROBES: so that two of them that differ ask different questions."""
    container = Node({"ports": [{"name": "http", "containerPort": 80}]})
    ports = [
        question(Node({handler: {"port": port}}), container, host_network=False).port
        for handler in ("httpGet", "tcpSocket", "grpc")
        for port in ("web", "http")
    ]
    assert ports == ["web", 80] * 3


def test_headers_are_compared_by_name_and_several_of_one_name_in_their_order() -> None:
    """SR-PROBES."""

    def headers(*given: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        written = [{"name": name, "value": value} for name, value in given]
        return question(Node({"httpGet": {"port": 1, "httpHeaders": written}}), Node({}), host_network=False).headers

    assert headers(("B", "1"), ("a", "2")) == headers(("A", "2"), ("b", "1"))
    assert headers(("a", "2"), ("a", "1")) != headers(("a", "1"), ("a", "2"))
    assert headers(("a", "X")) != headers(("a", "x"))


def _workload(container: dict[str, Any], **pod: Any) -> Resource:
    spec = {"containers": [{"name": "app", **container}], **pod}
    template = {"metadata": {"labels": {"app": "api"}}, "spec": spec}
    return Resource("kubernetes:apps/v1:Deployment", "api", "urn", {"spec": {"template": template}})


def _paths(policy: str, resource: Resource) -> list[str]:
    (rule,) = (rule for rule in WORKLOADS if rule.policy == policy)
    return [finding.verdict.path for finding in judge_resource(rule, resource, None, date(2026, 11, 22))]


DEPENDENCY_WORDS = (
    *("ready", "readyz", "readiness", "deep", "dependencies", "dependency", "deps", "downstream", "upstream"),
    *("db", "database", "postgres", "postgresql", "mysql", "mongo", "mongodb", "redis", "kafka", "rabbitmq"),
)


@pytest.mark.parametrize("path", [*DEPENDENCY_WORDS, "actuator/health", "manage/health", "q/health"])
def test_paths_by_which_liveness_asks_for_dependencies(path: str) -> None:
    """SR-PROBES."""
    live, ready = {"httpGet": {"path": f"/{path}", "port": 1}}, {"httpGet": {"path": "/fit", "port": 1}}
    found = _paths("SR-PROBES", _workload({"livenessProbe": live, "readinessProbe": ready}))
    assert found == ["spec.template.spec.containers[0].livenessProbe.httpGet.path"]


@pytest.mark.parametrize("word", ["live", "livez", "liveness", "alive", "ping"])
def test_paths_by_which_readiness_asks_for_liveness(word: str) -> None:
    """SR-PROBES."""
    ready = {"httpGet": {"path": f"/{word}", "port": 1}}
    found = _paths("SR-PROBES-READINESS", _workload({"readinessProbe": ready}))
    assert found == ["spec.template.spec.containers[0].readinessProbe.httpGet.path"]


@pytest.mark.parametrize("key", ["pod-template-hash", "controller-revision-hash", "rollouts-pod-template-hash"])
def test_labels_of_a_revision_leave_its_pods_out(key: str) -> None:
    """SR-REPLICAS: pods of one revision have one value, and `mismatchLabelKeys` leaves pods of the same value out."""
    term = {
        "topologyKey": "topology.kubernetes.io/zone",
        "labelSelector": {"matchLabels": {"app": "api"}},
        "mismatchLabelKeys": [key],
    }
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    assert [path.rpartition(".")[2] for path in _paths("SR-REPLICAS", _workload({}, affinity=affinity))] == [
        "mismatchLabelKeys[0]"
    ]
