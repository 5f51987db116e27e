"""RedisCluster with users instead of a token: what it registers and what it refuses (SR-REDIS-HA, P0-SECRETS)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.errors import Refused
from components.redis import RedisCluster, RedisClusterArgs
from components.redis_access import EVERYDAY_ACCESS, access_cure, user_id
from components.redis_guards import judge_update
from components.redis_users import RedisUserArgs
from local.aws.extensions.elasticache_users import check_access
from tests.unit.components.test_redis import QUEUE

pytestmark = pytest.mark.unit

USERS = replace(
    QUEUE,
    users={"app": RedisUserArgs(), "report": RedisUserArgs(access="on ~* &* -@all +@read")},
    workload_user="app",
)


def test_users_take_the_tokens_place(record: Callable[..., Any]) -> None:
    """SR-REDIS-HA: exactly one of the two, and nobody gets in who does not log in."""
    recording = record(lambda: RedisCluster("queue", USERS))
    cluster = recording.one("ReplicationGroup").inputs
    assert cluster["userGroupIds"] == ["shop-prod-queue"]
    assert "authToken" not in cluster
    assert cluster["authTokenUpdateStrategy"] == "DELETE", "a token that was there goes as the users come"
    group = recording.one("UserGroup").inputs
    assert set(group["userIds"]) == {f"shop-prod-queue-{name}" for name in ("app", "report", "default")}
    default = recording.one("elasticache/user:User", "queue-users-default-user")
    assert default.inputs["userName"] == "default"
    assert default.inputs["accessString"] == "off ~* -@all"
    assert default.is_secret("passwords")
    assert not [item for item in recording.of("Secret") if "default" in item.name], "nobody is to know its password"
    plain = record(lambda: RedisCluster("queue", QUEUE))
    assert not plain.of("elasticache/user:User") and not plain.of("UserGroup")
    assert "userGroupIds" not in plain.one("ReplicationGroup").inputs


def test_each_user_has_a_password_of_its_own_in_secrets_manager(record: Callable[..., Any]) -> None:
    """P0-SECRETS, SR-SECRET: the workloads' URL has one user's name and password; outputs tell no password."""

    async def build() -> Any:
        cluster = RedisCluster("queue", USERS)
        urls = {user: await url.future() for user, url in cluster.urls.items()}
        secret = await cluster.url.is_secret() and all([await url.is_secret() for url in cluster.urls.values()])
        return await cluster.url.future(), urls, secret, dict(cluster.outputs)

    recording = record(build)
    url, urls, secret, outputs = recording.result
    assert url == urls["app"] == "rediss://app:generated-queue-users-app-value@primary.test:6379"
    assert urls["report"] == "rediss://report:generated-queue-users-report-value@primary.test:6379"
    assert secret
    assert outputs["username"] == "app"
    assert "generated" not in str(outputs)
    app = recording.one("elasticache/user:User", "queue-users-app-user")
    assert app.inputs["accessString"] == EVERYDAY_ACCESS
    assert app.inputs["passwords"] == ["generated-queue-users-app-value"]
    assert app.is_secret("passwords")
    version = recording.one("SecretVersion", "queue-users-app-version")
    kept = {"username": "app", "password": "generated-queue-users-app-value"}
    assert json.loads(version.inputs["secretString"]) == kept
    names = {item.inputs["name"] for item in recording.of("secret:Secret")}
    assert names == {"shop-prod/redis/queue/app", "shop-prod/redis/queue/report"}


def test_a_rotation_keeps_the_password_before_alive(record: Callable[..., Any]) -> None:
    """P0-SECRETS, RB-SECRET: an ElastiCache user takes two passwords, and the new one is what pods get."""

    async def build() -> Any:
        cluster = RedisCluster("queue", replace(QUEUE, users={"app": RedisUserArgs(generation=3)}))
        return await cluster.url.future()

    recording = record(build)
    alive = [f"generated-queue-users-app-value-{generation}" for generation in (3, 2)]
    assert recording.one("elasticache/user:User", "queue-users-app-user").inputs["passwords"] == alive
    assert recording.result == f"rediss://app:{alive[0]}@primary.test:6379"
    kept = json.loads(recording.one("SecretVersion").inputs["secretString"])
    assert (kept["password"], kept["passwordPrevious"]) == tuple(alive)


def test_a_token_is_rotated_too(record: Callable[..., Any]) -> None:
    """P0-SECRETS: the last token stays valid by ROTATE, and stands beside the new one in Secrets Manager."""
    args = replace(QUEUE, token_generation=2, auth_update_strategy="ROTATE")
    recording = record(lambda: RedisCluster("queue", args))
    cluster = recording.one("ReplicationGroup").inputs
    assert (cluster["authToken"], cluster["authTokenUpdateStrategy"]) == ("generated-queue-token-value-2", "ROTATE")
    kept = json.loads(recording.one("SecretVersion").inputs["secretString"])
    assert kept == {"token": "generated-queue-token-value-2", "tokenPrevious": "generated-queue-token-value"}


def test_ids_are_the_users_own_and_short_enough() -> None:
    """ElastiCache takes 40 characters, and an ID once in an account's region."""
    assert user_id("shop-prod-queue", "app") == "shop-prod-queue-app"
    long = [user_id("a-system-of-a-long-name-prod-queue", f"a-user-of-a-long-name-{letter}") for letter in "ab"]
    assert len(set(long)) == 2
    assert all(len(item) <= 40 and "--" not in item for item in long)


