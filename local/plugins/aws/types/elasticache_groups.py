"""ElastiCache: subnet groups and parameter groups, which replication groups are made in."""

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

_IMMUTABLE = "ElastiCache cannot change it after creation"
_NAMED = "the name identifies it"
RETAG = tags.by_operations("AddTagsToResource", "RemoveTagsFromResource", "ResourceName")


def read_tags(api: Api, id: str, outputs: Values) -> Any:
    """Tags of any of ElastiCache's resources."""
    return api.call("ListTagsForResource", ResourceName=outputs["arn"])["TagList"]


SUBNET_GROUP = ResourceType(
    token="aws:elasticache/subnetGroup:SubnetGroup",
    service="elasticache",
    properties={
        "name": Property(member="CacheSubnetGroupName", replace=_NAMED, lower=True),
        "description": Property(member="CacheSubnetGroupDescription", default="Managed by Pulumi"),
        "subnetIds": Property(read="Subnets[].SubnetIdentifier"),
    },
    create=Create("CreateCacheSubnetGroup"),
    natural=lambda inputs: str(inputs["name"]).lower(),
    describe=Describe(
        "DescribeCacheSubnetGroups",
        {"CacheSubnetGroupName": "{id}"},
        "CacheSubnetGroups[0]",
        ("CacheSubnetGroupNotFoundFault", "CacheSubnetGroupNotFound"),
    ),
    modify=Modify("ModifyCacheSubnetGroup", {"CacheSubnetGroupName": "{id}"}),
    delete=Delete(
        "DeleteCacheSubnetGroup",
        {"CacheSubnetGroupName": "{id}"},
        gone=("CacheSubnetGroupNotFoundFault", "CacheSubnetGroupNotFound"),
        retry=("CacheSubnetGroupInUse",),
    ),
    outputs={"arn": "ARN", "vpcId": "VpcId"},
    auto_name=AutoName("name", lower=True),
    retag=RETAG,
    read_tags=read_tags,
    timeouts=Timeouts(300, 300, 600),
)

_NO_PARAMETER_GROUP = ("CacheParameterGroupNotFound", "CacheParameterGroupNotFoundFault")
_AT_ONCE = 20  # ElastiCache takes no more parameters a call.


def _read_parameter_group(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_PARAMETER_GROUP, "DescribeCacheParameterGroups", CacheParameterGroupName=id)
    if not answer or not answer["CacheParameterGroups"]:
        return None
    listed = api.pages("DescribeCacheParameters", "Parameters", CacheParameterGroupName=id, Source="user")
    parameters = [
        {"Name": item["ParameterName"], "Value": item.get("ParameterValue", "")}
        for item in listed
        if item.get("Source", "user") == "user"
    ]
    return {**answer["CacheParameterGroups"][0], "Parameters": sorted(parameters, key=lambda item: str(item["Name"]))}


def _set_parameters(api: Api, id: str, wanted: list[Values]) -> None:
    for start in range(0, len(wanted), _AT_ONCE):
        api.call(
            "ModifyCacheParameterGroup",
            CacheParameterGroupName=id,
            ParameterNameValues=[
                {"ParameterName": item["name"], "ParameterValue": str(item["value"])}
                for item in wanted[start : start + _AT_ONCE]
            ],
        )


def _finish_parameter_group(api: Api, id: str, inputs: Values) -> None:
    _set_parameters(api, id, list(inputs.get("parameters") or []))


def _change_parameter_group(api: Api, id: str, change: Change) -> None:
    if "parameters" not in change.names:
        return
    old = {item["name"]: item for item in change.old.get("parameters") or []}
    new = {item["name"]: item for item in change.new.get("parameters") or []}
    removed = [
        {"ParameterName": name, "ParameterValue": old[name]["value"]} for name in sorted(old.keys() - new.keys())
    ]
    for start in range(0, len(removed), _AT_ONCE):
        batch = removed[start : start + _AT_ONCE]
        api.call("ResetCacheParameterGroup", CacheParameterGroupName=id, ParameterNameValues=batch)
    _set_parameters(api, id, [item for name, item in new.items() if old.get(name) != item])


PARAMETER_GROUP = ResourceType(
    token="aws:elasticache/parameterGroup:ParameterGroup",
    service="elasticache",
    properties={
        "name": Property(member="CacheParameterGroupName", replace=_NAMED, lower=True),
        "family": Property(member="CacheParameterGroupFamily", replace=_IMMUTABLE),
        "description": Property(default="Managed by Pulumi", replace=_IMMUTABLE),
        "parameters": Property(),
    },
    create=Create("CreateCacheParameterGroup"),
    later=("parameters",),
    finish=_finish_parameter_group,
    natural=lambda inputs: str(inputs["name"]).lower(),
    describe=_read_parameter_group,
    modify=_change_parameter_group,
    delete=Delete(
        "DeleteCacheParameterGroup",
        {"CacheParameterGroupName": "{id}"},
        gone=_NO_PARAMETER_GROUP,
        retry=("InvalidCacheParameterGroupState",),
    ),
    outputs={"arn": "ARN"},
    unordered=("parameters",),
    auto_name=AutoName("name", lower=True),
    retag=RETAG,
    read_tags=read_tags,
    timeouts=Timeouts(300, 300, 600),
)

TYPES = (SUBNET_GROUP, PARAMETER_GROUP)
