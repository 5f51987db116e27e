"""What can fail on purpose does, and is back as it was once it is healed; nothing is left of any of it.

PV-REDISFAIL, PV-DBFAIL, PV-REPLICA, RB-S3 and RB-REGION take their failures from here.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.aws import lifecycle
from local.failures.active import Store
from local.failures.catalogue import FAILURES, UnknownFailure, named
from local.failures.control import Control
from local.failures.rules import TABLE
from local.network.namespaces import NAMESPACES
from local.network.plan import Plan
from local.paths import Paths
from tests.fixtures.databases import Wait
from tests.fixtures.stores import Stores

pytestmark = pytest.mark.e2e

RECOVERY = "eu-central-1"


@dataclass
class Servers(Stores):
    """A replication group over two zones without TLS, and a Multi-AZ database."""

    def line(self, name: str) -> lifecycle.ServerStatus:
        [found] = [each for each in lifecycle.status(self.paths, self.plan) if each.name == name]
        return found

    def redis_server(self, role: str) -> lifecycle.ServerStatus:
        [found] = self._with_role("redis", role)
        return found

    def writer(self) -> lifecycle.ServerStatus:
        [found] = self._with_role("postgres-server", "writer")
        return found

    def writes_now(self) -> set[str]:
        """Name of the database server that writes; none while none does."""
        return {each.name for each in self._with_role("postgres-server", "writer")}

    def _with_role(self, kind: str, role: str) -> list[lifecycle.ServerStatus]:
        return [
            each
            for each in lifecycle.status(self.paths, self.plan)
            if each.kind == kind and each.role == role and self.name in each.name
        ]

    def redis(self, address: str) -> redis.Redis:
        return redis.Redis(host=address, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))

    def pings(self, address: str) -> bool:
        with suppress(redis.RedisError), self.redis(address) as client:
            return bool(client.ping())
        return False

    def seconds_to_answer(self, address: str) -> float:
        with self.redis(address) as client:
            client.ping()
            began = time.monotonic()
            client.ping()
            return time.monotonic() - began

    def writes_redis(self) -> bool:
        primary = self.group()["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
        with suppress(redis.RedisError), self.redis(primary) as client:
            return bool(client.set("one", "1"))
        return False

    def replicas_in_step(self) -> int:
        primary = self.group()["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
        with suppress(redis.RedisError), self.redis(primary) as client:
            told = client.info("replication")
            return sum(told[f"slave{n}"]["state"] == "online" for n in range(told["connected_slaves"]))
        return 0

    def writes_postgres(self) -> bool:
        with suppress(psycopg.Error), self.postgres(connect_timeout=3) as connection:
            connection.execute("SET statement_timeout = '3s'")
            connection.execute("INSERT INTO rows (filling) VALUES ('')")
            return True
        return False

    def has_a_synchronous_standby(self) -> bool:
        with suppress(psycopg.Error), self.postgres(connect_timeout=3) as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone()
            return row == (1,)
        return False

    def are_whole(self) -> bool:
        return self.are_available() and self.replicas_in_step() == 1 and self.writes_redis() and self.writes_postgres()


@pytest.fixture(scope="module")
def servers(
    client: Callable[..., Any], unique: str, paths: Paths, plan: Plan, authority: str, eventually: Wait
) -> Iterator[Servers]:
    own = Servers(unique, client, paths, plan, authority, eventually)
    zones = {"PreferredCacheClusterAZs": [f"{plan.region}a", f"{plan.region}b"]}
    own.declare(zones, {"MultiAZ": True})
    with own.postgres() as connection:
        connection.execute("CREATE TABLE rows (n bigserial PRIMARY KEY, filling text)")
    yield own
    own.remove()
    eventually(
        lambda: not any(unique in line.name for line in lifecycle.status(paths, plan)), "the tests' servers are gone"
    )


@pytest.fixture
def control(paths: Paths, plan: Plan) -> Iterator[Control]:
    """Failures, of which nothing is left after the test."""
    yield Control(paths, plan)
    Control(paths, plan).heal()
    assert traces(paths, plan) == []


def traces(paths: Paths, plan: Plan) -> list[str]:
    """What failures have left: rules, mounts, processes that stand still, files."""
    inside = ["nsenter", f"--net={NAMESPACES / plan.hub}", "iptables", "--wait", "10", "-t", TABLE, "-S"]
    rules = subprocess.run(inside, capture_output=True, text=True, check=True).stdout.splitlines()
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(paths.state) in line]
    files = [str(path) for path in (paths.failures, Store(paths.state).path) if path.exists()]
    still = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if stat.read_text().rpartition(")")[2].split()[0] == "T":
                still.append(str(stat.parent))
    return [*(rule for rule in rules if "groundwork" in rule), *mounts, *files, *still]


def test_a_zone_is_taken_away_and_others_take_over(servers: Servers, control: Control, eventually: Wait) -> None:
    """PV-REDISFAIL, PV-DBFAIL: Sentinel and Patroni fail over by themselves; the zone's servers come back behind."""
    for zone in sorted({servers.redis_server("primary").zone, servers.writer().zone}):
        eventually(servers.are_whole, "everything works before")
        eventually(servers.has_a_synchronous_standby, "the standby has everything")
        primary, writer = servers.redis_server("primary"), servers.writer()
        assert control.fail(f"zone-{zone.removeprefix(servers.plan.region)}").changed
        if primary.zone == zone:
            assert not servers.pings(primary.address)
            eventually(lambda left=primary: servers.redis_server("primary").name != left.name, "another Redis leads")
        if writer.zone == zone:
            eventually(lambda left=writer: not servers.writes_now() <= {left.name}, "the standby writes")
        eventually(lambda: servers.writes_redis() and servers.writes_postgres(), "both can be written to")
        assert control.heal()[0].changed
    eventually(servers.are_whole, "everything works again")
    eventually(servers.has_a_synchronous_standby, "the zone's server is the standby")


