"""A stack's dashboard: on CloudWatch's grid, complete, and the same for the same stack."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dashboard import Dashboard, DashboardArgs
from components.dashboard_body import COLUMNS, MOST_ALARMS, Graph, Metric, Row, body
from components.dashboard_rows import postgres_row, redis_row, slo_row
from components.database import PostgresCluster
from components.redis import RedisCluster
from components.slo import SloArgs
from tests.unit.components.test_database import ARGS as DATABASE
from tests.unit.components.test_redis import QUEUE

pytestmark = pytest.mark.unit

Record = Callable[..., Any]
MOST_WIDGETS = 500
SLO = SloArgs(availability_percent=99.9, p95_milliseconds=250, p99_milliseconds=1000)


def check_dashboard(text: str) -> list[dict[str, Any]]:
    """Hold a body against CloudWatch API Reference, Dashboard Body Structure and Syntax; returns its widgets."""
    widgets: list[dict[str, Any]] = json.loads(text)["widgets"]
    assert len(widgets) <= MOST_WIDGETS
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        assert set(widget) == {"type", "x", "y", "width", "height", "properties"}
        assert widget["x"] >= 0
        assert widget["width"] >= 1
        assert widget["x"] + widget["width"] <= COLUMNS
        assert 1 <= widget["height"] <= 1000
        cells = set(
            itertools.product(
                range(widget["x"], widget["x"] + widget["width"]), range(widget["y"], widget["y"] + widget["height"])
            )
        )
        assert not cells & taken, "widgets lie on each other"
        taken |= cells
        properties = widget["properties"]
        match widget["type"]:
            case "text":
                assert properties["markdown"]
            case "alarm":
                assert 1 <= len(properties["alarms"]) <= MOST_ALARMS
            case "metric":
                _check_graph(properties)
            case other:
                pytest.fail(other)
    return widgets


def _check_graph(properties: dict[str, Any]) -> None:
    assert properties["region"]
    assert properties["period"] % 60 == 0
    assert properties["metrics"]
    visible = 0
    for series in properties["metrics"]:
        options = series[-1]
        if "expression" in options:
            assert len(series) == 1
            visible += 1
            continue
        names = series[:-1]
        assert len(names) >= 2
        assert len(names) % 2 == 0, "namespace, name, and pairs of dimensions"
        assert all(isinstance(name, str) and name for name in names)
        visible += options.get("visible", True)
    assert visible, "a graph without a line"


_METRIC = Metric(namespace="N", name="M", dimensions={"B": "2", "A": "1"}, statistic="Sum", label="m")
_GRAPH = Graph(title="g", series=[_METRIC], region="eu-west-1", limit=("alarm", 5))


@given(rows=st.lists(st.integers(0, 10), max_size=12), alarms=st.integers(0, 250))
def test_nothing_lies_on_anything_else(rows: list[int], alarms: int) -> None:
    text = body(
        [Row(title=f"row {count}", graphs=[_GRAPH] * count) for count in rows], [f"a{n}" for n in range(alarms)]
    )
    widgets = check_dashboard(text)
    assert len([item for item in widgets if item["type"] == "metric"]) == sum(rows)
    assert [item["properties"]["markdown"] for item in widgets if item["type"] == "text"] == [
        f"## row {count}" for count in rows
    ]
    listed = [alarm for item in widgets if item["type"] == "alarm" for alarm in item["properties"]["alarms"]]
    assert listed == [f"a{n}" for n in range(alarms)]


def test_the_same_rows_are_the_same_text() -> None:
    other = replace(_METRIC, dimensions={"A": "1", "B": "2"})
    assert body([Row(title="r", graphs=[_GRAPH])]) == body([Row(title="r", graphs=[replace(_GRAPH, series=[other])])])


def test_a_promise_is_drawn_against_what_would_page() -> None:
    """P0-OBS."""
    row = slo_row("Groundwork/shop-prod", "api", SLO, "eu-west-1")
    assert [graph.title.partition(":")[0] for graph in row.graphs] == [
        "Requests in 5 minutes", "availability", "p95", "p99"
    ]  # fmt: skip
    assert [graph.limit for graph in row.graphs[1:]] == [
        ("14.4 times the budget", 0.0144), ("14.4 times the budget", 0.72), ("14.4 times the budget", 0.144)
    ]  # fmt: skip
    check_dashboard(body([row]))


def test_stores_show_every_node_and_their_alarms_thresholds(record: Record) -> None:
    def build() -> list[Row]:
        return [
            redis_row("queue", RedisCluster("queue", QUEUE), "production", "eu-west-1"),
            postgres_row("database", PostgresCluster("database", DATABASE), "production", "eu-west-1"),
            postgres_row("single", PostgresCluster("single", replace(DATABASE, replicas=0)), "staging", "eu-west-1"),
        ]

    rows: list[Row] = []
    record(lambda: rows.extend(build()))
    redis, database, single = rows
    assert [item.label for item in redis.graphs[0].series] == ["shop-prod-queue-001", "shop-prod-queue-002"]
    assert redis.graphs[0].limit == ("alarm", 80)
    promise = database.graphs[0]
    assert (promise.series[0].namespace, promise.limit) == ("Groundwork/RDS", ("alarm", 300))
    assert [item.label for item in promise.series] == ["shop-prod-database"]
    lag = database.graphs[-1]
    assert lag.title.startswith("ReplicaLag")
    assert [item.label for item in lag.series] == ["shop-prod-database-replica-1", "shop-prod-database-replica-2"]
    assert not [graph for graph in single.graphs if graph.title.startswith("ReplicaLag")]
    check_dashboard(body(rows))


def test_it_is_registered_with_alarms_and_the_distribution(record: Record) -> None:
    args = DashboardArgs(
        identifier="shop-prod",
        account="123456789012",
        region="eu-west-1",
        rows=[slo_row("Groundwork/shop-prod", "api", SLO, "eu-west-1")],
        distribution_id="E123",
        alarms=["shop-prod-api-availability-page"],
    )
    made = record(lambda: Dashboard("board", args)).one("cloudwatch/dashboard:Dashboard").inputs
    assert made["dashboardName"] == "shop-prod"
    widgets = check_dashboard(made["dashboardBody"])
    assert widgets[0]["properties"]["alarms"] == [
        "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-prod-api-availability-page"
    ]
    cdn = [item["properties"] for item in widgets if "E123" in json.dumps(item)]
    assert {item["region"] for item in cdn} == {"us-east-1"}, "CloudFront's metrics are there and nowhere else"
    without = record(lambda: Dashboard("board", replace(args, distribution_id=None))).one("dashboard:Dashboard").inputs
    assert "CloudFront" not in without["dashboardBody"]
