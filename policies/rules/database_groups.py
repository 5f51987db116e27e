"""SR-DB between resources: replicas in other zones, and parameter groups that refuse connections without TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies import production
from policies.model import Resource, Verdict
from policies.node import Node, Undetermined, guard
from policies.production import is_production
from policies.references import meant, of_types, only_one, referring
from policies.rules.databases import CLUSTER, CLUSTER_INSTANCE, INSTANCE, is_replica
from policies.values import given, shown

PARAMETER_GROUP: Final = "aws:rds/parameterGroup:ParameterGroup"
CLUSTER_PARAMETER_GROUP: Final = "aws:rds/clusterParameterGroup:ClusterParameterGroup"

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    "minimumReplicas": {
        "type": "integer",
        "minimum": 0,
        "default": 1,
        "description": "Read replicas of an instance, at least; a cluster has one instance more.",
    },
}


@dataclass(frozen=True)
class _Switch:
    """The parameter by which a server refuses connections without TLS.

    Attributes:
        name: Its name.
        on_since: First major version of which it is on by default, for RDS instances and for Aurora; `None`: of none.
    """

    name: str
    on_since: tuple[float | None, float | None]


_SWITCHES: Final[Mapping[str, _Switch]] = {
    "postgres": _Switch("rds.force_ssl", (15, 17)),
    "mysql": _Switch("require_secure_transport", (None, 8.4)),
    "mariadb": _Switch("require_secure_transport", (11.8, None)),
    "sqlserver": _Switch("rds.force_ssl", (None, None)),
}
"""By family (Amazon RDS User Guide and Amazon Aurora User Guide, Using SSL/TLS). Oracle and Db2 have other means."""
_VERSION: Final = re.compile(r"\d+(?:\.\d+)?")
_DEFAULT_GROUP: Final = "default."
_ON: Final = frozenset({"1", "on", "true"})


def database_has_replicas(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every instance and cluster by what stands beside it."""
    instances, members = of_types(resources, {INSTANCE}), of_types(resources, {CLUSTER_INSTANCE})
    for one in of_types(resources, {INSTANCE, CLUSTER}):
        if not is_production(one, settings) or is_replica(Node(one.properties)):
            continue
        if one.type == CLUSTER:
            yield from guard(one, _members(one, members, settings["minimumReplicas"] + 1))
        else:
            yield from guard(one, _replicas(one, instances, settings["minimumReplicas"]))


def _replicas(one: Resource, instances: Sequence[Resource], wanted: int) -> Iterator[Verdict]:
    found = len(list(referring(instances, "replicateSourceDb", one)))
    if found < wanted:
        yield Verdict(
            one,
            "replicateSourceDb",
            None,
            f"makes {_count(found, 'Instance')} a replica of this one, which should have {wanted} or more",
            "add an Instance with replicateSourceDb set to the identifier of this one",
        )


def _count(found: int, kind: str) -> str:
    return f"no {kind}" if found == 0 else f"only {found} {kind}"


def _members(one: Resource, members: Sequence[Resource], wanted: int) -> Iterator[Verdict]:
    root = Node(one.properties)
    if given(root["dbClusterInstanceClass"]) or root["engineMode"].text == "serverless":
        return  # RDS itself makes three instances in three zones, or replaces the one by itself
    mine = list(referring(members, "clusterIdentifier", one))
    if len(mine) < wanted:
        yield Verdict(
            one,
            "clusterIdentifier",
            None,
            f"makes {_count(len(mine), 'ClusterInstance')} a member of this one, which should have {wanted} or more",
            "add a ClusterInstance in another zone",
        )
        return
    zones = [Node(member.properties)["availabilityZone"] for member in mine]
    # Where no zone is named, RDS takes one that has no instance of the cluster yet.
    named = {zone.text for zone in zones}
    if len(mine) > 1 and len(named) == 1 and "" not in named:
        problem = f'puts every instance of "{one.name}" into one zone, whose loss is an outage'
        yield Verdict(mine[0], zones[0].path, zones[0].value, problem, "name another zone for one of them, or none")


def connections_are_encrypted(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every instance and cluster by the parameter that refuses connections without TLS."""
    groups = of_types(resources, {PARAMETER_GROUP, CLUSTER_PARAMETER_GROUP})
    for one in of_types(resources, {INSTANCE, CLUSTER}):
        if is_production(one, settings):
            yield from guard(one, _tls(one, groups))


def _tls(one: Resource, groups: Sequence[Resource]) -> Iterator[Verdict]:
    root = Node(one.properties)
    node = root["dbClusterParameterGroupName" if one.type == CLUSTER else "parameterGroupName"]
    if is_replica(root) and not given(node):
        return  # it has the group of its source
    group = only_one(meant(one, node, groups), node)
    # A family names engine and version, also those of a replica, which says neither.
    family = node.text.removeprefix(_DEFAULT_GROUP) if group is None else Node(group.properties)["family"].text
    declared_elsewhere = group is None and node.present and not node.text.startswith(_DEFAULT_GROUP)
    engine = root["engine"].text if declared_elsewhere or not family else family
    switch = next((switch for name, switch in _SWITCHES.items() if name in engine), None)
    if switch is None:
        return
    if declared_elsewhere:
        raise Undetermined(node.path, f'the parameter group "{node.text}" is not declared in this stack')
    found = None if group is None else _parameter(group, switch.name)
    if found is not None:
        is_on, said = found.text.lower() in _ON, f'{switch.name} is "{found.text}"'
    else:
        is_on, said = _on_by_default(switch, engine, root["engineVersion"]), f"{switch.name} is off by default"
    if not is_on:
        problem = f"lets clients connect without TLS ({said})"
        yield Verdict(one, node.path, shown(node), problem, f'name a parameter group with {switch.name} set to "1"')


def _parameter(group: Resource, name: str) -> Node | None:
    for parameter in Node(group.properties)["parameters"].elements():
        if parameter["name"].text == name:
            return parameter["value"]
    return None


def _on_by_default(switch: _Switch, engine: str, version: Node) -> bool:
    """Whether the switch is on unless a parameter group says otherwise.

    Args:
        switch: The engine's.
        engine: Its name, or a family such as `postgres15`, which has the version too.
        version: `engineVersion`.
    """
    since = switch.on_since[engine.startswith("aurora")]
    if since is None:
        return False
    found = _VERSION.search(engine) or _VERSION.match(version.text)
    if found is None:
        raise Undetermined(version.path, f"whether {switch.name} is on by default depends on it")
    return float(found[0]) >= since
