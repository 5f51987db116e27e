"""A replication group with cluster mode is a Redis Cluster of real servers (P0-REDIS, PV-REDISFAIL, RB-REDIS)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.exceptions import NoPermissionError, RedisClusterException
from redis.retry import Retry

from local.aws.dataplane.clean import addresses
from local.aws.layout import Layout
from local.aws.lifecycle import ENDPOINT, who_answers
from local.network.plan import Plan
from local.processes import Processes, Running
from tests.fixtures.background import Background

pytestmark = pytest.mark.e2e

TOKEN = "cluster-token-of-the-tests"
SLOTS = 16384

Wait = Callable[..., None]

LOST = (redis.RedisError, RedisClusterException, OSError)
"""What a client gets while nodes are away; the second is none of the first."""


@dataclass(frozen=True)
class Cluster:
    """A replication group with cluster mode, and the processes behind it."""

    name: str
    region: str
    api: Any
    processes: Processes
    authority: str
    tls: bool

    def told(self) -> dict[str, Any]:
        groups = self.api.describe_replication_groups(ReplicationGroupId=self.name)["ReplicationGroups"]
        found: dict[str, Any] = groups[0]
        return found

    def is_available(self) -> bool:
        return bool(self.told()["Status"] == "available")

    def slots(self) -> dict[str, int]:
        """How many slots the API says that each node group has."""
        return {each["NodeGroupId"]: _count(each.get("Slots") or "") for each in self.told()["NodeGroups"]}

    def node(self, cluster_id: str) -> str:
        [found] = self.api.describe_cache_clusters(CacheClusterId=cluster_id, ShowCacheNodeInfo=True)["CacheClusters"]
        return str(found["CacheNodes"][0]["Endpoint"]["Address"])

    def server(self, cluster_id: str) -> Running:
        return self.process(f"redis-{self.region}-{cluster_id}")

    def process(self, name: str) -> Running:
        running = self.processes.running(name)
        assert running is not None, name
        return running

    def secured(self) -> dict[str, Any]:
        return {"password": TOKEN, "ssl": True, "ssl_ca_certs": self.authority} if self.tls else {}

    def connect(self) -> RedisCluster:
        """By way of the configuration endpoint, as clients of ElastiCache do."""
        endpoint = self.told()["ConfigurationEndpoint"]
        return RedisCluster(
            host=endpoint["Address"], port=endpoint["Port"], decode_responses=True, socket_timeout=2, **self.secured()
        )

    def alone(self, address: str) -> redis.Redis:
        """One node."""
        return redis.Redis(
            host=address, decode_responses=True, socket_timeout=2, retry=Retry(NoBackoff(), 0), **self.secured()
        )

    def role(self, cluster_id: str) -> str | None:
        with suppress(redis.RedisError), self.alone(self.node(cluster_id)) as client:
            return str(client.info("replication")["role"])
        return None

    def primary(self, node_group: str) -> str:
        """Cluster ID of the node group's primary, by what its nodes say."""
        [found] = [name for name in self.members(node_group) if self.role(name) == "master"]
        return found

    def members(self, node_group: str) -> list[str]:
        [found] = [each for each in self.told()["NodeGroups"] if each["NodeGroupId"] == node_group]
        return [member["CacheClusterId"] for member in found["NodeGroupMembers"]]


def _count(slots: str) -> int:
    spans = [part.partition("-") for part in slots.split(",") if part]
    return sum(int(last or first) - int(first) + 1 for first, _, last in spans)


