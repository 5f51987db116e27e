"""What a CloudWatch dashboard shows, as data: rows of graphs, placed on its grid, always in the same order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

COLUMNS = 24
"""Width of a dashboard's grid (CloudWatch API Reference, Dashboard Body Structure and Syntax)."""
IN_A_LINE = 3
"""Graphs beside each other."""
MOST_ALARMS = 100
"""Alarms that one widget may list."""
_TITLE_HEIGHT = 1
_GRAPH_HEIGHT = 6


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric on a graph.

    Attributes:
        namespace: Of the metric.
        name: Of the metric.
        dimensions: Of the metric.
        statistic: Of each period.
        label: In the legend.
        id: What expressions call it; "" if none does.
        visible: Whether it is drawn itself.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    label: str
    id: str = ""
    visible: bool = True


@dataclass(frozen=True, kw_only=True)
class Expression:
    """Something computed from metrics.

    Attributes:
        formula: Metric math over the metrics' ids.
        label: In the legend.
    """

    formula: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph.

    Attributes:
        title: Above it.
        series: What is drawn.
        region: Where the metrics are.
        period: Of each point, seconds.
        limit: Where something begins to be bad, and what; none: nothing is drawn.
    """

    title: str
    series: Sequence[Metric | Expression]
    region: str
    period: int = 60
    limit: tuple[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """All graphs of one store or service.

    Attributes:
        title: Above them.
        graphs: From left to right, line by line.
    """

    title: str
    graphs: Sequence[Graph] = field(default_factory=tuple)


def body(rows: Sequence[Row], alarms: Sequence[str] = ()) -> str:
    """A dashboard's body, the same text for the same rows.

    Args:
        rows: From top to bottom.
        alarms: ARNs of the alarms whose states come first.
    """
    widgets: list[dict[str, Any]] = []
    top = 0
    for start in range(0, len(alarms), MOST_ALARMS):
        listed = list(alarms[start : start + MOST_ALARMS])
        properties = {"title": "Alarms", "alarms": listed, "sortBy": "stateUpdatedTimestamp"}
        widgets.append(_widget("alarm", 0, top, COLUMNS, _GRAPH_HEIGHT, properties))
        top += _GRAPH_HEIGHT
    for row in rows:
        widgets.append(_widget("text", 0, top, COLUMNS, _TITLE_HEIGHT, {"markdown": f"## {row.title}"}))
        top += _TITLE_HEIGHT
        width = COLUMNS // IN_A_LINE
        for number, graph in enumerate(row.graphs):
            line, place = divmod(number, IN_A_LINE)
            properties = _graph(graph)
            widgets.append(
                _widget("metric", place * width, top + line * _GRAPH_HEIGHT, width, _GRAPH_HEIGHT, properties)
            )
        top += -(-len(row.graphs) // IN_A_LINE) * _GRAPH_HEIGHT
    return json.dumps({"widgets": widgets}, sort_keys=True, separators=(",", ":"))


def _widget(type_: str, x: int, y: int, width: int, height: int, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": type_, "x": x, "y": y, "width": width, "height": height, "properties": properties}


def _graph(graph: Graph) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": graph.title,
        "view": "timeSeries",
        "region": graph.region,
        "period": graph.period,
        "metrics": [_series(item) for item in graph.series],
    }
    if graph.limit is not None:
        label, value = graph.limit
        properties["annotations"] = {"horizontal": [{"label": label, "value": value}]}
    return properties


def _series(item: Metric | Expression) -> list[Any]:
    if isinstance(item, Expression):
        return [{"expression": item.formula, "label": item.label}]
    options: dict[str, Any] = {"stat": item.statistic, "label": item.label}
    if item.id:
        options["id"] = item.id
    if not item.visible:
        options["visible"] = False
    pairs = [part for name in sorted(item.dimensions) for part in (name, item.dimensions[name])]
    return [item.namespace, item.name, *pairs, options]