def test_users_are_not_given_up_for_a_token() -> None:
    """SR-REDIS-HA: between the two, ElastiCache would let everybody in."""
    users, token = {"userGroupIds": ["a"]}, {"authToken": "t", "authTokenUpdateStrategy": "SET"}
    reason = judge_update(users, token)
    assert reason is not None and "everybody" in reason
    assert judge_update(token, {**users, "authTokenUpdateStrategy": "DELETE"}) is None


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"auth_update_strategy": "SET"}, "auth_update_strategy"),
        ({"token_generation": 2}, "token_generation"),
        ({"workload_user": None}, "workload_user"),
        ({"workload_user": "somebody"}, "workload_user"),
        ({"users": {}}, "workload_user"),
        ({"users": {}, "workload_user": None, "token_generation": 0}, "token_generation"),
        ({"users": {"default": RedisUserArgs()}, "workload_user": None}, "users.default"),
        ({"users": {"app": RedisUserArgs(generation=0)}}, "users.app.generation"),
        ({"users": {"app": RedisUserArgs(access="off ~* +@all")}}, "users.app.access"),
        ({"users": {f"app-{number}": RedisUserArgs() for number in range(100)}, "workload_user": "app-1"}, "users"),
    ],
)
def test_what_contradicts_itself_is_refused(record: Callable[..., Any], change: dict[str, Any], setting: str) -> None:
    refused: list[Refused] = []

    def build() -> None:
        with pytest.raises(Refused) as caught:
            RedisCluster("queue", replace(USERS, **change))
        refused.append(caught.value)

    recording = record(build)
    assert [item.setting for item in refused[0].refusals] == [setting]
    assert len(recording.resources) == 1


@pytest.mark.parametrize(
    "access",
    [
        EVERYDAY_ACCESS,
        "on ~* +@all",
        "on ~app:* ~shared:* &news -@all +@read +@write -del +client|list",
        "on %R~app:* &* -@all +@read",
        "on ~* -@all +get +set",
    ],
)
def test_access_strings_in_the_form_that_elasticache_answers_are_taken(access: str) -> None:
    """By the component, and by the local endpoint too."""
    assert access_cure(access, "7.1") is None
    check_access(access)


@pytest.mark.parametrize(
    ("access", "version", "word"),
    [
        ("", "7.1", "begin with on"),
        ("off ~* +@all", "7.1", "begin with on"),
        ("~* on +@all", "7.1", "begin with on"),
        ("on ~* +@all nopass", "7.1", "generated"),
        ("on ~* +@all >hunter2", "7.1", "generated"),
        ("on allkeys +@all", "7.1", "~*"),
        ("on ~* allcommands", "7.1", "+@all"),
        ("on ~* +@everything", "7.1", "+@everything is no rule"),
        ("on ~* +@all (+set ~x)", "7.1", "no rule"),
        ("on ~* resetchannels +@all", "7.1", "resetchannels is no rule"),
        ("on +@all ~*", "7.1", "keys come first"),
        ("on &* ~* +@all", "7.1", "keys come first"),
        ("on +@all", "7.1", "names no keys"),
        ("on ~*", "7.1", "from all or none"),
        ("on ~* +get", "7.1", "from all or none"),
        ("on ~* -@all", "7.1", "allows no command"),
        ("on ~* ~* +@all", "7.1", "twice"),
        ("on %R~app:* -@all +@read", "6.2", "needs Redis 7.0"),
        ("on ~* +@all -client|kill", "6.2", "needs Redis 7.0"),
    ],
)
def test_access_strings_of_any_other_form_are_refused_with_the_cure(access: str, version: str, word: str) -> None:
    """They would be refused by ElastiCache, let in nobody, or differ at every refresh."""
    cure = access_cure(access, version)
    assert cure is not None and word in cure


def test_a_password_in_an_access_string_is_not_repeated(record: Callable[..., Any]) -> None:
    """SR-SECRET."""
    args: RedisClusterArgs = replace(QUEUE, users={"app": RedisUserArgs(access="on ~* +@all >hunter2")})

    def build() -> None:
        with pytest.raises(Refused) as caught:
            RedisCluster("queue", args)
        assert "hunter2" not in str(caught.value)
        assert "[secret]" in str(caught.value)

    record(build)
