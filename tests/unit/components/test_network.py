"""Network and namespace."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest

from components.errors import Refused
from components.namespace import WorkloadNamespace, WorkloadNamespaceArgs
from components.network import CreatedNetworkArgs, ExistingNetworkArgs, Network, subnet_plan

pytestmark = pytest.mark.unit

CREATED = CreatedNetworkArgs(identifier="shop-prod", region="eu-west-1", cidr="10.20.0.0/16")


@pytest.mark.parametrize("cidr", ["10.20.0.0/16", "10.20.0.0/18", "10.20.0.0/20"])
def test_nine_subnets_fit_and_do_not_overlap(cidr: str) -> None:
    networks = [ipaddress.ip_network(item) for item in subnet_plan(cidr, "abc").values()]
    assert len(networks) == 9
    assert all(item.subnet_of(ipaddress.ip_network(cidr)) for item in networks)  # type: ignore[arg-type]
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


def test_a_further_zone_moves_no_subnet() -> None:
    before, after = subnet_plan("10.20.0.0/16", "abc"), subnet_plan("10.20.0.0/16", "abcd")
    assert before.items() <= after.items()


def test_data_stores_live_where_no_route_leads_out(record: Callable[..., Any]) -> None:
    recording = record(lambda: Network("network", CREATED))
    network = recording.result
    routes = recording.of("route:Route")
    assert [item.inputs["routeTableId"] for item in routes] == ["network-public-id"]
    assert recording.one("VpcEndpoint").inputs["routeTableIds"] == ["network-private-id", "network-intra-id"]
    tables = {item.name: item.inputs["routeTableId"] for item in recording.of("RouteTableAssociation")}
    assert tables["network-intra-a"] == "network-intra-id"
    assert len(network.data_subnet_ids) == 3
    assert {item.inputs["availabilityZone"] for item in recording.of("subnet:Subnet")} == {
        "eu-west-1a",
        "eu-west-1b",
        "eu-west-1c",
    }


def test_an_existing_network_is_used_as_it_is(record: Callable[..., Any]) -> None:
    args = ExistingNetworkArgs(
        region="eu-west-1", vpc_id="vpc-1", data_subnet_ids=["s-1", "s-2"], client_cidrs=["10.0.0.0/16"], zones="ab"
    )
    recording = record(lambda: Network("network", args))
    assert [item.type for item in recording.resources] == ["groundwork:index:Network"]
    assert recording.result.zones == ["eu-west-1a", "eu-west-1b"]


def test_one_zone_is_refused(record: Callable[..., Any]) -> None:
    def build() -> None:
        with pytest.raises(Refused, match="zones"):
            Network("network", CreatedNetworkArgs(identifier="x", region="r", cidr="10.0.0.0/16", zones="a"))

    assert not record(build).of("Vpc")


def test_only_restricted_pods_start_and_nobody_gets_in_unless_allowed(record: Callable[..., Any]) -> None:
    recording = record(
        lambda: WorkloadNamespace("namespace", WorkloadNamespaceArgs(identifier="shop", trusted_certificates="PEM"))
    )
    labels = recording.one("Namespace", "namespace-namespace").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    deny = recording.one("NetworkPolicy", "namespace-default-deny").inputs
    inside = recording.one("NetworkPolicy", "namespace-inside").inputs
    assert inside["spec"]["ingress"] == [
        {"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": "http"}]}
    ]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert deny["metadata"]["namespace"] == "shop"
    assert recording.one("ConfigMap").inputs["data"] == {"ca.pem": "PEM"}
