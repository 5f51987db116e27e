"""Random failures of real processes, each sequence reproducible by its seed: all heals (PV-REDISFAIL, PV-DBFAIL).

`GROUNDWORK_SEQUENCES=100` runs a hundred sequences instead of the two that always run.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
import redis
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.dataplane import postmaster
from local.aws.layout import Layout
from local.aws.lifecycle import ENDPOINT, who_answers
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes
from tests.fixtures.databases import Wait
from tests.fixtures.stores import Stores

pytestmark = pytest.mark.e2e

SEQUENCES = int(os.environ.get("GROUNDWORK_SEQUENCES", "2"))
STEPS = 6
TOKEN = "a-token-of-random-failures"


@dataclass
class Platform(Stores):
    """One replication group, one database, and what was acknowledged by them."""

    replicas: int = 1
    rows: list[int] = field(default_factory=list)

    def processes(self, what: str) -> list[int]:
        """Process IDs of the processes whose whole name is this."""
        running = Processes(Layout.of(self.paths).server_records).all()
        return sorted(each.pid for each in running if re.fullmatch(what, each.name))

    def redis_servers(self) -> list[int]:
        """Process IDs of the group's servers."""
        return self.processes(rf"redis-.*-{self.name}-\d+")

    def database_servers(self) -> list[int]:
        """Process IDs of the servers of the database: the writer's, and the standby's."""
        folders = Layout.of(self.paths).servers.glob(f"postgres-*-{self.name}/?/data")
        return sorted(pid for folder in folders if (pid := postmaster.find(folder)) is not None)

    def own_processes(self) -> list[int]:
        """Process IDs of everything that runs for the group and the database only."""
        return [*self.processes(f".*{self.name}.*"), *self.database_servers()]

    # -- What happens -------------------------------------------------------------------------------------------------

    def kill_the_endpoint(self, _: random.Random) -> None:
        running = Processes(Layout.of(self.paths).endpoint_records).running(ENDPOINT)
        if running is not None:
            os.kill(running.pid, signal.SIGKILL)

    def kill_a_redis(self, chance: random.Random) -> None:
        kill_one(chance, self.redis_servers())

    def kill_a_postgres(self, chance: random.Random) -> None:
        kill_one(chance, self.database_servers())

    def kill_any_process(self, chance: random.Random) -> None:
        """Also a proxy, or a Patroni."""
        kill_one(chance, self.own_processes())

    def kill_who_decides(self, chance: random.Random) -> None:
        """A Sentinel, or the store in which Patroni's agree."""
        kill_one(chance, self.processes(r"redis-sentinel-.*|postgres-etcd"))

    def change_replicas(self, chance: random.Random) -> None:
        count = chance.choice([each for each in (1, 2, 3) if each != self.replicas])
        change = "increase_replica_count" if count > self.replicas else "decrease_replica_count"
        try:
            getattr(self.client("elasticache"), change)(
                ReplicationGroupId=self.name, NewReplicaCount=count, ApplyImmediately=True
            )
        except (ClientError, BotoCoreError):
            # Not available at this moment, or the endpoint was killed under it: then the API says what holds.
            self.eventually(lambda: who_answers(self.plan) is not None, "the endpoint answers")
            count = len(self.group()["MemberClusters"]) - 1
        self.replicas = count

    def write_a_row(self, chance: random.Random) -> None:
        row = chance.randrange(10**9)
        try:
            with self.postgres(connect_timeout=3) as connection:
                connection.execute("INSERT INTO rows VALUES (%s)", (row,))
        except (psycopg.Error, ClientError, BotoCoreError):
            # Whoever is led to a writer that has just become a standby is told so, and nothing is acknowledged.
            return
        self.rows.append(row)

    # -- What holds in the end ----------------------------------------------------------------------------------------

    def trouble(self) -> str:
        """What is not as the API says, or does not answer; empty if all is well."""
        try:
            group, database = self.group(), self.database()
            found = {
                "statuses": (group["Status"], database["DBInstanceStatus"]),
                "nodes declared": len(group["MemberClusters"]),
                "nodes that run": len(self.redis_servers()),
                "replicas in step": self._replicas_in_step(group),
                "servers of the database": len(self.database_servers()),
                "rows lost": sorted(set(self.rows) - self._rows_found()),
            }
        except (BotoCoreError, ClientError, redis.RedisError, psycopg.Error) as error:
            return f"{type(error).__name__}: {error}"
        wanted = {
            "statuses": ("available", "available"),
            "nodes declared": self.replicas + 1,
            "nodes that run": self.replicas + 1,
            "replicas in step": self.replicas,
            "servers of the database": 2,
            "rows lost": [],
        }
        return "" if found == wanted else f"{found}, where it should be {wanted}"

    def _replicas_in_step(self, group: dict[str, Any]) -> int:
        address = group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
        trust = {"ssl": True, "ssl_ca_certs": self.authority, "socket_timeout": 5}
        with redis.Redis(host=address, password=TOKEN, **trust) as primary:
            told = primary.info("replication")
        return sum(told[f"slave{number}"]["state"] == "online" for number in range(told["connected_slaves"]))

    def _rows_found(self) -> set[int]:
        with self.postgres(connect_timeout=3) as connection:
            return {row for (row,) in connection.execute("SELECT n FROM rows").fetchall()}


def kill_one(chance: random.Random, running: list[int]) -> None:
    """Kill one of them, if any run."""
    if running:
        # What was chosen may have ended since it was looked for.
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(running), signal.SIGKILL)


@pytest.fixture(scope="module")
def platform(
    client: Callable[..., Any], unique: str, paths: Paths, plan: Plan, authority: str, eventually: Wait
) -> Iterator[Platform]:
    one = Platform(unique, client, paths, plan, authority, eventually)
    one.declare({"TransitEncryptionEnabled": True, "AuthToken": TOKEN}, {"MultiAZ": True})
    with one.postgres() as connection:
        connection.execute("CREATE TABLE rows (n bigint PRIMARY KEY)")
    yield one
    one.remove()
    eventually(lambda: not one.own_processes(), "its servers are gone")


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_after_any_failures_what_runs_is_what_the_api_says(platform: Platform, seed: int) -> None:
    """No row that PostgreSQL acknowledged is lost on the way."""
    chance = random.Random(seed)
    happenings = [
        platform.kill_the_endpoint,
        platform.kill_a_redis,
        platform.kill_a_postgres,
        platform.kill_any_process,
        platform.kill_who_decides,
        platform.change_replicas,
        platform.write_a_row,
    ]
    for _ in range(STEPS):
        chance.choice(happenings)(chance)
    platform.eventually(lambda: who_answers(platform.plan) is not None, "the endpoint answers")
    with contextlib.suppress(AssertionError):
        platform.eventually(lambda: not platform.trouble(), "everything is as the API says", seconds=120)
    assert platform.trouble() == ""
