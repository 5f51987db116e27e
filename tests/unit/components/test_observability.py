"""What a stack is watched by: logs with an end and a key, requests counted, budgets that burn."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from components.errors import Refused
from components.observability import Observability, ObservabilityArgs
from components.pod_logs import PodLogs, PodLogsArgs
from components.request_metrics import LogLayout, addon_layout, patterns
from components.slo import BURNS, DAY, Objective, SloArgs
from components.slo_alarms import cloudwatch_window, queries, span
from local.aws.alarm_rules import alarms_of

pytestmark = pytest.mark.unit

Record = Callable[..., Any]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop-prod-alarms"
LOGS = PodLogsArgs(identifier="shop-prod", account="123456789012", region="eu-west-1", tags={"stack": "prod"})
SLO = SloArgs(availability_percent=99.9, p99_milliseconds=1000)
ARGS = ObservabilityArgs(
    identifier="shop-prod", namespace="shop-prod", topic_arn=TOPIC, logs=LOGS, slos={"api": SLO}, tags={"stack": "prod"}
)


def _made(record: Record, args: ObservabilityArgs = ARGS) -> Any:
    def build() -> Mapping[str, Any]:
        return dict(Observability("watch", args).outputs)

    return record(build)


def _refused(record: Record, build: Callable[[], Any]) -> list[tuple[str, object]]:
    def run() -> Refused:
        with pytest.raises(Refused) as caught:
            build()
        return caught.value

    return [(item.setting, item.value) for item in record(run).result.refusals]


def test_each_objective_has_two_alarms_that_tell(record: Record) -> None:
    """P0-OBS: error-budget burn alerts; page for what burns fast, ticket for what burns slowly."""
    recording = _made(record)
    told = {item.inputs["alarmName"]: item.inputs for item in recording.of("CompositeAlarm")}
    names = [f"shop-prod-api-{objective}-{end}" for objective in ("availability", "p99") for end in ("page", "ticket")]
    assert sorted(told) == names
    assert all(alarm["alarmActions"] == alarm["okActions"] == [TOPIC] for alarm in told.values())
    start = "shop-prod-api-availability"
    assert told[f"{start}-page"]["alarmRule"] == (
        f'(ALARM("{start}-14.4x-1h") AND ALARM("{start}-14.4x-5m")) OR '
        f'(ALARM("{start}-6x-6h") AND ALARM("{start}-6x-30m"))'
    )
    assert "2% of the 30 days' budget is spent in 1h" in told[f"{start}-page"]["alarmDescription"]
    assert sorted(recording.result["slos"]["api"]["alarms"]) == names


def test_the_windows_tell_nobody_by_themselves_and_the_rules_name_each_of_them(record: Record) -> None:
    """P0-OBS: one window alone is either over already or too short to mean anything."""
    recording = _made(record)
    windows = {item.inputs["name"]: item for item in recording.of("MetricAlarm")}
    silence = windows.pop("shop-prod-logs-silent")
    assert silence.inputs["alarmActions"] == [TOPIC]
    assert len(windows) == 2 * 2 * len(BURNS)
    assert not [item for item in windows.values() if item.inputs.get("alarmActions")]
    in_rules = [name for item in recording.of("CompositeAlarm") for name in alarms_of(item.inputs["alarmRule"])]
    assert sorted(in_rules) == sorted(windows)
    for composite in recording.of("CompositeAlarm"):
        waited = {urn.rpartition("::")[2] for urn in composite.depends_on}
        assert waited == {windows[name].name for name in alarms_of(composite.inputs["alarmRule"])}
    thresholds = {name: item.inputs["threshold"] for name, item in windows.items()}
    assert thresholds["shop-prod-api-availability-14.4x-5m"] == 0.0144
    assert thresholds["shop-prod-api-p99-1x-3d"] == 0.01


def test_a_window_counts_bad_requests_of_its_own_service(record: Record) -> None:
    [window] = [item for item in _made(record).of("MetricAlarm") if item.inputs["name"].endswith("p99-6x-30m")]
    assert window.inputs["treatMissingData"] == "notBreaching", "a night without requests is no fault"
    bad, every, share = window.inputs["metricQueries"]
    assert bad["metric"] == {
        "namespace": "Groundwork/shop-prod",
        "metricName": "SlowerThan1000ms",
        "dimensions": {"Service": "api"},
        "period": 1800,
        "stat": "Sum",
    }
    assert every["metric"]["metricName"] == "Requests"
    assert share["expression"] == "IF(FILL(bad, 0) >= 2, FILL(bad, 0) / requests, 0)", "one bad request wakes nobody"
    assert share["returnData"]


def test_what_the_alarms_look_at_is_what_the_filters_make(record: Record) -> None:
    """P0-OBS: an alarm on a metric that nothing makes would be quiet for ever."""
    slos = {"api": SLO, "web": SloArgs(p95_milliseconds=250, p99_milliseconds=1000)}
    recording = _made(record, replace(ARGS, slos=slos))
    filters = [item.inputs for item in recording.of("LogMetricFilter")]
    made = {(item["metricTransformation"]["namespace"], item["metricTransformation"]["name"]) for item in filters}
    looked_at = {
        (query["metric"]["namespace"], query["metric"]["metricName"])
        for item in recording.of("MetricAlarm")
        for query in item.inputs.get("metricQueries", [])
        if "metric" in query
    }
    assert looked_at == made
    assert len(filters) == 4, "filters are shared by all services"
    assert {item["logGroupName"] for item in filters} == {"/groundwork/shop-prod/pods"}
    assert all("defaultValue" not in item["metricTransformation"] for item in filters)


def test_logs_of_other_namespaces_do_not_count() -> None:
    """A cluster's collector writes the pods of all namespaces to one group."""
    found = patterns({250}, addon_layout("shop-prod"))
    assert found["Errors"] == (
        '{ ($.log_processed.message = "request") && ($.kubernetes.namespace_name = "shop-prod")'
        " && ($.log_processed.status >= 500) }"
    )
    plain = patterns({250}, LogLayout())
    assert plain == {
        "Requests": '{ ($.message = "request") && ($.status >= 100) }',
        "Errors": '{ ($.message = "request") && ($.status >= 500) }',
        "SlowerThan250ms": '{ ($.message = "request") && ($.ms > 250) }',
    }
    assert all(len(pattern) <= 1024 for pattern in found.values()), "CloudWatch Logs API Reference, PutMetricFilter"


