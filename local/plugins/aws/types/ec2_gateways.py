"""Elastic IP addresses, NAT gateways and flow logs."""

from __future__ import annotations

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Delete, Describe, Property, ResourceType, Status, Timeouts, Values
from local.plugins.aws.tags import MARK
from local.plugins.aws.types.ec2_common import by_mark, specification, unchangeable
from local.plugins.provider import ProviderError

_NO_ADDRESS = ("InvalidAllocationID.NotFound",)
_NO_GATEWAY = ("NatGatewayNotFound",)
_NO_FLOW_LOG = ("InvalidFlowLogId.NotFound",)
_LEAVING = ("deleting", "deleted")


def _make_address(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "AllocateAddress", Domain=inputs["domain"], TagSpecifications=specification("elastic-ip", inputs, mark)
    )
    return str(answer["AllocationId"])


ADDRESS = ResourceType(
    token="aws:ec2/eip:Eip",
    service="ec2",
    properties={"domain": unchangeable(default="vpc", values=("vpc",))},
    create=_make_address,
    describe=Describe("DescribeAddresses", {"AllocationIds": ["{id}"]}, "Addresses[0]", _NO_ADDRESS),
    delete=Delete("ReleaseAddress", {"AllocationId": "{id}"}, _NO_ADDRESS, retry=("InvalidIPAddress.InUse",)),
    outputs={"allocationId": "AllocationId", "publicIp": "PublicIp"},
    find=by_mark("DescribeAddresses", "Addresses", "AllocationId"),
    marked=True,
    retag=tags.ec2,
    timeouts=Timeouts(120, 300, 180),
)


def _make_gateway(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateNatGateway",
        SubnetId=inputs["subnetId"],
        AllocationId=inputs.get("allocationId"),
        ConnectivityType=inputs["connectivityType"],
        TagSpecifications=specification("natgateway", inputs, mark),
        ClientToken=mark,
    )
    return str(answer["NatGateway"]["NatGatewayId"])


def _read_gateway(api: Api, id: str) -> Values | None:
    """AWS goes on telling of a gateway for about an hour after it is gone."""
    answer = api.maybe(_NO_GATEWAY, "DescribeNatGateways", NatGatewayIds=[id])
    found = answer["NatGateways"] if answer else []
    return found[0] if found and found[0]["State"] not in _LEAVING else None


def _find_gateway(api: Api, inputs: Values, mark: str) -> str | None:
    # Looked through here: not every endpoint honours a filter by tag for gateways.
    for gateway in api.pages("DescribeNatGateways", "NatGateways"):
        marked = {"Key": MARK, "Value": mark} in (gateway.get("Tags") or [])
        if marked and gateway["State"] not in _LEAVING:
            return str(gateway["NatGatewayId"])
    return None


def _remove_gateway(api: Api, id: str, outputs: Values) -> None:
    if _read_gateway(api, id) is not None:
        api.maybe(_NO_GATEWAY, "DeleteNatGateway", NatGatewayId=id)


NAT_GATEWAY = ResourceType(
    token="aws:ec2/natGateway:NatGateway",
    service="ec2",
    properties={
        "subnetId": unchangeable(),
        "allocationId": unchangeable(read="NatGatewayAddresses[0].AllocationId"),
        "connectivityType": unchangeable(default="public", values=("public", "private")),
    },
    create=_make_gateway,
    describe=_read_gateway,
    delete=_remove_gateway,
    outputs={
        "publicIp": "NatGatewayAddresses[0].PublicIp",
        "privateIp": "NatGatewayAddresses[0].PrivateIp",
        "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
    },
    find=_find_gateway,
    marked=True,
    retag=tags.ec2,
    status=Status("State", ("available",), ("failed",), "FailureMessage"),
    timeouts=Timeouts(600, 600, 1800),
)


def _make_flow_log(api: Api, inputs: Values, mark: str) -> str:
    answer = api.call(
        "CreateFlowLogs",
        ResourceType="VPC",
        ResourceIds=[inputs["vpcId"]],
        TrafficType=inputs["trafficType"],
        LogDestinationType=inputs["logDestinationType"],
        LogDestination=inputs["logDestination"],
        DeliverLogsPermissionArn=inputs.get("iamRoleArn"),
        LogFormat=inputs.get("logFormat"),
        MaxAggregationInterval=inputs["maxAggregationInterval"],
        TagSpecifications=specification("vpc-flow-log", inputs, mark),
        ClientToken=mark,
    )
    for failure in answer.get("Unsuccessful") or []:
        raise ProviderError(f"CreateFlowLogs: {failure['Error'].get('Message', 'no reason given')}")
    return str(answer["FlowLogIds"][0])


FLOW_LOG = ResourceType(
    token="aws:ec2/flowLog:FlowLog",
    service="ec2",
    properties={
        "vpcId": unchangeable(read="ResourceId"),
        "trafficType": unchangeable(values=("ACCEPT", "REJECT", "ALL")),
        "logDestinationType": unchangeable(default="cloud-watch-logs", values=("cloud-watch-logs", "s3")),
        "logDestination": unchangeable(),
        "iamRoleArn": unchangeable(member="DeliverLogsPermissionArn"),
        "logFormat": unchangeable(computed=True),
        "maxAggregationInterval": Property(
            default=600, values=(60, 600), replace="EC2 cannot change it after creation"
        ),
    },
    create=_make_flow_log,
    describe=Describe("DescribeFlowLogs", {"FlowLogIds": ["{id}"]}, "FlowLogs[0]", _NO_FLOW_LOG),
    delete=Delete("DeleteFlowLogs", {"FlowLogIds": ["{id}"]}, _NO_FLOW_LOG),
    find=by_mark("DescribeFlowLogs", "FlowLogs", "FlowLogId"),
    marked=True,
    retag=tags.ec2,
    # Of two that say the same, EC2 takes one.
    delete_before_replace=True,
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (ADDRESS, NAT_GATEWAY, FLOW_LOG)
