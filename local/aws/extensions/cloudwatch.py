"""CloudWatch: metrics that are kept and computed, alarms that have states, composite alarms, the alarms' history."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from moto.cloudwatch import urls as moto_urls
from moto.cloudwatch.exceptions import (
    InvalidFormat,
    InvalidParameterCombination,
    InvalidParameterValue,
    ResourceNotFound,
    ValidationError,
)
from moto.cloudwatch.models import Alarm, CloudWatchBackend, MetricDatum, MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from local.aws.alarm_limits import check_alarm
from local.aws.alarm_rules import alarms_of
from local.aws.errors import Invalid, Refused
from local.aws.extensions.routing import urls
from local.aws.monitoring import stores, transitions
from local.aws.monitoring.definitions import request_queries
from local.aws.monitoring.evaluation import State
from local.aws.monitoring.expressions import Unsupported
from local.aws.monitoring.history import History
from local.aws.monitoring.queries import Grid, Stat, check_statistics, period_of, points_of, series
from local.aws.monitoring.statistics import is_statistic, statistic
from local.aws.monitoring.store import Metric, MetricStore, Point
from local.aws.state import LOCK

_NO_METRIC: dict[str, Any] = {
    "namespace": None,
    "metric_name": None,
    "comparison_operator": None,
    "evaluation_periods": None,
    "period": None,
    "threshold": None,
    "statistic": None,
    "dimensions": [],
}
"""What moto wants of every alarm and a composite one has not."""

_MOST_POINTS = 100_800
"""Data points of one query (CloudWatch API Reference, GetMetricData)."""
_MOST_STATISTICS = 1_440
"""Data points of GetMetricStatistics."""
_S3 = "AWS/S3"
"""Namespace of the metrics that moto has itself: the sizes of buckets, once a day."""
_MOST_RECORDS = 100
"""Items of one answer of DescribeAlarmHistory."""
_SHORT = (1, 5, 10, 20, 30)
"""Periods of less than a minute, seconds."""
_STATES = ("INSUFFICIENT_DATA", "ALARM", "OK")


class CloudWatch(CloudWatchBackend):
    """The region's CloudWatch."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.history = History()

    @property
    def _url_module(self) -> Any:
        return urls(moto_urls, Responses)

    @property
    def store(self) -> MetricStore:
        """The region's data points."""
        return stores.of(self.region_name)

    def read(self, metric: Metric, start: float, end: float) -> dict[str | None, list[Point]]:
        """Points of a metric, by unit, oldest first: those that were put, and of S3's what moto counts."""
        found = self.store.read(metric, start, end)
        if metric.namespace == _S3:
            with LOCK:
                counted = [each for each in self.aws_metric_data if isinstance(each, MetricDatum)]
            for each in counted:
                when = _seconds(each.timestamp)
                if start <= when < end and _metric(each) == metric:
                    found.setdefault(each.unit, []).append(Point.of(when, each.value))
        return found

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        for number, each in enumerate(metric_data, start=1):
            self._validate_parameters_put_metric_data(each, number)
        now = time.time()
        for each in metric_data:
            dimensions = frozenset((one["Name"], one["Value"]) for one in each.get("Dimensions") or ())
            when = _seconds(each["Timestamp"]) if each.get("Timestamp") else now
            metric = Metric(namespace, each["MetricName"], dimensions)
            self.store.add(metric, each.get("Unit"), _points(each, when), now)

    def get_metric_data(
        self,
        queries: list[dict[str, Any]],
        start_time: datetime,
        end_time: datetime,
        scan_by: str = "TimestampAscending",
    ) -> list[dict[str, Any]]:
        start, end = _seconds(start_time), _seconds(end_time)
        if start >= end:
            raise ValidationError("The parameter EndTime must be greater than StartTime.")
        asked = request_queries(queries)
        wrong = check_statistics(asked)
        if wrong is not None:
            raise Refused(f"the statistic {wrong}")
        results = []
        for query, declared in zip(asked, queries, strict=True):
            if not query.returned:
                continue
            try:
                grid = _grid(start, end, period_of(asked, query.id), _MOST_POINTS)
                values = series(self.read, asked, query.id, grid)
            except Unsupported as error:
                raise Refused(str(error)) from None
            known = [(grid.time(place), value) for place, value in enumerate(values) if value is not None]
            if scan_by == "TimestampDescending":
                known.reverse()
            metric = query.stat.metric.name if query.stat is not None else query.id
            results.append(
                {
                    "id": query.id,
                    "label": declared.get("Label") or metric,
                    "values": [value for _, value in known],
                    "timestamps": [_moment(when) for when, _ in known],
                    "status_code": "Complete",
                }
            )
        return results

    def datapoints(
        self, stat: Stat, names: Sequence[str], extended: Sequence[str], start: float, end: float
    ) -> list[dict[str, Any]]:
        """The API's `Datapoints` of GetMetricStatistics."""
        grid = _grid(start, end, stat.period, _MOST_STATISTICS)
        points = points_of(self.read, stat, grid)
        units = self.read(stat.metric, grid.start, grid.end)
        unit = stat.unit or next(iter(units), None) or "None"
        return [
            {
                "Timestamp": _moment(grid.time(place)),
                **{name: statistic(name, period) for name in names},
                **({"ExtendedStatistics": {name: statistic(name, period) for name in extended}} if extended else {}),
                "Unit": unit,
            }
            for place, period in enumerate(grid.split(points))
            if period
        ]

    def get_filtered_metrics(
        self, metric_name: str, namespace: str, dimensions: list[dict[str, str]]
    ) -> list[MetricDatumBase]:
        asked = [(each["Name"], each.get("Value")) for each in dimensions or ()]
        ready = dict.fromkeys([*self.store.metrics(), *(_metric(each) for each in self.aws_metric_data)])
        return [
            _listed(metric)
            for metric in ready
            if namespace in (None, "", metric.namespace)
            and metric_name in (None, "", metric.name)
            and all(_has(metric, name, value) for name, value in asked)
        ]

    def put_metric_alarm(self, *args: Any, **declared: Any) -> Alarm:
        check_alarm(declared)
        before = self.alarms.get(declared["name"])
        alarm = super().put_metric_alarm(*args, **declared)
        if before is None:
            transitions.begin(alarm)
        else:
            transitions.keep_state(alarm, before)
        self._note(alarm, "created" if before is None else "updated")
        return alarm

    def delete_alarms(self, alarm_names: list[str]) -> None:
        for name in alarm_names:
            if name in self.alarms:
                self._note(self.alarms[name], "deleted")
        super().delete_alarms(alarm_names)

    def set_alarm_state(self, alarm_name: str, reason: str, reason_data: str | None, state_value: str) -> None:
        alarm = self.alarms.get(alarm_name)
        if alarm is None:
            raise ResourceNotFound
        try:
            data = json.loads(reason_data) if reason_data else None
        except ValueError:
            raise InvalidFormat("TimeStamp or state reason data is not valid JSON") from None
        if state_value not in _STATES:
            raise ValidationError(
                f"1 validation error detected: Value '{state_value}' at 'stateValue' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(_STATES)}]"
            )
        transitions.set_state(alarm, self.history, cast(State, state_value), reason, data, time.time())

    def _note(self, alarm: Alarm, what: str) -> None:
        kind = {"created": "Create", "updated": "Update", "deleted": "Delete"}[what]
        self.history.add(
            alarm,
            "ConfigurationUpdate",
            f'Alarm "{alarm.name}" {what}',
            {"version": "1.0", "type": kind},
            time.time(),
        )