def test_names_are_such_as_cloudwatch_takes(record: Record) -> None:
    recording = _made(record)
    logs = get_session().get_service_model("logs").operation_model("PutMetricFilter").input_shape
    pattern = logs.members["filterName"].metadata["pattern"]
    for item in recording.of("LogMetricFilter"):
        assert re.fullmatch(pattern, item.inputs["name"])
    assert all(len(item.inputs["name"]) <= 255 for item in recording.of("MetricAlarm"))
    assert all(len(item.inputs["alarmRule"]) <= 10_240 for item in recording.of("CompositeAlarm"))


def test_silence_is_told(record: Record) -> None:
    """SR-LOGS: without logs nobody would know of anything."""
    silence = _made(record).one("MetricAlarm", "watch-silence").inputs
    assert silence["dimensions"] == {"LogGroupName": "/groundwork/shop-prod/pods"}
    assert silence["treatMissingData"] == "breaching"


def test_without_promises_there_is_a_group_and_nothing_else(record: Record) -> None:
    recording = _made(record, replace(ARGS, slos={}, dashboard=False))
    assert [item.type for item in recording.resources if item.type.startswith("aws:")] == [
        "aws:cloudwatch/logGroup:LogGroup"
    ]
    assert recording.result["slos"] == {}


def test_what_is_promised_is_told_with_its_budget(record: Record) -> None:
    promised = _made(record).result["slos"]["api"]["objectives"]
    assert promised == {
        "availability": {"percent": 99.9, "withinMilliseconds": None, "budgetMinutes": 43.2},
        "p99": {"percent": 99, "withinMilliseconds": 1000, "budgetMinutes": 432},
    }


def test_a_promise_that_cannot_be_kept_is_refused(record: Record) -> None:
    args = replace(ARGS, slos={"api": SloArgs(availability_percent=100)})
    assert _refused(record, lambda: Observability("watch", args)) == [("slo.availability_percent", 100)]


@given(st.integers(min_value=-5, max_value=8 * DAY))
def test_a_window_is_covered_exactly_or_refused(seconds: int) -> None:
    """CloudWatch: a sum of a day at most, seven days at most, whole minutes."""
    try:
        period, periods = cloudwatch_window(seconds)
    except ValueError:
        assert seconds <= 0 or seconds % 60 or seconds > 7 * DAY or (seconds > DAY and seconds % DAY)
        return
    assert period * periods == seconds
    assert period <= DAY
    assert period % 60 == 0


def test_every_window_can_be_had() -> None:
    windows = [cloudwatch_window(seconds) for burn in BURNS for seconds in (burn.long, burn.short)]
    assert windows[-2:] == [(DAY, 3), (6 * 3600, 1)]
    assert [span(seconds) for seconds in (300, 3600, 7200, DAY, 3 * DAY, 90)] == ["5m", "1h", "2h", "1d", "3d", "90s"]


def test_all_metrics_of_an_alarm_have_one_period() -> None:
    """CloudWatch refuses an alarm on metrics of different periods."""
    found = queries("N", "api", Objective(name="p95", percent=95, within=250), 300)
    assert {query["metric"]["period"] for query in found if "metric" in query} == {300}


def test_logs_end_and_a_key_of_its_own_lets_only_this_group_in(record: Record) -> None:
    """SR-LOGS."""
    recording = record(lambda: PodLogs("logs", replace(LOGS, own_kms_key=True, retention_days=90)))
    group = recording.one("LogGroup").inputs
    assert (group["name"], group["retentionInDays"]) == ("/groundwork/shop-prod/pods", 90)
    assert group["kmsKeyId"] == "arn:aws:test:::logs-key"
    [logs] = [
        item for item in json.loads(recording.one("kms/key:Key").inputs["policy"])["Statement"] if item["Sid"] == "Logs"
    ]
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/groundwork/shop-prod/pods"
    assert logs["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arn}}


def test_a_group_of_the_users_stays_as_it_is(record: Record) -> None:
    group = "/aws/containerinsights/main/application"
    recording = _made(record, replace(ARGS, logs=replace(LOGS, existing_group=group)))
    assert not recording.of("LogGroup")
    assert {item.inputs["logGroupName"] for item in recording.of("LogMetricFilter")} == {group}
    assert recording.result["logGroup"] == group


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"own_kms_key": True, "kms_key_arn": "arn:aws:kms:x"}, [("own_kms_key", True)]),
        ({"own_kms_key": True, "existing_group": "/mine"}, [("existing_group", "/mine")]),
        ({"kms_key_arn": "arn:aws:kms:x", "existing_group": "/mine"}, [("existing_group", "/mine")]),
    ],
)
def test_keys_that_are_refused(record: Record, change: dict[str, Any], refused: list[Any]) -> None:
    assert _refused(record, lambda: PodLogs("logs", replace(LOGS, **change))) == refused
