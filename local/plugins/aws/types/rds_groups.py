"""RDS subnet groups and parameter groups."""

from __future__ import annotations

from local.plugins.aws import parameters, tags
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


READ_TAGS = tags.listed_by("ListTagsForResource", "ResourceName", found="TagList")
"""Tags of an RDS resource by its ARN."""


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
    read_tags=READ_TAGS,
    timeouts=Timeouts(300, 300, 600),
)

_NO_PARAMETER_GROUP = ("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault")


def _read_group(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_PARAMETER_GROUP, "DescribeDBParameterGroups", DBParameterGroupName=id)
    if not answer or not answer["DBParameterGroups"]:
        return None
    listed = api.pages("DescribeDBParameters", "Parameters", DBParameterGroupName=id, Source="user")
    own = [
        {
            "Name": item["ParameterName"],
            "Value": item.get("ParameterValue", ""),
            "ApplyMethod": item.get("ApplyMethod") or "immediate",
        }
        for item in listed
        if item.get("Source", "user") == "user"
    ]
    return {**answer["DBParameterGroups"][0], "Parameters": sorted(own, key=lambda item: str(item["Name"]))}


def _send(api: Api, id: str, operation: str, wanted: list[Values]) -> None:
    for batch in parameters.batches(wanted):
        values = [
            {
                "ParameterName": item["name"],
                "ParameterValue": str(item["value"]),
                "ApplyMethod": item.get("applyMethod") or "immediate",
            }
            for item in batch
        ]
        api.call(operation, DBParameterGroupName=id, Parameters=values)


def _finish_group(api: Api, id: str, inputs: Values) -> None:
    _send(api, id, "ModifyDBParameterGroup", list(inputs.get("parameters") or []))


def _change_group(api: Api, id: str, change: Change) -> None:
    removed, changed = parameters.differences(change)
    _send(api, id, "ResetDBParameterGroup", removed)
    _send(api, id, "ModifyDBParameterGroup", changed)


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
    read_tags=READ_TAGS,
    timeouts=Timeouts(300, 300, 600),
)

TYPES = (SUBNET_GROUP, PARAMETER_GROUP)
