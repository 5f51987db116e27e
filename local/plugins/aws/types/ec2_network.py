"""VPCs, subnets, internet gateways and VPC endpoints."""

from __future__ import annotations

from typing import Any

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    Change,
    Delete,
    Describe,
    Property,
    ResourceType,
    Status,
    Timeouts,
    Values,
    computed,
)
from local.plugins.aws.types.ec2_common import attributes, by_mark, specification, unchangeable

_BUSY = ("DependencyViolation",)
_FLAG = Property(default=False)

_VPC_ATTRIBUTES = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
_change_vpc = attributes("ModifyVpcAttribute", "VpcId", _VPC_ATTRIBUTES)


def _make_vpc(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateVpc",
        CidrBlock=inputs["cidrBlock"],
        InstanceTenancy=inputs.get("instanceTenancy"),
        TagSpecifications=specification("vpc", inputs, mark),
    )
    return str(answer["Vpc"]["VpcId"])


def _finish_vpc(api: Api, id: str, inputs: Values) -> None:
    wanted = frozenset(name for name in _VPC_ATTRIBUTES if inputs.get(name) is not None)
    _change_vpc(api, id, Change({}, inputs, wanted, {}))


def _read_vpc(api: Api, id: str) -> Values | None:
    answer = api.maybe(("InvalidVpcID.NotFound",), "DescribeVpcs", VpcIds=[id])
    if not answer or not answer["Vpcs"]:
        return None
    found: Values = dict(answer["Vpcs"][0])
    for attribute, member in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        told = api.call("DescribeVpcAttribute", VpcId=id, Attribute=attribute)
        found[member] = told[member]["Value"]
    mine = [{"Name": "vpc-id", "Values": [id]}]
    main = [*mine, {"Name": "association.main", "Values": ["true"]}]
    standard = [*mine, {"Name": "default", "Values": ["true"]}]
    group = [*mine, {"Name": "group-name", "Values": ["default"]}]
    for name, operation, filters, result, key in (
        ("MainRouteTableId", "DescribeRouteTables", main, "RouteTables", "RouteTableId"),
        ("DefaultNetworkAclId", "DescribeNetworkAcls", standard, "NetworkAcls", "NetworkAclId"),
        ("DefaultSecurityGroupId", "DescribeSecurityGroups", group, "SecurityGroups", "GroupId"),
    ):
        listed = api.call(operation, Filters=filters).get(result) or []
        found[name] = listed[0][key] if listed else None
    found["Arn"] = _arn(api, found, "vpc", id)
    return found


def _arn(api: Api, found: Values, kind: str, id: str) -> str:
    return f"arn:{api.partition}:ec2:{api.region}:{found.get('OwnerId', '')}:{kind}/{id}"


VPC = ResourceType(
    token="aws:ec2/vpc:Vpc",
    service="ec2",
    properties={
        "cidrBlock": unchangeable(),
        "instanceTenancy": Property(default="default", values=("default", "dedicated"), replace="AWS only loosens it"),
        "enableDnsSupport": Property(default=True),
        **computed("enableDnsHostnames"),
    },
    shape=("CreateVpc", ""),
    create=_make_vpc,
    finish=_finish_vpc,
    describe=_read_vpc,
    modify=_change_vpc,
    delete=Delete("DeleteVpc", {"VpcId": "{id}"}, gone=("InvalidVpcID.NotFound",), retry=_BUSY),
    outputs={
        "arn": "Arn",
        "ownerId": "OwnerId",
        "dhcpOptionsId": "DhcpOptionsId",
        "mainRouteTableId": "MainRouteTableId",
        "defaultRouteTableId": "MainRouteTableId",
        "defaultNetworkAclId": "DefaultNetworkAclId",
        "defaultSecurityGroupId": "DefaultSecurityGroupId",
    },
    find=by_mark("DescribeVpcs", "Vpcs", "VpcId"),
    marked=True,
    retag=tags.ec2,
    status=Status("State", ("available",)),
    timeouts=Timeouts(create=600, update=600, delete=300),
)

_SUBNET_ATTRIBUTES = {
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
    "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
}
_change_subnet = attributes("ModifySubnetAttribute", "SubnetId", _SUBNET_ATTRIBUTES)


