"""ElastiCache's failovers on demand, and the events that tell of failovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from local.aws.errors import Invalid

if TYPE_CHECKING:
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.elasticache_groups import Group

NODE_GROUP = "0001"
"""The only node group that a replication group without cluster mode has."""
_MINUTES = 60
"""How far DescribeEvents looks back when nothing is said."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a replication group or to one of its nodes.

    Attributes:
        source: Its ID.
        kind: `replication-group` or `cache-cluster`.
        date: UTC, without a time zone, as moto has its dates.
    """

    source: str
    kind: str
    message: str
    date: datetime

    def describe(self) -> dict[str, object]:
        """The API's `Event`."""
        return {
            "SourceIdentifier": self.source,
            "SourceType": self.kind,
            "Message": self.message,
            "Date": self.date,
        }


def of_group(group: str, message: str) -> Event:
    """An event of a replication group, now."""
    return Event(group, "replication-group", message, utcnow())


def of_node(node: str, message: str) -> Event:
    """An event of a node, now."""
    return Event(node, "cache-cluster", message, utcnow())


def selected(events: Sequence[Event], params: Any, now: datetime) -> list[Event]:
    """What DescribeEvents was asked for, oldest first.

    Raises:
        Invalid: what is asked for contradicts itself.
    """
    source, kind = params.get("SourceIdentifier"), params.get("SourceType")
    if source and not kind:
        raise Invalid("InvalidParameterCombination", "SourceIdentifier needs SourceType.")
    begin, end, minutes = _moment(params.get("StartTime")), _moment(params.get("EndTime")), params.get("Duration")
    if minutes and begin and end:
        raise Invalid("InvalidParameterCombination", "Duration, StartTime and EndTime: two of them at most.")
    span = timedelta(minutes=int(minutes or _MINUTES))
    if begin is None:
        begin = (end or now) - span
    if end is None:
        end = begin + span if minutes else now
    return sorted(
        (
            event
            for event in events
            if begin <= event.date <= end
            and (not kind or event.kind == kind)
            and (not source or event.source == source)
        ),
        key=lambda event: event.date,
    )


def _moment(given: datetime | None) -> datetime | None:
    return given.astimezone(UTC).replace(tzinfo=None) if given is not None and given.tzinfo else given


class EventOperations:
    """Operations on failovers and events; a part of ElastiCache's responses."""

    if TYPE_CHECKING:

        @property
        def backend(self) -> ElastiCache: ...
        def _get_params(self) -> Any: ...
        def _available(self, identifier: str) -> Group: ...

    def test_failover(self) -> ActionResult:
        params = self._get_params()
        group, node_group = self.backend.group(params["ReplicationGroupId"]), params["NodeGroupId"]
        tested = group.node_group(node_group)
        if tested is None:
            raise Invalid("NodeGroupNotFoundFault", f"Node group {node_group} not found in {group.identifier}.")
        self._available(group.identifier)
        if not group.automatic_failover or group.source is not None or len(tested.nodes) < 2:
            raise Invalid(
                "TestFailoverNotAvailableFault",
                f"{group.identifier} has no automatic failover that could be tested."
                if group.source is None
                else f"{group.identifier} is a secondary of {group.datastore.identifier if group.datastore else ''}: "
                "the local platform fails over primaries only.",
            )
        group.events.append(of_group(group.identifier, f"Test Failover API called for node group {node_group}"))
        tested.primary.deaths += 1
        group.change()
        return ActionResult({"ReplicationGroup": group.describe()})

    def describe_events(self) -> ActionResult:
        params = self._get_params()
        events = [event for group in self.backend.groups.values() for event in group.events]
        found = selected(events, params, utcnow())
        first, most = int(params.get("Marker") or 0), int(params.get("MaxRecords") or 100)
        more = str(first + most) if len(found) > first + most else None
        return ActionResult({"Events": [event.describe() for event in found[first : first + most]], "Marker": more})
