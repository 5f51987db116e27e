"""A replication group outlives its primary, and its data outlive the group (P0-REDIS, PV-REDISFAIL, RB-REDIS)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.aws.dataplane.clean import addresses
from local.aws.layout import Layout
from local.network.plan import Plan
from local.processes import Processes, Running
from tests.fixtures.background import Background

pytestmark = pytest.mark.e2e

TOKEN = "failover-token-of-the-tests"
NEXT_TOKEN = "failover-token-from-now-on"

Wait = Callable[..., None]


@dataclass(frozen=True)
class Group:
    """A replication group and the processes behind it."""

    name: str
    region: str
    api: Any
    processes: Processes
    authority: str
    tls: bool

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.describe_replication_groups(ReplicationGroupId=self.name)["ReplicationGroups"][
            0
        ]
        return found

    def is_available(self) -> bool:
        return bool(self.told()["Status"] == "available")

    def members(self, role: str) -> list[str]:
        members = self.told()["NodeGroups"][0]["NodeGroupMembers"]
        return [member["CacheClusterId"] for member in members if member["CurrentRole"] == role]

    def endpoint(self, name: str) -> str:
        return str(self.told()["NodeGroups"][0][f"{name}Endpoint"]["Address"])

    def node(self, cluster_id: str) -> str:
        [member] = [
            member
            for member in self.told()["NodeGroups"][0]["NodeGroupMembers"]
            if member["CacheClusterId"] == cluster_id
        ]
        return str(member["ReadEndpoint"]["Address"])

    def process(self, name: str) -> Running:
        running = self.processes.running(name)
        assert running is not None, name
        return running

    def server(self, cluster_id: str) -> Running:
        return self.process(f"redis-{self.region}-{cluster_id}")

    def connect(self, address: str, token: str = TOKEN) -> redis.Redis:
        secured: dict[str, Any] = {"password": token, "ssl": True, "ssl_ca_certs": self.authority} if self.tls else {}
        return redis.Redis(
            host=address, decode_responses=True, socket_timeout=2, retry=Retry(NoBackoff(), 0), **secured
        )

    def ask(self, address: str, question: Callable[[redis.Redis], Any]) -> Any:
        """The answer of whoever is there now; None while there is nobody."""
        with suppress(redis.RedisError), self.connect(address) as client:
            return question(client)
        return None

    def role(self, address: str) -> str | None:
        return self.ask(address, lambda client: client.info("replication")["role"])


@pytest.fixture(scope="module")
def make(
    client: Callable[[str], Any], unique: str, authority: str, paths: Any, plan: Plan, eventually: Wait
) -> Iterator[Callable[..., Group]]:
    api, processes = client("elasticache"), Processes(Layout.of(paths).server_records)
    made: list[str] = []

    def new(suffix: str, *, tls: bool, **declared: Any) -> Group:
        name = f"{unique}-{suffix}"
        secured = {"TransitEncryptionEnabled": True, "AuthToken": TOKEN} if tls else {}
        api.create_replication_group(
            ReplicationGroupId=name, ReplicationGroupDescription="tests", **secured, **declared
        )
        made.append(name)
        group = Group(name, plan.region, api, processes, authority, tls)
        eventually(group.is_available, f"{name} is available")
        return group

    yield new

    def there() -> set[str]:
        return {each["ReplicationGroupId"] for each in api.describe_replication_groups()["ReplicationGroups"]}

    for name in made:
        if name in there():
            eventually(lambda name=name: _deleted(api, name), f"{name} can be deleted")
    eventually(lambda: not there() & set(made), "the groups are gone")
    for group in api.describe_cache_parameter_groups()["CacheParameterGroups"]:
        if group["CacheParameterGroupName"] in made:
            api.delete_cache_parameter_group(CacheParameterGroupName=group["CacheParameterGroupName"])
    for name in made:
        assert not [process.name for process in processes.all() if name in process.name]


def _deleted(api: Any, name: str) -> bool:
    try:
        api.delete_replication_group(ReplicationGroupId=name)
    except api.exceptions.InvalidReplicationGroupStateFault:
        return False
    return True


@pytest.fixture(scope="module")
def group(make: Callable[..., Group]) -> Group:
    """Three nodes with TLS, a token and automatic failover."""
    return make("ha", tls=True, NumCacheClusters=3, AutomaticFailoverEnabled=True)


@dataclass
class Writer(Background):
    """Writes one key after the other through the primary endpoint, and notes which of them a replica acknowledged."""

    group: Group
    endpoint: str
    acknowledged: list[str] = field(default_factory=list)

    def work(self) -> None:
        number = 0
        while not self.stopping.is_set():
            with suppress(redis.RedisError), self.group.connect(self.endpoint) as client:
                while not self.stopping.wait(0.005):
                    number += 1
                    key = f"key-{number}"
                    client.set(key, number)
                    if client.execute_command("WAIT", 1, 1000) >= 1:
                        self.acknowledged.append(key)
            self.stopping.wait(0.05)


def test_the_loss_of_a_primary_loses_no_acknowledged_write(group: Group, eventually: Wait) -> None:
    """PV-REDISFAIL, P0-REDIS: kill -9; the same endpoint takes writes again, and has what WAIT acknowledged."""
    eventually(group.is_available, "the group has settled")
    endpoint, reader = group.endpoint("Primary"), group.endpoint("Reader")
    [before] = group.members("primary")
    with Writer(group, endpoint) as writer:
        eventually(lambda: len(writer.acknowledged) > 50, "writes are acknowledged")
        os.kill(group.server(before).pid, signal.SIGKILL)
        until_now = len(writer.acknowledged)
        eventually(lambda: len(writer.acknowledged) > until_now + 50, "writes are acknowledged again")
    with group.connect(endpoint) as client:
        assert [key for key in writer.acknowledged if not client.exists(key)] == []
    eventually(lambda: group.is_available() and group.members("primary") != [before], "the API tells of it")
    [after] = group.members("primary")
    assert (group.endpoint("Primary"), group.endpoint("Reader")) == (endpoint, reader)
    assert (group.role(group.node(after)), group.role(group.node(before))) == ("master", "slave")
    assert group.role(endpoint) == "master"
    eventually(lambda: group.role(reader) == "slave", "the reader endpoint leads to a replica")


def test_test_failover_has_a_replica_take_over(group: Group, eventually: Wait) -> None:
    """RB-REDIS: a drill through the API; the server that was killed comes back as a replica with all data."""
    eventually(group.is_available, "the group has settled")
    endpoint = group.endpoint("Primary")
    [before] = group.members("primary")
    killed = group.server(before)
    with group.connect(endpoint) as client:
        client.set("drill", "kept")
        assert client.execute_command("WAIT", 2, 5000) == 2
    answer = group.api.test_failover(ReplicationGroupId=group.name, NodeGroupId="0001")["ReplicationGroup"]
    assert answer["Status"] == "modifying"
    eventually(group.is_available, "the failover is over")
    assert group.members("primary") != [before]
    assert group.server(before) != killed
    assert group.role(group.node(before)) == "slave"
    for address in (endpoint, group.node(before)):
        assert group.ask(address, lambda client: client.get("drill")) == "kept"
    events = group.api.describe_events(SourceIdentifier=group.name, SourceType="replication-group")["Events"]
    assert events[-1]["Message"].startswith(f"Failover from primary node {before} to replica node ")


def test_what_is_declared_after_a_failover_reaches_every_server(group: Group, eventually: Wait) -> None:
    """P0-REDIS, P0-SECRETS: parameters and tokens go to whoever is the primary now, and to the replicas."""
    eventually(group.is_available, "the group has settled")
    if group.members("primary") == [f"{group.name}-001"]:
        group.api.test_failover(ReplicationGroupId=group.name, NodeGroupId="0001")
        eventually(group.is_available, "the failover is over")
    group.api.create_cache_parameter_group(
        CacheParameterGroupName=group.name, CacheParameterGroupFamily="redis7", Description="tests"
    )
    group.api.modify_cache_parameter_group(
        CacheParameterGroupName=group.name,
        ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}],
    )
    [primary] = group.members("primary")
    group.api.modify_replication_group(
        ReplicationGroupId=group.name, CacheParameterGroupName=group.name, ApplyImmediately=True,
        AuthToken=NEXT_TOKEN, AuthTokenUpdateStrategy="ROTATE",
    )  # fmt: skip
    eventually(group.is_available, "the change is made")
    for node in (primary, *group.members("replica")):
        for token in (TOKEN, NEXT_TOKEN):
            with group.connect(group.node(node), token) as server:
                assert server.info("memory")["maxmemory_policy"] == "noeviction"
    assert group.members("primary") == [primary]


def test_a_primary_that_was_away_takes_no_more_writes(group: Group, eventually: Wait) -> None:
    """P0-REDIS: a server that sleeps through a failover still thinks that it is the primary when it wakes up."""
    eventually(group.is_available, "the group has settled")
    endpoint = group.endpoint("Primary")
    [before] = group.members("primary")
    asleep, address = group.server(before), group.node(before)
    os.kill(asleep.pid, signal.SIGSTOP)
    try:
        eventually(lambda: group.members("primary") != [before], "another takes over")
    finally:
        os.kill(asleep.pid, signal.SIGCONT)
    with Writer(group, endpoint) as writer:
        eventually(lambda: len(writer.acknowledged) > 50, "writes are acknowledged")
        eventually(lambda: group.role(address) == "slave", "it knows that it was deposed")
    eventually(group.is_available, "the group has settled")
    assert group.server(before) == asleep, "it was not killed"
    with group.connect(endpoint) as client:
        assert [key for key in writer.acknowledged if not client.exists(key)] == []


def test_what_is_killed_beside_the_servers_comes_back(group: Group, eventually: Wait) -> None:
    """The data plane converges after a crash of HAProxy and of a Sentinel, which has forgotten nothing."""
    eventually(group.is_available, "the group has settled")
    endpoint = group.endpoint("Primary")
    names = ("redis-sentinel-tls-1", f"redis-{group.region}-{group.name}-primary")
    killed = [group.process(name) for name in names]
    for running in killed:
        os.kill(running.pid, signal.SIGKILL)
    eventually(lambda: all(group.processes.running(name) not in (None, *killed) for name in names), "both run again")
    eventually(lambda: group.role(endpoint) == "master", "the endpoint leads to the primary")
    eventually(group.is_available, "the group has settled")


def test_replicas_come_and_go_and_sessions_stay(group: Group, eventually: Wait) -> None:
    """P0-REDIS: whoever is the primary stays, and so do the connections to it."""
    eventually(group.is_available, "the group has settled")
    [primary] = group.members("primary")
    with group.connect(group.endpoint("Primary")) as client:
        session = client.client_id()
        group.api.decrease_replica_count(ReplicationGroupId=group.name, NewReplicaCount=1, ApplyImmediately=True)
        eventually(group.is_available, "the replica is gone")
        assert (group.members("primary"), len(group.members("replica"))) == ([primary], 1)
        assert client.client_id() == session
    group.api.test_failover(ReplicationGroupId=group.name, NodeGroupId="0001")
    eventually(group.is_available, "the replica that is left has taken over")
    [successor] = group.members("primary")
    assert successor != primary
    group.api.increase_replica_count(ReplicationGroupId=group.name, NewReplicaCount=2, ApplyImmediately=True)
    eventually(group.is_available, "another replica is there")
    assert (group.members("primary"), len(group.members("replica"))) == ([successor], 2)


def test_a_snapshot_is_restored_into_a_new_group(
    client: Callable[[str], Any],
    unique: str,
    make: Callable[..., Group],
    eventually: Wait,
    server_files: Callable[[str], list[Path]],
    plan: Plan,
) -> None:
    """P0-BACKUP, RB-REDIS: what was there when it was taken is there again, what came later is not.

    The first group has no automatic failover: its primary, once killed, comes back as the primary, with what its
    replica has.
    """
    s3 = client("s3")
    first = make("one", tls=False, NumCacheClusters=2)
    endpoint, api = first.endpoint("Primary"), first.api
    with first.connect(endpoint) as writer:
        writer.set("before", "the snapshot")
    api.create_snapshot(ReplicationGroupId=first.name, SnapshotName=f"{first.name}-s")

    def status(name: str) -> str:
        return str(api.describe_snapshots(SnapshotName=name)["Snapshots"][0]["SnapshotStatus"])

    eventually(lambda: status(f"{first.name}-s") == "available", "the snapshot is there")
    eventually(first.is_available, "the group can be changed again")
    with first.connect(endpoint) as writer:
        writer.set("after", "the snapshot")
        assert writer.execute_command("WAIT", 1, 5000) == 1
    killed = first.server(f"{first.name}-001")
    os.kill(killed.pid, signal.SIGKILL)
    eventually(
        lambda: first.processes.running(killed.name) not in (None, killed) and first.role(endpoint) == "master",
        "the same server is the primary again",
    )
    assert first.members("primary") == [f"{first.name}-001"]
    eventually(lambda: first.role(first.endpoint("Reader")) == "slave", "its replica follows it again")
    assert first.ask(endpoint, lambda client: client.exists("before", "after")) == 2

    second = make("two", tls=True, NumCacheClusters=2, AutomaticFailoverEnabled=True, SnapshotName=f"{first.name}-s")
    for name in ("Primary", "Reader"):
        answer = second.ask(second.endpoint(name), lambda client: (client.get("before"), client.exists("after")))
        assert answer == ("the snapshot", 0)
    with second.connect(second.endpoint("Primary")) as writer:
        writer.set("last", "words")
    api.delete_replication_group(ReplicationGroupId=second.name, FinalSnapshotIdentifier=f"{second.name}-final")
    eventually(lambda: status(f"{second.name}-final") == "available", "the final snapshot is there")
    [exported] = server_files(f"redis-snapshot-{plan.region}-{second.name}-final")
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": plan.region})
    s3.put_object(Bucket=unique, Key="final.rdb", Body=exported.read_bytes())
    for suffix, origin in (
        ("three", {"SnapshotName": f"{second.name}-final"}),
        ("four", {"SnapshotArns": [f"arn:aws:s3:::{unique}/final.rdb"]}),
    ):
        made = make(suffix, tls=False, **origin)
        answer = made.ask(made.endpoint("Primary"), lambda client: client.mget("before", "last"))
        assert answer == ["the snapshot", "words"]
    s3.delete_object(Bucket=unique, Key="final.rdb")
    s3.delete_bucket(Bucket=unique)
    eventually(lambda: not server_files(f"redis-import-{plan.region}-{unique}-four"), "it was for the first start only")
    for name in (f"{first.name}-s", f"{second.name}-final"):
        file = f"redis-snapshot-{plan.region}-{name}"
        assert server_files(file)
        api.delete_snapshot(SnapshotName=name)
        eventually(lambda file=file: not server_files(file), "its file is gone")


def test_the_last_group_takes_the_sentinels_and_its_addresses_along(
    client: Callable[[str], Any], unique: str, eventually: Wait, plan: Plan, paths: Any
) -> None:
    api, name, processes = client("elasticache"), f"{unique}-last", Processes(Layout.of(paths).server_records)

    def there() -> list[dict[str, Any]]:
        groups = api.describe_replication_groups()["ReplicationGroups"]
        return [group for group in groups if group["ReplicationGroupId"] == name]

    def sentinels() -> list[str]:
        return [process.name for process in processes.all() if process.name.startswith("redis-sentinel-plain-")]

    api.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="d", NumCacheClusters=2, AutomaticFailoverEnabled=True
    )
    eventually(lambda: there()[0]["Status"] == "available", "the group is available")
    assert len(sentinels()) == 3
    told = there()[0]["NodeGroups"][0]
    taken = {told["PrimaryEndpoint"]["Address"], told["ReaderEndpoint"]["Address"]}
    assert taken <= set(addresses(plan))
    api.delete_replication_group(ReplicationGroupId=name)
    eventually(lambda: not there() and not sentinels(), "all is gone")
    eventually(lambda: not taken & set(addresses(plan)), "its addresses are gone")
