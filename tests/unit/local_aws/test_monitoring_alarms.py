"""Alarms change state and tell topics: through the API, with the clock in the tests' hands (P0-OBS)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudwatch.models import cloudwatch_backends

from local.aws.alarm_rules import holds, parse
from local.aws.extensions.cloudwatch import CloudWatch
from local.aws.monitoring import reasons
from local.aws.monitoring.definitions import Definition
from local.aws.monitoring.evaluation import Criteria, Missing, judge
from local.aws.monitoring.evaluator import Evaluator, window
from local.aws.monitoring.inbox import Message, read
from local.aws.monitoring.queries import Grid, Query, Stat
from local.aws.monitoring.store import Metric, Point
from local.aws.state import ACCOUNT, CURRENT

pytestmark = pytest.mark.unit

Client = Callable[..., Any]
REGION = "eu-west-1"


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Message]]:
    path = tmp_path / "inbox.jsonl"
    monkeypatch.setattr(CURRENT, "inbox", path)
    return lambda: read(path)


@pytest.fixture
def cloudwatch(client: Client) -> Any:
    return client("cloudwatch")


@pytest.fixture
def topic(client: Client, unique: str) -> Iterator[str]:
    sns = client("sns")
    arn = str(sns.create_topic(Name=unique)["TopicArn"])
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="on-call@example.com")
    yield arn
    sns.delete_topic(TopicArn=arn)


class Clock:
    """Data points and evaluations minute by minute."""

    def __init__(self, name: str) -> None:
        self.metric = Metric("App", name, frozenset())
        self.now = time.time() // 60 * 60
        self.evaluator = Evaluator()

    def minutes(self, *values: float | None) -> None:
        """Minutes go by, each with a value or none."""
        backend = cloudwatch_backends[ACCOUNT][REGION]
        assert isinstance(backend, CloudWatch)
        for value in values:
            if value is not None:
                backend.store.add(self.metric, None, [Point.of(self.now, value)], self.now)
            self.now += 60
            self.look()

    def look(self) -> None:
        self.evaluator.look(self.now)


@pytest.fixture
def clock(unique: str) -> Clock:
    return Clock(unique)


def _put(cloudwatch: Any, name: str, **declared: Any) -> None:
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": "App",
            "MetricName": name,
            "Statistic": "Maximum",
            "Period": 60,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 2,
            **declared,
        }
    )


def _alarm(cloudwatch: Any, name: str) -> Any:
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return [*found["MetricAlarms"], *found["CompositeAlarms"]][0]


def _state(cloudwatch: Any, name: str) -> str:
    return str(_alarm(cloudwatch, name)["StateValue"])


def test_an_alarm_begins_without_data_and_follows_its_metric(
    cloudwatch: Any, unique: str, clock: Clock, topic: str, inbox: Callable[[], list[Message]]
) -> None:
    """P0-OBS."""
    _put(cloudwatch, unique, AlarmActions=[topic], OKActions=[topic], AlarmDescription="too many")
    assert _state(cloudwatch, unique) == "INSUFFICIENT_DATA"
    clock.look()
    assert _state(cloudwatch, unique) == "INSUFFICIENT_DATA"
    assert inbox() == []
    clock.minutes(1)
    assert _state(cloudwatch, unique) == "OK"
    clock.minutes(9)
    assert _state(cloudwatch, unique) == "OK"
    clock.minutes(8)
    found = _alarm(cloudwatch, unique)
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"].startswith("Threshold Crossed: 2 out of the last 2 datapoints [8.0 (")
    assert "were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM" in found["StateReason"]
    data = json.loads(found["StateReasonData"])
    assert (data["threshold"], data["period"], data["statistic"], data["recentDatapoints"]) == (
        5,
        60,
        "Maximum",
        [9, 8],
    )
    assert data["evaluatedDatapoints"][0]["value"] == 8
    assert found["StateTransitionedTimestamp"] == datetime.fromtimestamp(clock.now, UTC)
    first, second = inbox()
    assert (first.subject, second.subject) == (
        f'OK: "{unique}" in EU (Ireland)',
        f'ALARM: "{unique}" in EU (Ireland)',
    )
    assert (second.topic, second.protocol, second.endpoint) == (topic, "email", "on-call@example.com")
    told = json.loads(second.message)
    assert {key: told[key] for key in ("AlarmName", "AlarmDescription", "AWSAccountId", "NewStateValue", "Region")} == {
        "AlarmName": unique,
        "AlarmDescription": "too many",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "Region": "EU (Ireland)",
    }
    assert (told["OldStateValue"], told["AlarmArn"], told["NewStateReason"]) == (
        "OK",
        found["AlarmArn"],
        found["StateReason"],
    )
    trigger = told["Trigger"]
    assert (trigger["MetricName"], trigger["Statistic"], trigger["EvaluationPeriods"]) == (unique, "MAXIMUM", 2)


def test_an_alarm_that_is_put_again_keeps_its_state_and_tells_nobody(
    cloudwatch: Any, unique: str, clock: Clock, topic: str, inbox: Callable[[], list[Message]]
) -> None:
    """CloudWatch API Reference, PutMetricAlarm: a second `up` disturbs nothing."""
    _put(cloudwatch, unique, AlarmActions=[topic])
    clock.minutes(9, 9)
    before = _alarm(cloudwatch, unique)
    assert before["StateValue"] == "ALARM"
    _put(cloudwatch, unique, AlarmActions=[topic], AlarmDescription="other words")
    clock.minutes(9)
    after = _alarm(cloudwatch, unique)
    for key in ("StateValue", "StateReason", "StateUpdatedTimestamp", "StateTransitionedTimestamp"):
        assert after[key] == before[key]
    assert after["AlarmDescription"] == "other words"
    assert len(inbox()) == 1


def test_a_state_that_was_set_acts_and_lasts_until_the_next_evaluation(
    cloudwatch: Any, unique: str, clock: Clock, topic: str, inbox: Callable[[], list[Message]]
) -> None:
    """CloudWatch API Reference, SetAlarmState."""
    _put(cloudwatch, unique, AlarmActions=[topic], OKActions=[topic])
    clock.minutes(1, 1)
    cloudwatch.set_alarm_state(AlarmName=unique, StateValue="ALARM", StateReason="a drill", StateReasonData='{"a": 1}')
    found = _alarm(cloudwatch, unique)
    assert (found["StateValue"], found["StateReason"], json.loads(found["StateReasonData"])) == (
        "ALARM",
        "a drill",
        {"a": 1},
    )
    clock.minutes(1)
    assert _state(cloudwatch, unique) == "OK"
    assert [json.loads(message.message)["NewStateValue"] for message in inbox()] == ["OK", "ALARM", "OK"]
    with pytest.raises(ClientError, match="enum value set"):
        cloudwatch.set_alarm_state(AlarmName=unique, StateValue="BROKEN", StateReason="x")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloudwatch.set_alarm_state(AlarmName=f"{unique}-no", StateValue="OK", StateReason="x")
    with pytest.raises(ClientError, match="InvalidFormat"):
        cloudwatch.set_alarm_state(AlarmName=unique, StateValue="OK", StateReason="x", StateReasonData="{")


def test_actions_that_are_disabled_are_not_carried_out(
    cloudwatch: Any, unique: str, clock: Clock, topic: str, inbox: Callable[[], list[Message]]
) -> None:
    _put(cloudwatch, unique, AlarmActions=[topic], ActionsEnabled=False)
    clock.minutes(9, 9)
    assert _state(cloudwatch, unique) == "ALARM"
    assert inbox() == []
    cloudwatch.enable_alarm_actions(AlarmNames=[unique])
    clock.minutes(1, 9, 9)
    assert len(inbox()) == 1
    with pytest.raises(ClientError, match="alarm action"):
        _put(cloudwatch, f"{unique}-2", AlarmActions=["arn:aws:automate:eu-west-1:ec2:reboot"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"EvaluationPeriods": 2, "DatapointsToAlarm": 3},
        {"TreatMissingData": "good"},
        {"Period": 45},
        {"Period": 3600, "EvaluationPeriods": 169},
        {"ExtendedStatistic": "p90"},
    ],
)
def test_alarms_that_cloudwatch_does_not_take(cloudwatch: Any, unique: str, wrong: dict[str, Any]) -> None:
    """CloudWatch API Reference, PutMetricAlarm."""
    with pytest.raises(ClientError, match="ValidationError"):
        _put(cloudwatch, unique, **wrong)


@pytest.mark.parametrize(
    ("drawn", "missing", "state", "told"),
    [
        ((9.0, None, None, None, None), "notBreaching", "OK", "1 out of the last 3 datapoints [9.0 ("),
        ((None,) * 5, "notBreaching", "OK", "no datapoints were received for 3 periods and 3 missing datapoints were"),
        ((9.0, 9.0, 9.0, 9.0, 9.0), "missing", "ALARM", "3 out of the last 3 datapoints"),
        ((1.0, None, None, None, None), "breaching", "ALARM", "was not greater than the threshold (5.0) and 2 missing"),
    ],
)
def test_reasons_say_what_decided(drawn: tuple[float | None, ...], missing: Missing, state: str, told: str) -> None:
    criteria = Criteria("GreaterThanThreshold", 5.0, 3, 2, missing)
    verdict = judge(drawn, criteria)
    assert verdict.state == state
    assert told in reasons.text(drawn, Grid(0.0, 60, 5), criteria, verdict, "INSUFFICIENT_DATA")


@pytest.mark.parametrize(
    ("period", "end"), [(10, 1_799_999_990), (30, 1_799_999_990), (60, 1_799_999_940), (300, 1_799_999_940)]
)
def test_an_alarm_looks_at_what_is_over(period: int, end: int) -> None:
    """CloudWatch User Guide, Alarm evaluation: each minute, or each ten seconds with a shorter period."""
    stat = Stat(Metric("App", "Errors"), period, "Sum")
    asked = Definition((Query("value", stat),), "value", Criteria("GreaterThanThreshold", 5.0, 3, 2))
    grid = window(asked, 1_799_999_996.5)
    assert (grid.end, grid.period, grid.count) == (end, period, 5)


def test_silence_counts_as_declared(
    cloudwatch: Any, unique: str, clock: Clock, topic: str, inbox: Callable[[], list[Message]]
) -> None:
    """P0-OBS: a store that does not answer is told of where its silence is bad."""
    for treatment in ("missing", "ignore", "breaching", "notBreaching"):
        _put(cloudwatch, f"{unique}-{treatment}", MetricName=unique, TreatMissingData=treatment)
    _put(cloudwatch, unique, InsufficientDataActions=[topic])
    clock.minutes(1, 1, None, None, None, None)
    states = [_state(cloudwatch, f"{unique}-{each}") for each in ("missing", "ignore", "breaching", "notBreaching")]
    assert states == ["INSUFFICIENT_DATA", "OK", "ALARM", "OK"]
    reason = _alarm(cloudwatch, f"{unique}-breaching")["StateReason"]
    assert reason.startswith("Threshold Crossed:")
    assert "treated as [Breaching]" in reason
    [message] = inbox()
    assert json.loads(message.message)["NewStateReason"] == "Insufficient Data: 2 datapoints were unknown."


def test_the_worst_node_counts(cloudwatch: Any, unique: str, clock: Clock) -> None:
    """P0-OBS: an alarm on an expression, as `components.alarms` declares them."""
    nodes = [
        {
            "Id": f"node{number}",
            "MetricStat": {
                "Metric": {"Namespace": "App", "MetricName": unique if number == 1 else f"{unique}-silent"},
                "Period": 60,
                "Stat": "Maximum",
            },
            "ReturnData": False,
        }
        for number in (1, 2)
    ]
    cloudwatch.put_metric_alarm(
        AlarmName=unique,
        Metrics=[*nodes, {"Id": "worst", "Expression": "MAX([node1, node2])", "Label": "worst", "ReturnData": True}],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=5,
        EvaluationPeriods=1,
    )
    clock.minutes(1)
    assert _state(cloudwatch, unique) == "OK"
    clock.minutes(9)
    assert _state(cloudwatch, unique) == "ALARM"


def test_what_cannot_be_evaluated_says_so(cloudwatch: Any, unique: str, clock: Clock) -> None:
    stat = {"Metric": {"Namespace": "App", "MetricName": unique}, "Period": 60, "Stat": "Sum"}
    cloudwatch.put_metric_alarm(
        AlarmName=unique,
        Metrics=[
            {"Id": "m", "MetricStat": stat, "ReturnData": False},
            {"Id": "rate", "Expression": "RATE(m)", "ReturnData": True},
        ],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=5,
        EvaluationPeriods=1,
    )
    clock.minutes(1)
    found = _alarm(cloudwatch, unique)
    assert found["StateValue"] == "INSUFFICIENT_DATA"
    assert found["StateReason"] == "The local platform does not evaluate the function RATE with 1 arguments."


def test_a_composite_alarm_follows_those_that_it_watches(
    cloudwatch: Any, unique: str, clock: Clock, topic: str, inbox: Callable[[], list[Message]]
) -> None:
    """P0-OBS: burn-rate alarms tell when both windows are bad."""
    for name in ("long", "short"):
        _put(cloudwatch, f"{unique}-{name}", MetricName=unique, EvaluationPeriods=1)
    cloudwatch.put_composite_alarm(
        AlarmName=unique,
        AlarmRule=f'ALARM("{unique}-long") AND ALARM("{unique}-short")',
        AlarmActions=[topic],
        OKActions=[topic],
    )
    assert _state(cloudwatch, unique) == "INSUFFICIENT_DATA"
    clock.minutes(1)
    assert _state(cloudwatch, unique) == "OK"
    cloudwatch.set_alarm_state(AlarmName=f"{unique}-long", StateValue="ALARM", StateReason="a drill")
    clock.look()
    assert _state(cloudwatch, unique) == "OK"
    clock.minutes(9)
    found = _alarm(cloudwatch, unique)
    assert found["StateValue"] == "ALARM"
    assert "transitioned to ALARM at" in found["StateReason"]
    [child] = json.loads(found["StateReasonData"])["triggeringAlarms"]
    assert child["state"]["value"] == "ALARM"
    told = json.loads(inbox()[-1].message)
    assert (told["NewStateValue"], told["AlarmRule"]) == ("ALARM", found["AlarmRule"])
    assert told["TriggeringChildren"][0]["Arn"] == child["arn"]
    cloudwatch.delete_alarms(AlarmNames=[f"{unique}-short"])
    clock.look()
    assert _state(cloudwatch, unique) == "OK"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", True),
        ("OK(a) OR ALARM(a) AND ALARM(b)", False),
        ("ALARM(a) OR ALARM(a) AND ALARM(b)", True),
        ("(ALARM(a) OR ALARM(a)) AND ALARM(b)", False),
        ("NOT ALARM(b) AND INSUFFICIENT_DATA(gone)", True),
        ("NOT (ALARM(a) OR FALSE)", False),
        ("TRUE", True),
    ],
)
def test_rules_hold_for_states(rule: str, expected: bool) -> None:
    states = {"a": "ALARM", "b": "OK"}
    assert holds(parse(rule), lambda name: states.get(name, "INSUFFICIENT_DATA")) is expected


def test_what_happened_to_an_alarm_can_be_asked(cloudwatch: Any, unique: str, clock: Clock, topic: str) -> None:
    """CloudWatch API Reference, DescribeAlarmHistory."""
    _put(cloudwatch, unique, AlarmActions=[topic, f"{topic}-gone"])
    clock.minutes(9, 9)
    cloudwatch.delete_alarms(AlarmNames=[unique])
    items = cloudwatch.describe_alarm_history(AlarmName=unique, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [(item["HistoryItemType"], item["HistorySummary"]) for item in items] == [
        ("ConfigurationUpdate", f'Alarm "{unique}" created'),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
        ("Action", f"Successfully executed action {topic}"),
        ("Action", f"Failed to execute action {topic}-gone"),
        ("ConfigurationUpdate", f'Alarm "{unique}" deleted'),
    ]
    changed = json.loads(items[1]["HistoryData"])
    assert changed["oldState"]["stateValue"] == "INSUFFICIENT_DATA"
    assert changed["newState"]["stateReasonData"]["recentDatapoints"] == [9, 9]
    assert json.loads(items[2]["HistoryData"])["publishedMessage"]["NewStateValue"] == "ALARM"
    assert json.loads(items[3]["HistoryData"])["error"]
    asked = {"AlarmName": unique, "HistoryItemType": "StateUpdate", "MaxRecords": 1}
    page = cloudwatch.describe_alarm_history(**asked)
    assert (len(page["AlarmHistoryItems"]), page.get("NextToken")) == (1, None)
    page = cloudwatch.describe_alarm_history(AlarmName=unique, MaxRecords=2)
    rest = cloudwatch.describe_alarm_history(AlarmName=unique, MaxRecords=9, NextToken=page["NextToken"])
    assert [*page["AlarmHistoryItems"], *rest["AlarmHistoryItems"]] == items[::-1]
    assert cloudwatch.describe_alarm_history(AlarmName=unique, AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"] == []


def test_an_alarm_older_than_the_endpoints_memory_is_not_judged_by_what_was_forgotten(
    cloudwatch: Any, unique: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart nothing is known of the minutes before; that is no silence of the servers."""
    _put(cloudwatch, unique, TreatMissingData="breaching")
    clock.minutes(1, 1)
    backend = cloudwatch_backends[ACCOUNT][REGION]
    assert isinstance(backend, CloudWatch)
    monkeypatch.setattr(backend.store, "began", clock.now + 3600)
    clock.minutes(None, None, None, None, None)
    assert _state(cloudwatch, unique) == "OK"
    monkeypatch.setattr(backend.store, "began", 0.0)
    clock.minutes(None)
    assert _state(cloudwatch, unique) == "ALARM"