def _make_subnet(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateSubnet",
        VpcId=inputs["vpcId"],
        CidrBlock=inputs.get("cidrBlock"),
        AvailabilityZone=inputs.get("availabilityZone"),
        AvailabilityZoneId=inputs.get("availabilityZoneId"),
        TagSpecifications=specification("subnet", inputs, mark),
    )
    return str(answer["Subnet"]["SubnetId"])


def _finish_subnet(api: Api, id: str, inputs: Values) -> None:
    wanted = frozenset(name for name in _SUBNET_ATTRIBUTES if inputs.get(name))
    _change_subnet(api, id, Change({}, inputs, wanted, {}))


SUBNET = ResourceType(
    token="aws:ec2/subnet:Subnet",
    service="ec2",
    properties={
        "vpcId": unchangeable(),
        "cidrBlock": unchangeable(),
        "availabilityZone": unchangeable(computed=True),
        "availabilityZoneId": unchangeable(computed=True),
        "mapPublicIpOnLaunch": _FLAG,
        "assignIpv6AddressOnCreation": _FLAG,
    },
    shape=("CreateSubnet", ""),
    create=_make_subnet,
    finish=_finish_subnet,
    describe=Describe("DescribeSubnets", {"SubnetIds": ["{id}"]}, "Subnets[0]", ("InvalidSubnetID.NotFound",)),
    modify=_change_subnet,
    delete=Delete("DeleteSubnet", {"SubnetId": "{id}"}, gone=("InvalidSubnetID.NotFound",), retry=_BUSY),
    outputs={"arn": "SubnetArn", "ownerId": "OwnerId"},
    find=by_mark("DescribeSubnets", "Subnets", "SubnetId"),
    marked=True,
    retag=tags.ec2,
    status=Status("State", ("available",)),
    timeouts=Timeouts(create=600, update=600, delete=1200),
)


