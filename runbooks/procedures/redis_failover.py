"""RB-REDIS: have a replica take over from the primary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from checks import redis_store
from checks.outputs import Redis
from runbooks.errors import NotYet, Refused
from runbooks.model import Act, ApiCall, Parameter, Probe, Progress, Runbook, Step, Targets, open_gate
from runbooks.probes import redis_probe
from runbooks.scene import Scene

_NODE_GROUP = "0001"
"""The only node group of a replication group without cluster mode."""


async def _resolve(scene: Scene, parameters: Mapping[str, str]) -> Targets:
    name = parameters["redis"]
    redis = scene.outputs.redis.get(name)
    if redis is None:
        raise Refused(f"the stack has no Redis {name!r}; it has {', '.join(scene.outputs.redis) or 'none'}")
    group = await _told(scene, redis.replication_group_id)
    if group.get("ClusterEnabled"):
        raise Refused(
            f"{redis.replication_group_id} is in cluster mode, where the API does not tell which node is the primary: "
            "fail a node group over by hand and look with CLUSTER NODES"
        )
    _refuse_unfit(group)
    host, _, _ = redis.primary_endpoint.partition(":")
    return Targets(
        name=redis.replication_group_id,
        values={
            "redis": name,
            "group": redis.replication_group_id,
            "arn": group["ARN"],
            "primary": _primary(group),
            "replicas": _members(group, "replica"),
            "host": host,
            "port": redis.port,
            "secretArn": redis.auth_secret_arn,
        },
        objective=f"redis.{name}",
    )


def _steps(targets: Targets) -> Sequence[Step]:
    values = targets.values
    describe = _describe(values["group"], values["arn"])
    info = f"redis-cli -h {values['host']} -p {values['port']} --tls --askpass info replication"
    return (
        Step(
            name="replicas-in-step",
            title="See that every replica follows the primary",
            act=Act(progress=open_gate, verify=_in_step(values), reads=(describe,), by_hand=(info,)),
            expected_seconds=2,
            timeout_seconds=60,
        ),
        Step(
            name="failover",
            title="Have ElastiCache replace the primary by a replica",
            act=Act(
                progress=_progress(values),
                verify=_replaced(values),
                calls=(
                    ApiCall(
                        "elasticache",
                        "TestFailover",
                        {"ReplicationGroupId": values["group"], "NodeGroupId": _NODE_GROUP},
                        (values["arn"], _clusters(values["arn"], values["group"])),
                    ),
                ),
                reads=(describe,),
            ),
            precheck=_fit(values),
            expected_seconds=60,
            timeout_seconds=1200,
            settle_seconds=20,
            no_way_back="the old primary comes back as a replica with all data; fail over again if it has to be the "
            "primary.",
        ),
        Step(
            name="primary-takes-writes",
            title="See that the primary endpoint leads to a primary which has its replicas back",
            act=Act(progress=open_gate, verify=_in_step(values), reads=(describe,), by_hand=(info,)),
            expected_seconds=2,
            timeout_seconds=300,
        ),
    )


def _in_step(values: Mapping[str, Any]) -> Any:
    async def verify(scene: Scene) -> Mapping[str, Any]:
        group = await _told(scene, values["group"])
        redis = _redis(scene, values)
        password = await redis_store.password_of(scene.context, redis)
        async with redis_store.connected(scene.context, redis, password) as client:
            info, server = await client.info("replication"), await client.info("server")
        following = [
            each
            for name, each in info.items()
            if name.startswith("slave") and isinstance(each, Mapping) and each.get("state") == "online"
        ]
        if info["role"] != "master":
            raise NotYet(f"the primary endpoint leads to a {info['role']}")
        if len(following) < len(values["replicas"]):
            raise NotYet(f"{len(following)} of {len(values['replicas'])} replicas follow the primary")
        offset = int(info["master_repl_offset"])
        return {
            "primary": _primary(group),
            "replicas": len(following),
            "bytesBehind": max(max(0, offset - int(each["offset"])) for each in following),
            "redisVersion": str(server["redis_version"]),
        }

    return verify


def _progress(values: Mapping[str, Any]) -> Any:
    async def progress(scene: Scene) -> Progress:
        group = await _told(scene, values["group"])
        if _primary(group) != values["primary"]:
            return Progress.DONE
        return Progress.OPEN if group["Status"] == "available" else Progress.UNDERWAY

    return progress


def _replaced(values: Mapping[str, Any]) -> Any:
    async def verify(scene: Scene) -> Mapping[str, Any]:
        group = await _told(scene, values["group"])
        primary = _primary(group)
        if primary == values["primary"]:
            raise NotYet(f"{primary} is still the primary")
        if group["Status"] != "available":
            raise NotYet(f"{primary} is the primary, and the group is {group['Status']}")
        return {"primary": primary, "before": values["primary"], "replicas": _members(group, "replica")}

    return verify


def _fit(values: Mapping[str, Any]) -> Any:
    async def precheck(scene: Scene) -> None:
        _refuse_unfit(await _told(scene, values["group"]))

    return precheck


def _refuse_unfit(group: Mapping[str, Any]) -> None:
    name = group["ReplicationGroupId"]
    if group["Status"] != "available":
        raise Refused(f"{name} is {group['Status']}: wait until it is available")
    if group.get("AutomaticFailover") != "enabled":
        raise Refused(f"{name} has no automatic failover: switch it on (the stack's settings do) and plan again")
    if not _members(group, "replica"):
        raise Refused(f"{name} has no replica that could take over: add one and plan again")


async def _told(scene: Scene, group: str) -> Mapping[str, Any]:
    answer = await scene.cloud.ask("elasticache", "DescribeReplicationGroups", ReplicationGroupId=group)
    found: Mapping[str, Any] = answer["ReplicationGroups"][0]
    return found


def _primary(group: Mapping[str, Any]) -> str:
    found = _members(group, "primary")
    if len(found) != 1:
        raise NotYet(f"{group['ReplicationGroupId']} has {len(found)} primaries")
    return found[0]


def _members(group: Mapping[str, Any], role: str) -> list[str]:
    members = group["NodeGroups"][0]["NodeGroupMembers"]
    return sorted(member["CacheClusterId"] for member in members if member.get("CurrentRole") == role)


def _clusters(arn: str, group: str) -> str:
    """ARN of the group's nodes, which ElastiCache asks for beside the group's."""
    return arn.replace(f":replicationgroup:{group}", f":cluster:{group}-*")


def _describe(group: str, arn: str) -> ApiCall:
    return ApiCall("elasticache", "DescribeReplicationGroups", {"ReplicationGroupId": group}, (arn,))


def _redis(scene: Scene, values: Mapping[str, Any]) -> Redis:
    return scene.outputs.redis[values["redis"]]


def _reads(targets: Targets) -> tuple[ApiCall, ...]:
    values, secret = targets.values, targets.values["secretArn"]
    return (
        _describe(values["group"], values["arn"]),
        ApiCall("secretsmanager", "GetSecretValue", {"SecretId": secret}, (secret,)),
    )


@asynccontextmanager
async def _probe(scene: Scene, targets: Targets) -> AsyncIterator[Probe]:
    async with redis_probe(scene, _redis(scene, targets.values)) as probe:
        yield probe


RUNBOOK = Runbook(
    name="redis-failover",
    requirement="RB-REDIS",
    revision=1,
    title="have a replica of a Redis take over from its primary",
    purpose="For a drill, and for a primary that answers but should not stay: slow, in a zone with trouble. A primary "
    "that is dead is replaced without anybody's help.",
    preconditions=(
        "The replication group is available, has automatic failover and a replica that follows.",
        "This machine reaches the primary endpoint: the run measures through it.",
        "ElastiCache takes `TestFailover` for 15 node groups in any 24 hours (ElastiCache API Reference).",
    ),
    blast_radius="Clients of this Redis are disconnected, and writes fail for some seconds; clients that reconnect on "
    "READONLY go on by themselves. Writes that no replica had may be lost. Nobody else notices.",
    not_when=(
        "While the group is being changed, or a node is being replaced.",
        "When a replica is behind: what it lacks is lost.",
        "To get a dead primary replaced: ElastiCache does that by itself, and may refuse this call meanwhile.",
    ),
    parameters=(Parameter("redis", "name of the Redis among the stack's outputs, `cache` or `queue`", None, "queue"),),
    resolve=_resolve,
    reads=_reads,
    steps=_steps,
    example=Targets(
        name="GROUP",
        values={
            "redis": "queue",
            "group": "GROUP",
            "arn": "arn:aws:elasticache:REGION:ACCOUNT:replicationgroup:GROUP",
            "primary": "GROUP-001",
            "replicas": ["GROUP-002"],
            "host": "PRIMARY-ENDPOINT",
            "port": 6379,
            "secretArn": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET",
        },
        objective="redis.queue",
    ),
    probe=_probe,
)
