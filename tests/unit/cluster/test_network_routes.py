"""The address plan and the routes that follow from it."""

from __future__ import annotations

import ipaddress

import pytest

from local.network.plan import PLAN, Node
from local.network.routes import Route, foreign_route, host_routes, hub_routes, node_routes

pytestmark = pytest.mark.unit


def test_no_two_ranges_of_the_plan_overlap() -> None:
    link = ipaddress.ip_network(f"{PLAN.hub_address}/{PLAN.link_prefix}", strict=False)
    ranges = [link, *map(ipaddress.ip_network, (PLAN.data_plane, PLAN.services, *(n.pods for n in PLAN.nodes)))]
    for i, one in enumerate(ranges):
        assert not any(one.overlaps(other) for other in ranges[i + 1 :])
        assert one.subnet_of(ipaddress.ip_network(PLAN.network))


def test_every_node_and_the_host_are_neighbours_of_the_hub() -> None:
    link = ipaddress.ip_network(f"{PLAN.hub_address}/{PLAN.link_prefix}", strict=False)
    addresses = [PLAN.hub_address, PLAN.host_address, *(node.address for node in PLAN.nodes)]
    assert len(set(addresses)) == len(addresses)
    assert all(ipaddress.ip_address(address) in link for address in addresses)


def test_the_dns_address_is_a_services() -> None:
    assert ipaddress.ip_address(PLAN.cluster_dns) in ipaddress.ip_network(PLAN.services)


def test_namespaces_are_named_after_the_plan_they_belong_to() -> None:
    assert [node.namespace for node in PLAN.nodes] == ["gw-node-a", "gw-node-b", "gw-node-c"]
    assert Node("a", "10.9.0.11", "10.9.1.0/24", "test").namespace == "test-node-a"


def test_interface_names_fit_the_kernel() -> None:
    for name in (PLAN.bridge, PLAN.host_interface, *(f"port-{node.letter}" for node in PLAN.nodes)):
        assert len(name) <= 15


def test_the_host_reaches_everything_by_the_hub() -> None:
    assert host_routes(PLAN) == [Route("10.213.0.1/32", device="gw-host"), Route("10.213.0.0/16", via="10.213.0.1")]


def test_the_hub_knows_every_nodes_pods_and_the_services() -> None:
    assert hub_routes(PLAN) == [
        Route("10.213.1.0/24", via="10.213.0.11"),
        Route("10.213.2.0/24", via="10.213.0.12"),
        Route("10.213.3.0/24", via="10.213.0.13"),
        Route("10.213.128.0/20", device="gw0"),
    ]


def test_a_node_reaches_other_nodes_pods_straight_and_the_host_by_the_hub() -> None:
    routes = node_routes(PLAN, PLAN.nodes[1])
    assert Route("10.213.1.0/24", via="10.213.0.11") in routes
    assert Route("10.213.3.0/24", via="10.213.0.13") in routes
    assert Route("10.213.0.254/32", via="10.213.0.1") in routes
    # Its own pods are its own links.
    assert not [route for route in routes if route.destination == "10.213.2.0/24"]


def test_a_route_in_the_words_of_iproute2() -> None:
    assert Route("10.1.0.0/16", via="10.0.0.1").arguments() == ["10.1.0.0/16", "via", "10.0.0.1"]
    assert Route("10.1.0.0/16", device="x0").arguments() == ["10.1.0.0/16", "dev", "x0"]


@pytest.mark.parametrize(
    "taken",
    [
        {"dst": "10.213.0.0/16", "dev": "tun0"},
        {"dst": "10.213.7.0/24", "dev": "docker0"},
        {"dst": "10.213.0.9", "dev": "tun0"},
        {"dst": "10.0.0.0/8", "dev": "tun0"},
    ],
)
def test_a_network_that_is_routed_elsewhere_is_found(taken: dict[str, object]) -> None:
    routes = [{"dst": "default", "dev": "eth0"}, {"dst": "192.168.1.0/24", "dev": "eth0"}, taken]
    assert foreign_route(PLAN, routes) == f"{taken['dst']} dev {taken['dev']}"


def test_the_platforms_own_route_and_the_default_route_are_no_obstacle() -> None:
    own = {"dst": PLAN.network, "dev": PLAN.host_interface}
    assert foreign_route(PLAN, [{"dst": "default", "dev": "eth0"}, own, {"dst": "10.214.0.0/16", "dev": "x"}]) is None
