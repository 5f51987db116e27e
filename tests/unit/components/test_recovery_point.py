"""How much a restore would lose: measured by AWS's own calls, with roles that can do nothing else, and told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.alarms import PostgresAlarms, PostgresAlarmsArgs
from components.database import PostgresCluster
from components.recovery_point import definition
from tests.unit.components.test_database import ARGS

pytestmark = pytest.mark.unit


def _database(record: Callable[..., Any], **change: Any) -> Any:
    return record(lambda: PostgresCluster("database", replace(ARGS, **change)))


def test_every_minute_a_schedule_starts_the_look(record: Callable[..., Any]) -> None:
    """P0-BACKUP: the declared recovery point is held against what could be restored."""
    recording = _database(record)
    machine = recording.one("StateMachine").inputs
    assert machine["type"] == "EXPRESS"
    assert machine["name"] == "shop-prod-database-recovery-point"
    assert machine["definition"] == definition("shop-prod-database", "aws")
    schedule = recording.one("scheduler/schedule:Schedule").inputs
    assert schedule["scheduleExpression"] == "rate(1 minute)"
    assert schedule["target"]["arn"] == "arn:aws:test:::database-recovery-point-machine"
    assert schedule["target"]["roleArn"] == "arn:aws:test:::database-recovery-point-schedule-role"


def test_it_looks_at_the_newest_moment_that_can_be_restored() -> None:
    machine = json.loads(definition("shop-prod-database", "aws-cn"))
    look, tell = machine["States"]["Look"], machine["States"]["Tell"]
    assert machine["QueryLanguage"] == "JSONata" and machine["StartAt"] == "Look" and look["Next"] == "Tell"
    assert look["Resource"] == "arn:aws-cn:states:::aws-sdk:rds:describeDBInstances"
    assert look["Arguments"] == {"DbInstanceIdentifier": "shop-prod-database"}
    assert "LatestRestorableTime" in look["Output"]["latest"]
    [metric] = tell["Arguments"]["MetricData"]
    assert (metric["MetricName"], metric["Unit"]) == ("RecoveryPointAge", "Seconds")
    assert metric["Value"].startswith("{% ") and metric["Value"].endswith(" / 1000 %}")
    assert machine["TimeoutSeconds"] < 60


def test_its_roles_may_look_at_one_instance_tell_one_namespace_and_start_one_machine(
    record: Callable[..., Any],
) -> None:
    recording = _database(record)
    looks = json.loads(recording.one("RolePolicy", "database-recovery-point-role-policy").inputs["policy"])
    describe, put = looks["Statement"]
    assert (describe["Action"], describe["Resource"]) == ("rds:DescribeDBInstances", "arn:aws:test:::database-writer")
    assert put["Action"] == "cloudwatch:PutMetricData"
    assert put["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Groundwork/RDS"}}
    starts = json.loads(recording.one("RolePolicy", "database-recovery-point-schedule-role-policy").inputs["policy"])
    assert [(item["Action"], item["Resource"]) for item in starts["Statement"]] == [
        ("states:StartExecution", "arn:aws:test:::database-recovery-point-machine")
    ]
    for name, service in (("-role", "states"), ("-schedule-role", "scheduler")):
        [trust] = json.loads(
            recording.one("iam/role:Role", f"database-recovery-point{name}").inputs["assumeRolePolicy"]
        )["Statement"]
        assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
        assert list(trust["Condition"]["StringEquals"]) == ["aws:SourceAccount"]


@pytest.mark.parametrize(
    ("change", "measured"),
    [
        ({}, True),
        ({"rpo_minutes": None}, False),
        ({"recovery_point_alarm": False}, False),
        ({"rpo_minutes": 15, "recovery_point_alarm": True}, True),
    ],
)
def test_it_is_measured_where_there_is_a_promise(
    record: Callable[..., Any], change: dict[str, Any], measured: bool
) -> None:
    recording = _database(record, **change)
    assert bool(recording.of("StateMachine")) == bool(recording.of("schedule:Schedule")) == measured


def test_a_broken_promise_and_silence_are_told(record: Callable[..., Any]) -> None:
    """P0-OBS, P0-BACKUP."""

    def build(rpo: int | None) -> Callable[[], PostgresAlarms]:
        def made() -> PostgresAlarms:
            cluster = PostgresCluster("database", replace(ARGS, rpo_minutes=rpo))
            return PostgresAlarms(
                "alarms", PostgresAlarmsArgs(cluster=cluster, profile="production", topic_arn="arn:topic")
            )

        return made

    alarm = record(build(15)).one("MetricAlarm", "alarms-recovery-point").inputs
    assert alarm["threshold"] == 15 * 60
    assert alarm["evaluationPeriods"] == alarm["datapointsToAlarm"] == 10
    assert alarm["insufficientDataActions"] == ["arn:topic"]
    [node, _] = alarm["metricQueries"]
    assert node["metric"]["namespace"] == "Groundwork/RDS"
    assert node["metric"]["dimensions"] == {"DBInstanceIdentifier": "shop-prod-database"}
    assert not [item for item in record(build(None)).of("MetricAlarm") if "recovery-point" in item.name]