class Responses(CloudWatchResponse):
    """The operations that moto lacks or answers otherwise."""

    @property
    def _own(self) -> CloudWatch:
        return cast(CloudWatch, self.cloudwatch_backend)

    def put_composite_alarm(self) -> ActionResult:
        backend = self.cloudwatch_backend
        name, rule = self._get_param("AlarmName"), self._get_param("AlarmRule")
        if self._get_param("ActionsSuppressor"):
            raise Refused("suppressors of composite alarms")
        watched = alarms_of(rule)
        missing = sorted(set(watched) - backend.alarms.keys())
        if missing:
            raise Invalid(
                "ValidationError",
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist",
            )
        if name in watched:
            raise Invalid("ValidationError", f"The alarm rule of {name} refers to {name} itself")
        backend.put_metric_alarm(
            name=name,
            rule=rule,
            description=self._get_param("AlarmDescription"),
            actions_enabled=self._get_bool_param("ActionsEnabled", True),
            alarm_actions=self._get_param("AlarmActions", []),
            ok_actions=self._get_param("OKActions", []),
            insufficient_data_actions=self._get_param("InsufficientDataActions", []),
            tags=self._get_param("Tags", []),
            **_NO_METRIC,
        )
        return EmptyResult()

    def describe_alarms(self) -> ActionResult:
        found = super().describe_alarms()
        # Without a type only metric alarms are answered (CloudWatch API Reference, DescribeAlarms).
        types = self._get_param("AlarmTypes") or ["MetricAlarm"]
        for kind in ("MetricAlarm", "CompositeAlarm"):
            if kind not in types:
                cast(dict[str, Any], found.result)[f"{kind}s"] = []
        return found

    def describe_alarm_history(self) -> ActionResult:
        start, end = self._get_param("StartDate"), self._get_param("EndDate")
        items = self._own.history.find(
            alarm=self._get_param("AlarmName"),
            types=self._get_param("AlarmTypes") or ["MetricAlarm"],
            kind=self._get_param("HistoryItemType"),
            start=_seconds(start) if start else None,
            end=_seconds(end) if end else None,
        )
        if self._get_param("ScanBy") != "TimestampAscending":
            items.reverse()
        first = _page(self._get_param("NextToken"))
        most = self._get_int_param("MaxRecords") or _MOST_RECORDS
        told = [
            {
                "AlarmName": item.alarm,
                "AlarmType": "CompositeAlarm" if item.composite else "MetricAlarm",
                "Timestamp": _moment(item.time),
                "HistoryItemType": item.kind,
                "HistorySummary": item.summary,
                "HistoryData": item.data,
            }
            for item in items[first : first + most]
        ]
        more = str(first + most) if len(items) > first + most else None
        return ActionResult({"AlarmHistoryItems": told, "NextToken": more})

    def get_metric_statistics(self) -> ActionResult:
        names: list[str] = self._get_param("Statistics") or []
        extended: list[str] = self._get_param("ExtendedStatistics") or []
        if not names and not extended:
            raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
        wrong = next((name for name in [*names, *extended] if not is_statistic(name)), None)
        if wrong is not None:
            raise Refused(f"the statistic {wrong}")
        start, end = (_seconds(self._get_param(name)) for name in ("StartTime", "EndTime"))
        if start >= end:
            raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
        dimensions = frozenset((each["Name"], each["Value"]) for each in self._get_param("Dimensions") or ())
        metric = Metric(self._get_param("Namespace"), self._get_param("MetricName"), dimensions)
        stat = Stat(metric, self._get_int_param("Period"), names[0] if names else extended[0], self._get_param("Unit"))
        points = self._own.datapoints(stat, names, extended, start, end)
        return ActionResult({"Label": metric.name, "Datapoints": points})


