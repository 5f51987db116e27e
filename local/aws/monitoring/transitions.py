"""Alarms come into other states: what is noted of it, and who is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from moto.cloudwatch.models import Alarm
from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends

from local.aws.monitoring.evaluation import State
from local.aws.monitoring.history import History
from local.aws.monitoring.messages import Transition, body, subject
from local.aws.monitoring.reasons import stamp
from local.aws.state import ACCOUNT, LOCK

_log = logging.getLogger("local.aws")

INITIAL_REASON = "Unchecked: Initial alarm creation"


def begin(alarm: Alarm) -> None:
    """A new alarm: nothing is known yet (CloudWatch API Reference, PutMetricAlarm)."""
    alarm.state_value = "INSUFFICIENT_DATA"
    alarm.state_reason = INITIAL_REASON
    alarm.state_reason_data = ""
    _set_transitioned(alarm, alarm.state_updated_timestamp)


def keep_state(alarm: Alarm, before: Alarm) -> None:
    """An alarm that is put again has another configuration and the state that it had."""
    alarm.state_value = before.state_value
    alarm.state_reason = before.state_reason
    alarm.state_reason_data = before.state_reason_data
    alarm.state_updated_timestamp = before.state_updated_timestamp
    _set_transitioned(alarm, transitioned(before))


def transitioned(alarm: Alarm) -> datetime:
    """When the alarm's state last became another."""
    return cast(datetime, vars(alarm)["state_transitioned_timestamp"])


def set_state(
    alarm: Alarm, history: History, after: State, reason: str, data: Mapping[str, Any] | None, now: float
) -> None:
    """Bring an alarm into a state, note it, and carry out the actions that the alarm has for it.

    Actions are carried out only when the state is another one than before.

    Args:
        alarm: As the API holds it.
        history: Of its region.
        after: Its state from now on.
        reason: In words.
        data: The same as data, if there is any.
        now: Seconds since the epoch.
    """
    with LOCK:
        old = _described(alarm)
        before = cast(State, alarm.state_value)
        moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        alarm.state_value, alarm.state_reason = after, reason
        alarm.state_reason_data = "" if data is None else json.dumps(data)
        alarm.state_updated_timestamp = moment
        if before == after:
            return
        _set_transitioned(alarm, moment)
        change = {"version": "1.0", "oldState": old, "newState": _described(alarm)}
        history.add(alarm, "StateUpdate", f"Alarm updated from {before} to {after}", change, now)
        _log.info("alarm %s: %s -> %s: %s", alarm.name, before, after, reason)
        if alarm.actions_enabled:
            _act(alarm, history, Transition(before, after, reason, data or {}, now))


def actions(alarm: Alarm, state: State) -> Sequence[str]:
    """What is done when the alarm comes into this state."""
    by_state: Mapping[State, Sequence[str]] = {
        "OK": alarm.ok_actions,
        "ALARM": alarm.alarm_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    return by_state[state] or ()


def _act(alarm: Alarm, history: History, transition: Transition) -> None:
    message = body(alarm, ACCOUNT, transition)
    for topic in actions(alarm, transition.after):
        problem = _publish(topic, subject(alarm, transition), message)
        done = {
            "actionState": "Failed" if problem else "Succeeded",
            "stateUpdateTimestamp": int(transition.time * 1000),
            "notificationResource": topic,
            "publishedMessage": None if problem else json.loads(message),
            "error": problem,
        }
        told = "Failed to execute" if problem else "Successfully executed"
        history.add(alarm, "Action", f"{told} action {topic}", done, transition.time)


def _publish(topic: str, title: str, message: str) -> str | None:
    """Publish to a topic; returns what went wrong."""
    try:
        sns_backends[ACCOUNT][topic.split(":")[3]].publish(message, topic, subject=title)
    except ServiceException as error:
        _log.warning("%s: %s", topic, error)
        return str(error)
    return None


def _described(alarm: Alarm) -> dict[str, Any]:
    state: dict[str, Any] = {"stateValue": alarm.state_value, "stateReason": alarm.state_reason}
    if alarm.state_reason_data:
        state["stateReasonData"] = json.loads(alarm.state_reason_data)
    return state


def _set_transitioned(alarm: Alarm, moment: datetime) -> None:
    # moto answers every member of the API's structure that the alarm has under its name; it has not this one.
    vars(alarm)["state_transitioned_timestamp"] = moment


def arn_state(alarm: Alarm) -> dict[str, Any]:
    """An alarm and its state, as a composite alarm's reason has it."""
    since = transitioned(alarm).replace(tzinfo=UTC).timestamp()
    return {"arn": alarm.alarm_arn, "state": {"value": alarm.state_value, "timestamp": stamp(since)}}
