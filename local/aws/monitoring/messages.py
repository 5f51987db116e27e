"""What an alarm tells a topic: subject and JSON of CloudWatch's notifications."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from moto.cloudwatch.models import Alarm, MetricDataQuery

from local.aws.monitoring.definitions import is_returned
from local.aws.monitoring.evaluation import State
from local.aws.monitoring.reasons import stamp

_SUBJECT_MOST = 100
"""Characters of a subject (SNS API Reference, Publish)."""


@dataclass(frozen=True)
class Transition:
    """An alarm that came into another state.

    Attributes:
        time: Seconds since the epoch.
        data: Why, as data.
    """

    before: State
    after: State
    reason: str
    data: Mapping[str, Any]
    time: float


def subject(alarm: Alarm, transition: Transition) -> str:
    """The notification's subject."""
    return f'{transition.after}: "{alarm.name}" in {region_name(alarm.region_name)}'[:_SUBJECT_MOST]


def body(alarm: Alarm, account: str, transition: Transition) -> str:
    """The notification's JSON."""
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": _stamp_of(alarm.configuration_updated_timestamp),
        "NewStateValue": transition.after,
        "NewStateReason": transition.reason,
        "StateChangeTime": stamp(transition.time),
        "Region": region_name(alarm.region_name),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": transition.before,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if alarm.rule is not None:
        told |= {
            "AlarmRule": alarm.rule,
            "NewStateReasonData": json.dumps(transition.data),
            "TriggeringChildren": [
                {
                    "Arn": each["arn"],
                    "State": {"Value": each["state"]["value"], "Timestamp": each["state"]["timestamp"]},
                }
                for each in transition.data.get("triggeringAlarms", ())
            ],
        }
    else:
        told["Trigger"] = _trigger(alarm)
    return json.dumps(told)


@cache
def region_name(region: str) -> str:
    """A region as CloudWatch writes it: `EU (Ireland)`; the identifier if it has no name."""
    for partition in botocore.session.get_session().get_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"]).replace("Europe", "EU")
    return region


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        return {**common, "Metrics": [_query(each) for each in alarm.metric_data_queries]}
    kind = (
        {"StatisticType": "Statistic", "Statistic": alarm.statistic.upper()}
        if alarm.statistic
        else {
            "StatisticType": "ExtendedStatistic",
            "ExtendedStatistic": alarm.extended_statistic,
        }
    )
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        **kind,
        "Unit": alarm.unit,
        "Dimensions": [{"value": each.value, "name": each.name} for each in alarm.dimensions],
        "Period": alarm.period,
        **common,
    }


def _query(query: MetricDataQuery) -> dict[str, Any]:
    told: dict[str, Any] = {"Id": query.id}
    if query.expression:
        told["Expression"] = query.expression
    if query.label:
        told["Label"] = query.label
    if query.metric_stat is not None:
        metric = query.metric_stat.metric
        told["MetricStat"] = {
            "Metric": {
                "Dimensions": [{"value": each.value, "name": each.name} for each in metric.dimensions],
                "MetricName": metric.metric_name,
                "Namespace": metric.namespace,
            },
            "Period": query.metric_stat.period,
            "Stat": query.metric_stat.stat,
        }
    told["ReturnData"] = is_returned(query.return_data)
    return told


def _stamp_of(moment: datetime) -> str:
    return stamp(moment.replace(tzinfo=UTC).timestamp())
