"""SR-REDIS-HA between resources: the parameter group keeps queues whole, the user group keeps strangers out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from policies import production
from policies.model import Resource, Verdict, undetermined
from policies.node import Node, Undetermined, guard
from policies.production import is_production
from policies.references import meant, of_types, only_one
from policies.rules.redis_stores import PURPOSE_SCHEMA, REPLICATION_GROUP, SERVERLESS, is_secondary, tagged_purpose
from policies.values import given, shown

PARAMETER_GROUP: Final = "aws:elasticache/parameterGroup:ParameterGroup"
USER_GROUP: Final = "aws:elasticache/userGroup:UserGroup"

SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = {
    **production.SCHEMA,
    **PURPOSE_SCHEMA,
    "queues": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["*queue*", "*bull*", "*job*", "*session*", "*state*"],
        "description": "Names of Redis that hold what must not be evicted, where the tag says nothing; * is anything.",
    },
    "caches": {
        "type": "array",
        "items": {"type": "string"},
        "default": ["*cache*"],
        "description": "Names of Redis that may evict, where the tag says nothing; * is anything.",
    },
}

_NEVER: Final = "noeviction"
_DEFAULT: Final = "volatile-lru"
"""`maxmemory-policy` of every default parameter group, and of serverless caches (ElastiCache User Guide, Redis OSS
parameters)."""
_SET: Final = "name a ParameterGroup with maxmemory-policy noeviction"


def queues_never_evict(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every Redis by what it does when its memory is full."""
    groups = of_types(resources, {PARAMETER_GROUP})
    for one in of_types(resources, {REPLICATION_GROUP, SERVERLESS}):
        if is_production(one, settings):
            yield from guard(one, _eviction(one, groups, settings))


def nobody_logs_in_without_a_password(resources: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    """Judge every user group in use: AWS's own user `default` needs no password and may do everything."""
    groups = of_types(resources, {USER_GROUP})
    for one in of_types(resources, {REPLICATION_GROUP, SERVERLESS}):
        if is_production(one, settings):
            root = Node(one.properties)
            yield from guard(one, _strangers(one, root["userGroupId"], groups))
            yield from guard(one, _any_strangers(one, root["userGroupIds"], groups))


def _any_strangers(one: Resource, nodes: Node, groups: Sequence[Resource]) -> Iterator[Verdict]:
    for node in [nodes] if nodes.unknown else nodes.elements():
        yield from guard(one, _strangers(one, node, groups))


def _strangers(one: Resource, node: Node, groups: Sequence[Resource]) -> Iterator[Verdict]:
    if not given(node):
        return
    group = only_one(meant(one, node, groups), node)
    if group is None:
        yield undetermined(one, node.path, f'the user group "{node.text}" is not declared in this stack')
        return
    for user in Node(group.properties)["userIds"].elements():
        if not user.unknown and user.text == "default":
            yield Verdict(
                group,
                user.path,
                user.value,
                f'lets anybody in who reaches "{one.name}": AWS\'s user default needs no password',
                "name a User of your own with userName default and accessString off ~* -@all instead",
            )


def _eviction(one: Resource, groups: Sequence[Resource], settings: Mapping[str, Any]) -> Iterator[Verdict]:
    root = Node(one.properties)
    if root["engine"].text.lower() == "memcached" or is_secondary(root):
        return
    purpose = _purpose(one, settings)
    if purpose == "cache":
        return
    if one.type == SERVERLESS:
        node, policy, cure = root["engine"], _DEFAULT, "use a ReplicationGroup, since a serverless cache cannot be told"
    else:
        node, cure = root["parameterGroupName"], _SET
        policy = _policy(one, node, groups)
    if policy == _NEVER:
        return
    if purpose is None:
        yield undetermined(
            one,
            node.path,
            f"it evicts ({policy}) and nothing says whether it may: tag it {settings['purposeTag']}: queue or cache",
        )
        return
    problem = f"evicts what must not be lost when memory is full (maxmemory-policy {policy})"
    yield Verdict(one, node.path, shown(node), problem, cure)


def _policy(one: Resource, node: Node, groups: Sequence[Resource]) -> str:
    """The `maxmemory-policy` in force."""
    group = only_one(meant(one, node, groups), node)
    if group is None:
        if not node.present or node.text.startswith("default."):
            return _DEFAULT
        raise Undetermined(node.path, f'the parameter group "{node.text}" is not declared in this stack')
    for parameter in Node(group.properties)["parameters"].elements():
        if parameter["name"].text == "maxmemory-policy":
            return parameter["value"].text
    return _DEFAULT


def _purpose(one: Resource, settings: Mapping[str, Any]) -> str | None:
    """`cache` for what may be evicted, `queue` for all that may not, `None` when nothing says."""
    tag = tagged_purpose(one, settings)
    if tag:
        return "cache" if tag == "cache" else "queue"
    called = {one.name.lower(), _text(one, "replicationGroupId"), _text(one, "name")}
    # A queue that is also called a cache is a queue.
    for purpose, patterns in (("queue", settings["queues"]), ("cache", settings["caches"])):
        if any(fnmatchcase(name, str(pattern).lower()) for name in called for pattern in patterns):
            return purpose
    return None


def _text(one: Resource, key: str) -> str:
    value = one.properties.get(key)
    return value.lower() if isinstance(value, str) else ""
