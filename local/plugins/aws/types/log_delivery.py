"""CloudWatch Logs' deliveries: what a service logs (source), where to (destination), and the pair of them."""

from __future__ import annotations

from local.plugins.aws import requests, tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Change, Create, Delete, Describe, Property, ResourceType, Timeouts, Values

_GONE = ("ResourceNotFoundException",)
_NAMED = "the name identifies it"
_RETAG = tags.by_operations("TagResource", "UntagResource", "resourceArn", keys="tagKeys", tags="tags")
_TIMEOUTS = Timeouts(120, 120, 120)


_READ_TAGS = tags.listed_by("ListTagsForResource", "resourceArn", found="tags")


SOURCE = ResourceType(
    token="aws:cloudwatch/logDeliverySource:LogDeliverySource",
    service="logs",
    properties={
        "name": Property(replace=_NAMED),
        "logType": Property(replace="a source logs one thing"),
        "resourceArn": Property(replace="a source logs one resource", read="resourceArns[0]"),
    },
    create=Create("PutDeliverySource", tags="tags"),
    describe=Describe("GetDeliverySource", {"name": "{id}"}, "deliverySource", _GONE),
    delete=Delete("DeleteDeliverySource", {"name": "{id}"}, _GONE, retry=("ConflictException",)),
    natural=lambda inputs: str(inputs["name"]),
    outputs={"arn": "arn", "service": "service"},
    retag=_RETAG,
    read_tags=_READ_TAGS,
    timeouts=_TIMEOUTS,
)


def _change_destination(api: Api, id: str, change: Change) -> None:
    """Putting it again changes it; tags are refused then."""
    if change.touches("deliveryDestinationConfiguration"):
        shape = api.input_shape("PutDeliveryDestination")
        api.call("PutDeliveryDestination", **requests.members(DESTINATION, shape, change.new))


DESTINATION = ResourceType(
    token="aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    service="logs",
    properties={
        "name": Property(replace=_NAMED),
        "outputFormat": Property(replace="its logs have one form", computed=True),
        "deliveryDestinationConfiguration": Property(),
        "deliveryDestinationType": Property(replace="it follows from what it leads to", computed=True),
    },
    create=Create("PutDeliveryDestination", tags="tags"),
    describe=Describe("GetDeliveryDestination", {"name": "{id}"}, "deliveryDestination", _GONE),
    modify=_change_destination,
    delete=Delete("DeleteDeliveryDestination", {"name": "{id}"}, _GONE, retry=("ConflictException",)),
    natural=lambda inputs: str(inputs["name"]),
    outputs={"arn": "arn"},
    retag=_RETAG,
    read_tags=_READ_TAGS,
    timeouts=_TIMEOUTS,
)


def _find_delivery(api: Api, inputs: Values, mark: str) -> str | None:
    """A source has one delivery to each destination."""
    for item in api.pages("DescribeDeliveries", "deliveries"):
        same = item["deliverySourceName"] == inputs["deliverySourceName"]
        if same and item["deliveryDestinationArn"] == inputs["deliveryDestinationArn"]:
            return str(item["id"])
    return None


_FORMED = "the local endpoint cannot change it; AWS can, in place"

DELIVERY = ResourceType(
    token="aws:cloudwatch/logDelivery:LogDelivery",
    service="logs",
    properties={
        "deliverySourceName": Property(replace="it belongs to one source"),
        "deliveryDestinationArn": Property(replace="it belongs to one destination"),
        "fieldDelimiter": Property(replace=_FORMED, computed=True),
        "recordFields": Property(replace=_FORMED, computed=True, ordered=True),
        "s3DeliveryConfigurations": Property(
            member="s3DeliveryConfiguration", read="s3DeliveryConfiguration", replace=_FORMED, computed=True
        ),
    },
    create=Create("CreateDelivery", tags="tags"),
    describe=Describe("GetDelivery", {"id": "{id}"}, "delivery", _GONE),
    delete=Delete("DeleteDelivery", {"id": "{id}"}, _GONE),
    id="id",
    find=_find_delivery,
    outputs={"arn": "arn"},
    delete_before_replace=True,
    retag=_RETAG,
    read_tags=_READ_TAGS,
    timeouts=_TIMEOUTS,
)

TYPES = (SOURCE, DESTINATION, DELIVERY)
