"""SR-REDIS-HA: a production Redis outlives a node and a zone, encrypts, asks who is there, and takes snapshots.

What ElastiCache calls a Redis: replication groups, single clusters, serverless caches and their users, with Redis OSS
or Valkey as engine. Memcached holds nothing that has to last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from policies import production
from policies.model import UNKNOWN, Resource, Verdict
from policies.node import Node, guard
from policies.production import is_production
from policies.values import flag, given, number

REPLICATION_GROUP: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER: Final = "aws:elasticache/cluster:Cluster"
SERVERLESS: Final = "aws:elasticache/serverlessCache:ServerlessCache"
USER: Final = "aws:elasticache/user:User"

PURPOSE_SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    "purposeTag": {
        "type": "string",
        "default": "purpose",
        "description": "Key of the tag that says what a Redis is for: queue, state or cache.",
    }
}
SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    **PURPOSE_SCHEMA,
    "minimumReplicas": {
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "description": "Replicas that each primary has at least.",
    },
    "snapshotRetentionDays": {
        "type": "integer",
        "minimum": 0,
        "maximum": 35,
        "default": 1,
        "description": "Days that daily snapshots are kept at least; 0 asks for none.",
    },
}

Check = Callable[[Resource, Node, Mapping[str, Any]], Iterator[Verdict]]


def redis_outlives_a_zone(resource: Resource, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge one Redis, or one of its users, by itself."""
    checks = _CHECKS.get(resource.type, ())
    if not checks or not is_production(resource, settings):
        return
    root = Node(resource.properties)
    for check in checks:
        yield from guard(resource, check(resource, root, settings))


def is_secondary(root: Node) -> bool:
    """Whether a replication group is a copy within a global datastore, which has most from its primary."""
    return given(root["globalReplicationGroupId"])


def tagged_purpose(resource: Resource, settings: Mapping[str, Any]) -> str:
    """What a Redis is for by its tag, in lower case; empty when the tag is missing or not known yet.

    `cache` says that everything in it can be made again: it may evict, and needs no snapshots.
    """
    tags = resource.properties.get("tags")
    value = tags.get(settings["purposeTag"], UNKNOWN) if isinstance(tags, Mapping) else UNKNOWN
    return "" if value is UNKNOWN else str(value).strip().lower()


