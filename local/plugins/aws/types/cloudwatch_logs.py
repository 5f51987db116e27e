"""CloudWatch log groups."""

from __future__ import annotations

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Create, Delete, Property, ResourceType, Timeouts, Values

_GONE = ("ResourceNotFoundException",)
_FOR_EVER = 0


def _read(api: Api, id: str) -> Values | None:
    for group in api.pages("DescribeLogGroups", "logGroups", logGroupNamePrefix=id):
        if group["logGroupName"] == id:
            # The ARN of a group ends with `:*` where it stands for the streams in it.
            return {**group, "arn": str(group["arn"]).removesuffix(":*")}
    return None


def _retain(api: Api, id: str, inputs: Values) -> None:
    days = int(inputs.get("retentionInDays") or _FOR_EVER)
    if days == _FOR_EVER:
        api.maybe(_GONE, "DeleteRetentionPolicy", logGroupName=id)
    else:
        api.call("PutRetentionPolicy", logGroupName=id, retentionInDays=days)


def _finish(api: Api, id: str, inputs: Values) -> None:
    if inputs.get("retentionInDays"):
        _retain(api, id, inputs)


def _change(api: Api, id: str, change: Change) -> None:
    if "retentionInDays" in change.names:
        _retain(api, id, change.new)
    if "kmsKeyId" in change.names:
        if change.new.get("kmsKeyId"):
            api.call("AssociateKmsKey", logGroupName=id, kmsKeyId=change.new["kmsKeyId"])
        else:
            api.call("DisassociateKmsKey", logGroupName=id)


_READ_TAGS = tags.listed_by("ListTagsForResource", "resourceArn", found="tags")


LOG_GROUP = ResourceType(
    token="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    properties={
        "name": Property(member="logGroupName", replace="the name identifies it"),
        "kmsKeyId": Property(),
        "logGroupClass": Property(computed=True, replace="CloudWatch cannot change it after creation"),
        "retentionInDays": Property(default=_FOR_EVER, minimum=0, maximum=3653),
        "skipDestroy": Property(local=True, default=False, values=(False,)),
    },
    create=Create("CreateLogGroup", tags="tags"),
    later=("retentionInDays",),
    finish=_finish,
    natural=lambda inputs: str(inputs["name"]),
    describe=_read,
    modify=_change,
    delete=Delete("DeleteLogGroup", {"logGroupName": "{id}"}, gone=_GONE),
    outputs={"arn": "arn"},
    auto_name=AutoName("name", maximum=512),
    retag=tags.by_operations("TagResource", "UntagResource", "resourceArn", keys="tagKeys", tags="tags"),
    read_tags=_READ_TAGS,
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (LOG_GROUP,)