@pytest.fixture(scope="module")
def make(
    client: Callable[[str], Any], unique: str, authority: str, paths: Any, plan: Plan, eventually: Wait
) -> Iterator[Callable[..., Cluster]]:
    api, processes = client("elasticache"), Processes(Layout.of(paths).server_records)
    made: list[str] = []
    served: set[str] = set()

    def new(suffix: str, *, tls: bool, **declared: Any) -> Cluster:
        name = f"{unique}-{suffix}"
        secured = {"TransitEncryptionEnabled": True, "AuthToken": TOKEN} if tls else {}
        api.create_replication_group(
            ReplicationGroupId=name, ReplicationGroupDescription="tests", ClusterMode="enabled",
            AutomaticFailoverEnabled=True, CacheNodeType="cache.t4g.micro", **secured, **declared,
        )  # fmt: skip
        made.append(name)
        cluster = Cluster(name, plan.region, api, processes, authority, tls)
        eventually(cluster.is_available, f"{name} is available")
        served.add(cluster.told()["ConfigurationEndpoint"]["Address"])
        served.update(map(cluster.node, cluster.told()["MemberClusters"]))
        return cluster

    yield new

    def there() -> set[str]:
        return {each["ReplicationGroupId"] for each in api.describe_replication_groups()["ReplicationGroups"]}

    for name in made:
        if name in there():
            api.delete_replication_group(ReplicationGroupId=name)
    eventually(lambda: not there() & set(made), "the clusters are gone")
    for name in made:
        assert not [process.name for process in processes.all() if name in process.name]
        assert not list(Layout.of(paths).servers.glob(f"*{name}*"))
    eventually(lambda: not served & set(addresses(plan)), "their addresses are gone")


@pytest.fixture(scope="module")
def cluster(make: Callable[..., Cluster]) -> Cluster:
    """Two node groups of two nodes with TLS and a token."""
    return make("c", tls=True, NumNodeGroups=2, ReplicasPerNodeGroup=1)


@dataclass
class Writer(Background):
    """Writes one key after the other all over the slots, and notes which of them a replica acknowledged."""

    cluster: Cluster
    prefix: str
    acknowledged: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        number = 0
        while not self.stopping.is_set():
            with suppress(*LOST), closing(self.cluster.connect()) as client:
                while not self.stopping.wait(0.002):
                    number += 1
                    key, value = f"{self.prefix}-{number}", str(number)
                    node = client.get_node_from_key(key)
                    assert node is not None
                    # WAIT counts for what its own connection has written.
                    with client.get_redis_connection(node).client() as connection:
                        connection.set(key, value)
                        if connection.execute_command("WAIT", 1, 1000) >= 1:
                            self.acknowledged[key] = value
            self.stopping.wait(0.05)

    def lost(self) -> list[str]:
        with closing(self.cluster.connect()) as client:
            return [key for key, value in self.acknowledged.items() if client.get(key) != value]


def fill(cluster: Cluster, count: int) -> dict[str, str]:
    kept = {f"kept-{number}": str(number) for number in range(count)}
    with closing(cluster.connect()) as client:
        client.mset_nonatomic(kept)
    return kept


def known(cluster: Cluster) -> set[str]:
    """Addresses of the nodes that a client finds."""
    with closing(cluster.connect()) as client:
        return {str(node.host) for node in client.get_nodes()}


def found(cluster: Cluster, kept: dict[str, str]) -> bool:
    with closing(cluster.connect()) as client:
        return dict(zip(kept, client.mget_nonatomic(list(kept)), strict=True)) == kept


