"""RDS proxies: what PgBouncer is told, what the API takes, and what is known of targets (P0-REPLICA)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.dataplane import pooler_health
from local.aws.dataplane.haproxy import Check, Listener, Member, Pool, Proxy, render
from local.aws.dataplane.haproxy_wait import FILE, SCRIPT
from local.aws.dataplane.pooler_config import access, idle_seconds, quoted, share, users
from local.aws.dataplane.pooler_config import render as render_pooler
from local.aws.dataplane.pooler_desired import (
    ADMINISTRATOR,
    Credential,
    Pooler,
    PoolTarget,
    Unusable,
    read_credential,
    waiting_address,
)
from local.aws.dataplane.pooler_health import Health, classified
from local.aws.extensions.rds_parameters import connections

pytestmark = pytest.mark.unit

FOLDER = Path("/servers/proxy")
POOLER = Pooler(
    name="proxy-eu-west-1-app",
    address="10.213.16.7",
    requires_tls=True,
    credentials=(Credential("app", "secret"),),
    unusable=(),
    target=PoolTarget("10.213.16.3", "127.213.16.3", 5433, "app", 100),
    idle_seconds=1800,
    connections_percent=80,
    idle_percent=40,
    wait_seconds=30,
    init_query="",
    is_verbose=False,
)


def lines(pooler: Pooler) -> list[str]:
    return render_pooler(pooler, FOLDER / "s", FOLDER / "cert.pem", FOLDER / "key.pem", FOLDER / "ca.pem").splitlines()


class TestConfiguration:
    def test_transactions_are_pooled_in_front_of_the_waiting_address(self) -> None:
        told = lines(POOLER)
        assert told[:2] == ["[databases]", "* = host=127.213.16.3 port=5433"]
        assert {
            "listen_addr = 10.213.16.7",
            "listen_port = 5432",
            "pool_mode = transaction",
            "default_pool_size = 80",
            "max_user_connections = 80",
            "query_wait_timeout = 30",
            "client_idle_timeout = 1800",
            "client_tls_sslmode = require",
            "server_tls_sslmode = verify-full",
            "server_reset_query = DISCARD ALL",
            "server_reset_query_always = 1",
        } <= set(told)

    def test_clients_that_come_and_go_are_logged_on_demand(self) -> None:
        assert {"log_connections = 0", "log_disconnections = 0"} <= set(lines(POOLER))
        assert {"log_connections = 1", "log_disconnections = 1"} <= set(lines(replace(POOLER, is_verbose=True)))

    def test_plain_text_is_taken_where_tls_is_not_required(self) -> None:
        assert "client_tls_sslmode = allow" in lines(replace(POOLER, requires_tls=False))

    def test_without_a_target_there_is_no_database(self) -> None:
        told = lines(replace(POOLER, target=None))
        assert told[:2] == ["[databases]", "[pgbouncer]"]

    def test_every_connection_begins_with_the_query_again_after_it_was_reset(self) -> None:
        told = lines(replace(POOLER, init_query="SET a = 'b'"))
        assert told[1].endswith(" connect_query='SET a = ''b'''")
        [reset] = [line for line in told if line.startswith("server_reset_query =")]
        assert "RESET ALL" in reset and reset.endswith("; SET a = 'b'")

    @pytest.mark.parametrize(
        ("connections", "percent", "users", "expected"),
        [(100, 80, 1, 80), (100, 80, 3, 26), (10, 1, 1, 1), (7, 50, 0, 3)],
    )
    def test_the_share_is_never_exceeded_and_never_nothing(
        self, connections: int, percent: int, users: int, expected: int
    ) -> None:
        assert share(connections, percent, users) == expected

    @pytest.mark.parametrize(("percent", "expected"), [(0, 1), (1, 300), (79, 300), (80, 0)])
    def test_unused_connections_go_unless_all_may_stay(self, percent: int, expected: int) -> None:
        assert idle_seconds(replace(POOLER, idle_percent=percent)) == expected

    def test_the_administrator_comes_by_the_socket_only(self) -> None:
        first, second, _ = access().splitlines()
        assert first.startswith("local all all scram") and second == f"host all {ADMINISTRATOR} 0.0.0.0/0 reject"

    def test_quotes_are_doubled(self) -> None:
        told = users(replace(POOLER, credentials=(Credential('a"b', 'c"'),)), "control")
        assert told == f'"{ADMINISTRATOR}" "control"\n"a""b" "c"""\n'
        assert quoted("it's") == "'it''s'"

    def test_pgbouncer_takes_it(self, tmp_path: Path) -> None:
        """The real program names every setting that it does not take, and here ends because of the one added."""
        (tmp_path / "pgbouncer.ini").write_text("\n".join([*lines(POOLER), "no_such_setting = 1", ""]))
        done = subprocess.run(
            ["pgbouncer", "pgbouncer.ini"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
        )
        errors = [line.partition(" ERROR ")[2] for line in done.stderr.splitlines() if " ERROR " in line]
        assert done.returncode != 0 and all("no_such_setting" in error for error in errors) and errors


class TestWaiting:
    def test_haproxy_takes_a_listener_that_waits(self, tmp_path: Path) -> None:
        """PV-DBFAIL: the real program, with its script."""
        check = Check(("option httpchk OPTIONS /leader",), port=8008)
        proxy = Proxy(
            "postgres.endpoint",
            (
                Listener("endpoint", "127.0.0.1", 15999, ("writer",)),
                Listener("poolers", waiting_address("10.0.0.2"), 15999, ("writer",), waits_for="endpoint"),
            ),
            (Pool("writer", (Member("a", "127.0.0.1", 15998),), check),),
        )
        text = render(proxy)
        assert "  tcp-request content lua.wait_until_served 127.0.0.1 15999\n" in text
        (tmp_path / "haproxy.cfg").write_text(text)
        (tmp_path / FILE).write_text(SCRIPT)
        done = subprocess.run(
            ["haproxy", "-c", "-f", "haproxy.cfg"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_each_endpoint_has_a_waiting_address_of_its_own_on_the_loopback(self) -> None:
        assert waiting_address("10.213.16.3") == "127.213.16.3"


class TestCredentials:
    def test_a_secret_is_json_with_name_and_password(self) -> None:
        assert read_credential("arn", '{"username": "app", "password": "p", "host": "h"}') == Credential("app", "p")

    @pytest.mark.parametrize(
        "text",
        [
            None,
            "no JSON",
            "[]",
            '{"username": "app"}',
            '{"username": "app", "password": ""}',
            '{"username": "app", "password": 7}',
            '{"username": "app", "password": "hush\\nhush"}',
            '{"username": "rdsproxyadmin", "password": "hush"}',
        ],
    )
    def test_what_is_of_no_use_is_told_without_its_content(self, text: str | None) -> None:
        with pytest.raises(Unusable, match="the secret arn") as error:
            read_credential("arn", text)
        assert "hush" not in str(error.value)

    def test_passwords_are_not_shown(self) -> None:
        """SR-SECRET."""
        assert "secret'" not in repr(POOLER)


class TestHealth:
    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            ('connection failed: FATAL:  password authentication failed for user "app"', "AUTH_FAILURE"),
            ('connection failed: FATAL:  database "app" does not exist', "CONNECTION_FAILED"),
            ("connection failed: server closed the connection unexpectedly", "UNREACHABLE"),
        ],
    )
    def test_a_failed_login_is_told_as_rds_does(self, error: str, reason: str) -> None:
        """P0-OBS."""
        assert classified(error).reason == reason

    def test_without_instance_or_credentials_nobody_is_asked(self, tmp_path: Path) -> None:
        assert pooler_health.ask(replace(POOLER, target=None), tmp_path).reason == "UNREACHABLE"
        for lacking in (replace(POOLER, credentials=()), replace(POOLER, unusable=("there is no secret",))):
            assert pooler_health.ask(lacking, tmp_path).reason == "AUTH_FAILURE"

    def test_available_is_who_also_gets_through_the_pooler(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """After a refusal PgBouncer would still refuse the next client."""
        import threading

        told = [Health("CONNECTION_FAILED", "not yet"), pooler_health.WELL]
        monkeypatch.setattr(pooler_health, "ask", lambda *_: pooler_health.WELL)
        monkeypatch.setattr(pooler_health, "ask_through", lambda *_: told.pop(0))
        monkeypatch.setattr(pooler_health, "ILL_SECONDS", 0)
        wake = threading.Event()
        watch = pooler_health.Watch(lambda name: FOLDER, FOLDER, wake)
        watch.follow(POOLER)
        assert watch.health(POOLER.name) is None
        watch.look()
        assert watch.health(POOLER.name) == Health("CONNECTION_FAILED", "not yet") and wake.is_set()
        watch.look()
        watch.look()
        assert watch.health(POOLER.name) == pooler_health.WELL
        watch.leave(POOLER.name)
        assert watch.health(POOLER.name) is None


@pytest.mark.parametrize(
    ("parameters", "expected"), [({}, 100), ({"max_connections": "50"}, 50), ({"max_connections": "{A/1}"}, 100)]
)
def test_the_databases_connections_are_its_parameter_groups(parameters: dict[str, str], expected: int) -> None:
    assert connections(parameters) == expected


@pytest.fixture
def rds(client: Callable[..., Any]) -> Any:
    return client("rds")


@pytest.fixture
def named(rds: Any, client: Callable[..., Any], unique: str) -> str:
    """A proxy of this name, without a target."""
    create(rds, client, unique)
    return unique


def create(rds: Any, client: Callable[..., Any], name: str, **more: Any) -> None:
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = [item["SubnetId"] for item in client("ec2").describe_subnets(Filters=default)["Subnets"][:2]]
    rds.create_db_proxy(
        **{
            "DBProxyName": name,
            "EngineFamily": "POSTGRESQL",
            "Auth": [AUTH],
            "RoleArn": "arn:aws:iam::123456789012:role/proxy",
            "VpcSubnetIds": subnets,
            **more,
        }
    )


AUTH = {"AuthScheme": "SECRETS", "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-AbCdEf"}


def test_a_pool_is_told_back_as_it_was_changed(rds: Any, named: str) -> None:
    def change(**config: Any) -> dict[str, Any]:
        answer = rds.modify_db_proxy_target_group(
            DBProxyName=named, TargetGroupName="default", ConnectionPoolConfig=config
        )
        found: dict[str, Any] = answer["DBProxyTargetGroup"]["ConnectionPoolConfig"]
        return found

    first = change(
        MaxConnectionsPercent=60, MaxIdleConnectionsPercent=0, ConnectionBorrowTimeout=5, InitQuery="SELECT 1"
    )
    assert first == {
        "MaxConnectionsPercent": 60,
        "MaxIdleConnectionsPercent": 0,
        "ConnectionBorrowTimeout": 5,
        "SessionPinningFilters": [],
        "InitQuery": "SELECT 1",
    }
    assert change(ConnectionBorrowTimeout=6) == {**first, "ConnectionBorrowTimeout": 6}
    assert change(MaxConnectionsPercent=80)["MaxIdleConnectionsPercent"] == 40
    for wrong in (
        {"MaxConnectionsPercent": 0},
        {"MaxConnectionsPercent": 50, "MaxIdleConnectionsPercent": 51},
        {"ConnectionBorrowTimeout": 301},
        {"InitQuery": "SELECT 1;\nSELECT 2"},
    ):
        with pytest.raises(ClientError, match=str(next(reversed(wrong)))):
            change(**wrong)
    with pytest.raises(ClientError, match="no other"):
        rds.modify_db_proxy_target_group(DBProxyName=named, TargetGroupName="other")


def test_what_a_proxy_does_not_do_is_refused(rds: Any, client: Callable[..., Any], unique: str) -> None:
    for name, value in (
        ("EngineFamily", "MYSQL"),
        ("Auth", [{**AUTH, "ClientPasswordAuthType": "POSTGRES_MD5"}]),
        ("Auth", [{**AUTH, "UserName": "other"}]),
        ("DefaultAuthScheme", "IAM_AUTH"),
        ("EndpointNetworkType", "DUAL"),
        ("TargetConnectionNetworkType", "IPV6"),
    ):
        with pytest.raises(ClientError) as error:
            create(rds, client, unique, **{name: value})
        assert error.value.response["Error"]["Code"] == "UnsupportedOperation", name
    assert unique not in {each["DBProxyName"] for each in rds.describe_db_proxies()["DBProxies"]}


def test_a_target_group_has_one_name(rds: Any, named: str) -> None:
    with pytest.raises(ClientError) as error:
        rds.register_db_proxy_targets(DBProxyName=named, TargetGroupName="x", DBInstanceIdentifiers=["a"])
    assert error.value.response["Error"]["Code"] == "DBProxyTargetGroupNotFoundFault"
