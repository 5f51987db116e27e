"""Why an alarm is in its state: as text and as data, in CloudWatch's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local.aws.monitoring.evaluation import Criteria, State, Verdict
from local.aws.monitoring.queries import Grid

_WORDS: Mapping[str, str] = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


def text(values: Sequence[float | None], grid: Grid, criteria: Criteria, verdict: Verdict, before: State) -> str:
    """The alarm's `StateReason`.

    Args:
        values: The data points of the evaluation range.
        grid: Their periods.
        criteria: The alarm's.
        verdict: Its new state is known.
        before: The state that it had.
    """
    if verdict.state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_counted(verdict.filled)} unknown."
    treated = _TREATED.get(criteria.missing)
    missing = f"{_counted(verdict.filled, 'missing ')} treated as [{treated}]" if verdict.filled and treated else ""
    alarmed = verdict.state == "ALARM"
    sides: dict[bool, list[str]] = {True: [], False: []}
    for place in reversed(verdict.points):
        value = values[place]
        if value is not None:
            sides[criteria.breaches(value)].append(f"{value} ({_day(grid.time(place))})")
    # Where what is missing decided, the data points that are there may all be on the other side.
    bad = alarmed if sides[alarmed] else not alarmed
    told = sides[bad]
    if not told:
        periods = f"{criteria.periods} period{'' if criteria.periods == 1 else 's'}"
        return f"Threshold Crossed: no datapoints were received for {periods} and {missing}."
    least = criteria.to_alarm if alarmed else criteria.periods - criteria.to_alarm + 1
    return (
        f"Threshold Crossed: {len(told)} out of the last {criteria.periods} datapoints "
        f"[{', '.join(told)}] {'was' if len(told) == 1 else 'were'} {'' if bad else 'not '}"
        f"{_WORDS[criteria.comparison]} the threshold ({criteria.threshold})"
        f"{f' and {missing}' if missing else ''} "
        f"(minimum {least} datapoint{'' if least == 1 else 's'} for {before} -> {verdict.state} transition)."
    )


def data(
    values: Sequence[float | None],
    grid: Grid,
    criteria: Criteria,
    verdict: Verdict,
    now: float,
    statistic: str | None = None,
    unit: str | None = None,
) -> dict[str, Any]:
    """The alarm's `StateReasonData`.

    Args:
        statistic: Of an alarm on one metric.
        unit: Of an alarm on one metric, if it names one.
    """
    first = min(verdict.points, default=max(0, grid.count - criteria.periods))
    named = {"statistic": statistic, "unit": unit}
    return {
        "version": "1.0",
        "queryDate": stamp(now),
        "startDate": stamp(grid.time(first)),
        **{name: value for name, value in named.items() if value},
        "period": grid.period,
        "recentDatapoints": [values[place] for place in verdict.points],
        "threshold": criteria.threshold,
        "evaluatedDatapoints": [
            {"timestamp": stamp(grid.time(place)), "value": values[place]} for place in reversed(verdict.points)
        ],
    }


def stamp(seconds: float) -> str:
    """A time as CloudWatch writes it in its JSON: `2026-11-22T18:00:00.000+0000`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _counted(number: int, kind: str = "") -> str:
    return f"{number} {kind}datapoint was" if number == 1 else f"{number} {kind}datapoints were"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d/%m/%y %H:%M:%S")
