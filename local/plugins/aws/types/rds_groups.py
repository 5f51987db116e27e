"""RDS subnet groups and parameter groups."""

from __future__ import annotations

from typing import Any

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import (
    AutoName,
    Change,
    Create,
    Delete,
    Describe,
    Modify,
    Property,
    ResourceType,
    Timeouts,
    Values,
)

RETAG = tags.by_operations("AddTagsToResource", "RemoveTagsFromResource", "ResourceName")
_NAMED = "the name identifies it"
_IMMUTABLE = "RDS cannot change it after creation"
_LETTERS = ("[a-z0-9 ._-]{1,255}", "at most 255 lower-case letters, digits, periods, hyphens, underscores and spaces")


def read_tags(api: Api, id: str, outputs: Values) -> Any:
    """Tags of an RDS resource by its ARN."""
    return api.call("ListTagsForResource", ResourceName=outputs["arn"])["TagList"]


_NO_SUBNET_GROUP = ("DBSubnetGroupNotFoundFault",)

SUBNET_GROUP = ResourceType(
    token="aws:rds/subnetGroup:SubnetGroup",
    service="rds",
    properties={
        "name": Property(member="DBSubnetGroupName", replace=_NAMED, lower=True, pattern=_LETTERS),
        "description": Property(member="DBSubnetGroupDescription", default="Managed by Pulumi"),
        "subnetIds": Property(read="Subnets[].SubnetIdentifier"),
    },
    create=Create("CreateDBSubnetGroup"),
    natural=lambda inputs: str(inputs["name"]),
    describe=Describe("DescribeDBSubnetGroups", {"DBSubnetGroupName": "{id}"}, "DBSubnetGroups[0]", _NO_SUBNET_GROUP),
    # RDS asks for the subnets even when only the description changes.
    modify=Modify("ModifyDBSubnetGroup", {"DBSubnetGroupName": "{id}"}, always=("subnetIds",)),
    delete=Delete(
        "DeleteDBSubnetGroup",
        {"DBSubnetGroupName": "{id}"},
        gone=_NO_SUBNET_GROUP,
        retry=("InvalidDBSubnetGroupStateFault",),
    ),
    outputs={"arn": "DBSubnetGroupArn", "vpcId": "VpcId", "supportedNetworkTypes": "SupportedNetworkTypes"},
    auto_name=AutoName("name", lower=True),
    retag=RETAG,
    read_tags=read_tags,
    timeouts=Timeouts(300, 300, 600),
)

_NO_PARAMETER_GROUP = ("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault")
_AT_ONCE = 20


def _read_group(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_PARAMETER_GROUP, "DescribeDBParameterGroups", DBParameterGroupName=id)
    if not answer or not answer["DBParameterGroups"]:
        return None
    listed = api.pages("DescribeDBParameters", "Parameters", DBParameterGroupName=id, Source="user")
    parameters = [
        {
            "Name": item["ParameterName"],
            "Value": item.get("ParameterValue", ""),
            "ApplyMethod": item.get("ApplyMethod") or "immediate",
        }
        for item in listed
        if item.get("Source", "user") == "user"
    ]
    return {**answer["DBParameterGroups"][0], "Parameters": sorted(parameters, key=lambda item: str(item["Name"]))}


def _set(api: Api, id: str, operation: str, wanted: list[Values]) -> None:
    for start in range(0, len(wanted), _AT_ONCE):
        parameters = [
            {
                "ParameterName": item["name"],
                "ParameterValue": str(item["value"]),
                "ApplyMethod": item.get("applyMethod") or "immediate",
            }
            for item in wanted[start : start + _AT_ONCE]
        ]
        api.call(operation, DBParameterGroupName=id, Parameters=parameters)


def _finish_group(api: Api, id: str, inputs: Values) -> None:
    _set(api, id, "ModifyDBParameterGroup", list(inputs.get("parameters") or []))


def _change_group(api: Api, id: str, change: Change) -> None:
    if "parameters" not in change.names:
        return
    old = {item["name"]: item for item in change.old.get("parameters") or []}
    new = {item["name"]: item for item in change.new.get("parameters") or []}
    _set(api, id, "ResetDBParameterGroup", [old[name] for name in sorted(old.keys() - new.keys())])
    _set(api, id, "ModifyDBParameterGroup", [item for name, item in new.items() if old.get(name) != item])


PARAMETER_GROUP = ResourceType(
    token="aws:rds/parameterGroup:ParameterGroup",
    service="rds",
    properties={
        "name": Property(member="DBParameterGroupName", replace=_NAMED, lower=True, pattern=_LETTERS),
        "family": Property(member="DBParameterGroupFamily", replace=_IMMUTABLE),
        "description": Property(default="Managed by Pulumi", replace=_IMMUTABLE),
        "parameters": Property(),
    },
    create=Create("CreateDBParameterGroup"),
    later=("parameters",),
    finish=_finish_group,
    natural=lambda inputs: str(inputs["name"]),
    describe=_read_group,
    modify=_change_group,
    delete=Delete(
        "DeleteDBParameterGroup",
        {"DBParameterGroupName": "{id}"},
        gone=_NO_PARAMETER_GROUP,
        retry=("InvalidDBParameterGroupState",),
    ),
    outputs={"arn": "DBParameterGroupArn"},
    nested_defaults={"parameters[].applyMethod": "immediate"},
    unordered=("parameters",),
    auto_name=AutoName("name", lower=True),
    retag=RETAG,
    read_tags=read_tags,
    timeouts=Timeouts(300, 300, 600),
)

TYPES = (SUBNET_GROUP, PARAMETER_GROUP)