def test_a_network_path_is_slow_lossy_or_cut(servers: Servers, control: Control, eventually: Wait) -> None:
    """PV-REPLICA: as strong as asked for, and over at once when healed."""
    eventually(servers.are_whole, "everything works before")
    replica = servers.redis_server("replica")
    usual = servers.seconds_to_answer(replica.address)
    control.fail(f"delay-{replica.name}", 300)
    assert servers.seconds_to_answer(replica.address) >= 0.3
    control.heal(f"delay-{replica.name}")
    assert servers.seconds_to_answer(replica.address) < 0.3 > usual
    for name, amount in ((f"loss-{replica.name}", 100), (f"partition-{replica.name}", None)):
        control.fail(name, amount)
        assert not servers.pings(replica.address)
        assert servers.pings(servers.redis_server("primary").address)
        control.heal(name)
        assert servers.pings(replica.address)
    eventually(servers.are_whole, "the replica is in step again")


def test_a_process_stands_still_or_ends(servers: Servers, control: Control, eventually: Wait) -> None:
    """PV-REDISFAIL: one that stands still is passed over; one that ends is started again by the platform."""
    eventually(servers.are_whole, "everything works before")
    primary = servers.redis_server("primary")
    control.fail(f"freeze-{primary.name}")
    assert not servers.pings(primary.address)
    eventually(lambda: servers.redis_server("primary").name != primary.name, "another one is the primary")
    eventually(servers.writes_redis, "it takes writes through the endpoint")
    control.heal(f"freeze-{primary.name}")
    eventually(servers.are_whole, "it follows the new one")
    before = servers.line(primary.name).since
    control.fail(f"kill-{primary.name}")
    assert control.active() == []
    eventually(lambda: servers.line(primary.name).since > before, "it runs again")
    eventually(servers.are_whole, "it is in step again")


def test_a_full_disk_stops_a_database_and_loses_nothing(servers: Servers, control: Control, eventually: Wait) -> None:
    """PV-DBFAIL: the writer ends for lack of space, the standby goes on; with space again it is the standby."""
    eventually(servers.are_whole, "everything works before")
    eventually(servers.has_a_synchronous_standby, "the standby has everything")
    writer = servers.writer()
    control.fail(f"disk-full-{writer.name}")
    acknowledged: list[int] = []

    def another_writes() -> bool:
        with suppress(psycopg.Error), servers.postgres() as connection:
            connection.execute("SET statement_timeout = '3s'")
            for _ in range(10):
                # More than a segment of the log has room for.
                row = connection.execute(
                    "INSERT INTO rows (filling) SELECT string_agg(md5(random()::text), '') "
                    "FROM generate_series(1, 65536) RETURNING n"
                ).fetchone()
                assert row is not None
                acknowledged.append(row[0])
        return not servers.writes_now() <= {writer.name}

    eventually(another_writes, "the standby writes")
    assert "No space left on device" in Path(writer.log).read_text()
    control.heal()
    eventually(servers.are_whole, "everything works again")
    eventually(servers.has_a_synchronous_standby, "the one whose disk was full is the standby")
    with servers.postgres() as connection:
        found = {n for (n,) in connection.execute("SELECT n FROM rows").fetchall()}
    assert set(acknowledged) <= found


