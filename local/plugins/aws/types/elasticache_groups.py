"""ElastiCache: subnet groups and parameter groups, which replication groups are made in."""

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

_IMMUTABLE = "ElastiCache cannot change it after creation"
_NAMED = "the name identifies it"
RETAG = tags.by_operations("AddTagsToResource", "RemoveTagsFromResource", "ResourceName")


READ_TAGS = tags.listed_by("ListTagsForResource", "ResourceName", found="TagList")
"""Tags of any of ElastiCache's resources."""


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
    read_tags=READ_TAGS,
    timeouts=Timeouts(300, 300, 600),
)

_NO_PARAMETER_GROUP = ("CacheParameterGroupNotFound", "CacheParameterGroupNotFoundFault")


def _read_parameter_group(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_PARAMETER_GROUP, "DescribeCacheParameterGroups", CacheParameterGroupName=id)
    if not answer or not answer["CacheParameterGroups"]:
        return None
    listed = api.pages("DescribeCacheParameters", "Parameters", CacheParameterGroupName=id, Source="user")
    own = [
        {"Name": item["ParameterName"], "Value": item.get("ParameterValue", "")}
        for item in listed
        if item.get("Source", "user") == "user"
    ]
    return {**answer["CacheParameterGroups"][0], "Parameters": sorted(own, key=lambda item: str(item["Name"]))}


def _send(api: Api, id: str, operation: str, wanted: list[Values]) -> None:
    for batch in parameters.batches(wanted):
        values = [{"ParameterName": item["name"], "ParameterValue": str(item["value"])} for item in batch]
        api.call(operation, CacheParameterGroupName=id, ParameterNameValues=values)


def _finish_parameter_group(api: Api, id: str, inputs: Values) -> None:
    _send(api, id, "ModifyCacheParameterGroup", list(inputs.get("parameters") or []))


def _change_parameter_group(api: Api, id: str, change: Change) -> None:
    removed, changed = parameters.differences(change)
    _send(api, id, "ResetCacheParameterGroup", removed)
    _send(api, id, "ModifyCacheParameterGroup", changed)


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
    read_tags=READ_TAGS,
    timeouts=Timeouts(300, 300, 600),
)

TYPES = (SUBNET_GROUP, PARAMETER_GROUP)
