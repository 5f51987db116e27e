"""The network by itself: made, mended and removed, in namespaces of the tests' own."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.network import namespaces
from local.network.ip import NetworkError, ip
from local.network.plan import Plan
from tests.e2e.cluster.conftest import TEST_PLAN
from tests.e2e.cluster.footprint import footprint

pytestmark = pytest.mark.e2e


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """The tests' plan with nothing made of it, before and after."""
    before = footprint(tmp_path, TEST_PLAN)
    yield TEST_PLAN
    namespaces.down(TEST_PLAN)
    assert footprint(tmp_path, TEST_PLAN) == before


def test_the_host_reaches_the_hub_and_every_node(plan: Plan) -> None:
    namespaces.up(plan)
    places = [(plan.hub, plan.hub_address), *((node.namespace, node.address) for node in plan.nodes)]
    for namespace, address in places:
        with _server(namespace, address):
            assert _answers(address)


def test_nodes_reach_each_other(plan: Plan) -> None:
    namespaces.up(plan)
    there, here = plan.nodes[0], plan.nodes[2]
    with _server(there.namespace, there.address):
        assert _answers(there.address, namespace=here.namespace)


def test_there_is_no_way_out(plan: Plan) -> None:
    namespaces.up(plan)
    for namespace in (plan.hub, plan.nodes[0].namespace):
        answer = subprocess.run(
            ["ip", "-n", namespace, "route", "get", "192.0.2.99"], capture_output=True, text=True, check=False
        )
        assert answer.returncode != 0
        assert "unreachable" in answer.stderr


def test_up_again_changes_nothing(plan: Plan, tmp_path: Path) -> None:
    namespaces.up(plan)
    before = footprint(tmp_path, plan)
    namespaces.up(plan)
    assert footprint(tmp_path, plan) == before
    assert namespaces.is_up(plan)


@pytest.mark.parametrize("damage", ["host link", "node link", "node namespace", "bare file", "bridge", "route"])
def test_up_mends_what_is_half_made(plan: Plan, damage: str) -> None:
    namespaces.up(plan)
    node = plan.nodes[1]
    if damage == "host link":
        ip("link", "delete", plan.host_interface)
    elif damage == "node link":
        ip("link", "delete", "eth0", namespace=node.namespace)
    elif damage == "node namespace":
        ip("netns", "delete", node.namespace)
    elif damage == "bare file":
        # What a crash between the two steps of `ip netns add` leaves.
        ip("netns", "delete", node.namespace)
        (namespaces.NAMESPACES / node.namespace).touch()
    elif damage == "bridge":
        ip("link", "delete", plan.bridge, namespace=plan.hub)
    else:
        ip("route", "delete", plan.network)
    namespaces.up(plan)
    assert namespaces.is_up(plan)
    with _server(node.namespace, node.address):
        assert _answers(node.address)


def test_the_hub_gains_and_loses_addresses(plan: Plan) -> None:
    namespaces.up(plan)
    address = plan.data_plane.replace("16.0/20", "16.7")
    namespaces.add_address(address, plan)
    namespaces.add_address(address, plan)
    with _server(plan.hub, address):
        assert _answers(address)
        assert _answers(address, namespace=plan.nodes[0].namespace)
    namespaces.remove_address(address, plan)
    namespaces.remove_address(address, plan)
    assert address not in _run("ip", "-n", plan.hub, "address")


def test_an_address_goes_quietly_when_there_is_no_hub(plan: Plan) -> None:
    namespaces.remove_address(plan.data_plane.replace("16.0/20", "16.7"), plan)


def test_a_network_in_use_elsewhere_is_refused_before_anything_is_made(plan: Plan, tmp_path: Path) -> None:
    before = footprint(tmp_path, plan)
    taken = plan.network.replace("0.0/16", "64.0/24")
    ip("route", "add", "unreachable", taken)
    ip("route", "add", taken, "dev", "lo", "metric", "5")
    try:
        with pytest.raises(NetworkError, match=f"needs the network {plan.network}, but this host routes {taken}"):
            namespaces.up(plan)
    finally:
        ip("route", "delete", taken, "dev", "lo", "metric", "5")
        ip("route", "delete", "unreachable", taken)
    assert footprint(tmp_path, plan) == before


def test_down_with_a_process_still_inside(plan: Plan) -> None:
    """The host's interface goes all the same; the fixture sees to that."""
    namespaces.up(plan)
    with _server(plan.hub, plan.hub_address):
        namespaces.down(plan)
        assert not namespaces.is_up(plan)
        assert plan.host_interface not in _run("ip", "link")


@contextmanager
def _server(namespace: str, address: str) -> Iterator[None]:
    program = (
        "import http.server; "
        f"http.server.HTTPServer(('{address}', 8099), http.server.BaseHTTPRequestHandler).serve_forever()"
    )
    process = subprocess.Popen(
        ["nsenter", f"--net=/run/netns/{namespace}", "python3", "-c", program],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while f"{address}:8099" not in _run("nsenter", f"--net=/run/netns/{namespace}", "ss", "-Hltn"):
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def _answers(address: str, namespace: str | None = None) -> bool:
    """Whether the server there is reached; that it refuses the method is answer enough."""
    if namespace is None:
        connection = http.client.HTTPConnection(address, 8099, timeout=10)
        connection.request("GET", "/")
        return connection.getresponse().status == 501
    program = (
        "import http.client; "
        f"c = http.client.HTTPConnection('{address}', 8099, timeout=10); "
        "c.request('GET', '/'); print(c.getresponse().status)"
    )
    return _run("nsenter", f"--net=/run/netns/{namespace}", "python3", "-c", program).strip() == "501"


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
