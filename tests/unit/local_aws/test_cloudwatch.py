"""CloudWatch at the endpoint: composite alarms, dashboards and metric filters as AWS takes and refuses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.alarm_rules import alarms_of
from local.aws.errors import Invalid

pytestmark = pytest.mark.unit

Client = Callable[..., Any]


def _alarm(cloudwatch: Any, name: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="App",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
    )


def test_a_composite_alarm_is_kept_changed_and_removed(client: Client, unique: str) -> None:
    """P0-OBS."""
    cloudwatch = client("cloudwatch")
    for name in ("long", "short"):
        _alarm(cloudwatch, f"{unique}-{name}")
    rule = f'ALARM("{unique}-long") AND ALARM("{unique}-short")'
    actions = ["arn:aws:sns:eu-west-1:123456789012:alarms"]
    asked = {"AlarmName": unique, "AlarmRule": rule, "AlarmDescription": "burns", "AlarmActions": actions}
    cloudwatch.put_composite_alarm(**asked, Tags=[{"Key": "app", "Value": "shop"}])
    [found] = cloudwatch.describe_alarms(AlarmNames=[unique], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert {key: found[key] for key in asked} == asked
    assert found["ActionsEnabled"] is True
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    assert tags == [{"Key": "app", "Value": "shop"}]
    cloudwatch.put_composite_alarm(**{**asked, "AlarmRule": f"NOT OK({unique}-long)"})
    [found] = cloudwatch.describe_alarms(AlarmNames=[unique], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert found["AlarmRule"] == f"NOT OK({unique}-long)"
    cloudwatch.delete_alarms(AlarmNames=[unique, f"{unique}-long", f"{unique}-short"])
    assert cloudwatch.describe_alarms(AlarmNames=[unique], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


@pytest.mark.parametrize("rule", ["ALARM(nobody)", "ALARM({name})", "ALARM(", "ALARM(a) XOR ALARM(b)"])
def test_a_rule_about_what_does_not_exist_or_cannot_be_read_is_refused(client: Client, unique: str, rule: str) -> None:
    """CloudWatch API Reference, PutCompositeAlarm."""
    with pytest.raises(ClientError, match="Validation"):
        client("cloudwatch").put_composite_alarm(AlarmName=unique, AlarmRule=rule.format(name=unique))


def test_suppressors_are_refused(client: Client, unique: str) -> None:
    cloudwatch = client("cloudwatch")
    _alarm(cloudwatch, f"{unique}-a")
    with pytest.raises(ClientError, match="UnsupportedOperation"):
        cloudwatch.put_composite_alarm(
            AlarmName=unique,
            AlarmRule=f"ALARM({unique}-a)",
            ActionsSuppressor=f"{unique}-a",
            ActionsSuppressorWaitPeriod=60,
            ActionsSuppressorExtensionPeriod=60,
        )


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("TRUE", []),
        ("NOT FALSE OR ALARM(a)", ["a"]),
        ('(ALARM("14.4x of api") AND ALARM(b)) OR INSUFFICIENT_DATA(c)', ["14.4x of api", "b", "c"]),
        ("OK(arn:aws:cloudwatch:eu-west-1:123456789012:alarm:far)", ["far"]),
    ],
)
def test_the_alarms_of_a_rule(rule: str, names: list[str]) -> None:
    assert alarms_of(rule) == names


@pytest.mark.parametrize("rule", ["ALARM(a) ALARM(b)", "AND", "(ALARM(a)", "ALARM(a))", "NOT", " TRUE", "TRUE " * 4000])
def test_what_is_no_rule(rule: str) -> None:
    with pytest.raises(Invalid):
        alarms_of(rule)


def _filter(group: str, **transformation: Any) -> dict[str, Any]:
    made = {"metricName": "Errors", "metricNamespace": "App", "metricValue": "1", **transformation}
    return {
        "logGroupName": group,
        "filterName": "errors",
        "filterPattern": "{ $.status >= 500 }",
        "metricTransformations": [made],
    }


def test_a_metric_filter_that_is_put_again_is_changed_and_goes_with_its_group(client: Client, unique: str) -> None:
    """CloudWatch Logs API Reference, PutMetricFilter: creates or updates."""
    logs = client("logs")
    logs.create_log_group(logGroupName=unique)
    logs.put_metric_filter(**_filter(unique))
    logs.put_metric_filter(**_filter(unique, dimensions={"Service": "$.service"}))
    [found] = logs.describe_metric_filters(logGroupName=unique)["metricFilters"]
    assert found["metricTransformations"][0]["dimensions"] == {"Service": "$.service"}
    logs.delete_log_group(logGroupName=unique)
    assert logs.describe_metric_filters(logGroupName=unique)["metricFilters"] == []


def test_metric_filters_that_aws_refuses(client: Client, unique: str) -> None:
    logs = client("logs")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        logs.put_metric_filter(**_filter(f"{unique}-nowhere"))
    logs.create_log_group(logGroupName=unique)
    for wrong in (
        {"dimensions": {"Service": "$.service"}, "defaultValue": 0},
        {"dimensions": dict.fromkeys("abcd", "$.a")},
    ):
        with pytest.raises(ClientError, match="InvalidParameter"):
            logs.put_metric_filter(**_filter(unique, **wrong))
    assert logs.describe_metric_filters(logGroupName=unique)["metricFilters"] == []
