"""Data points: kept for three hours, answered as CloudWatch answers them (P0-OBS)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.aws.monitoring import store as stores
from local.aws.monitoring.statistics import NoStatistic, statistic
from local.aws.monitoring.store import KEPT, Metric, MetricStore, Point

pytestmark = pytest.mark.unit

Client = Callable[..., Any]
METRIC = Metric("App", "Errors", frozenset({("Service", "api")}))
NOW = 1_800_000_000.0


def _values(store: MetricStore) -> list[float]:
    return [point.total for points in store.read(METRIC, 0, NOW + KEPT).values() for point in points]


def test_what_is_older_than_three_hours_is_dropped() -> None:
    store = MetricStore(NOW)
    store.add(METRIC, "Count", [Point.of(NOW - KEPT - 1, 1.0), Point.of(NOW - KEPT + 5, 2.0), Point.of(NOW, 3.0)], NOW)
    assert _values(store) == [2.0, 3.0]
    store.forget(NOW + 10)
    assert _values(store) == [3.0]
    store.forget(NOW + KEPT + 1)
    assert (store.metrics(), store.size()) == ([], 0)


def test_what_a_metric_takes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "MOST_POINTS", 3)
    monkeypatch.setattr(stores, "MOST_METRICS", 1)
    store = MetricStore(NOW)
    store.add(METRIC, None, [Point.of(NOW + number, float(number)) for number in range(5)], NOW)
    assert _values(store) == [2.0, 3.0, 4.0]
    with pytest.raises(stores.Refused, match="more than 1 metrics"):
        store.add(Metric("App", "Other"), None, [Point.of(NOW, 1.0)], NOW)


@given(st.lists(st.integers(0, 100), max_size=30))
def test_points_come_back_in_the_order_of_their_time(moments: list[int]) -> None:
    store = MetricStore(NOW)
    for moment in moments:
        store.add(METRIC, None, [Point.of(NOW + moment, float(moment))], NOW)
    assert _values(store) == [float(moment) for moment in sorted(moments)]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.integers(1, 100))
def test_a_percentile_is_a_value_that_its_share_does_not_exceed(values: list[int], percent: int) -> None:
    found = statistic(f"p{percent}", [Point.of(NOW, float(value)) for value in values])
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-9


def test_statistics_of_values_and_of_statistic_sets() -> None:
    points = [Point.of(NOW, 2.0, 3), Point(NOW, 4, 10.0, 1.0, 5.0)]
    names = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
    assert [statistic(name, points) for name in names] == pytest.approx([7, 16, 16 / 7, 1, 5])
    assert statistic("p50", points) is None
    assert statistic("Sum", []) is None
    with pytest.raises(NoStatistic, match="tm90"):
        statistic("tm90", points)


def test_what_is_put_is_answered_by_metric_and_period(client: Client, unique: str) -> None:
    """CloudWatch API Reference: PutMetricData, GetMetricStatistics, GetMetricData, ListMetrics."""
    cloudwatch = client("cloudwatch")
    minute = datetime.fromtimestamp(time.time() // 60 * 60 - 600, UTC)
    dimensions = [{"Name": "Service", "Value": "api"}]
    one = {"MetricName": "Errors", "Dimensions": dimensions, "Unit": "Count"}
    cloudwatch.put_metric_data(
        Namespace=unique,
        MetricData=[
            {**one, "Timestamp": minute, "Values": [1, 3], "Counts": [1, 2]},
            {**one, "Timestamp": minute + timedelta(seconds=70), "Value": 5},
            {**one, "Timestamp": minute - timedelta(hours=4), "Value": 1000},
            {"MetricName": "Errors", "Timestamp": minute, "Value": 77},
        ],
    )
    window = {"StartTime": minute - timedelta(hours=5), "EndTime": minute + timedelta(minutes=3)}
    asked = {"Namespace": unique, "MetricName": "Errors", "Dimensions": dimensions, "Period": 60, **window}
    found = cloudwatch.get_metric_statistics(**asked, Statistics=["Sum", "SampleCount"], ExtendedStatistics=["p90"])
    first, second = sorted(found["Datapoints"], key=lambda each: each["Timestamp"])
    assert (first["Timestamp"], first["Sum"], first["SampleCount"], first["Unit"]) == (minute, 7, 3, "Count")
    assert first["ExtendedStatistics"] == {"p90": 3}
    assert (second["Timestamp"], second["Sum"]) == (minute + timedelta(minutes=1), 5)
    stat = {"Metric": {"Namespace": unique, "MetricName": "Errors", "Dimensions": dimensions}, "Period": 60}
    results = cloudwatch.get_metric_data(
        **{**window, "StartTime": minute},
        ScanBy="TimestampAscending",
        MetricDataQueries=[
            {"Id": "m", "MetricStat": {**stat, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "double", "Expression": "m * 2", "Label": "twice"},
        ],
    )["MetricDataResults"]
    assert [(each["Id"], each["Label"], each["Values"]) for each in results] == [("double", "twice", [14, 10])]
    listed = cloudwatch.list_metrics(Namespace=unique)["Metrics"]
    assert [each["Dimensions"] for each in listed] == [dimensions, []]
    assert cloudwatch.list_metrics(Namespace=unique, Dimensions=dimensions)["Metrics"] == listed[:1]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Statistics": ["IQM"]}, "UnsupportedOperation"),
        ({"Period": 7}, "Period"),
        ({"Period": 1}, "exceeds the limit"),
        ({"EndTime": datetime(2026, 1, 1, tzinfo=UTC)}, "StartTime must be less"),
    ],
)
def test_what_cannot_be_answered_is_refused(client: Client, unique: str, changed: dict[str, Any], told: str) -> None:
    now = datetime.now(UTC)
    asked: dict[str, Any] = {
        "Namespace": unique,
        "MetricName": "Errors",
        "StartTime": now - timedelta(hours=1),
        "EndTime": now,
        "Period": 60,
        "Statistics": ["Sum"],
    }
    with pytest.raises(ClientError, match=told):
        client("cloudwatch").get_metric_statistics(**{**asked, **changed})


def test_expressions_that_cannot_be_computed_are_refused(client: Client, unique: str) -> None:
    now = datetime.now(UTC)
    for expression, told in (("SELECT AVG(Errors) FROM App", "local platform"), ("m +", "local platform")):
        with pytest.raises(ClientError, match=told):
            client("cloudwatch").get_metric_data(
                StartTime=now - timedelta(hours=1),
                EndTime=now,
                MetricDataQueries=[{"Id": "e", "Expression": expression, "Period": 60}],
            )
