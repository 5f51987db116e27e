"""The local platform beside what else is on the machine: it takes no port and ends no process of others."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import redis

from local.aws import lifecycle
from local.aws.layout import Layout
from local.network import namespaces
from local.network.plan import Plan, plan_of
from local.paths import Paths
from local.processes import Processes, is_alive, start_time
from tests.fixtures.stores import Stores

pytestmark = pytest.mark.e2e

NEIGHBOUR = "127.0.0.77"
"""A loopback address that nobody else on the machine is likely to use; the ports are the usual ones."""

REDIS, POSTGRES = 6379, 5432
LISTENING = "0A"


@pytest.fixture
def plan() -> Iterator[Plan]:
    own = plan_of(218, "gn")
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
        known: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        session: Any = boto3.Session(region_name=plan.region, **known)
        client = partial(session.client, endpoint_url=plan.aws_url)
        stores = Stores("beside", client, paths, plan, str(paths.aws / "ca" / "ca.pem"), eventually)
        stores.declare({}, {})
        ours = stores.group()["NodeGroups"][0]["PrimaryEndpoint"]
        assert (ours["Port"], stores.database()["Endpoint"]["Port"]) == (REDIS, POSTGRES)
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
