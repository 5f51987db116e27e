"""Evaluates alarms: those on metrics whenever a period is over, composite ones whenever a state may have changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from moto.cloudwatch.models import Alarm, cloudwatch_backends

from local.aws.alarm_rules import alarms_of, holds, parse
from local.aws.extensions.cloudwatch import CloudWatch
from local.aws.monitoring import reasons, stores
from local.aws.monitoring.definitions import Definition, definition
from local.aws.monitoring.evaluation import State, Verdict, judge
from local.aws.monitoring.expressions import Series, Unsupported
from local.aws.monitoring.queries import Grid, period_of, series
from local.aws.monitoring.transitions import arn_state, set_state
from local.aws.state import ACCOUNT, LOCK

_log = logging.getLogger("local.aws")


HIGH_RESOLUTION, STANDARD = 10, 60
"""Seconds between evaluations of an alarm: with a period of less than a minute, and with others (CloudWatch User Guide,
Alarm evaluation)."""


@dataclass(frozen=True)
class _Finding:
    """What an evaluation came to."""

    state: State
    reason: str
    data: dict[str, Any] | None


@dataclass(frozen=True)
class _Judged:
    """An evaluation that was made.

    Attributes:
        changed: When the alarm was last configured before.
        due: When the next one is, unless the alarm is configured anew.
    """

    changed: datetime
    due: float


class Evaluator:
    """Evaluates the alarms of all regions.

    Args:
        changed: Told when one of them came into another state.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._judged: dict[tuple[str, str], _Judged] = {}
        self._swept = 0.0

    def look(self, now: float) -> None:
        """Evaluate what is due."""
        before = _states()
        with LOCK:
            metric_alarms = [(each, alarm) for each in _regions() for alarm in _alarms(each) if alarm.rule is None]
        for cloudwatch, alarm in metric_alarms:
            try:
                self._evaluate(cloudwatch, alarm, now)
            except Exception:  # noqa: BLE001  # one alarm's trouble must not end the others' watch
                _log.exception("evaluating the alarm %s", alarm.name)
                key = (cloudwatch.region_name, alarm.name)
                self._judged[key] = _Judged(alarm.configuration_updated_timestamp, now + STANDARD)
        known = {(cloudwatch.region_name, alarm.name) for cloudwatch, alarm in metric_alarms}
        self._judged = {key: value for key, value in self._judged.items() if key in known}
        with LOCK:
            for cloudwatch in _regions():
                _combine(cloudwatch, now)
        if now - self._swept >= STANDARD:
            self._swept = now
            stores.sweep(now)
        if _states() != before:
            self._changed()

    def _evaluate(self, cloudwatch: CloudWatch, alarm: Alarm, now: float) -> None:
        key, changed = (cloudwatch.region_name, alarm.name), alarm.configuration_updated_timestamp
        judged = self._judged.get(key)
        if judged is not None and judged.changed == changed and now < judged.due:
            return
        finding: _Finding | None
        try:
            asked = definition(alarm)
            grid = window(asked, now)
            values = series(cloudwatch.read, asked.queries, asked.wanted, grid)
            finding = find(alarm, asked, grid, values, now, cloudwatch.store.began)
            due = grid.end + _step(grid.period)
        except Unsupported as error:
            reason = f"The local platform does not evaluate {error}."
            finding = _Finding("INSUFFICIENT_DATA", reason, None) if alarm.state_reason != reason else None
            due = now + STANDARD
        self._judged[key] = _Judged(changed, due)
        with LOCK:
            if finding is not None and cloudwatch.alarms.get(alarm.name) is alarm:
                set_state(alarm, cloudwatch.history, finding.state, finding.reason, finding.data, now)


def window(asked: Definition, now: float) -> Grid:
    """The evaluation range: it ends with the last minute, or the last 10 seconds, that is over.

    Raises:
        Unsupported: metrics of different periods.
    """
    period = period_of(asked.queries, asked.wanted)
    step = _step(period)
    count = asked.criteria.range
    return Grid(now // step * step - count * period, period, count)


def _step(period: int) -> int:
    return HIGH_RESOLUTION if period < STANDARD else STANDARD


def find(alarm: Alarm, asked: Definition, grid: Grid, values: Series, now: float, began: float) -> _Finding | None:
    """The state that an alarm comes into; None if it stays in its own.

    Args:
        began: Since when data points are known. An alarm that is older is not judged by what is missing from before.
    """
    verdict = judge(values, asked.criteria)
    if verdict.state is None or verdict.state == alarm.state_value:
        return None
    older = alarm.configuration_updated_timestamp.replace(tzinfo=UTC).timestamp() < began
    if verdict.filled and older and grid.end - asked.criteria.periods * grid.period < began:
        return None
    return _Finding(verdict.state, *_explained(alarm, asked, grid, values, verdict, now))


def _explained(
    alarm: Alarm, asked: Definition, grid: Grid, values: Series, verdict: Verdict, now: float
) -> tuple[str, dict[str, Any]]:
    stat = asked.queries[0].stat if not alarm.metric_data_queries else None
    text = reasons.text(values, grid, asked.criteria, verdict, cast(State, alarm.state_value))
    named = {} if stat is None else {"statistic": stat.statistic, "unit": stat.unit}
    return text, reasons.data(values, grid, asked.criteria, verdict, now, **named)


def _combine(cloudwatch: CloudWatch, now: float) -> None:
    """Evaluate the region's composite alarms; one that watches another follows with the next look."""
    states = {alarm.name: alarm.state_value for alarm in _alarms(cloudwatch)}
    for alarm in _alarms(cloudwatch):
        if alarm.rule is None:
            continue
        rule = parse(alarm.rule)
        after: State = "ALARM" if holds(rule, lambda name: states.get(name, "INSUFFICIENT_DATA")) else "OK"
        if after != alarm.state_value:
            _transit(cloudwatch, alarm, after, now)


def _transit(cloudwatch: CloudWatch, alarm: Alarm, after: State, now: float) -> None:
    children = [cloudwatch.alarms[name] for name in alarms_of(str(alarm.rule)) if name in cloudwatch.alarms]
    if not children or alarm.state_value == "INSUFFICIENT_DATA":
        reason = f"{alarm.alarm_arn} was created and its alarm rule evaluates to {after}"
        data = {"triggeringAlarms": [arn_state(child) for child in children]}
        set_state(alarm, cloudwatch.history, after, reason, data, now)
        return
    latest = max(children, key=lambda child: child.state_updated_timestamp)
    when = datetime.fromtimestamp(now, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")
    reason = f"{latest.alarm_arn} transitioned to {latest.state_value} at {when}"
    set_state(alarm, cloudwatch.history, after, reason, {"triggeringAlarms": [arn_state(latest)]}, now)


def _states() -> dict[tuple[str, str], str]:
    with LOCK:
        return {(each.region_name, alarm.name): alarm.state_value for each in _regions() for alarm in _alarms(each)}


def _regions() -> Iterator[CloudWatch]:
    for backend in list(cloudwatch_backends[ACCOUNT].values()):
        if isinstance(backend, CloudWatch):
            yield backend


def _alarms(cloudwatch: CloudWatch) -> list[Alarm]:
    return list(cloudwatch.alarms.values())
