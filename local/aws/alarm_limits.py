"""What an alarm must be like: CloudWatch's own rules, and what the local platform does not do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.aws.errors import Invalid, Refused

_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_SHORT = (10, 20, 30)
_DAY, _WEEK = 86_400, 7 * 86_400


def check_alarm(declared: Mapping[str, Any]) -> None:
    """Judge an alarm as moto's backend is given it.

    Raises:
        Invalid: CloudWatch would not take it (CloudWatch API Reference, PutMetricAlarm).
        Refused: it would do something that nothing does here.
    """
    for kind in ("alarm_actions", "ok_actions", "insufficient_data_actions"):
        for action in declared.get(kind) or ():
            if action.split(":")[2:3] != ["sns"]:
                raise Refused(f"the alarm action {action}", "Alarms tell topics of SNS.")
    if declared.get("rule") is None:
        fault = next(_faults(declared), None)
        if fault is not None:
            raise Invalid("ValidationError", fault)


def _faults(declared: Mapping[str, Any]) -> Iterator[str]:
    periods = int(declared.get("evaluation_periods") or 0)
    to_alarm = declared.get("datapoints_to_alarm")
    if periods < 1:
        yield "The parameter EvaluationPeriods must be at least 1."
    if to_alarm is not None and not 1 <= int(to_alarm) <= periods:
        yield "The parameter DatapointsToAlarm must be at least 1 and at most EvaluationPeriods."
    if declared.get("treat_missing_data") not in (None, *_MISSING):
        yield f"Option {declared['treat_missing_data']} for parameter TreatMissingData is not one of {_MISSING}."
    if declared.get("threshold") is None and not declared.get("threshold_metric_id"):
        yield "The parameter Threshold is required."
    if declared.get("metric_data_queries"):
        return
    for name in ("metric_name", "namespace", "period"):
        if not declared.get(name):
            yield f"The parameter {''.join(word.title() for word in name.split('_'))} is required."
    if bool(declared.get("statistic")) == bool(declared.get("extended_statistic")):
        yield "Exactly one of the parameters Statistic and ExtendedStatistic is required."
    period = int(declared["period"])
    if period not in _SHORT and period % 60:
        yield "The parameter Period must be 10, 20, 30 or a multiple of 60."
    if period * periods > (_WEEK if period >= 3600 else _DAY):
        yield "EvaluationPeriods times Period must not exceed a day, or a week with periods of an hour and more."
