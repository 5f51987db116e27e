"""What S3 does with a bucket's objects and requests by itself: lock, log, list, notify, replicate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.plugins.aws import requests
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Property, ResourceType, Timeouts, Values
from local.plugins.aws.types.s3_bucket import GONE
from local.plugins.aws.types.s3_settings import put, setting
from local.plugins.provider import ProviderError

_BUCKET = Property(replace="it belongs to one bucket")
_TIMEOUTS = Timeouts(300, 300, 300)


def _unlock(api: Api, id: str) -> None:
    """The default retention is taken back; that the bucket can lock stays for ever."""
    api.maybe(GONE, "PutObjectLockConfiguration", Bucket=id, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


OBJECT_LOCK = setting(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    put_operation="PutObjectLockConfiguration",
    wrap="ObjectLockConfiguration",
    get_operation="GetObjectLockConfiguration",
    result="ObjectLockConfiguration",
    delete_operation="",
    missing=("ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound"),
    reset=_unlock,
    forgets=True,
    properties={
        "objectLockEnabled": Property(default="Enabled", replace="S3 fixes it when the bucket is made"),
        "rule": Property(),
    },
)


def _stop_logging(api: Api, id: str) -> None:
    api.maybe(GONE, "PutBucketLogging", Bucket=id, BucketLoggingStatus={})


LOGGING = setting(
    "aws:s3/bucketLogging:BucketLogging",
    put_operation="PutBucketLogging",
    wrap="BucketLoggingStatus.LoggingEnabled",
    get_operation="GetBucketLogging",
    result="LoggingEnabled",
    delete_operation="",
    missing=(),
    reset=_stop_logging,
    properties={"targetBucket": Property(), "targetPrefix": Property()},
)

REPLICATION = setting(
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    put_operation="PutBucketReplication",
    wrap="ReplicationConfiguration",
    get_operation="GetBucketReplication",
    result="ReplicationConfiguration",
    delete_operation="DeleteBucketReplication",
    missing=("ReplicationConfigurationNotFoundError",),
    properties={"role": Property(), "rules": Property()},
    unordered=("rules",),
)

_NO_INVENTORY = ("NoSuchConfiguration", *GONE)


def _parts(id: str) -> tuple[str, str]:
    bucket, separator, name = id.partition(":")
    if not separator:
        raise ProviderError(f"the import ID of an inventory is BUCKET:NAME, not {id!r}")
    return bucket, name


def _put_inventory(api: Api, inputs: Values, mark: str) -> str:
    shape = api.input_shape("PutBucketInventoryConfiguration").members["InventoryConfiguration"]
    own = {name: value for name, value in inputs.items() if name != "bucket"}
    body = requests.members(INVENTORY, shape, own)
    put(
        api,
        "PutBucketInventoryConfiguration",
        Bucket=inputs["bucket"],
        Id=inputs["name"],
        InventoryConfiguration=body,
    )
    return f"{inputs['bucket']}:{inputs['name']}"


def _read_inventory(api: Api, id: str) -> Values | None:
    bucket, name = _parts(id)
    answer = api.maybe(_NO_INVENTORY, "GetBucketInventoryConfiguration", Bucket=bucket, Id=name)
    if answer is None or "InventoryConfiguration" not in answer:
        return None
    return {**answer["InventoryConfiguration"], "Bucket": bucket}


def _change_inventory(api: Api, id: str, change: Change) -> None:
    _put_inventory(api, change.new, "")


def _remove_inventory(api: Api, id: str, outputs: Values) -> None:
    bucket, name = _parts(id)
    api.maybe(_NO_INVENTORY, "DeleteBucketInventoryConfiguration", Bucket=bucket, Id=name)


INVENTORY = ResourceType(
    token="aws:s3/inventory:Inventory",
    service="s3",
    properties={
        "bucket": _BUCKET,
        "name": Property(
            member="Id",
            replace="the name identifies it",
            pattern=(r"[\w.-]{1,64}", "1 to 64 letters, digits, . _ and -"),
        ),
        "destination": Property(),
        "enabled": Property(member="IsEnabled", default=True),
        "filter": Property(),
        "includedObjectVersions": Property(),
        "optionalFields": Property(),
        "schedule": Property(),
    },
    names={"destination.bucket": "S3BucketDestination", "bucketArn": "Bucket"},
    shape=("PutBucketInventoryConfiguration", "InventoryConfiguration"),
    create=_put_inventory,
    overwrites=True,
    describe=_read_inventory,
    modify=_change_inventory,
    delete=_remove_inventory,
    natural=lambda inputs: f"{inputs['bucket']}:{inputs['name']}",
    auto_name=AutoName("name", maximum=64),
    timeouts=_TIMEOUTS,
)

_KINDS = {
    "lambdaFunctions": ("LambdaFunctionConfigurations", "lambdaFunctionArn", "LambdaFunctionArn"),
    "queues": ("QueueConfigurations", "queueArn", "QueueArn"),
    "topics": ("TopicConfigurations", "topicArn", "TopicArn"),
}


def _put_notification(api: Api, inputs: Values, mark: str) -> str:
    """All of a bucket's notifications are one setting of S3's."""
    body: dict[str, Any] = {"EventBridgeConfiguration": {}} if inputs.get("eventbridge") else {}
    for name, (member, own, theirs) in _KINDS.items():
        listed = [
            {"Id": item.get("id"), theirs: item[own], "Events": item["events"], "Filter": _filter(item)}
            for item in inputs.get(name) or []
        ]
        if listed:
            body[member] = [{key: value for key, value in item.items() if value} for item in listed]
    put(api, "PutBucketNotificationConfiguration", Bucket=inputs["bucket"], NotificationConfiguration=body)
    return str(inputs["bucket"])


def _filter(item: Values) -> Values | None:
    rules = [
        {"Name": name, "Value": item[key]}
        for key, name in (("filterPrefix", "prefix"), ("filterSuffix", "suffix"))
        if item.get(key)
    ]
    return {"Key": {"FilterRules": rules}} if rules else None


def _read_notification(api: Api, id: str) -> Values | None:
    answer = api.maybe(GONE, "GetBucketNotificationConfiguration", Bucket=id)
    if answer is None:
        return None
    found: Values = {}
    for name, (member, own, theirs) in _KINDS.items():
        if answer.get(member):
            found[name] = [{**_described(item), own: item[theirs]} for item in answer[member]]
    if "EventBridgeConfiguration" in answer:
        found["eventbridge"] = True
    return {**found, "bucket": id} if found else None


def _described(item: Values) -> Values:
    found: Values = {"id": item.get("Id"), "events": item["Events"]}
    for rule in _rules(item):
        found[f"filter{rule['Name'].capitalize()}"] = rule["Value"]
    return found


def _rules(item: Values) -> Iterator[Values]:
    yield from ((item.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []


def _change_notification(api: Api, id: str, change: Change) -> None:
    _put_notification(api, change.new, "")


def _remove_notification(api: Api, id: str, outputs: Values) -> None:
    api.maybe(GONE, "PutBucketNotificationConfiguration", Bucket=id, NotificationConfiguration={})


NOTIFICATION = ResourceType(
    token="aws:s3/bucketNotification:BucketNotification",
    service="s3",
    properties={
        "bucket": _BUCKET,
        "eventbridge": Property(default=False),
        "lambdaFunctions": Property(),
        "queues": Property(),
        "topics": Property(),
    },
    create=_put_notification,
    overwrites=True,
    describe=_read_notification,
    modify=_change_notification,
    delete=_remove_notification,
    natural=lambda inputs: str(inputs["bucket"]),
    unordered=("lambdaFunctions", "queues", "topics"),
    timeouts=_TIMEOUTS,
)

TYPES = (OBJECT_LOCK, LOGGING, REPLICATION, INVENTORY, NOTIFICATION)