def _grid(start: float, end: float, period: int, most: int) -> Grid:
    """The periods of a request: its start rounded down to a minute, or to a shorter period."""
    if period < 1 or (period not in _SHORT and period % 60):
        raise InvalidParameterValue("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    step = min(period, 60)
    first = start // step * step
    count = math.ceil((end - first) / period)
    if count > most:
        raise InvalidParameterCombination(
            f"You have requested up to {count} datapoints, which exceeds the limit of {most}. You may reduce the "
            "datapoints requested by increasing Period, or decreasing the time range."
        )
    return Grid(first, period, count)


def _points(datum: Mapping[str, Any], when: float) -> list[Point]:
    values = datum.get("Values")
    if values:
        counts = datum.get("Counts") or [1] * len(values)
        return [Point.of(when, float(value), float(count)) for value, count in zip(values, counts, strict=True)]
    told = datum.get("StatisticValues")
    if told:
        return [Point(when, *(float(told[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum")))]
    return [Point.of(when, float(datum.get("Value", 0)))]


def _metric(datum: MetricDatumBase) -> Metric:
    return Metric(
        datum.namespace, datum.name, frozenset((str(each.name), str(each.value)) for each in datum.dimensions)
    )


def _listed(metric: Metric) -> MetricDatumBase:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(metric.dimensions)]
    return MetricDatumBase(metric.namespace, metric.name, dimensions, None)


def _has(metric: Metric, name: str, value: str | None) -> bool:
    return any(name == own and value in (None, held) for own, held in metric.dimensions)


def _page(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise InvalidParameterValue("The parameter NextToken is invalid.")
    return int(token)


def _seconds(moment: datetime) -> float:
    """moto's times have no zone and are in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
