"""Cluster mode: when it is on, what AWS asks of it, and how node groups come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult

from local.aws.errors import Invalid, Refused
from local.aws.extensions.elasticache_node_groups import NodeGroup, Slots, even_slots

if TYPE_CHECKING:
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.elasticache_groups import Group, ParameterGroup

MOST_NODES = 90
"""Of a cluster (ElastiCache quotas)."""
MOST_REPLICAS = 5


def is_clustered(params: Mapping[str, Any], parameters: ParameterGroup | None) -> bool:
    """Whether a new replication group has cluster mode.

    Args:
        parameters: The parameter group that it names.

    Raises:
        Invalid: what it says contradicts itself.
        Refused: the mode is one that is not run here.
    """
    mode, groups = params.get("ClusterMode"), int(params.get("NumNodeGroups") or 1)
    if mode == "compatible":
        raise Refused("cluster mode compatible", "Write enabled or disabled.")
    by_parameters = parameters is not None and parameters.clustered
    if mode == "disabled" and (groups > 1 or by_parameters):
        raise Invalid(
            "InvalidParameterCombination", "ClusterMode disabled: one node group, and no parameter group for clusters."
        )
    if mode != "enabled" and groups == 1 and not by_parameters:
        return False
    if parameters is not None and not by_parameters:
        raise Invalid(
            "InvalidParameterCombination",
            f"Cluster mode needs a parameter group with cluster-enabled yes; {parameters.name} is not.",
        )
    for name in ("NumCacheClusters", "PreferredCacheClusterAZs"):
        if params.get(name):
            raise Invalid(
                "InvalidParameterCombination",
                f"{name} is for groups without cluster mode: give NumNodeGroups and ReplicasPerNodeGroup.",
            )
    if params.get("GlobalReplicationGroupId"):
        raise Refused("cluster mode in a global datastore")
    return True


def check_shards(groups: int, replicas: int, failover: bool, multi_az: bool) -> None:
    """AWS's own rules for the nodes of a cluster."""
    if not failover:
        raise Invalid("InvalidParameterCombination", "With cluster mode, automatic failover must be enabled.")
    if multi_az and replicas < 1:
        raise Invalid("InvalidParameterCombination", "MultiAZEnabled requires at least one replica in a node group.")
    if not 0 <= replicas <= MOST_REPLICAS or groups < 1:
        raise Invalid("InvalidParameterValue", f"One node group or more, each with 0 to {MOST_REPLICAS} replicas.")
    if groups * (replicas + 1) > MOST_NODES:
        raise Invalid("NodeQuotaForClusterExceeded", f"{groups * (replicas + 1)} nodes: {MOST_NODES} at most.")


def first_node_groups(count: int, seed: Sequence[Slots]) -> list[NodeGroup]:
    """Those of a new cluster, with the slots that they begin with.

    Args:
        seed: The slots of the node groups whose data they begin with: if those are as many, they stay.
    """
    planned = list(seed) if len(seed) == count and all(seed) else even_slots(count)
    return [NodeGroup(f"{number:04}", planned=slots, slots=slots) for number, slots in enumerate(planned, 1)]


def grown(node_groups: Sequence[NodeGroup], count: int) -> list[NodeGroup]:
    """The node groups with new ones beside them, in order: those take the lowest numbers that are free."""
    taken = {each.identifier for each in node_groups}
    free = (f"{number:04}" for number in range(1, MOST_NODES + count) if f"{number:04}" not in taken)
    added = [NodeGroup(next(free)) for _ in range(count - len(node_groups))]
    return sorted([*node_groups, *added], key=lambda each: each.identifier)


def to_leave(known: Sequence[str], count: int, removed: Sequence[str], retained: Sequence[str]) -> set[str]:
    """Which node groups go so that `count` stay.

    Raises:
        Invalid: what is to go or to stay is not there, or is not as many.
    """
    if bool(removed) == bool(retained):
        raise Invalid("InvalidParameterCombination", "Give either NodeGroupsToRemove or NodeGroupsToRetain.")
    if unknown := sorted({*removed, *retained} - set(known)):
        raise Invalid("InvalidParameterValue", f"There is no node group {', '.join(unknown)}.")
    gone = set(removed) or set(known) - set(retained)
    if count < 1 or len(known) - len(gone) != count:
        raise Invalid("InvalidParameterValue", f"NodeGroupCount is {count}, and {len(known) - len(gone)} would stay.")
    return gone


class ShardOperations:
    """Operations on node groups; a part of ElastiCache's responses."""

    if TYPE_CHECKING:

        @property
        def backend(self) -> ElastiCache: ...
        def _get_params(self) -> Any: ...
        def _available(self, identifier: str) -> Group: ...

    def modify_replication_group_shard_configuration(self) -> ActionResult:
        params = self._get_params()
        group = self._available(params["ReplicationGroupId"])
        if not group.clustered:
            raise Invalid("InvalidParameterValue", f"{group.identifier} has no cluster mode.")
        if not params.get("ApplyImmediately"):
            raise Invalid("InvalidParameterValue", "ApplyImmediately must be true.")
        if params.get("ReshardingConfiguration"):
            raise Refused("placing the nodes of new node groups", "Leave ReshardingConfiguration out.")
        count, known = int(params["NodeGroupCount"]), [each.identifier for each in group.node_groups]
        removed, retained = params.get("NodeGroupsToRemove") or [], params.get("NodeGroupsToRetain") or []
        nodes = len(group.node_groups[0].nodes)
        if count < len(known):
            gone = to_leave(known, count, removed, retained)
            for node_group in group.node_groups:
                node_group.leaves = node_group.identifier in gone
        elif removed or retained:
            raise Invalid("InvalidParameterCombination", f"{count} node groups: none of {len(known)} is to go.")
        else:
            check_shards(count, nodes - 1, group.automatic_failover, group.multi_az)
            group.node_groups = grown(group.node_groups, count)
            group.resize(nodes)
        group.change()
        return ActionResult({"ReplicationGroup": group.describe()})
