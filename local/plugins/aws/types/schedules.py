"""Step Functions' state machines, and EventBridge Scheduler's schedules that start them."""

from __future__ import annotations

from typing import Any

from local.plugins.aws import requests
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
    Status,
    Timeouts,
    Values,
)
from local.plugins.provider import ProviderError

_NAMED = "the name identifies it"
_NO_MACHINE = ("StateMachineDoesNotExist",)
_NO_SCHEDULE = ("ResourceNotFoundException",)


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as Step Functions has them, in small letters."""
    return [{"key": key, "value": tags[key]} for key in sorted(tags)]


def _make_machine(api: Api, inputs: Values, mark: str) -> str:
    request = requests.members(MACHINE, api.input_shape("CreateStateMachine"), inputs)
    answer = api.call("CreateStateMachine", **request, tags=_pairs(dict(inputs.get("tagsAll") or {})))
    return str(answer["stateMachineArn"])


def _find_machine(api: Api, inputs: Values, mark: str) -> str | None:
    for item in api.pages("ListStateMachines", "stateMachines"):
        if item["name"] == inputs["name"]:
            return str(item["stateMachineArn"])
    return None


def _retag_machine(api: Api, id: str, outputs: Values, wanted: dict[str, str], unwanted: list[str]) -> None:
    if unwanted:
        api.call("UntagResource", resourceArn=id, tagKeys=unwanted)
    if wanted:
        api.call("TagResource", resourceArn=id, tags=_pairs(wanted))


def _read_machine_tags(api: Api, id: str, outputs: Values) -> Any:
    return {item["key"]: item["value"] for item in api.call("ListTagsForResource", resourceArn=id)["tags"]}


MACHINE = ResourceType(
    token="aws:sfn/stateMachine:StateMachine",
    service="stepfunctions",
    properties={
        "name": Property(replace=_NAMED),
        "definition": Property(document=True),
        "roleArn": Property(),
        "type": Property(default="STANDARD", replace="Step Functions cannot change it"),
    },
    shape=("CreateStateMachine", ""),
    create=_make_machine,
    find=_find_machine,
    describe=Describe("DescribeStateMachine", {"stateMachineArn": "{id}"}, "@", _NO_MACHINE),
    modify=Modify("UpdateStateMachine", {"stateMachineArn": "{id}"}),
    delete=Delete("DeleteStateMachine", {"stateMachineArn": "{id}"}, _NO_MACHINE),
    outputs={"arn": "stateMachineArn", "status": "status"},
    status=Status("status", ("ACTIVE",)),
    auto_name=AutoName("name", maximum=80),
    retag=_retag_machine,
    read_tags=_read_machine_tags,
    timeouts=Timeouts(300, 60, 300),
)


def _schedule_key(id: str) -> dict[str, str]:
    group, slash, name = id.partition("/")
    if not slash:
        raise ProviderError(f"{id} is no schedule: write GROUP/NAME")
    return {"GroupName": group, "Name": name}


def _read_schedule(api: Api, id: str) -> Values | None:
    answer = api.maybe(_NO_SCHEDULE, "GetSchedule", **_schedule_key(id))
    return None if answer is None else dict(answer)


def _change_schedule(api: Api, id: str, change: Change) -> None:
    """What is left out of an update is set back."""
    api.call("UpdateSchedule", **requests.members(SCHEDULE, api.input_shape("UpdateSchedule"), change.new))


def _remove_schedule(api: Api, id: str, outputs: Values) -> None:
    api.maybe(_NO_SCHEDULE, "DeleteSchedule", **_schedule_key(id))


SCHEDULE = ResourceType(
    token="aws:scheduler/schedule:Schedule",
    service="scheduler",
    properties={
        "name": Property(replace=_NAMED),
        "groupName": Property(default="default", replace="a schedule cannot be moved"),
        "description": Property(),
        "scheduleExpression": Property(),
        "scheduleExpressionTimezone": Property(default="UTC"),
        "state": Property(default="ENABLED"),
        "flexibleTimeWindow": Property(),
        "kmsKeyArn": Property(),
        "target": Property(),
    },
    create=Create("CreateSchedule", tags="", token="ClientToken"),
    natural=lambda inputs: f"{inputs['groupName']}/{inputs['name']}",
    describe=_read_schedule,
    modify=_change_schedule,
    delete=_remove_schedule,
    outputs={"arn": "Arn"},
    auto_name=AutoName("name", maximum=64),
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (MACHINE, SCHEDULE)
