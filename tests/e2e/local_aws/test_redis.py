"""A replication group is real Redis: encrypted, authenticated, replicated (P0-REDIS, SR-REDIS-HA)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from local.aws.dataplane.clean import addresses
from local.network.plan import Plan

pytestmark = pytest.mark.e2e

TOKEN = "first-token-of-the-tests"
NEXT_TOKEN = "second-token-of-the-tests"

Wait = Callable[..., None]


@dataclass(frozen=True)
class Group:
    """The tests' replication group."""

    name: str
    api: Any
    primary: str
    reader: str
    authority: str

    def status(self) -> str:
        found = self.api.describe_replication_groups(ReplicationGroupId=self.name)["ReplicationGroups"]
        return str(found[0]["Status"])

    def connect(self, address: str, token: str | None = TOKEN) -> redis.Redis:
        return redis.Redis(
            host=address,
            password=token,
            ssl=True,
            ssl_ca_certs=self.authority,
            decode_responses=True,
            socket_timeout=5,
        )


@pytest.fixture(scope="module")
def group(client: Callable[[str], Any], unique: str, authority: str, eventually: Wait) -> Iterator[Group]:
    api = client("elasticache")
    api.create_cache_parameter_group(
        CacheParameterGroupName=unique, CacheParameterGroupFamily="redis7", Description="tests"
    )
    set_parameter(api, unique, "maxmemory-policy", "noeviction")
    api.create_replication_group(
        ReplicationGroupId=unique,
        ReplicationGroupDescription="tests",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True,
        AuthToken=TOKEN,
        CacheParameterGroupName=unique,
    )

    def described() -> dict[str, Any]:
        found: dict[str, Any] = api.describe_replication_groups(ReplicationGroupId=unique)["ReplicationGroups"][0]
        return found

    eventually(lambda: described()["Status"] == "available", "the replication group is available")
    endpoints = described()["NodeGroups"][0]
    primary, reader = (endpoints[name]["Address"] for name in ("PrimaryEndpoint", "ReaderEndpoint"))
    yield Group(unique, api, primary, reader, authority)
    api.delete_replication_group(ReplicationGroupId=unique)
    eventually(lambda: not _exists(api, unique), "the replication group is gone")
    api.delete_cache_parameter_group(CacheParameterGroupName=unique)


def _exists(api: Any, name: str) -> bool:
    return name in {g["ReplicationGroupId"] for g in api.describe_replication_groups()["ReplicationGroups"]}


def set_parameter(api: Any, group: str, name: str, value: str) -> None:
    api.modify_cache_parameter_group(
        CacheParameterGroupName=group, ParameterNameValues=[{"ParameterName": name, "ParameterValue": value}]
    )


def test_what_is_written_is_read_and_replicated(group: Group) -> None:
    """P0-REDIS: a replica has what the primary acknowledged."""
    with group.connect(group.primary) as primary, group.connect(group.reader) as replica:
        primary.set("greeting", "hello")
        assert primary.execute_command("WAIT", 1, 5000) == 1
        assert primary.get("greeting") == "hello"
        assert replica.get("greeting") == "hello"
        with pytest.raises(redis.ReadOnlyError):
            replica.set("greeting", "changed")


def test_neither_plain_text_nor_strangers_get_in(group: Group) -> None:
    """SR-REDIS-HA: encryption in transit and authentication."""
    with redis.Redis(host=group.primary, password=TOKEN, socket_timeout=5) as plain, pytest.raises(redis.RedisError):
        plain.ping()
    for token in (None, "wrong-token-of-the-tests"):
        with group.connect(group.primary, token) as stranger, pytest.raises(redis.RedisError):
            stranger.ping()
    untrusting = redis.Redis(host=group.primary, password=TOKEN, ssl=True, socket_timeout=5)
    with untrusting, pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        untrusting.ping()


def test_clients_have_the_commands_that_elasticache_gives(group: Group) -> None:
    with group.connect(group.primary) as primary, pytest.raises(redis.exceptions.NoPermissionError):
        primary.config_get("*")


def test_a_changed_parameter_reaches_every_running_server(group: Group, eventually: Wait) -> None:
    """P0-REDIS: profiles are parameter groups, applied without a restart."""

    def policies() -> set[str]:
        found = set()
        for address in (group.primary, group.reader):
            with group.connect(address) as server:
                found.add(str(server.info("memory")["maxmemory_policy"]))
        return found

    assert policies() == {"noeviction"}
    with group.connect(group.primary) as primary:
        before = primary.info("server")["run_id"]
    set_parameter(group.api, group.name, "maxmemory-policy", "allkeys-lru")
    eventually(lambda: policies() == {"allkeys-lru"}, "both servers have the new policy")
    with group.connect(group.primary) as primary:
        assert primary.info("server")["run_id"] == before
    set_parameter(group.api, group.name, "maxmemory-policy", "noeviction")
    eventually(lambda: policies() == {"noeviction"}, "both servers have the old policy")


def test_a_token_is_rotated_without_a_gap(group: Group, eventually: Wait) -> None:
    """P0-SECRETS, RB-SECRET: both tokens work until the new one is set."""

    def rotate(token: str, strategy: str) -> None:
        eventually(lambda: group.status() == "available", "the group can be changed")
        group.api.modify_replication_group(
            ReplicationGroupId=group.name, AuthToken=token, AuthTokenUpdateStrategy=strategy, ApplyImmediately=True
        )
        eventually(lambda: group.status() == "available", "the change is made")

    rotate(NEXT_TOKEN, "ROTATE")
    for token in (TOKEN, NEXT_TOKEN):
        with group.connect(group.primary, token) as known:
            assert known.ping()
    rotate(NEXT_TOKEN, "SET")
    with group.connect(group.primary, TOKEN) as old, pytest.raises(redis.AuthenticationError):
        old.ping()
    rotate(TOKEN, "SET")


def test_a_killed_server_comes_back(group: Group, eventually: Wait, paths: Any, plan: Plan) -> None:
    """The data plane converges after the crash of a process."""
    import os
    import signal

    from local.aws.layout import Layout
    from local.processes import Processes

    name = f"redis-{plan.region}-{group.name}-002"
    running = Processes(Layout.of(paths).server_records).running(name)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)

    def answers() -> bool:
        try:
            with group.connect(group.reader) as replica:
                return replica.info("replication")["master_link_status"] == "up"
        except redis.RedisError:
            return False

    eventually(answers, "the replica replicates again")


def test_deleting_a_group_leaves_nothing(
    client: Callable[[str], Any],
    plan: Plan,
    unique: str,
    eventually: Wait,
    server_names: Callable[[], set[str]],
    server_files: Callable[[str], list[Any]],
) -> None:
    api, name = client("elasticache"), f"{unique}-x"
    api.create_replication_group(ReplicationGroupId=name, ReplicationGroupDescription="tests")

    def described() -> dict[str, Any]:
        found: dict[str, Any] = api.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
        return found

    eventually(lambda: described()["Status"] == "available", "the group is available")
    address = described()["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    with redis.Redis(host=address, socket_timeout=5) as server:
        assert server.ping()
    api.delete_replication_group(ReplicationGroupId=name)
    eventually(lambda: not _exists(api, name), "the group is gone")
    server = f"redis-{plan.region}-{name}-001"
    assert server not in server_names()
    assert server_files(server) == []
    assert address not in addresses(plan)
