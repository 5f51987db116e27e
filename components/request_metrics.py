"""Requests counted from log lines: what a service's pods write, and what CloudWatch makes of it.

A service that answers a request writes one JSON object on one line of its standard output, with at least

    {"message": "request", "service": "<SERVICE_NAME>", "status": 200, "ms": 12}

and none for its health paths, which are no load. Three metrics with the dimension `Service` follow for all services of
a stack together: `Requests`, `Errors` (status 500 or more), and one of slow ones for each time that is promised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pulumi

from components import aws
from components.options import child

REQUESTS_VARIABLE = "LOG_REQUESTS"
"""Tells a service's process to write that line."""
REQUESTS = "Requests"
ERRORS = "Errors"
DIMENSION = "Service"


@dataclass(frozen=True, kw_only=True)
class LogLayout:
    """Where in a log event the fields of a pod's line are.

    Attributes:
        line: JSON path of the line's own object.
        namespace: Namespace whose pods count, of a group that takes those of others too; none: all of them.
    """

    line: str = "$"
    namespace: str | None = None


def addon_layout(namespace: str) -> LogLayout:
    """As the EKS add-on's Fluent Bit writes events (CloudWatch User Guide, Container Insights, Set up Fluent Bit: the
    filter `kubernetes` with `Merge_Log_Key log_processed`)."""
    return LogLayout(line="$.log_processed", namespace=namespace)


@dataclass(frozen=True, kw_only=True)
class RequestMetrics:
    """Metrics that were made.

    Attributes:
        namespace: Of the metrics.
        filters: What makes them.
    """

    namespace: str
    filters: tuple[pulumi.Resource, ...] = ()


def slower_than(milliseconds: int) -> str:
    """Name of the metric of requests that took longer."""
    return f"SlowerThan{milliseconds}ms"


def patterns(times: Collection[int], layout: LogLayout) -> dict[str, str]:
    """The filter pattern of each metric.

    Args:
        times: Milliseconds that requests are held against.
        layout: Of the log events.
    """
    conditions = {REQUESTS: "status >= 100", ERRORS: "status >= 500"}
    conditions |= {slower_than(time): f"ms > {time}" for time in sorted(times)}
    ours = [f'{layout.line}.message = "request"']
    if layout.namespace is not None:
        ours.append(f'$.kubernetes.namespace_name = "{layout.namespace}"')
    return {
        name: "{ " + " && ".join(f"({part})" for part in [*ours, f"{layout.line}.{rest}"]) + " }"
        for name, rest in conditions.items()
    }


def make_request_metrics(
    parent: pulumi.Resource,
    name: str,
    namespace: str,
    group: pulumi.Input[str],
    times: Collection[int],
    layout: LogLayout,
) -> RequestMetrics:
    """Register the filters that count requests in a log group.

    Args:
        parent: The component.
        name: Its name.
        namespace: Of the metrics, for example `Groundwork/aiponge-prod`.
        group: Name of the log group.
        times: Milliseconds that requests are held against.
        layout: Of the group's events.
    """
    made = [
        aws.LogMetricFilter(
            f"{name}-{metric.lower()}",
            name=f"{namespace}/{metric}",
            log_group_name=group,
            pattern=pattern,
            # With dimensions there is no default value: a minute without requests has no data.
            metric_transformation={
                "name": metric,
                "namespace": namespace,
                "value": "1",
                "unit": "Count",
                "dimensions": {DIMENSION: f"{layout.line}.service"},
            },
            opts=child(parent),
        )
        for metric, pattern in patterns(times, layout).items()
    ]
    return RequestMetrics(namespace=namespace, filters=tuple(made))


def metric(namespace: str, name: str, service: str, period: int) -> Mapping[str, object]:
    """One of the metrics, as an alarm asks for it: its sum over a period, seconds."""
    return {
        "namespace": namespace,
        "metric_name": name,
        "dimensions": {DIMENSION: service},
        "period": period,
        "stat": "Sum",
    }
