"""RedisCluster: what it registers and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.errors import Refused
from components.network import StoreAccess
from components.redis import RedisCluster, RedisClusterArgs

pytestmark = pytest.mark.unit

ACCESS = StoreAccess(vpc_id="vpc-1", subnet_ids=["subnet-a", "subnet-b"], client_cidrs=["10.0.0.0/20"])
QUEUE = RedisClusterArgs(
    identifier="shop-prod-queue", secret_identifier="shop-prod/redis/queue", profile="queue", access=ACCESS
)


def test_it_is_highly_available_encrypted_and_authenticated(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA, P0-REDIS."""
    recording = record(lambda: RedisCluster("queue", QUEUE))
    cluster = recording.one("ReplicationGroup")
    assert cluster.inputs["replicationGroupId"] == "shop-prod-queue"
    assert cluster.inputs["engine"] == "redis"
    assert cluster.inputs["numCacheClusters"] == 2
    assert cluster.inputs["automaticFailoverEnabled"] is True
    assert cluster.inputs["multiAzEnabled"] is True
    assert cluster.inputs["transitEncryptionEnabled"] is True
    assert cluster.inputs["transitEncryptionMode"] == "required"
    assert cluster.inputs["atRestEncryptionEnabled"] is True
    assert cluster.inputs["snapshotRetentionLimit"] == 7
    assert "replicasPerNodeGroup" not in cluster.inputs


def test_a_client_without_the_token_is_kept_out_from_the_start(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA: ROTATE, or nothing, would let clients in without a token."""
    cluster = record(lambda: RedisCluster("queue", QUEUE)).one("ReplicationGroup")
    assert cluster.inputs["authTokenUpdateStrategy"] == "SET"
    assert cluster.inputs["authToken"] == "generated-queue-token-value"
    assert cluster.is_secret("authToken")
    assert "authToken" in cluster.secret_outputs


@pytest.mark.parametrize(("profile", "policy"), [("queue", "noeviction"), ("cache", "allkeys-lru")])
def test_the_profile_decides_what_happens_when_memory_is_short(
    record: Callable[..., Any], profile: Any, policy: str
) -> None:
    """SR-REDIS-HA: queue Redis never evicts."""
    parameters = record(lambda: RedisCluster("redis", replace(QUEUE, profile=profile))).one("ParameterGroup")
    assert parameters.inputs["parameters"] == [{"name": "maxmemory-policy", "value": policy}]
    assert parameters.inputs["name"].endswith("-redis7"), "an upgrade needs a new group beside the old one"


def test_without_replicas_failover_is_off_since_it_needs_two_nodes(record: Callable[..., Any]) -> None:
    """P0-REDIS: failover and multi-AZ are derived, so that they cannot contradict the number of nodes."""
    cluster = record(lambda: RedisCluster("queue", replace(QUEUE, replicas=0))).one("ReplicationGroup")
    assert cluster.inputs["numCacheClusters"] == 1
    assert cluster.inputs["automaticFailoverEnabled"] is False
    assert cluster.inputs["multiAzEnabled"] is False


def test_the_url_is_secret_and_the_outputs_tell_no_token(record: Callable[..., Any]) -> None:
    """SR-SECRET."""

    async def build() -> Any:
        cluster = RedisCluster("queue", QUEUE)
        return await cluster.url.future(), await cluster.url.is_secret(), dict(cluster.outputs)

    recording = record(build)
    url, secret, outputs = recording.result
    assert url == "rediss://:generated-queue-token-value@primary.test:6379"
    assert secret
    assert "generated" not in str(outputs)
    version = recording.one("SecretVersion")
    assert version.is_secret("secretString")
    assert version.inputs["secretString"] == '{"token": "generated-queue-token-value"}'


def test_only_clients_reach_it_and_only_on_its_port(record: Callable[..., Any]) -> None:
    recording = record(lambda: RedisCluster("queue", QUEUE))
    [rule] = recording.of("SecurityGroupIngressRule")
    assert (rule.inputs["cidrIpv4"], rule.inputs["fromPort"], rule.inputs["toPort"]) == ("10.0.0.0/20", 6379, 6379)
    group = recording.one("SecurityGroup")
    assert "ingress" not in group.inputs
    assert "egress" not in group.inputs


def test_all_children_hang_below_the_component(record: Callable[..., Any]) -> None:
    recording = record(lambda: RedisCluster("queue", QUEUE))
    assert all("groundwork:index:RedisCluster" in item.parent for item in recording.resources[1:])
    assert all(item.name.startswith("queue") for item in recording.resources)


@pytest.mark.parametrize(
    ("change", "setting"),
    [({"replicas": 6}, "replicas"), ({"node_type": "cache.t1.micro"}, "node_type")],
)
def test_what_elasticache_would_reject_is_refused_before_anything_exists(
    record: Callable[..., Any], change: dict[str, Any], setting: str
) -> None:
    refused: list[Refused] = []

    def build() -> None:
        with pytest.raises(Refused) as caught:
            RedisCluster("queue", replace(QUEUE, **change))
        refused.append(caught.value)

    recording = record(build)
    assert [item.setting for item in refused[0].refusals] == [setting]
    assert repr(change[setting]) in str(refused[0])
    assert [item.type for item in recording.resources] == ["groundwork:index:RedisCluster"]
