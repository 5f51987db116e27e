"""A replication group is real Redis: encrypted, authenticated, replicated (P0-REDIS, SR-REDIS-HA)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.aws.dataplane.clean import addresses
from local.network.plan import Plan

pytestmark = pytest.mark.e2e

TOKEN = "first-token-of-the-tests"
NEXT_TOKEN = "second-token-of-the-tests"
ONCE = Retry(NoBackoff(), 0)
"""A refusal is no reason to ask again."""

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
            retry=ONCE,
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
    with (
        redis.Redis(host=group.primary, password=TOKEN, socket_timeout=5, retry=ONCE) as plain,
        pytest.raises(redis.RedisError),
    ):
        plain.ping()
    for token in (None, "wrong-token-of-the-tests"):
        with group.connect(group.primary, token) as stranger, pytest.raises(redis.RedisError):
            stranger.ping()
    untrusting = redis.Redis(host=group.primary, password=TOKEN, ssl=True, socket_timeout=5, retry=ONCE)
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


def test_users_take_the_tokens_place_while_the_servers_run(
    group: Group, client: Callable[[str], Any], unique: str, eventually: Wait
) -> None:
    """SR-REDIS-HA, P0-SECRETS: users by name and password on every node, rotated with two alive; nobody as default."""
    api, name = client("elasticache"), f"{unique}-u"
    first, second = "first-password-of-it", "second-password-of-it"
    for user, access in (("default", "off ~* -@all"), ("app", "on ~* +@all -@dangerous +info")):
        api.create_user(UserId=f"{name}-{user}", UserName=user, Engine="redis", AccessString=access, Passwords=[first])
    api.create_user_group(UserGroupId=name, Engine="redis", UserIds=[f"{name}-default", f"{name}-app"])

    def settled() -> bool:
        [told] = api.describe_user_groups(UserGroupId=name)["UserGroups"]
        return group.status() == "available" and told["Status"] == "active"

    def connect(address: str, user: str | None, password: str | None) -> redis.Redis:
        return redis.Redis(
            host=address,
            username=user,
            password=password,
            ssl=True,
            ssl_ca_certs=group.authority,
            socket_timeout=5,
            retry=ONCE,
        )

    eventually(settled, "the group can be changed")
    api.modify_replication_group(
        ReplicationGroupId=group.name, UserGroupIdsToAdd=[name], AuthTokenUpdateStrategy="DELETE", ApplyImmediately=True
    )
    eventually(settled, "the users are let in")
    for address in (group.primary, group.reader):
        with connect(address, "app", first) as app:
            assert app.info("replication")
            with pytest.raises(redis.exceptions.NoPermissionError):
                app.flushall()
        for user, password in ((None, None), (None, TOKEN), ("default", first), ("app", second)):
            with connect(address, user, password) as stranger, pytest.raises(redis.AuthenticationError):
                stranger.ping()
    api.modify_user(UserId=f"{name}-app", Passwords=[second, first])
    eventually(settled, "the password is rotated")
    for password in (first, second):
        with connect(group.primary, "app", password) as either:
            assert either.ping()
    api.modify_replication_group(ReplicationGroupId=group.name, UserGroupIdsToRemove=[name], ApplyImmediately=True)
    eventually(settled, "the users are gone")
    api.modify_replication_group(
        ReplicationGroupId=group.name, AuthToken=TOKEN, AuthTokenUpdateStrategy="SET", ApplyImmediately=True
    )
    eventually(settled, "the token is back")
    with group.connect(group.primary) as known:
        assert known.ping()
    api.delete_user_group(UserGroupId=name)
    for user in ("default", "app"):
        api.delete_user(UserId=f"{name}-{user}")


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
                return replica.info("replication").get("master_link_status") == "up"
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


def test_a_secondary_in_another_region_replicates_its_primary(
    client: Callable[..., Any], unique: str, authority: str, eventually: Wait
) -> None:
    """P0-REDIS, RB-REGION: what is written to a global datastore's primary is read from its secondary, whichever node
    is the primary."""
    near, far, name = client("elasticache"), client("elasticache", "eu-central-1"), f"{unique}-g"
    login: dict[str, Any] = {"AuthToken": TOKEN, "NumCacheClusters": 2, "AutomaticFailoverEnabled": True}

    def first_node(api: Any) -> str | None:
        [told] = api.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
        ready = told["Status"] == "available"
        return str(told["NodeGroups"][0]["PrimaryEndpoint"]["Address"]) if ready else None

    def connect(api: Any) -> redis.Redis:
        return redis.Redis(
            host=str(first_node(api)), password=TOKEN, ssl=True, ssl_ca_certs=authority, decode_responses=True
        )

    near.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="d", CacheNodeType="cache.r7g.large",
        TransitEncryptionEnabled=True, **login,
    )  # fmt: skip
    eventually(lambda: first_node(near), "the primary is available")
    datastore = near.create_global_replication_group(
        GlobalReplicationGroupIdSuffix=name, PrimaryReplicationGroupId=name
    )["GlobalReplicationGroup"]["GlobalReplicationGroupId"]
    far.create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="d", GlobalReplicationGroupId=datastore, **login
    )
    eventually(lambda: first_node(far), "the secondary is available")
    with connect(near) as primary, connect(far) as secondary:
        primary.set("from", "near")
        eventually(lambda: secondary.get("from") == "near", "the secondary has it")
        with pytest.raises(redis.ReadOnlyError):
            secondary.set("from", "far")
    near.test_failover(ReplicationGroupId=name, NodeGroupId="0001")
    eventually(lambda: first_node(near), "another node is the primary")
    with connect(near) as primary, connect(far) as secondary:
        primary.set("after", "the failover")
        eventually(lambda: secondary.get("after") == "the failover", "the secondary follows the new primary")
    far.disassociate_global_replication_group(
        GlobalReplicationGroupId=datastore, ReplicationGroupId=name, ReplicationGroupRegion="eu-central-1"
    )
    eventually(lambda: first_node(far), "the secondary is on its own")
    with connect(far) as alone:
        assert alone.get("from") == "near"
        assert alone.set("from", "far")
    far.delete_replication_group(ReplicationGroupId=name)
    near.delete_global_replication_group(GlobalReplicationGroupId=datastore, RetainPrimaryReplicationGroup=True)
    near.delete_replication_group(ReplicationGroupId=name)
    eventually(lambda: not _exists(near, name) and not _exists(far, name), "both are gone")