def _make_gateway(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call("CreateInternetGateway", TagSpecifications=specification("internet-gateway", inputs, mark))
    return str(answer["InternetGateway"]["InternetGatewayId"])


def _attached(api: Api, id: str) -> list[str]:
    answer = api.maybe(("InvalidInternetGatewayID.NotFound",), "DescribeInternetGateways", InternetGatewayIds=[id])
    found = answer["InternetGateways"] if answer else []
    return [item["VpcId"] for item in found[0].get("Attachments", [])] if found else []


def _attach(api: Api, id: str, inputs: Values) -> None:
    wanted = inputs.get("vpcId")
    for vpc in _attached(api, id):
        if vpc != wanted:
            api.call("DetachInternetGateway", InternetGatewayId=id, VpcId=vpc)
    if wanted and wanted not in _attached(api, id):
        api.call("AttachInternetGateway", InternetGatewayId=id, VpcId=wanted)


def _change_gateway(api: Api, id: str, change: Change) -> None:
    _attach(api, id, change.new)


def _read_gateway(api: Api, id: str) -> Values | None:
    answer = api.maybe(("InvalidInternetGatewayID.NotFound",), "DescribeInternetGateways", InternetGatewayIds=[id])
    if not answer or not answer["InternetGateways"]:
        return None
    found: Values = dict(answer["InternetGateways"][0])
    attachments = found.get("Attachments") or []
    return {
        **found,
        "VpcId": attachments[0]["VpcId"] if attachments else None,
        "Arn": _arn(api, found, "internet-gateway", id),
    }


def _remove_gateway(api: Api, id: str, outputs: Values) -> None:
    for vpc in _attached(api, id):
        api.maybe(("Gateway.NotAttached",), "DetachInternetGateway", InternetGatewayId=id, VpcId=vpc)
    api.maybe(("InvalidInternetGatewayID.NotFound",), "DeleteInternetGateway", InternetGatewayId=id)


INTERNET_GATEWAY = ResourceType(
    token="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    properties=computed("vpcId"),
    create=_make_gateway,
    finish=_attach,
    describe=_read_gateway,
    modify=_change_gateway,
    delete=_remove_gateway,
    outputs={"arn": "Arn", "ownerId": "OwnerId"},
    find=by_mark("DescribeInternetGateways", "InternetGateways", "InternetGatewayId"),
    marked=True,
    retag=tags.ec2,
    timeouts=Timeouts(1200, 1200, 1200),
)


_ENDPOINT_LISTS = (
    ("routeTableIds", "RouteTableIds"),
    ("subnetIds", "SubnetIds"),
    ("securityGroupIds", "SecurityGroupIds"),
)


def _make_endpoint(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateVpcEndpoint",
        VpcId=inputs["vpcId"],
        ServiceName=inputs["serviceName"],
        VpcEndpointType=inputs["vpcEndpointType"],
        PolicyDocument=inputs.get("policy"),
        PrivateDnsEnabled=inputs.get("privateDnsEnabled"),
        **{member: inputs[name] for name, member in _ENDPOINT_LISTS if inputs.get(name)},
        TagSpecifications=specification("vpc-endpoint", inputs, mark),
        ClientToken=mark,
    )
    return str(answer["VpcEndpoint"]["VpcEndpointId"])


def _change_endpoint(api: Api, id: str, change: Change) -> None:
    request: dict[str, Any] = {}
    for name, member in _ENDPOINT_LISTS:
        if name in change.names:
            old, new = set(change.outputs.get(name) or []), set(change.new.get(name) or [])
            request |= {f"Add{member}": sorted(new - old)} if new - old else {}
            request |= {f"Remove{member}": sorted(old - new)} if old - new else {}
    if "policy" in change.names:
        request |= {"PolicyDocument": change.new["policy"]} if change.new.get("policy") else {"ResetPolicy": True}
    if "privateDnsEnabled" in change.names:
        request["PrivateDnsEnabled"] = bool(change.new.get("privateDnsEnabled"))
    if request:
        api.call("ModifyVpcEndpoint", VpcEndpointId=id, **request)


def _present_endpoint(found: Values) -> Values:
    groups = [item["GroupId"] for item in found.get("Groups") or []]
    state = str(found.get("State", "")).lower()
    return {**found, "SecurityGroupIds": groups, "State": state}


def _read_endpoint(api: Api, id: str) -> Values | None:
    answer = api.maybe(("InvalidVpcEndpointId.NotFound",), "DescribeVpcEndpoints", VpcEndpointIds=[id])
    if not answer or not answer["VpcEndpoints"]:
        return None
    found: Values = dict(answer["VpcEndpoints"][0])
    if str(found.get("State", "")).lower() == "deleted":
        return None
    if found.get("VpcEndpointType") == "Gateway":
        name = [{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]
        lists = api.call("DescribePrefixLists", Filters=name).get("PrefixLists") or []
        # The filter is applied once more: an endpoint that ignores it would give any list.
        lists = [item for item in lists if item.get("PrefixListName") == found["ServiceName"]]
        found |= {"PrefixListId": lists[0]["PrefixListId"], "Cidrs": lists[0].get("Cidrs")} if lists else {}
    return {**found, "Arn": _arn(api, found, "vpc-endpoint", id)}


def _remove_endpoint(api: Api, id: str, outputs: Values) -> None:
    api.maybe(("InvalidVpcEndpointId.NotFound",), "DeleteVpcEndpoints", VpcEndpointIds=[id])


VPC_ENDPOINT = ResourceType(
    token="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    properties={
        "vpcId": unchangeable(),
        "serviceName": unchangeable(),
        "vpcEndpointType": unchangeable(default="Gateway"),
        "policy": Property(member="PolicyDocument", document=True, computed=True),
        **computed("privateDnsEnabled routeTableIds subnetIds securityGroupIds"),
    },
    shape=("CreateVpcEndpoint", ""),
    create=_make_endpoint,
    describe=_read_endpoint,
    present=_present_endpoint,
    modify=_change_endpoint,
    delete=_remove_endpoint,
    outputs={
        "arn": "Arn",
        "ownerId": "OwnerId",
        "state": "State",
        "prefixListId": "PrefixListId",
        "cidrBlocks": "Cidrs",
    },
    find=by_mark("DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId"),
    marked=True,
    retag=tags.ec2,
    status=Status("State", ("available", "pendingacceptance"), ("failed", "rejected", "expired")),
    timeouts=Timeouts(600, 600, 600),
)

TYPES = (VPC, SUBNET, INTERNET_GATEWAY, VPC_ENDPOINT)
