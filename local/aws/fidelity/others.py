"""Metrics, alarms, messages, logs and schedules."""

from __future__ import annotations

from local.aws.fidelity.model import NAMES, TAGS, Type

_UNIT = "tests/unit/local_aws"
_ALARMS = f"{_UNIT}/test_monitoring_alarms.py::"
_E2E = "tests/e2e/local_aws/test_alarms.py::"
_INBOX = f"{_UNIT}/test_monitoring_inbox.py::"
_TOLD = "shown by the API and in messages only"
_NO_LOGS = "no log is delivered"
_NO_STARTS = "no schedule starts anything"

TYPES = (
    Type(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        acts={
            _ALARMS + "test_an_alarm_begins_without_data_and_follows_its_metric": (
                "name comparisonOperator dimensions metricName namespace period statistic threshold okActions "
                "alarmActions insufficientDataActions"
            ),
            _ALARMS + "test_silence_counts_as_declared": "treatMissingData",
            _ALARMS + "test_the_worst_node_counts": "metricQueries",
            f"{_UNIT}/test_monitoring_evaluation.py::test_with_all_data_it_is_m_out_of_the_newest_n": (
                "datapointsToAlarm evaluationPeriods"
            ),
        },
        recorded={TAGS: "tags", _TOLD: "alarmDescription metricQueries.label"},
    ),
    Type(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        acts={
            _ALARMS
            + "test_a_composite_alarm_follows_those_that_it_watches": "alarmName alarmRule alarmActions okActions"
        },
        recorded={TAGS: "tags", _TOLD: "alarmDescription"},
    ),
    Type("aws:cloudwatch/dashboard:Dashboard", recorded={"nothing draws it": "dashboardBody dashboardName"}),
    Type(
        "aws:cloudwatch/logDelivery:LogDelivery",
        recorded={
            TAGS: "tags",
            _NO_LOGS: "deliveryDestinationArn deliverySourceName recordFields region s3DeliveryConfigurations",
        },
    ),
    Type(
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
        recorded={TAGS: "tags", _NO_LOGS: "deliveryDestinationConfiguration name outputFormat region"},
    ),
    Type(
        "aws:cloudwatch/logDeliverySource:LogDeliverySource",
        recorded={TAGS: "tags", _NO_LOGS: "logType name region resourceArn"},
    ),
    Type(
        "aws:cloudwatch/logGroup:LogGroup",
        recorded={TAGS: "tags", NAMES: "name", "no log expires, none is encrypted": "kmsKeyId retentionInDays"},
    ),
    Type(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        recorded={"no metric comes from a log": "logGroupName metricTransformation name pattern"},
    ),
    Type(
        "aws:sns/topic:Topic",
        acts={_E2E + "test_a_redis_that_fills_up_raises_an_alarm_that_reaches_the_inbox": "name"},
        recorded={TAGS: "tags", "messages lie on this machine's disk as they are": "kmsMasterKeyId"},
    ),
    Type("aws:sns/topicPolicy:TopicPolicy", recorded={"IAM policies are not asked": "arn policy"}),
    Type(
        "aws:sns/topicSubscription:TopicSubscription",
        acts={
            _INBOX + "test_what_is_published_goes_into_the_inbox_or_into_a_queue_and_nowhere_else": (
                "endpoint protocol topic"
            )
        },
    ),
    Type(
        "aws:scheduler/schedule:Schedule",
        recorded={_NO_STARTS: "description flexibleTimeWindow name scheduleExpression target"},
    ),
    Type("aws:sfn/stateMachine:StateMachine", recorded={TAGS: "tags", _NO_STARTS: "definition name roleArn type"}),
)