def _replicas(resource: Resource, root: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    wanted = settings["minimumReplicas"]
    too_few = "no replica" if wanted == 1 else f"fewer than {wanted} replicas"
    problem = f"leaves a primary with {too_few} to take its place"
    shards = [shard["replicaCount"] for shard in root["nodeGroupConfigurations"].elements()]
    counted = [node for node in shards if node.present]
    for node in counted:
        if number(node, 0) < wanted:
            yield Verdict(resource, node.path, node.value, problem, f"set it to {wanted} or more")
    if counted:
        return
    per_shard, nodes, primaries = root["replicasPerNodeGroup"], root["numCacheClusters"], root["numNodeGroups"]
    least = (wanted + 1) * number(primaries, 1)
    # Outputs have both; the number of nodes then is that of all shards together.
    if per_shard.present or (primaries.present and not nodes.present):
        if number(per_shard, 0) < wanted:
            yield Verdict(resource, per_shard.path, per_shard.value, problem, f"set it to {wanted} or more")
    elif number(nodes, 1) < least:
        yield Verdict(resource, nodes.path, nodes.value, problem, f"set it to {least} or more")


def _failover(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["automaticFailoverEnabled"]
    if not flag(node):
        problem = "leaves a failed primary to whoever is on call"
        yield Verdict(resource, node.path, node.value, problem, "set it to true")


def _zones(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["multiAzEnabled"]
    if not flag(node):
        problem = "lets all nodes stand in one zone, whose loss is an outage"
        yield Verdict(resource, node.path, node.value, problem, "set it to true")


def _at_rest(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["atRestEncryptionEnabled"]
    if not is_secondary(root) and not _encrypted(node, root):
        problem = "keeps disks and snapshots in the clear"
        yield Verdict(resource, node.path, node.value, problem, "set it to true, which makes the cluster anew")


def _in_transit(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node, mode = root["transitEncryptionEnabled"], root["transitEncryptionMode"]
    if is_secondary(root):
        return
    if not _encrypted(node, root):
        problem = "sends data and passwords in the clear"
        yield Verdict(resource, node.path, node.value, problem, "set it to true, and have clients speak rediss://")
    elif mode.present and mode.text != "required":
        problem = "lets clients in without TLS too"
        yield Verdict(resource, mode.path, mode.value, problem, "set it to required once every client speaks TLS")


def _encrypted(node: Node, root: Node) -> bool:
    """Whether an encryption is on, which it is by default with Valkey and is not with Redis OSS."""
    if node.present:
        return flag(node)
    return root["engine"].text.lower() == "valkey"


def _clients(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    doors = ("authToken", "authTokenWo", "authTokenWoVersion", "userGroupIds")
    if is_secondary(root) or any(_filled(root[door]) for door in doors):
        return
    yield Verdict(
        resource,
        "authToken",
        None,
        "is not set and neither is userGroupIds, so whoever reaches the port is let in",
        "set authToken from a generated secret, or userGroupIds to a group whose user default is off",
    )


def _filled(node: Node) -> bool:
    """Whether there is something in a text or in a list, be it not known yet."""
    if not node.unknown and isinstance(node.value, (list, tuple)):
        return bool(node.value)
    return given(node)


def _snapshots(resource: Resource, root: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node, wanted = root["snapshotRetentionLimit"], settings["snapshotRetentionDays"]
    if is_secondary(root) or tagged_purpose(resource, settings) == "cache":
        return
    kept = number(node, 0)
    if kept < wanted:
        problem = f"keeps daily snapshots for {_days(kept)}" if kept else "takes no snapshots"
        yield Verdict(resource, node.path, node.value, problem, f"set it to {wanted} or more")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _single(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    engine = root["engine"]
    if given(root["replicationGroupId"]) or engine.text.lower() == "memcached":
        return
    problem = "is a single node: no replica, no failover, no token, no encryption at rest"
    yield Verdict(resource, engine.path, engine.value, problem, "write a ReplicationGroup with two nodes or more")


def _user_group(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["userGroupId"]
    if not _is_memcached(root) and not given(node):
        problem = "is not set, so whoever reaches the port is let in"
        yield Verdict(resource, node.path, None, problem, "set it to a user group whose user default is off")


def _subnets(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    node = root["subnetIds"]
    if not _is_memcached(root) and len(list(node.elements())) == 1:
        problem = "is one subnet, so everything stands in one zone, whose loss is an outage"
        yield Verdict(resource, node.path, node.known(), problem, "name subnets of two zones or more")


def _serverless_snapshots(resource: Resource, root: Node, settings: Mapping[str, Any]) -> Iterator[Verdict]:
    if not _is_memcached(root):
        yield from _snapshots(resource, root, settings)


def _is_memcached(root: Node) -> bool:
    return root["engine"].text.lower() == "memcached"


def _password(resource: Resource, root: Node, _settings: Mapping[str, Any]) -> Iterator[Verdict]:
    if root["accessString"].text.split()[:1] != ["on"]:
        return  # who is off cannot log in, with a password or without
    node, kind = root["noPasswordRequired"], root.at("authenticationMode", "type")
    cure = "generate passwords, or switch the user off (accessString: off ~* -@all)"
    if flag(node):
        yield Verdict(resource, node.path, node.value, "lets anybody in under this name", cure)
    if kind.text == "no-password-required":
        yield Verdict(resource, kind.path, kind.value, "lets anybody in under this name", cure)


_CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    REPLICATION_GROUP: (_replicas, _failover, _zones, _at_rest, _in_transit, _clients, _snapshots),
    CLUSTER: (_single,),
    SERVERLESS: (_user_group, _subnets, _serverless_snapshots),
    USER: (_password,),
}
