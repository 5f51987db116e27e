"""Network and namespace."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pulumi
import pytest

from components.errors import Refused
from components.namespace import WorkloadNamespace, WorkloadNamespaceArgs
from components.network import (
    CreatedNetworkArgs,
    ExistingNetworkArgs,
    Network,
    StoreAccess,
    store_security_group,
    subnet_plan,
)
from components.network_rules import EndpointService, Nat, nat_of
from tests.unit.components.conftest import ACCOUNT

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
    assert recording.one("VpcEndpoint", "network-s3").inputs["routeTableIds"] == [
        "network-private-id",
        "network-intra-id",
    ]
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


def _routes_out(recording: Any) -> dict[str, str]:
    """Gateway by subnet: what each private subnet's packets to the internet go through."""
    tables = {item.name: item.inputs["routeTableId"] for item in recording.of("RouteTableAssociation")}
    ways = {
        item.inputs["routeTableId"]: item.inputs.get("natGatewayId") or item.inputs["gatewayId"]
        for item in recording.of("route:Route")
    }
    return {
        name.removeprefix("network-"): ways[table] for name, table in tables.items() if table in ways and "-p" in name
    }


@pytest.mark.parametrize(
    ("nat", "private"),
    [
        ("none", {}),
        ("single", {f"private-{zone}": "network-nat-a-id" for zone in "abc"}),
        ("perZone", {f"private-{zone}": f"network-nat-{zone}-id" for zone in "abc"}),
    ],
)
def test_private_subnets_leave_by_their_own_zone(record: Callable[..., Any], nat: Nat, private: dict[str, str]) -> None:
    """A zone that fails takes no other zone's way out with it."""
    recording = record(lambda: Network("network", replace(CREATED, nat=nat)))
    ways = _routes_out(recording)
    assert {subnet: way for subnet, way in ways.items() if subnet.startswith("private")} == private
    assert {way for subnet, way in ways.items() if subnet.startswith("public")} == {"network-internet-id"}
    for gateway in recording.of("NatGateway"):
        zone = gateway.name[-1]
        assert gateway.inputs["subnetId"] == f"network-public-{zone}-id"
        assert gateway.inputs["allocationId"] == f"network-nat-{zone}-id"
        assert any("InternetGateway" in urn for urn in gateway.depends_on)
    tables = {item.name: item.inputs["routeTableId"] for item in recording.of("RouteTableAssociation")}
    s3 = set(recording.one("VpcEndpoint", "network-s3").inputs["routeTableIds"])
    assert s3 == {table for name, table in tables.items() if "public" not in name}
    assert "network-intra-id" not in {item.inputs["routeTableId"] for item in recording.of("route:Route")}


def test_the_default_group_lets_nothing_in_or_out(record: Callable[..., Any]) -> None:
    group = record(lambda: Network("network", CREATED)).one("DefaultSecurityGroup").inputs
    assert (group["ingress"], group["egress"]) == ([], [])


