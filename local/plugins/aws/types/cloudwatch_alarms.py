"""CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.plugins.aws import tags
from local.plugins.aws.api import Api
from local.plugins.aws.declaration import AutoName, Change, Delete, Property, ResourceType, Timeouts, Values, computed
from local.plugins.provider import CheckFailure

_PLAIN = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""Properties that are sent as they are."""


def _pairs(dimensions: Mapping[str, Any]) -> list[Values]:
    return [{"Name": name, "Value": str(dimensions[name])} for name in sorted(dimensions)]


def _flat(pairs: Any) -> Values:
    return {pair["Name"]: pair["Value"] for pair in pairs or []}


def _query(declared: Values) -> Values:
    """One metric or expression of an alarm as the API asks for it."""
    found = {
        "Id": declared["id"],
        "AccountId": declared.get("accountId"),
        "Expression": declared.get("expression"),
        "Label": declared.get("label"),
        "Period": declared.get("period"),
        "ReturnData": declared.get("returnData") is True,
    }
    metric = declared.get("metric")
    if metric:
        found["MetricStat"] = {
            "Metric": {
                "Namespace": metric.get("namespace"),
                "MetricName": metric["metricName"],
                "Dimensions": _pairs(metric.get("dimensions") or {}),
            },
            "Period": metric["period"],
            "Stat": metric["stat"],
            **({"Unit": metric["unit"]} if metric.get("unit") else {}),
        }
    return {name: value for name, value in found.items() if value is not None}


def _flat_query(answered: Values) -> Values:
    """The same as the official provider has it."""
    stat = answered.get("MetricStat")
    found = {name: answered.get(name) for name in ("Id", "AccountId", "Expression", "Label", "Period", "ReturnData")}
    if stat:
        metric = stat["Metric"]
        found["Metric"] = {
            "Namespace": metric.get("Namespace"),
            "MetricName": metric.get("MetricName"),
            "Dimensions": _flat(metric.get("Dimensions")) or None,
            "Period": stat.get("Period"),
            "Stat": stat.get("Stat"),
            "Unit": stat.get("Unit"),
        }
    return found


def _put(api: Api, inputs: Values, mark: str) -> str:
    request: Values = {member: inputs.get(name) for name, member in _PLAIN.items()}
    if inputs.get("dimensions"):
        request["Dimensions"] = _pairs(inputs["dimensions"])
    if inputs.get("metricQueries"):
        request["Metrics"] = [_query(item) for item in inputs["metricQueries"]]
    if inputs.get("tagsAll"):
        request["Tags"] = tags.pairs(inputs["tagsAll"])
    api.call("PutMetricAlarm", AlarmName=inputs["name"], **request)
    return str(inputs["name"])


def _change(api: Api, id: str, change: Change) -> None:
    # An alarm is put whole; tags of one that exists are changed by themselves.
    _put(api, {**change.new, "tagsAll": None}, "")


def _read(api: Api, id: str) -> Values | None:
    for found in api.call("DescribeAlarms", AlarmNames=[id], AlarmTypes=["MetricAlarm"])["MetricAlarms"]:
        return {
            **found,
            "Dimensions": _flat(found.get("Dimensions")) or None,
            "MetricQueries": [_flat_query(item) for item in found.get("Metrics") or []] or None,
        }
    return None


_READ_TAGS = tags.listed_by("ListTagsForResource", "ResourceARN")


def _one_kind(inputs: Values) -> list[CheckFailure]:
    single, queries = inputs.get("metricName") is not None, bool(inputs.get("metricQueries"))
    if single == queries:
        return [CheckFailure("metricName", "an alarm looks at one metricName or at metricQueries: write one of them")]
    return []


METRIC_ALARM = ResourceType(
    token="aws:cloudwatch/metricAlarm:MetricAlarm",
    service="cloudwatch",
    properties={
        "name": Property(member="AlarmName", replace="the name identifies it"),
        "actionsEnabled": Property(default=True),
        "alarmActions": Property(),
        "alarmDescription": Property(),
        "comparisonOperator": Property(),
        "datapointsToAlarm": Property(),
        "dimensions": Property(),
        "evaluationPeriods": Property(minimum=1),
        "extendedStatistic": Property(),
        "insufficientDataActions": Property(),
        "metricName": Property(),
        "metricQueries": Property(member="Metrics", read="MetricQueries"),
        "namespace": Property(),
        "okActions": Property(member="OKActions"),
        "period": Property(),
        "statistic": Property(),
        "threshold": Property(),
        "thresholdMetricId": Property(),
        "treatMissingData": Property(default="missing", values=("missing", "ignore", "breaching", "notBreaching")),
        "unit": Property(),
        **computed("evaluateLowSampleCountPercentiles"),
    },
    shape=("PutMetricAlarm", ""),
    create=_put,
    overwrites=True,
    natural=lambda inputs: str(inputs["name"]),
    describe=_read,
    modify=_change,
    delete=Delete("DeleteAlarms", {"AlarmNames": ["{id}"]}, gone=("ResourceNotFound", "ResourceNotFoundException")),
    outputs={"arn": "AlarmArn"},
    nested_defaults={"metricQueries[].returnData": False},
    unordered=("metricQueries",),
    rules=(_one_kind,),
    auto_name=AutoName("name"),
    retag=tags.by_operations("TagResource", "UntagResource", "ResourceARN"),
    read_tags=_READ_TAGS,
    timeouts=Timeouts(120, 120, 120),
)

TYPES = (METRIC_ALARM,)