def test_clients_find_all_nodes_and_write_to_every_slot(cluster: Cluster, eventually: Wait) -> None:
    """P0-REDIS: the API answers as AWS does, and a cluster client needs the configuration endpoint only."""
    told = cluster.told()
    assert (told["ClusterEnabled"], told["ClusterMode"], told["AutomaticFailover"]) == (True, "enabled", "enabled")
    assert [(each["NodeGroupId"], each["Slots"]) for each in told["NodeGroups"]] == [
        ("0001", "0-8191"), ("0002", "8192-16383"),
    ]  # fmt: skip
    assert told["MemberClusters"] == [
        f"{cluster.name}-{shard}-{node}" for shard in ("0001", "0002") for node in ("001", "002")
    ]
    for node_group in told["NodeGroups"]:
        assert "PrimaryEndpoint" not in node_group
        assert len({member["PreferredAvailabilityZone"] for member in node_group["NodeGroupMembers"]}) == 2
    addresses_told = set(map(cluster.node, told["MemberClusters"]))
    eventually(lambda: known(cluster) == addresses_told, "clients are told of every node")
    with closing(cluster.connect()) as client:
        keys = {key_slot(f"slot-{number}".encode()): f"slot-{number}" for number in range(200_000)}
        assert len(keys) == SLOTS
        client.mset_nonatomic({key: str(slot) for slot, key in keys.items()})
        sizes = {node: client.dbsize(target_nodes=node) for node in client.get_primaries()}
        assert set(sizes.values()) == {SLOTS // 2}
        client.flushall(target_nodes=RedisCluster.PRIMARIES)
    with cluster.alone(cluster.node(f"{cluster.name}-0001-002")) as replica, pytest.raises(NoPermissionError):
        replica.execute_command("CLUSTER", "FAILOVER")
    with pytest.raises(redis.RedisError), redis.Redis(host=cluster.node(f"{cluster.name}-0001-001")) as plain:
        plain.ping()


def test_the_loss_of_a_primary_loses_no_acknowledged_write(cluster: Cluster, eventually: Wait) -> None:
    """PV-REDISFAIL: kill -9 of one of two primaries; the other cannot elect a successor, and yet there is one."""
    _lose_a_primary(cluster, "0001", eventually)


def test_node_groups_are_added_and_every_key_stays(cluster: Cluster, eventually: Wait) -> None:
    """P0-REDIS: two node groups become three while clients write."""
    eventually(cluster.is_available, "the cluster has settled")
    kept = fill(cluster, 3000)
    with Writer(cluster, "grown") as writer:
        eventually(lambda: len(writer.acknowledged) > 50, "writes are acknowledged")
        answer = cluster.api.modify_replication_group_shard_configuration(
            ReplicationGroupId=cluster.name, NodeGroupCount=3, ApplyImmediately=True
        )["ReplicationGroup"]
        assert answer["Status"] == "modifying"
        eventually(cluster.is_available, "the slots are moved", seconds=180)
        until_now = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > until_now + 50, "writes are acknowledged still")
    # The nodes are asked once a second, one after the other: the API's first answer may be of the last slots' way.
    eventually(lambda: sum(cluster.slots().values()) == SLOTS, "each slot is told once")
    counts = cluster.slots()
    assert set(counts) == {"0001", "0002", "0003"}
    assert all(abs(count - SLOTS / 3) < SLOTS / 50 for count in counts.values())
    assert found(cluster, kept)
    assert writer.lost() == []


def test_three_primaries_elect_a_successor_themselves(cluster: Cluster, eventually: Wait) -> None:
    """PV-REDISFAIL: the nodes fail over by Redis Cluster's own election."""
    before = cluster.slots()
    _lose_a_primary(cluster, "0002", eventually)
    assert cluster.slots() == before


def test_test_failover_has_a_replica_take_over(cluster: Cluster, eventually: Wait) -> None:
    """RB-REDIS: a drill through the API for one node group; the killed node comes back as a replica."""
    eventually(cluster.is_available, "the cluster has settled")
    before = cluster.primary("0003")
    killed = cluster.server(before)
    cluster.api.test_failover(ReplicationGroupId=cluster.name, NodeGroupId="0003")
    eventually(cluster.is_available, "the failover is over")
    assert cluster.primary("0003") != before
    assert (cluster.server(before) != killed, cluster.role(before)) == (True, "slave")
    events = cluster.api.describe_events(SourceIdentifier=cluster.name, SourceType="replication-group")["Events"]
    assert events[-1]["Message"].startswith(f"Failover from primary node {before} to replica node ")


def test_a_snapshot_of_every_node_group_is_restored(
    cluster: Cluster, make: Callable[..., Cluster], eventually: Wait, server_files: Callable[[str], list[Path]]
) -> None:
    """P0-BACKUP, RB-REDIS: what was there when it was taken is there again, what came later is not."""
    eventually(cluster.is_available, "the cluster has settled")
    kept, name = fill(cluster, 500), f"{cluster.name}-s"
    cluster.api.create_snapshot(ReplicationGroupId=cluster.name, SnapshotName=name)

    def told() -> dict[str, Any]:
        answer = cluster.api.describe_snapshots(SnapshotName=name, ShowNodeGroupConfig=True)
        described: dict[str, Any] = answer["Snapshots"][0]
        return described

    eventually(lambda: told()["SnapshotStatus"] == "available", "the snapshot is there")
    parts = told()["NodeSnapshots"]
    assert [part["NodeGroupId"] for part in parts] == ["0001", "0002", "0003"]
    eventually(cluster.is_available, "the cluster can be changed again")
    with closing(cluster.connect()) as client:
        client.mset_nonatomic({f"later-{number}": "x" for number in range(50)})
    restored = make("r", tls=False, NumNodeGroups=3, ReplicasPerNodeGroup=0, SnapshotName=name)
    assert [part["NodeGroupConfiguration"]["Slots"] for part in parts] == [
        each["Slots"] for each in restored.told()["NodeGroups"]
    ]
    assert found(restored, kept)
    with closing(restored.connect()) as client:
        assert not any(client.exists(f"later-{number}") for number in range(50))
    cluster.api.delete_snapshot(SnapshotName=name)
    files = [f"redis-snapshot-{cluster.region}-{name}.{part['NodeGroupId']}" for part in parts]
    eventually(lambda: not any(map(server_files, files)), "its files are gone")