def test_s3_errs_and_is_slow(
    client: Callable[..., Any], unique: str, plan: Plan, control: Control, paths: Paths
) -> None:
    """P0-S3: as often and as much as asked for, in the region that is asked for."""
    s3 = client("s3", config=Config(retries={"total_max_attempts": 1}))
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": plan.region})
    try:
        control.fail("s3-errors", 100)
        with pytest.raises(ClientError, match="SlowDown"):
            s3.put_object(Bucket=unique, Key="one", Body=b"1")
        control.heal("s3-errors")
        s3.put_object(Bucket=unique, Key="one", Body=b"1")
        control.fail(f"s3-slow-{plan.region}", 700)
        control.fail(f"s3-errors-{RECOVERY}", 100)
        began = time.monotonic()
        s3.get_object(Bucket=unique, Key="one")
        assert time.monotonic() - began >= 0.7
        control.heal()
        s3.delete_object(Bucket=unique, Key="one")
    finally:
        control.heal()
        s3.delete_bucket(Bucket=unique)


def test_a_full_disk_keeps_the_endpoint_from_acknowledging_objects(
    client: Callable[..., Any], unique: str, control: Control, plan: Plan
) -> None:
    """RB-S3: what cannot be put on disk is not acknowledged; what is known is told as before."""
    s3 = client("s3", config=Config(retries={"total_max_attempts": 1}))
    bucket = f"{unique}-full"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": plan.region})
    s3.put_object(Bucket=bucket, Key="before", Body=b"before")
    control.fail(f"disk-full-{lifecycle.ENDPOINT}")
    with pytest.raises(ClientError, match="InternalFailure"):
        s3.put_object(Bucket=bucket, Key="one", Body=b"while it is full")
    assert s3.get_object(Bucket=bucket, Key="before")["Body"].read() == b"before"
    control.heal()
    s3.put_object(Bucket=bucket, Key="one", Body=b"with space again")
    assert s3.get_object(Bucket=bucket, Key="one")["Body"].read() == b"with space again"
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "before"}, {"Key": "one"}]})
    s3.delete_bucket(Bucket=bucket)


