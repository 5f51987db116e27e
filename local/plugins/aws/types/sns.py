"""SNS topics and their subscriptions."""

from __future__ import annotations

import json

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Delete, Property, ResourceType, Timeouts, Values

_GONE = ("NotFound", "NotFoundException")
_ATTRIBUTES = {
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "tracingConfig": "TracingConfig",
}


def _make_topic(api: Api, inputs: Values, mark: str) -> str:
    attributes = {member: str(inputs[name]) for name, member in _ATTRIBUTES.items() if inputs.get(name) is not None}
    request: Values = {"Name": inputs["name"], "Attributes": attributes}
    if inputs.get("tagsAll"):
        request["Tags"] = tags.pairs(inputs["tagsAll"])
    return str(api.call("CreateTopic", **request)["TopicArn"])


def _read_topic(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "GetTopicAttributes", TopicArn=id)
    return None if answer is None else {**answer["Attributes"], "Name": id.rpartition(":")[2]}


def _change_topic(api: Api, id: str, change: Change) -> None:
    for name in sorted(change.names & _ATTRIBUTES.keys()):
        value = change.new.get(name)
        api.call("SetTopicAttributes", TopicArn=id, AttributeName=_ATTRIBUTES[name], AttributeValue=str(value or ""))


def _find_topic(api: Api, inputs: Values, mark: str) -> str | None:
    for topic in api.pages("ListTopics", "Topics"):
        if str(topic["TopicArn"]).rpartition(":")[2] == inputs["name"]:
            return str(topic["TopicArn"])
    return None


_READ_TAGS = tags.listed_by("ListTagsForResource", "ResourceArn", of="id")


TOPIC = ResourceType(
    token="aws:sns/topic:Topic",
    service="sns",
    properties={
        "name": Property(replace="the name identifies it"),
        "displayName": Property(),
        "kmsMasterKeyId": Property(),
        "policy": Property(computed=True, document=True),
        "tracingConfig": Property(computed=True),
    },
    create=_make_topic,
    describe=_read_topic,
    modify=_change_topic,
    delete=Delete("DeleteTopic", {"TopicArn": "{id}"}, gone=_GONE),
    find=_find_topic,
    outputs={"arn": "TopicArn", "owner": "Owner"},
    auto_name=AutoName("name"),
    retag=tags.by_operations("TagResource", "UntagResource", "ResourceArn", of="id"),
    read_tags=_READ_TAGS,
    timeouts=Timeouts(120, 120, 120),
)

_ADDRESSED = "a subscription belongs to one topic and one address"


def _subscribe(api: Api, inputs: Values, mark: str) -> str:
    raw = {"RawMessageDelivery": "true"} if inputs.get("rawMessageDelivery") else {}
    answer = api.call(
        "Subscribe",
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs["endpoint"],
        Attributes=raw,
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


def _read_subscription(api: Api, id: str) -> Values | None:
    answer = api.maybe(_GONE, "GetSubscriptionAttributes", SubscriptionArn=id)
    if answer is None:
        return None
    found: Values = dict(answer["Attributes"])
    for name in ("RawMessageDelivery", "PendingConfirmation", "ConfirmationWasAuthenticated"):
        found[name] = found.get(name) == "true"
    return found


def _change_subscription(api: Api, id: str, change: Change) -> None:
    if "rawMessageDelivery" in change.names:
        api.call(
            "SetSubscriptionAttributes",
            SubscriptionArn=id,
            AttributeName="RawMessageDelivery",
            AttributeValue="true" if change.new.get("rawMessageDelivery") else "false",
        )


def _find_subscription(api: Api, inputs: Values, mark: str) -> str | None:
    wanted = (inputs["protocol"], inputs["endpoint"])
    for found in api.pages("ListSubscriptionsByTopic", "Subscriptions", TopicArn=inputs["topic"]):
        if (found["Protocol"], found["Endpoint"]) == wanted and str(found["SubscriptionArn"]).startswith("arn:"):
            return str(found["SubscriptionArn"])
    return None


TOPIC_SUBSCRIPTION = ResourceType(
    token="aws:sns/topicSubscription:TopicSubscription",
    service="sns",
    properties={
        "topic": Property(read="TopicArn", replace=_ADDRESSED),
        "protocol": Property(
            replace=_ADDRESSED,
            values=("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"),
        ),
        "endpoint": Property(replace=_ADDRESSED),
        "rawMessageDelivery": Property(default=False),
        "confirmationTimeoutInMinutes": Property(local=True, default=1),
        "endpointAutoConfirms": Property(local=True, default=False),
    },
    create=_subscribe,
    describe=_read_subscription,
    modify=_change_subscription,
    delete=Delete("Unsubscribe", {"SubscriptionArn": "{id}"}, gone=_GONE),
    find=_find_subscription,
    outputs={
        "arn": "SubscriptionArn",
        "confirmationWasAuthenticated": "ConfirmationWasAuthenticated",
        "ownerId": "Owner",
        "pendingConfirmation": "PendingConfirmation",
    },
    volatile=("pendingConfirmation",),
    timeouts=Timeouts(120, 120, 120),
)


def _put_policy(api: Api, inputs: Values, mark: str) -> str:
    api.call("SetTopicAttributes", TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=str(inputs["policy"]))
    return str(inputs["arn"])


def _change_policy(api: Api, id: str, change: Change) -> None:
    if "policy" in change.names:
        _put_policy(api, change.new, "")


def _remove_policy(api: Api, id: str, outputs: Values) -> None:
    """A topic always has a policy: it goes back to the one that it was made with, the owner's rights."""
    owner = id.split(":")[4]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    document = json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})
    api.maybe(_GONE, "SetTopicAttributes", TopicArn=id, AttributeName="Policy", AttributeValue=document)


_OWNERS_ACTIONS = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe"),
    *("ListSubscriptionsByTopic", "Publish"),
)

TOPIC_POLICY = ResourceType(
    token="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    properties={
        "arn": Property(read="TopicArn", replace="it belongs to one topic"),
        "policy": Property(document=True),
    },
    create=_put_policy,
    overwrites=True,
    natural=lambda inputs: str(inputs["arn"]),
    describe=_read_topic,
    modify=_change_policy,
    delete=_remove_policy,
    outputs={"owner": "Owner"},
    forgets=True,
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (TOPIC, TOPIC_SUBSCRIPTION, TOPIC_POLICY)
