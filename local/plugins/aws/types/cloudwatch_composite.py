"""CloudWatch composite alarms and dashboards."""

from __future__ import annotations

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import Change, Create, Delete, Property, ResourceType, Timeouts, Values

_NAMED = "the name identifies it"
_TIMEOUTS = Timeouts(120, 120, 120)
_PLAIN = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "alarmRule": "AlarmRule",
    "insufficientDataActions": "InsufficientDataActions",
    "okActions": "OKActions",
}


def _put(api: Api, inputs: Values, mark: str) -> str:
    request: Values = {member: inputs.get(name) for name, member in _PLAIN.items()}
    if inputs.get("tagsAll"):
        request["Tags"] = tags.pairs(inputs["tagsAll"])
    api.call("PutCompositeAlarm", AlarmName=inputs["alarmName"], **request)
    return str(inputs["alarmName"])


def _change(api: Api, id: str, change: Change) -> None:
    # An alarm is put whole; tags of one that exists are changed by themselves.
    _put(api, {**change.new, "tagsAll": None}, "")


def _read(api: Api, id: str) -> Values | None:
    for found in api.call("DescribeAlarms", AlarmNames=[id], AlarmTypes=["CompositeAlarm"]).get("CompositeAlarms", []):
        return dict(found)
    return None


_READ_TAGS = tags.listed_by("ListTagsForResource", "ResourceARN")


COMPOSITE_ALARM = ResourceType(
    token="aws:cloudwatch/compositeAlarm:CompositeAlarm",
    service="cloudwatch",
    properties={
        "alarmName": Property(replace=_NAMED),
        "alarmRule": Property(),
        "alarmDescription": Property(),
        "actionsEnabled": Property(default=True, replace="the official provider replaces the alarm"),
        "alarmActions": Property(),
        "insufficientDataActions": Property(),
        "okActions": Property(member="OKActions"),
    },
    shape=("PutCompositeAlarm", ""),
    create=_put,
    overwrites=True,
    natural=lambda inputs: str(inputs["alarmName"]),
    describe=_read,
    modify=_change,
    delete=Delete("DeleteAlarms", {"AlarmNames": ["{id}"]}, gone=("ResourceNotFound", "ResourceNotFoundException")),
    outputs={"arn": "AlarmArn"},
    retag=tags.by_operations("TagResource", "UntagResource", "ResourceARN"),
    read_tags=_READ_TAGS,
    timeouts=_TIMEOUTS,
)


def _draw(api: Api, id: str, change: Change) -> None:
    api.call("PutDashboard", DashboardName=id, DashboardBody=change.new["dashboardBody"])


def _drawn(api: Api, id: str) -> Values | None:
    answer = api.maybe(("ResourceNotFound", "DashboardNotFoundError"), "GetDashboard", DashboardName=id)
    return None if answer is None else dict(answer)


DASHBOARD = ResourceType(
    token="aws:cloudwatch/dashboard:Dashboard",
    service="cloudwatch",
    properties={
        "dashboardName": Property(replace=_NAMED),
        "dashboardBody": Property(document=True),
    },
    create=Create("PutDashboard", tags=""),
    overwrites=True,
    natural=lambda inputs: str(inputs["dashboardName"]),
    describe=_drawn,
    modify=_draw,
    delete=Delete(
        "DeleteDashboards", {"DashboardNames": ["{id}"]}, gone=("ResourceNotFound", "DashboardNotFoundError")
    ),
    outputs={"dashboardArn": "DashboardArn"},
    timeouts=_TIMEOUTS,
)

TYPES = (COMPOSITE_ALARM, DASHBOARD)