def test_a_region_does_not_answer(
    client: Callable[..., Any], unique: str, plan: Plan, control: Control, eventually: Wait
) -> None:
    """RB-REGION: neither its API nor its buckets nor its servers; the other one goes on, replication catches up."""
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=5)
    here, there = client("s3", config=once), client("s3", RECOVERY, config=once)
    source, target = f"{unique}-here", f"{unique}-there"
    elasticache = client("elasticache", RECOVERY, config=once)

    def remove() -> None:
        for s3, name in ((here, source), (there, target)):
            for kind in ("Versions", "DeleteMarkers"):
                for each in s3.list_object_versions(Bucket=name).get(kind, []):
                    s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
            s3.delete_bucket(Bucket=name)

    for s3, name, region in ((here, source, plan.region), (there, target, RECOVERY)):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    here.put_bucket_replication(
        Bucket=source,
        ReplicationConfiguration={
            "Role": "arn:aws:iam::123456789012:role/replication",
            "Rules": [
                {
                    "ID": "all",
                    "Priority": 1,
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "DeleteMarkerReplication": {"Status": "Disabled"},
                    "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
                }
            ],
        },
    )
    elasticache.create_replication_group(
        ReplicationGroupId=unique, ReplicationGroupDescription="tests", NumCacheClusters=1
    )

    def group() -> dict[str, Any]:
        found: dict[str, Any] = elasticache.describe_replication_groups(ReplicationGroupId=unique)["ReplicationGroups"][
            0
        ]
        return found

    eventually(lambda: group()["Status"] == "available", "the group there is available")
    address = group()["NodeGroups"][0]["PrimaryEndpoint"]["Address"]

    def answers() -> bool:
        with suppress(redis.RedisError), redis.Redis(host=address, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as to:
            return bool(to.ping())
        return False

    eventually(answers, "the group there answers")
    control.fail(f"region-{RECOVERY}")
    for request in (lambda: there.list_objects_v2(Bucket=target), group):
        with pytest.raises(BotoCoreError):
            request()
    assert not answers()
    here.put_object(Bucket=source, Key="one", Body=b"1")
    assert here.head_object(Bucket=source, Key="one")["ReplicationStatus"] == "PENDING"
    control.heal()
    eventually(
        lambda: here.head_object(Bucket=source, Key="one")["ReplicationStatus"] == "COMPLETED", "it is replicated"
    )
    assert there.get_object(Bucket=target, Key="one")["Body"].read() == b"1"
    eventually(answers, "the group there answers again")
    elasticache.delete_replication_group(ReplicationGroupId=unique)
    remove()


def test_a_server_that_is_made_in_a_lost_zone_is_lost_too(
    client: Callable[..., Any], unique: str, paths: Paths, plan: Plan, control: Control, eventually: Wait
) -> None:
    """P0-REDIS: until the zone is healed; then it is there."""
    zone, api, name = f"{plan.region}c", client("elasticache"), f"{unique}-c"
    control.fail("zone-c")
    api.create_replication_group(
        ReplicationGroupId=name,
        ReplicationGroupDescription="tests",
        NumCacheClusters=1,
        PreferredCacheClusterAZs=[zone],
    )

    def addresses() -> list[str]:
        servers = [each for each in lifecycle.status(paths, plan) if each.kind == "redis" and each.zone == zone]
        return [each.address for each in servers if name in each.name]

    def is_cut() -> bool:
        inside = ["nsenter", f"--net={NAMESPACES / plan.hub}", "iptables", "--wait", "10", "-t", TABLE, "-S"]
        rules = subprocess.run(inside, capture_output=True, text=True, check=True).stdout
        return bool(addresses()) and all(f"-d {address}/32" in rules for address in addresses())

    eventually(is_cut, "it is cut off")
    control.heal()
    eventually(
        lambda: (
            api.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]["Status"] == "available"
        ),
        "it is available",
    )
    api.delete_replication_group(ReplicationGroupId=name)
    eventually(lambda: not addresses(), "it is gone")


def test_again_unknown_and_healthy_are_told_so(servers: Servers, control: Control) -> None:
    """Failing twice and healing what is healthy changes nothing; a wrong name is answered with those that are near."""
    replica = servers.redis_server("replica")
    name = f"freeze-{replica.name}"
    assert control.heal(name)[0].changed is False
    assert control.fail(name).changed
    # As another command would, which knows only what is on disk.
    again = Control(servers.paths, servers.plan)
    assert again.fail(name).changed is False
    assert [each.name for each in again.active()] == [name]
    with pytest.raises(UnknownFailure, match=name):
        again.fail(name[:-1])
    with pytest.raises(ValueError, match="has no amount"):
        again.fail("zone-a", 3)
    with pytest.raises(UnknownFailure):
        again.heal("zone-d")
    assert again.heal(name)[0].changed
    assert again.heal()[0].changed is False


def test_what_a_killed_command_left_is_healed(servers: Servers, control: Control, plan: Plan, paths: Paths) -> None:
    """As if the command had been killed after its first step: what it was about to do is on record."""
    replica = servers.redis_server("replica")
    control.fail(f"partition-{replica.name}")
    kept = Store(paths.state).read()
    control.heal()
    Store(paths.state).write(kept)
    assert servers.pings(replica.address)
    assert control.heal()[0].changed
    control.fail(f"partition-{replica.name}")
    Store(paths.state).write([])
    # Nothing is on record any more, and yet the rules go.
    assert control.heal()[0].changed is False
    assert servers.pings(replica.address)


def test_whatever_is_listed_has_a_target_here(servers: Servers, control: Control) -> None:
    """One list: each failure can be had on this platform, but for the cluster's, which has no nodes here."""
    found = {fault.failure.name for fault in named(control.inventory()).values()}
    assert found == {failure.name for failure in FAILURES} - {"node"}
