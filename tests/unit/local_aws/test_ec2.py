"""EC2's answers where moto's own would be drift or a dead end."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.unit


def _leads_to(ec2: Any, table: str, endpoint: str) -> bool:
    [found] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return endpoint in {route.get("GatewayId") for route in found["Routes"]}


def test_a_gateway_endpoints_routes_follow_its_route_tables(client: Any) -> None:
    """P0-S3: what leads to the buckets is in every table that the endpoint names, and in no other."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    first, second = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    service = "com.amazonaws.eu-west-1.s3"
    asked = {"VpcEndpointType": "Gateway", "VpcId": vpc, "ServiceName": service, "RouteTableIds": [first]}
    made = ec2.create_vpc_endpoint(**asked)["VpcEndpoint"]
    endpoint = made["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[second], RemoveRouteTableIds=[first])
    assert _leads_to(ec2, second, endpoint)
    assert not _leads_to(ec2, first, endpoint)
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    assert not _leads_to(ec2, second, endpoint)