def test_replicas_come_and_go(cluster: Cluster, eventually: Wait) -> None:
    """P0-REDIS: every node group has as many, and whoever is the primary stays it."""
    eventually(cluster.is_available, "the cluster has settled")
    primaries = [cluster.primary(shard) for shard in ("0001", "0002", "0003")]
    for operation, count in ((cluster.api.decrease_replica_count, 0), (cluster.api.increase_replica_count, 1)):
        operation(ReplicationGroupId=cluster.name, NewReplicaCount=count, ApplyImmediately=True)
        eventually(cluster.is_available, f"there are {count} replicas")
        assert len(cluster.told()["MemberClusters"]) == 3 * (count + 1)
        eventually(lambda count=count: len(known(cluster)) == 3 * (count + 1), "clients are told of every node")
    assert [cluster.primary(shard) for shard in ("0001", "0002", "0003")] == primaries


def test_whatever_ends_comes_back_while_slots_are_moved(
    cluster: Cluster, eventually: Wait, paths: Any, plan: Plan
) -> None:
    """P0-REDIS: three node groups become two, endpoint, proxy and a replica are killed meanwhile; every key stays."""
    eventually(cluster.is_available, "the cluster has settled")
    kept = fill(cluster, 3000)
    proxy = f"redis-{cluster.region}-{cluster.name}-configuration"
    [replica] = [name for name in cluster.members("0002") if cluster.role(name) == "slave"]
    cluster.api.modify_replication_group_shard_configuration(
        ReplicationGroupId=cluster.name, NodeGroupCount=2, ApplyImmediately=True, NodeGroupsToRemove=["0001"]
    )
    eventually(lambda: cluster.slots().get("0001", 0) < SLOTS // 4, "slots are on their way")
    endpoint = Processes(Layout.of(paths).endpoint_records).running(ENDPOINT)
    assert endpoint is not None
    killed = [cluster.process(proxy), cluster.server(replica)]
    for running in (endpoint, *killed):
        os.kill(running.pid, signal.SIGKILL)

    def is_back() -> bool:
        now = Processes(Layout.of(paths).endpoint_records).running(ENDPOINT)
        return now is not None and now.pid != endpoint.pid and who_answers(plan) is not None

    eventually(is_back, "the endpoint is back")
    eventually(cluster.is_available, "the node group is gone", seconds=180)
    eventually(lambda: sum(cluster.slots().values()) == SLOTS, "each slot is told once")
    assert set(cluster.slots()) == {"0002", "0003"}
    assert all(cluster.processes.running(running.name) not in (None, running) for running in killed)
    eventually(lambda: len(known(cluster)) == 4, "clients are told of every node")
    assert found(cluster, kept)


def _lose_a_primary(cluster: Cluster, node_group: str, eventually: Wait) -> None:
    eventually(cluster.is_available, "the cluster has settled")
    before = cluster.primary(node_group)
    with Writer(cluster, f"lost-{node_group}") as writer:
        eventually(lambda: len(writer.acknowledged) > 100, "writes are acknowledged")
        os.kill(cluster.server(before).pid, signal.SIGKILL)
        until_now = set(writer.acknowledged)
        [slots] = [each["Slots"] for each in cluster.told()["NodeGroups"] if each["NodeGroupId"] == node_group]
        spans = [[int(end) for end in part.split("-")] for part in slots.split(",")]

        def again() -> bool:
            later = [key for key in list(writer.acknowledged) if key not in until_now]
            return sum(any(span[0] <= key_slot(key.encode()) <= span[-1] for span in spans) for key in later) > 50

        eventually(again, "writes to its slots are acknowledged again")
    eventually(cluster.is_available, "the cluster has settled again")
    after = cluster.primary(node_group)
    assert (after != before, cluster.role(before)) == (True, "slave")
    assert writer.lost() == []
