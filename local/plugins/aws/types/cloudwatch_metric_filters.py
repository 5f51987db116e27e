"""CloudWatch Logs' metric filters: numbers out of log lines.

A filter's name counts within its group, so that the locator is `GROUP:NAME`, which is the official import ID.
"""

from __future__ import annotations

from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Property, ResourceType, Timeouts, Values
from local.plugins.provider import ProviderError

_GONE = ("ResourceNotFoundException",)
_NAMED = "name and group identify it"


def _parts(locator: str) -> dict[str, str]:
    group, _, name = locator.rpartition(":")
    if not group:
        raise ProviderError(f"the import ID of a metric filter is GROUP:NAME, not {locator!r}")
    return {"logGroupName": group, "filterName": name}


def _members(inputs: Values) -> Values:
    transformation = inputs["metricTransformation"]
    default = transformation.get("defaultValue")
    sent = {
        "metricName": transformation["name"],
        "metricNamespace": transformation["namespace"],
        "metricValue": transformation["value"],
        "defaultValue": None if default is None else float(default),
        "dimensions": transformation.get("dimensions"),
        "unit": transformation.get("unit"),
    }
    return {
        "filterPattern": inputs["pattern"],
        "metricTransformations": [{name: value for name, value in sent.items() if value is not None}],
    }


def _put(api: Api, inputs: Values, mark: str) -> str:
    locator = f"{inputs['logGroupName']}:{inputs['name']}"
    api.call("PutMetricFilter", **_parts(locator), **_members(inputs))
    return locator


def _change(api: Api, id: str, change: Change) -> None:
    api.call("PutMetricFilter", **_parts(id), **_members(change.new))


def _read(api: Api, id: str) -> Values | None:
    wanted = _parts(id)
    asked = {"logGroupName": wanted["logGroupName"], "filterNamePrefix": wanted["filterName"]}
    answer = api.maybe(_GONE, "DescribeMetricFilters", **asked) or {}
    for found in answer.get("metricFilters", []):
        if found["filterName"] == wanted["filterName"]:
            return dict(found)
    return None


def _remove(api: Api, id: str, outputs: Values) -> None:
    api.maybe(_GONE, "DeleteMetricFilter", **_parts(id))


METRIC_FILTER = ResourceType(
    token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    service="logs",
    properties={
        "name": Property(member="filterName", replace=_NAMED),
        "logGroupName": Property(replace=_NAMED),
        "pattern": Property(member="filterPattern"),
        "metricTransformation": Property(member="metricTransformations", read="metricTransformations[0]"),
    },
    names={
        "metricTransformation.name": "metricName",
        "metricTransformation.namespace": "metricNamespace",
        "metricTransformation.value": "metricValue",
    },
    nested_defaults={"metricTransformation.unit": "None"},
    shape=("PutMetricFilter", ""),
    create=_put,
    overwrites=True,
    natural=lambda inputs: f"{inputs['logGroupName']}:{inputs['name']}",
    describe=_read,
    modify=_change,
    delete=_remove,
    handle=lambda id, known: id if ":" in id else f"{known.get('logGroupName', '')}:{id}",
    public_id=lambda locator: _parts(locator)["filterName"],
    auto_name=AutoName("name", maximum=512),
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (METRIC_FILTER,)
