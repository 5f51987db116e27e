"""From what the API holds to what is evaluated: alarms and metric data queries as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from moto.cloudwatch.models import Alarm, Dimension, MetricDataQuery

from local.aws.monitoring.evaluation import OPERATORS, Criteria, Missing
from local.aws.monitoring.expressions import Unsupported
from local.aws.monitoring.queries import Query, Stat
from local.aws.monitoring.store import Metric

_ONLY = "value"
"""ID of the query of an alarm on one metric."""


@dataclass(frozen=True)
class Definition:
    """A metric alarm.

    Attributes:
        wanted: ID of the query that is held against the threshold.
    """

    queries: tuple[Query, ...]
    wanted: str
    criteria: Criteria


def definition(alarm: Alarm) -> Definition:
    """What the alarm asks for.

    Raises:
        Unsupported: something that is not evaluated here.
    """
    if alarm.comparison_operator not in OPERATORS:
        raise Unsupported(f"the comparison {alarm.comparison_operator}, which needs anomaly detection")
    periods = int(alarm.evaluation_periods)
    criteria = Criteria(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        to_alarm=int(alarm.datapoints_to_alarm or periods),
        missing=cast(Missing, alarm.treat_missing_data or "missing"),
    )
    if not alarm.metric_data_queries:
        stat = Stat(
            metric=Metric(alarm.namespace, alarm.metric_name, _dimensions(alarm.dimensions)),
            period=int(alarm.period),
            statistic=alarm.statistic or str(alarm.extended_statistic),
            unit=alarm.unit,
        )
        return Definition((Query(_ONLY, stat=stat),), _ONLY, criteria)
    queries = tuple(_query(each) for each in alarm.metric_data_queries)
    returned = [query.id for query in queries if query.returned]
    if len(returned) != 1:
        raise Unsupported(f"an alarm on {len(returned)} of its metrics")
    return Definition(queries, returned[0], criteria)


def request_queries(asked: Sequence[Mapping[str, Any]]) -> list[Query]:
    """The queries of a GetMetricData request."""
    found = []
    for each in asked:
        declared = each.get("MetricStat")
        stat = None
        if declared is not None:
            dimensions = ((one["Name"], one["Value"]) for one in declared["Metric"].get("Dimensions") or ())
            metric = Metric(declared["Metric"]["Namespace"], declared["Metric"]["MetricName"], frozenset(dimensions))
            stat = Stat(metric, int(declared["Period"]), declared["Stat"], declared.get("Unit"))
        found.append(Query(each["Id"], stat, each.get("Expression"), is_returned(each.get("ReturnData"))))
    return found


def is_returned(declared: object) -> bool:
    """Whether a query's result is asked for: unless told otherwise it is (CloudWatch API Reference,
    MetricDataQuery).

    Args:
        declared: Its `ReturnData`, in whichever form moto has it.
    """
    return str(declared).lower() != "false"


def _query(declared: MetricDataQuery) -> Query:
    stat = None
    if declared.metric_stat is not None:
        of = declared.metric_stat
        metric = Metric(of.metric.namespace, of.metric.metric_name, _dimensions(of.metric.dimensions))
        stat = Stat(metric, int(of.period), of.stat, of.unit or None)
    return Query(declared.id, stat, declared.expression, is_returned(declared.return_data))


def _dimensions(declared: Iterable[Dimension]) -> frozenset[tuple[str, str]]:
    return frozenset((str(each.name), str(each.value)) for each in declared)
