"""What the Prometheus operator is told: whom to read, what to record, when to alert."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.cluster import ClusterFeatures, PrometheusFeature
from components.errors import Refused
from components.monitoring import Monitoring, MonitoringArgs
from components.observability import Observability
from components.slo import BURNS, Objective, SloArgs
from components.slo_rules import Promise, bad_share, boundary, rule_groups
from components.stateless_service import StatelessService, StatelessServiceArgs, Surroundings
from components.workload_identity import TokenIssuer
from tests.unit.components.test_observability import ARGS as WATCHED

pytestmark = pytest.mark.unit

Record = Callable[..., Any]
SLO = SloArgs(availability_percent=99.9, p95_milliseconds=250, p99_milliseconds=1000)
PROMISE = Promise("api", "shop-prod", SLO)
FEATURE = PrometheusFeature(namespace="monitoring", labels={"release": "prometheus"})
ARGS = MonitoringArgs(
    feature=FEATURE,
    namespace="shop-prod",
    place="shop-prod",
    system="shop",
    services=["web", "api"],
    workers=["mails-worker"],
    slos={"api": SLO},
)


def _rules() -> list[dict[str, Any]]:
    [group] = rule_groups([PROMISE])
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_whoever_has_metrics_is_read(record: Record) -> None:
    """P0-OBS: services on a port of their own, workers where they answer probes; nobody else is asked."""
    monitors = {item.inputs["metadata"]["name"]: item.inputs for item in record(lambda: Monitoring("m", ARGS)).of(
        "ServiceMonitor"
    )}  # fmt: skip
    [services] = monitors["services"]["spec"]["selector"]["matchExpressions"]
    assert services == {"key": "app.kubernetes.io/name", "operator": "In", "values": ["api", "web"]}
    assert monitors["services"]["spec"]["endpoints"] == [{"port": "metrics", "path": "/metrics", "interval": "30s"}]
    assert monitors["workers"]["spec"]["endpoints"][0]["port"] == "http"
    assert monitors["services"]["metadata"]["labels"]["release"] == "prometheus"
    nothing = record(lambda: Monitoring("m", replace(ARGS, services=(), workers=(), slos={})))
    assert not nothing.of("ServiceMonitor")
    assert not nothing.of("PrometheusRule")


def test_alerts_look_at_what_is_recorded() -> None:
    """P0-OBS: an alert on something that nobody records would be quiet for ever."""
    recorded = {
        (rule["record"], *(f'{name}="{value}"' for name, value in rule["labels"].items()))
        for rule in _rules()
        if "record" in rule
    }
    assert len(recorded) == 3 * 7, "5m 30m 1h 2h 6h 1d 3d of each objective"
    looked_at = {
        (name, *labels.split(","))
        for rule in _rules()
        if rule.get("alert") == "ErrorBudgetBurns"
        for name, labels in re.findall(r"([\w:]+)\{([^}]*)\}", rule["expr"])
    }
    assert looked_at == recorded


def test_each_pair_has_one_threshold_and_both_windows() -> None:
    [page] = [
        rule
        for rule in _rules()
        if rule.get("alert")
        and rule["labels"].get("objective") == "availability"
        and rule["labels"]["severity"] == "page"
    ]
    labels = '{namespace="shop-prod",service="api",objective="availability"}'
    name = "service:slo_bad_requests:ratio_rate"
    assert page["expr"] == (
        f"({name}1h{labels} > 0.0144 and {name}5m{labels} > 0.0144) or "
        f"({name}6h{labels} > 0.006 and {name}30m{labels} > 0.006)"
    )
    alerts = [rule for rule in _rules() if rule.get("alert") == "ErrorBudgetBurns"]
    assert len(alerts) == 3 * 2
    assert sum(rule["expr"].count(" and ") for rule in alerts) == 3 * len(BURNS)


def test_the_share_of_bad_requests_with_a_canary_counted() -> None:
    picked = 'namespace="shop-prod",service=~"api(-canary)?"'
    assert bad_share(PROMISE, Objective(name="availability", percent=99.9), "5m") == (
        f'(sum(rate(http_requests_total{{{picked},status=~"5.."}}[5m])) or vector(0))'
        f" / sum(rate(http_requests_total{{{picked}}}[5m]))"
    )
    assert bad_share(PROMISE, Objective(name="p99", percent=99, within=1000), "1d") == (
        f'1 - sum(rate(http_request_duration_seconds_bucket{{{picked},le=~"1([.]0)?"}}[1d]))'
        f" / sum(rate(http_request_duration_seconds_count{{{picked}}}[1d]))"
    )


@pytest.mark.parametrize(
    ("milliseconds", "labels"),
    [(5, ["0.005"]), (250, ["0.25"]), (1000, ["1", "1.0"]), (2500, ["2.5"]), (10000, ["10", "10.0"])],
)
def test_a_boundary_is_found_however_the_client_writes_it(milliseconds: int, labels: list[str]) -> None:
    """Prometheus 3 writes 1.0 where others write 1."""
    for label in labels:
        assert re.fullmatch(boundary(milliseconds), label)
    assert not re.fullmatch(boundary(milliseconds), "100")


def test_who_is_not_read_is_told() -> None:
    [unmeasured] = [rule for rule in _rules() if rule.get("alert") == "ObjectivesUnmeasured"]
    assert unmeasured["expr"] == 'absent(up{namespace="shop-prod",service="api"} == 1)'


def test_promises_are_held_against_one_thing_only(record: Record) -> None:
    """With Prometheus there are neither filters nor alarms in CloudWatch, and no rows of numbers that are not there."""
    args = replace(WATCHED, indicators="prometheus", prometheus=ARGS)
    recording = record(lambda: Observability("watch", args))
    assert recording.of("PrometheusRule")
    assert not recording.of("MetricFilter")
    assert not recording.of("CompositeAlarm")
    board = recording.one("cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    assert "Groundwork/" not in board


def test_prometheus_without_an_operator_is_refused(record: Record) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            Observability("watch", replace(WATCHED, indicators="prometheus"))
        return caught.value

    assert [item.setting for item in record(build).result.refusals] == ["indicators"]


def test_a_promise_that_cannot_be_kept_is_refused(record: Record) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            Monitoring("m", replace(ARGS, slos={"api": SloArgs(availability_percent=100)}))
        return caught.value

    assert [item.setting for item in record(build).result.refusals] == ["slos.api.availability_percent"]


@pytest.mark.parametrize("feature", [FEATURE, None])
def test_only_those_who_read_metrics_reach_their_port(record: Record, feature: PrometheusFeature | None) -> None:
    """A policy with an empty list of sources would let everybody in."""
    surroundings = Surroundings(
        system="shop",
        prefix="shop",
        namespace="shop",
        issuer=TokenIssuer("https://issuer.test", "arn"),
        cluster=ClusterFeatures(prometheus=feature),
    )
    image = "registry.test/shop@sha256:" + "a" * 64
    args = StatelessServiceArgs(identifier="api", image=image, surroundings=surroundings, metrics=True)
    recording = record(lambda: StatelessService("api", args))
    policies = [item.inputs["spec"]["ingress"] for item in recording.of("NetworkPolicy")]
    if feature is None:
        assert policies == []
        return
    [[rule]] = policies
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": "metrics"}]
