"""Users and user groups through ElastiCache's API, and what a real Redis makes of them (SR-REDIS-HA, P0-SECRETS)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from botocore.exceptions import ClientError
from redis.backoff import NoBackoff
from redis.retry import Retry

from components.redis_access import EVERYDAY_ACCESS, NO_ACCESS
from local.aws.dataplane.redis_config import CONTROL_USER, Credentials, render
from local.aws.dataplane.redis_desired import RedisServer, RedisUser
from local.aws.dataplane.redis_process import let_in
from tests.fixtures.checks.servers import free_port

pytestmark = pytest.mark.unit

FIRST, SECOND, THIRD = "first-password-of-it", "second-password-of-it", "third-password-of-it"


@pytest.fixture
def elasticache(client: Callable[..., Any]) -> Any:
    return client("elasticache")


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def _user(api: Any, identifier: str, name: str, **more: Any) -> None:
    declared = {"Engine": "redis", "AccessString": "on ~* +@all", "Passwords": [FIRST], **more}
    api.create_user(UserId=identifier, UserName=name, **declared)


def _group(api: Any, unique: str) -> None:
    """A user group with the users `<unique>-default` and `<unique>-app`."""
    _user(api, f"{unique}-default", "default", AccessString="off ~* -@all")
    _user(api, f"{unique}-app", "app")
    api.create_user_group(UserGroupId=unique, Engine="redis", UserIds=[f"{unique}-default", f"{unique}-app"])


def _cluster(api: Any, unique: str, **more: Any) -> None:
    declared = {
        "ReplicationGroupDescription": "d",
        "CacheNodeType": "cache.t4g.micro",
        "TransitEncryptionEnabled": True,
    }
    api.create_replication_group(ReplicationGroupId=unique, **declared, **more)


def test_a_user_is_told_back_without_its_passwords(elasticache: Any, unique: str) -> None:
    _user(elasticache, unique, "app", Passwords=[FIRST, SECOND], Tags=[{"Key": "a", "Value": "b"}])
    [user] = elasticache.describe_users(UserId=unique)["Users"]
    assert (user["UserName"], user["AccessString"], user["Status"]) == ("app", "on ~* +@all", "active")
    assert user["Authentication"] == {"Type": "password", "PasswordCount": 2}
    assert FIRST not in str(user)
    assert elasticache.list_tags_for_resource(ResourceName=user["ARN"])["TagList"] == [{"Key": "a", "Value": "b"}]
    elasticache.modify_user(UserId=unique, AccessString="on ~app:* +@read", Passwords=[SECOND])
    [user] = elasticache.describe_users(UserId=unique)["Users"]
    assert (user["AccessString"], user["Authentication"]["PasswordCount"]) == ("on ~app:* +@read", 1)
    elasticache.delete_user(UserId=unique)
    with pytest.raises(ClientError) as error:
        elasticache.describe_users(UserId=unique)
    assert _code(error) == "UserNotFound"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"Passwords": ["short"]}, "InvalidParameterValue"),
        ({"Passwords": [FIRST, SECOND, THIRD]}, "InvalidParameterValue"),
        ({"NoPasswordRequired": True}, "InvalidParameterCombination"),
        ({"AccessString": "on ~* +@everything"}, "InvalidParameterValue"),
        ({"AccessString": "on ~* +@all >password"}, "InvalidParameterValue"),
        ({"Engine": "valkey"}, "UnsupportedOperation"),
    ],
)
def test_a_wrong_user_is_refused(elasticache: Any, unique: str, more: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        _user(elasticache, unique, "app", **more)
    assert _code(error) == code
    with pytest.raises(ClientError):
        elasticache.describe_users(UserId=unique)


def test_a_group_has_one_default_and_no_name_twice(elasticache: Any, unique: str) -> None:
    _group(elasticache, unique)
    _user(elasticache, f"{unique}-more", "app")
    for change, code in (
        ({"UserIdsToRemove": [f"{unique}-default"]}, "DefaultUserRequired"),
        ({"UserIdsToAdd": [f"{unique}-more"]}, "DuplicateUserName"),
        ({"UserIdsToAdd": ["nobody"]}, "UserNotFound"),
    ):
        with pytest.raises(ClientError) as error:
            elasticache.modify_user_group(UserGroupId=unique, **change)
        assert _code(error) == code
    elasticache.modify_user_group(
        UserGroupId=unique, UserIdsToAdd=[f"{unique}-more"], UserIdsToRemove=[f"{unique}-app"]
    )
    [group] = elasticache.describe_user_groups(UserGroupId=unique)["UserGroups"]
    assert group["UserIds"] == [f"{unique}-default", f"{unique}-more"]
    with pytest.raises(ClientError) as error:
        elasticache.delete_user(UserId=f"{unique}-default")
    assert _code(error) == "DefaultUserAssociatedToUserGroup"


def test_a_cluster_takes_a_token_or_a_user_group(elasticache: Any, unique: str) -> None:
    """SR-REDIS-HA: one replaces the other in one request, and never the other way round by a token on top."""
    _group(elasticache, unique)
    with pytest.raises(ClientError) as error:
        _cluster(elasticache, unique, UserGroupIds=[unique], AuthToken=FIRST)
    assert _code(error) == "InvalidParameterCombination"
    _cluster(elasticache, unique, AuthToken=FIRST)
    with pytest.raises(ClientError) as error:
        elasticache.modify_replication_group(ReplicationGroupId=unique, UserGroupIdsToAdd=[unique])
    assert _code(error) == "InvalidParameterCombination"
    elasticache.modify_replication_group(
        ReplicationGroupId=unique, UserGroupIdsToAdd=[unique], AuthTokenUpdateStrategy="DELETE"
    )
    [cluster] = elasticache.describe_replication_groups(ReplicationGroupId=unique)["ReplicationGroups"]
    assert (cluster["UserGroupIds"], cluster["AuthTokenEnabled"]) == ([unique], False)
    [group] = elasticache.describe_user_groups(UserGroupId=unique)["UserGroups"]
    assert group["ReplicationGroups"] == [unique]
    with pytest.raises(ClientError) as error:
        elasticache.modify_replication_group(ReplicationGroupId=unique, AuthToken=SECOND, AuthTokenUpdateStrategy="SET")
    assert _code(error) == "InvalidParameterCombination"
    with pytest.raises(ClientError) as error:
        elasticache.delete_user_group(UserGroupId=unique)
    assert _code(error) == "InvalidUserGroupState"
    elasticache.delete_replication_group(ReplicationGroupId=unique)
    elasticache.delete_user_group(UserGroupId=unique)


NOBODY = RedisUser("default", NO_ACCESS, ("password-of-nobody-at-all",))
CONTROL = "password-of-the-platform"


@pytest.fixture
def declared() -> RedisServer:
    """A server whose users are `app` and nobody else."""
    app = RedisUser("app", EVERYDAY_ACCESS, (FIRST,))
    return RedisServer("redis-test", "127.0.0.1", free_port(), False, ("",), {}, None, (NOBODY, app))


@pytest.fixture
def running(declared: RedisServer, tmp_path: Path) -> Iterator[Callable[..., redis.Redis]]:
    """A real Redis with the configuration that the data plane writes; returns what connects to it."""
    file = tmp_path / "redis.conf"
    file.write_text(render(declared, tmp_path, Credentials(CONTROL, None, None, tmp_path / "ca.pem")))
    assert not any(password in file.read_text() for user in declared.users for password in user.passwords)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(["redis-server", str(file)], stdout=log, stderr=log)

    def connect(username: str | None = None, password: str | None = None) -> redis.Redis:
        # A refusal is no reason to ask again.
        once = Retry(NoBackoff(), 0)
        port = declared.port
        return redis.Redis("127.0.0.1", port, username=username, password=password, decode_responses=True, retry=once)

    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                with connect(CONTROL_USER, CONTROL) as control:
                    control.ping()
                break
            except redis.ConnectionError:
                assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.05)
        yield connect
    finally:
        process.kill()
        process.wait()


def test_users_get_in_by_name_and_password_and_do_what_they_may(running: Callable[..., redis.Redis]) -> None:
    """SR-REDIS-HA: nobody without a login, nobody as `default`, and no command beyond the access string."""
    with running("app", FIRST) as app:
        assert app.set("a", "b")
        assert app.info("memory")["maxmemory_policy"]
        assert app.execute_command("ACL", "WHOAMI") == "app"
        assert app.client_list()
        pubsub = app.pubsub()
        pubsub.subscribe("news")
        assert pubsub.get_message(timeout=5) is not None, "channels are open unless an access string names some"
        for command in (("CONFIG", "GET", "*"), ("FLUSHALL",), ("ACL", "SETUSER", "app", "+@all")):
            with pytest.raises(redis.exceptions.NoPermissionError):
                app.execute_command(*command)
    for username, password in ((None, None), (None, FIRST), ("default", NOBODY.passwords[0]), ("app", SECOND)):
        with running(username, password) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.get("a")


def test_a_password_is_rotated_with_two_alive(running: Callable[..., redis.Redis], declared: RedisServer) -> None:
    """P0-SECRETS, RB-SECRET: both passwords work until the next rotation; whoever leaves the group is thrown out."""
    app = declared.users[1]

    def become(*users: RedisUser) -> None:
        with running(CONTROL_USER, CONTROL) as control:
            let_in(control, replace(declared, users=(NOBODY, *users)))

    connected = running("app", FIRST)
    connected.ping()
    become(replace(app, passwords=(SECOND, FIRST)))
    assert connected.ping(), "a rotation closes no connection"
    for password in (FIRST, SECOND):
        with running("app", password) as either:
            assert either.ping()
    become(replace(app, passwords=(THIRD, SECOND)))
    with running("app", FIRST) as late, pytest.raises(redis.AuthenticationError):
        late.ping()
    become(RedisUser("reader", "on ~a* -@all +@read", (FIRST,)))
    with running("app", THIRD) as gone, pytest.raises(redis.AuthenticationError):
        gone.ping()
    with running("reader", FIRST) as reader:
        assert reader.get("a") is None
        for command in (("GET", "b"), ("SET", "a", "1")):
            with pytest.raises(redis.exceptions.NoPermissionError):
                reader.execute_command(*command)
    connected.close()
