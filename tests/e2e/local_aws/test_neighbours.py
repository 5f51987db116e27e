"""The local platform beside what else is on the machine: it takes no port and ends no process of others."""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
import redis

from local.aws import lifecycle
from local.aws.layout import Layout
from local.network import namespaces
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes, is_alive, start_time

pytestmark = pytest.mark.e2e

NEIGHBOUR = "127.0.0.77"
"""A loopback address that nobody else on the machine is likely to use; the ports are the usual ones."""

REDIS, POSTGRES = 6379, 5432
LISTENING = "0A"


@pytest.fixture
def plan() -> Iterator[Plan]:
    own = Plan(
        network="10.218.0.0/16",
        hub="gn-hub",
        bridge="gn0",
        hub_address="10.218.0.1",
        host_interface="gn-host",
        host_address="10.218.0.254",
        data_plane="10.218.16.0/20",
        services="10.218.128.0/20",
        cluster_dns="10.218.128.10",
        pods="10.218.0.0/22",
        nodes=(),
    )
    namespaces.up(own)
    yield own
    namespaces.down(own)


@pytest.fixture
def paths(plan: Plan, tmp_path: Path) -> Iterator[Paths]:
    own = Paths(cache=Paths.from_environment().cache, state=tmp_path / "state")
    lifecycle.start(own, plan)
    yield own
    lifecycle.stop(own, plan)


@pytest.fixture
def neighbour(eventually: Callable[..., None]) -> Iterator[redis.Redis]:
    """A Redis of the user's own at its usual port, with data."""
    command = ["redis-server", "--bind", NEIGHBOUR, "--port", str(REDIS), "--save", "", "--dir", "/"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    client = redis.Redis(NEIGHBOUR, REDIS)
    try:
        eventually(lambda: _answers(client), "the neighbour's Redis answers")
        client.set("whose", "the user's")
        yield client
        assert server.poll() is None, "the neighbour's Redis was ended"
    finally:
        client.close()
        server.terminate()
        server.wait()


def test_servers_at_their_usual_ports_run_beside_the_users_own(
    neighbour: redis.Redis, plan: Plan, paths: Paths, eventually: Callable[..., None]
) -> None:
    """Everything listens in namespaces of its own; what was there before is there after `down`."""
    with closing(socket.create_server((NEIGHBOUR, POSTGRES))):
        name = f"e2e-{secrets.token_hex(4)}"
        known: dict[str, Any] = {
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "region_name": plan.region,
        }
        session: Any = boto3.Session(**known)
        cache, database = (session.client(api, endpoint_url=plan.aws_url) for api in ("elasticache", "rds"))
        cache.create_replication_group(ReplicationGroupId=name, ReplicationGroupDescription="tests", NumCacheClusters=2)
        database.create_db_instance(
            DBInstanceIdentifier=name,
            Engine="postgres",
            EngineVersion="15",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            MasterUsername="app",
            MasterUserPassword="a-password-of-neighbours",
        )
        eventually(lambda: _status(cache.describe_replication_groups, "ReplicationGroups") == "available", "Redis")
        eventually(lambda: _status(database.describe_db_instances, "DBInstances") == "available", "PostgreSQL")
        group = cache.describe_replication_groups()["ReplicationGroups"][0]
        ours = group["NodeGroups"][0]["PrimaryEndpoint"]
        instance = database.describe_db_instances()["DBInstances"][0]["Endpoint"]
        assert (ours["Port"], instance["Port"]) == (REDIS, POSTGRES)
        with redis.Redis(ours["Address"], REDIS) as client:
            client.set("whose", "the platform's")

        layout = Layout.of(paths)
        records = [*Processes(layout.server_records).all(), *Processes(layout.endpoint_records).all()]
        families = {pid: start_time(pid) or 0 for each in records for pid in _family(each.pid)}
        hub = Path("/run/netns", plan.hub).stat().st_ino
        assert len(families) > len(records), "the family of Patroni has PostgreSQL in it"
        assert [pid for pid in families if _listens_outside(pid, hub)] == [], "a process listens on the host itself"
        assert neighbour.get("whose") == b"the user's"

        lifecycle.stop(paths, plan)
        assert neighbour.get("whose") == b"the user's"
        assert [pid for pid, started in families.items() if is_alive(pid, started)] == [], "a process is left"


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _status(describe: Callable[[], dict[str, list[dict[str, str]]]], kind: str) -> str:
    [one] = describe()[kind]
    return one["Status"] if "Status" in one else one["DBInstanceStatus"]


def _family(pid: int) -> list[int]:
    """The process and all that it has started."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def _listens_outside(pid: int, hub: int) -> bool:
    """Whether the process listens for TCP in another network namespace than the hub's; one that has ended does not."""
    process = Path(f"/proc/{pid}")
    try:
        if (process / "ns/net").stat().st_ino == hub:
            return False
        own = {str(descriptor.readlink()) for descriptor in (process / "fd").iterdir()}
        lines = [
            line.split() for file in ("tcp", "tcp6") for line in (process / "net" / file).read_text().splitlines()[1:]
        ]
    except FileNotFoundError:
        return False
    return any(line[3] == LISTENING and f"socket:[{line[9]}]" in own for line in lines)