def test_endpoints_answer_pods_and_lead_to_this_account(record: Callable[..., Any]) -> None:
    """P0-SECRETS: Secrets Manager without the internet, and no way to somebody else's."""
    services: list[EndpointService] = ["secretsmanager", "sts", "ecr.api", "ecr.dkr", "monitoring"]
    args = replace(CREATED, endpoints=services, endpoint_accounts=["210987654321"])
    recording = record(lambda: Network("network", args))
    made = {item.inputs["serviceName"].split(".", 3)[3]: item.inputs for item in recording.of("VpcEndpoint")}
    assert sorted(made) == sorted(["s3", *services])
    for service in services:
        assert made[service]["vpcEndpointType"] == "Interface"
        assert made[service]["privateDnsEnabled"]
        assert made[service]["securityGroupIds"] == ["network-endpoints-id"]
        assert made[service]["subnetIds"] == [f"network-private-{zone}-id" for zone in "abc"]
    rules = recording.of("SecurityGroupIngressRule")
    assert {(rule.inputs["cidrIpv4"], rule.inputs["fromPort"]) for rule in rules} == {
        (cidr, 443) for cidr in recording.result.client_cidrs
    }
    conditions = {
        service: [item.get("Condition") for item in json.loads(inputs["policy"])["Statement"]]
        for service, inputs in made.items()
    }
    ours = {
        "StringEquals": {"aws:PrincipalAccount": ACCOUNT},
        "StringEqualsIfExists": {"aws:ResourceAccount": [ACCOUNT, "210987654321"]},
    }
    assert conditions["secretsmanager"] == [ours]
    assert conditions["s3"] == [ours, None], "layers of images are in AWS's own bucket"
    # Images of add-ons come from AWS's own registries.
    assert conditions["ecr.dkr"] == [{"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}]
    # A pod that asks for its role has no account yet.
    assert conditions["sts"][0] == {"StringEquals": {"aws:ResourceAccount": [ACCOUNT, "210987654321"]}}
    assert '"cloudwatch:*"' in made["monitoring"]["policy"]


def test_connections_are_recorded_by_a_role_that_writes_one_log(record: Callable[..., Any]) -> None:
    """P0-OBS: who talked to whom."""
    recording = record(lambda: Network("network", replace(CREATED, flow_log_days=90, flow_log_traffic="REJECT")))
    log = recording.one("FlowLog").inputs
    assert (log["trafficType"], log["logDestination"]) == ("REJECT", "arn:aws:test:::network-flows")
    assert recording.one("LogGroup").inputs["retentionInDays"] == 90
    write, listing = json.loads(recording.one("RolePolicy").inputs["policy"])["Statement"]
    assert write["Resource"] == "arn:aws:test:::network-flows:*"
    assert listing["Action"] == "logs:DescribeLogGroups"
    trust = json.loads(recording.one("role:Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert not record(lambda: Network("network", replace(CREATED, flow_log_days=None))).of("FlowLog")


def test_no_group_lets_the_internet_in(record: Callable[..., Any]) -> None:
    recording = record(lambda: Network("network", replace(CREATED, nat="perZone")))
    assert not recording.of("SecurityGroupEgressRule")
    for rule in recording.of("SecurityGroupIngressRule"):
        assert ipaddress.ip_network(rule.inputs["cidrIpv4"]).is_private
    for group in recording.of("securityGroup:SecurityGroup"):
        assert "egress" not in group.inputs, "rules of its own or none: EC2's default rule is taken back"


@pytest.mark.parametrize("cidrs", [["0.0.0.0/0"], ["10.0.0.0/16", "0.0.0.0/1"], ["everybody"]])
def test_a_store_that_is_open_to_the_internet_is_refused(record: Callable[..., Any], cidrs: list[str]) -> None:
    access = StoreAccess(vpc_id="vpc-1", subnet_ids=["s-1", "s-2"], client_cidrs=cidrs)

    def build() -> None:
        parent = pulumi.ComponentResource("test:index:Parent", "parent")
        with pytest.raises(Refused, match="client_cidrs"):
            store_security_group(parent, "store", "shop-prod-store", 5432, access, {})

    assert not record(build).of("SecurityGroup")


@pytest.mark.parametrize(
    ("change", "setting", "words"),
    [
        ({"cidr": "10.20.0.0/15"}, "cidr", "/16 to a /20"),
        ({"cidr": "10.20.0.0/21"}, "cidr", "/16 to a /20"),
        ({"cidr": "10.20.0.1/16"}, "cidr", "no address range"),
        ({"cidr": "fd00::/16"}, "cidr", "no address range"),
        ({"cidr": "52.94.0.0/16"}, "cidr", "private range"),
        ({"zones": "aa"}, "zones", "twice"),
        ({"endpoints": ["ecr.dkr"]}, "endpoints", "both"),
    ],
)
def test_networks_that_would_not_work_are_refused(
    record: Callable[..., Any], change: dict[str, Any], setting: str, words: str
) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            Network("network", replace(CREATED, **change))
        return caught.value

    recording = record(build)
    [refusal] = recording.result.refusals
    assert refusal.setting == setting
    assert words in refusal.cure
    assert not recording.of("Vpc")


def test_shared_addresses_are_as_good_as_private_ones(record: Callable[..., Any]) -> None:
    assert record(lambda: Network("network", replace(CREATED, cidr="100.64.0.0/16"))).of("Vpc")


def test_an_existing_network_of_the_whole_internet_is_refused(record: Callable[..., Any]) -> None:
    args = ExistingNetworkArgs(
        region="eu-west-1", vpc_id="vpc-1", data_subnet_ids=["s-1", "s-2"], client_cidrs=["0.0.0.0/0"], zones="ab"
    )

    def build() -> None:
        with pytest.raises(Refused, match="most of the internet"):
            Network("network", args)

    record(build)


def test_ways_out_follow_from_the_environment() -> None:
    assert [nat_of(each, None) for each in ("production", "staging", "local")] == ["perZone", "single", "none"]
    assert nat_of("production", "none") == "none"


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
