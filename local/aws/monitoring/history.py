"""What happened to alarms: the items of DescribeAlarmHistory."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from moto.cloudwatch.models import Alarm

KEPT = 500
"""Items that a region keeps. CloudWatch keeps them for 30 days."""

Kind = Literal["ConfigurationUpdate", "StateUpdate", "Action"]


@dataclass(frozen=True)
class Item:
    """One thing that happened.

    Attributes:
        time: Seconds since the epoch.
        data: JSON.
    """

    alarm: str
    composite: bool
    kind: Kind
    summary: str
    data: str
    time: float


class History:
    """A region's newest items."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque(maxlen=KEPT)

    def add(self, alarm: Alarm, kind: Kind, summary: str, data: Mapping[str, Any], now: float) -> None:
        """Note that something happened to the alarm."""
        self._items.append(Item(alarm.name, alarm.rule is not None, kind, summary, json.dumps(data), now))

    def find(
        self,
        alarm: str | None = None,
        types: Sequence[str] = ("MetricAlarm",),
        kind: str | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> list[Item]:
        """Items that match all that is given, oldest first.

        Args:
            alarm: Name of the alarm.
            types: `MetricAlarm`, `CompositeAlarm` or both.
            kind: Of the items.
            start: Not before, seconds since the epoch.
            end: Not after.
        """
        return [
            item
            for item in self._items
            if (alarm is None or item.alarm == alarm)
            and ("CompositeAlarm" if item.composite else "MetricAlarm") in types
            and (kind is None or item.kind == kind)
            and (start is None or item.time >= start)
            and (end is None or item.time <= end)
        ]
