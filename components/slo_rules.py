"""A service's objectives as rules of Prometheus: recorded shares of bad requests, and alerts on burn rates.

The pods tell what Prometheus' clients usually tell: the counter `http_requests_total{status}` and the histogram
`http_request_duration_seconds`, health paths left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from components.slo import BURNS, Burn, Objective, Severity, Slo, objectives, threshold
from components.slo_alarms import span

REQUESTS = "http_requests_total"
DURATION = "http_request_duration_seconds"
_RECORD = "service:slo_bad_requests:ratio_rate"
_UNMEASURED = "15m"


@dataclass(frozen=True)
class Promise:
    """What is promised of a service.

    Attributes:
        service: Its Service; a canary's is the same with `-canary`.
        namespace: Where it runs.
        slo: What it promises.
    """

    service: str
    namespace: str
    slo: Slo


def rule_groups(promises: Sequence[Promise]) -> list[dict[str, Any]]:
    """The groups of a PrometheusRule, one for each service."""
    return [
        {"name": f"{promise.namespace}-{promise.service}-slo", "rules": [*_recorded(promise), *_alerts(promise)]}
        for promise in promises
    ]


def bad_share(promise: Promise, objective: Objective, window: str) -> str:
    """PromQL for the share of bad requests in a window."""
    picked = f'namespace="{promise.namespace}",service=~"{promise.service}(-canary)?"'
    if objective.within is None:
        bad = f'sum(rate({REQUESTS}{{{picked},status=~"5.."}}[{window}])) or vector(0)'
        return f"({bad}) / sum(rate({REQUESTS}{{{picked}}}[{window}]))"
    good = f'sum(rate({DURATION}_bucket{{{picked},le=~"{boundary(objective.within)}"}}[{window}]))'
    return f"1 - {good} / sum(rate({DURATION}_count{{{picked}}}[{window}]))"


def boundary(milliseconds: int) -> str:
    """Regular expression for a bucket's boundary in seconds: 1 is `1` to some clients and `1.0` to others, and to
    Prometheus 3."""
    text = f"{milliseconds / 1000:g}"
    return text.replace(".", "[.]") if "." in text else f"{text}([.]0)?"


def _labels(promise: Promise, objective: Objective) -> dict[str, str]:
    return {"namespace": promise.namespace, "service": promise.service, "objective": objective.name}


def _recorded(promise: Promise) -> Iterator[dict[str, Any]]:
    windows = sorted({seconds for burn in BURNS for seconds in (burn.long, burn.short)})
    for objective in objectives(promise.slo):
        for seconds in windows:
            yield {
                "record": f"{_RECORD}{span(seconds)}",
                "labels": _labels(promise, objective),
                "expr": bad_share(promise, objective, span(seconds)),
            }


def _alerts(promise: Promise) -> Iterator[dict[str, Any]]:
    for objective in objectives(promise.slo):
        for severity in get_args(Severity):
            burns = [burn for burn in BURNS if burn.severity == severity]
            yield {
                "alert": "ErrorBudgetBurns",
                "labels": {**_labels(promise, objective), "severity": severity},
                "expr": " or ".join(_both(promise, objective, burn) for burn in burns),
                "annotations": {
                    "summary": f"{promise.service} burns the error budget of its {objective.name}",
                    "description": f"Promised: {objective.meaning}. Told when "
                    + " or ".join(
                        f"{burn.share:.0%} of 30 days' budget is spent in {span(burn.long)}" for burn in burns
                    )
                    + ".",
                },
            }
    yield {
        "alert": "ObjectivesUnmeasured",
        "labels": {"namespace": promise.namespace, "service": promise.service, "severity": "ticket"},
        "expr": f'absent(up{{namespace="{promise.namespace}",service="{promise.service}"}} == 1)',
        "for": _UNMEASURED,
        "annotations": {
            "summary": f"Nobody reads the metrics of {promise.service}",
            "description": "No instance has been read for a quarter of an hour: no promise is held against anything.",
        },
    }


def _both(promise: Promise, objective: Objective, burn: Burn) -> str:
    """PromQL that is true while both windows of a pair are bad."""
    picked = ",".join(f'{name}="{value}"' for name, value in _labels(promise, objective).items())
    limit = f"{threshold(objective, burn):.9f}".rstrip("0")
    long, short = (f"{_RECORD}{span(seconds)}{{{picked}}} > {limit}" for seconds in (burn.long, burn.short))
    # Both have the same labels but for their names, which do not count here.
    return f"({long} and {short})"


def rule_manifest(metadata: Mapping[str, Any], promises: Sequence[Promise]) -> dict[str, Any]:
    """The operator's object (monitoring.coreos.com/v1)."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": dict(metadata),
        "spec": {"groups": rule_groups(promises)},
    }


def monitor_manifest(metadata: Mapping[str, Any], names: Sequence[str], port: str) -> dict[str, Any]:
    """The operator's object that has the Services of some workloads read (monitoring.coreos.com/v1).

    Args:
        metadata: Of the object.
        names: Of the workloads, as their label `app.kubernetes.io/name` has them.
        port: Name of the Services' port.
    """
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": dict(metadata),
        "spec": {
            "selector": {
                "matchExpressions": [
                    {"key": "app.kubernetes.io/name", "operator": "In", "values": sorted(names)},
                ]
            },
            "endpoints": [{"port": port, "path": "/metrics", "interval": "30s"}],
        },
    }
