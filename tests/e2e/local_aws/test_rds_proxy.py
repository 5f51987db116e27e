"""An RDS proxy is a real PgBouncer: clients share connections and outlive a failover (P0-REPLICA, PV-DBFAIL)."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.aws import lifecycle
from local.aws.dataplane.clean import addresses
from local.aws.dataplane.pooler_desired import ADMINISTRATOR
from local.aws.layout import Layout
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes
from tests.fixtures.databases import PASSWORD, Database, Wait, available

pytestmark = pytest.mark.e2e

CLIENTS = 200
SHARE = 10
"""Percent of the database's 100 connections, so just as many."""


@dataclass(frozen=True)
class Proxied:
    """A database behind a proxy, and the secret with its owner's password."""

    database: Database
    name: str
    address: str
    secrets: Any
    secret: str
    layout: Layout
    server: str

    def connect(self, password: str = PASSWORD, **more: Any) -> psycopg.Connection[Any]:
        """As a client of the proxy. No statement is prepared: it would be for one transaction."""
        wanted = {"host": self.address, "prepare_threshold": None, "connect_timeout": 60, **more}
        return self.database.connect(self.database.name, password, **wanted)

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.database.api.describe_db_proxies(DBProxyName=self.name)["DBProxies"][0]
        return found

    def health(self) -> tuple[str, str]:
        """State and reason of its target."""
        [target] = self.database.api.describe_db_proxy_targets(DBProxyName=self.name)["Targets"]
        return target["TargetHealth"]["State"], target["TargetHealth"].get("Reason", "")

    def keep(self, username: str, password: str) -> None:
        """Have the secret say so."""
        content = json.dumps({"username": username, "password": password})
        self.secrets.put_secret_value(SecretId=self.secret, SecretString=content)

    def process(self) -> int:
        """Of its PgBouncer."""
        running = Processes(self.layout.server_records).running(self.server)
        assert running is not None
        return running.pid


@pytest.fixture(scope="module")
def proxied(
    client: Callable[[str], Any], unique: str, authority: str, eventually: Wait, paths: Paths, plan: Plan
) -> Iterator[Proxied]:
    api, secrets = client("rds"), client("secretsmanager")
    database = Database(unique, api, authority)
    database.create(unique, MultiAZ=True)
    content = json.dumps({"username": "app", "password": PASSWORD})
    secret = secrets.create_secret(Name=unique, SecretString=content)["ARN"]
    name = f"{unique}-proxy"
    made = api.create_db_proxy(
        DBProxyName=name,
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": secret, "IAMAuth": "DISABLED"}],
        RoleArn="arn:aws:iam::123456789012:role/proxy",
        VpcSubnetIds=[subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"][:2]],
        RequireTLS=True,
    )["DBProxy"]
    assert made["Status"] == "creating"
    layout = Layout.of(paths)
    proxied = Proxied(database, name, made["Endpoint"], secrets, secret, layout, f"proxy-{plan.region}-{name}")
    eventually(lambda: proxied.described()["Status"] == "available", "the proxy is available")
    api.register_db_proxy_targets(DBProxyName=name, DBInstanceIdentifiers=[unique])
    api.modify_db_proxy_target_group(
        DBProxyName=name,
        TargetGroupName="default",
        ConnectionPoolConfig={"MaxConnectionsPercent": SHARE, "ConnectionBorrowTimeout": 60},
    )
    available(database, unique, eventually)
    eventually(lambda: proxied.health() == ("AVAILABLE", ""), "the target is available")
    eventually(lambda: proxied.described()["Status"] == "available", "the proxy has taken its settings")
    yield proxied
    api.delete_db_proxy(DBProxyName=name)
    assert proxied.described()["Status"] == "deleting"
    eventually(lambda: name not in {each["DBProxyName"] for each in api.describe_db_proxies()["DBProxies"]}, "it goes")
    assert Processes(layout.server_records).running(proxied.server) is None
    assert made["Endpoint"] not in addresses(plan)
    assert not (layout.servers / proxied.server).exists()
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    database.remove_all(eventually)


def test_two_hundred_clients_share_few_connections(proxied: Proxied) -> None:
    """P0-REPLICA: the share of the target group is kept, and nothing of a session is left to the next client."""

    def work(connection: psycopg.Connection[Any]) -> int:
        row = connection.execute("SELECT pg_backend_pid(), current_setting('work_mem'), pg_sleep(0.01)").fetchone()
        assert row is not None and row[1] == "4MB"
        connection.execute("SET work_mem = '5MB'")
        return int(row[0])

    with ExitStack() as opened, ThreadPoolExecutor(20) as several:
        clients = [opened.enter_context(each) for each in several.map(lambda _: proxied.connect(), range(CLIENTS))]
        servers = set(several.map(work, clients))
        behind = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()"
        # The proxy's own look at its target may be among them.
        assert proxied.database.ask(proxied.database.name, behind) <= SHARE + 1
    assert 1 < len(servers) <= SHARE


def test_strangers_and_plain_text_are_refused(proxied: Proxied) -> None:
    """SR-DB: TLS is required, the certificate is the proxy's, passwords count, the console is closed to clients."""
    for wrong in (
        {"sslmode": "disable"},
        {"password": "wrong"},
        {"user": "stranger"},
        {"user": ADMINISTRATOR, "dbname": "pgbouncer"},
    ):
        with pytest.raises(psycopg.OperationalError):
            proxied.connect(**wrong)


def test_secrets_stay_secret(proxied: Proxied) -> None:
    """SR-SECRET: what holds passwords is the server's alone, and nothing of them is logged."""
    folder = proxied.layout.servers / proxied.server
    holding = [path for path in folder.iterdir() if PASSWORD in path.read_text()]
    assert [path.name for path in holding] == ["users.txt"]
    assert holding[0].stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700
    assert PASSWORD not in (proxied.layout.logs / f"{proxied.server}.log").read_text()


def test_changes_are_taken_while_clients_stay(proxied: Proxied, eventually: Wait) -> None:
    """P0-REPLICA: RequireTLS, the pool's InitQuery; the API says when they are in effect."""
    api = proxied.database.api

    def taken() -> bool:
        return bool(proxied.described()["Status"] == "available")

    with proxied.connect() as client:
        process = proxied.process()
        assert api.modify_db_proxy(DBProxyName=proxied.name, RequireTLS=False)["DBProxy"]["Status"] == "modifying"
        eventually(taken, "TLS is not required")
        api.modify_db_proxy_target_group(
            DBProxyName=proxied.name,
            TargetGroupName="default",
            ConnectionPoolConfig={"InitQuery": "SET work_mem = '7MB'"},
        )
        eventually(taken, "the query is taken")
        with proxied.connect(sslmode="disable") as plain:
            eventually(lambda: plain.execute("SHOW work_mem").fetchone() == ("7MB",), "connections begin with it")
            plain.execute("SET work_mem = '5MB'")
            assert plain.execute("SHOW work_mem").fetchone() == ("7MB",)
        api.modify_db_proxy(DBProxyName=proxied.name, RequireTLS=True)
        api.modify_db_proxy_target_group(
            DBProxyName=proxied.name, TargetGroupName="default", ConnectionPoolConfig={"InitQuery": ""}
        )
        eventually(taken, "all is as before")
        with pytest.raises(psycopg.OperationalError):
            proxied.connect(sslmode="disable")
        assert client.execute("SELECT 1").fetchone() == (1,)
    assert proxied.process() == process


def test_a_failover_keeps_the_clients_connections(proxied: Proxied, eventually: Wait) -> None:
    """PV-DBFAIL: who is in no transaction just waits until the standby writes."""
    from tests.e2e.local_aws.test_postgres_failover import Server, standby_follows

    eventually(lambda: standby_follows(proxied.database), "the standby follows")
    server = Server(proxied.layout, proxied.server.replace("proxy-", "postgres-").removesuffix("-proxy"))
    with ExitStack() as opened, ThreadPoolExecutor(20) as several:
        clients = [opened.enter_context(proxied.connect()) for _ in range(20)]
        before = server.writer
        with proxied.database.connect(proxied.database.name) as connection:
            serving = [row[0] for row in connection.execute("SELECT pid FROM pg_stat_activity").fetchall()]
        server.kill(before, whole=True)
        # Sessions outlive their server by a moment: who asks just then has a transaction that is lost.
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in serving), "its sessions have ended")
        question = "SELECT host(inet_server_addr()), pg_is_in_recovery()"
        answers = set(several.map(lambda each: each.execute(question).fetchone(), clients))
        assert len(answers) == 1 and not next(iter(answers))[1]
    eventually(lambda: standby_follows(proxied.database), "the old writer follows")
    assert server.writer != before
    available(proxied.database, proxied.database.name, eventually)
    eventually(lambda: proxied.health() == ("AVAILABLE", ""), "the target is available")


def test_a_rotated_secret_is_taken_while_clients_stay(proxied: Proxied, eventually: Wait) -> None:
    """P0-SECRETS: the new password counts, the old one does not, and nobody is disconnected."""
    other = "other \"password\" of the 'tests'"

    def enters(password: str) -> bool:
        try:
            proxied.connect(password).close()
        except psycopg.OperationalError:
            return False
        return True

    with proxied.connect() as client:
        assert client.execute("SELECT 1").fetchone() == (1,)
        for new, old in ((other, PASSWORD), (PASSWORD, other)):
            proxied.database.api.modify_db_instance(
                DBInstanceIdentifier=proxied.database.name, MasterUserPassword=new, ApplyImmediately=True
            )
            proxied.keep("app", new)
            available(proxied.database, proxied.database.name, eventually)
            eventually(lambda new=new: enters(new), "the new password is taken")
            assert not enters(old)
            assert client.execute("SELECT 1").fetchone() == (1,)


def test_a_target_that_cannot_be_used_says_why(proxied: Proxied, eventually: Wait) -> None:
    """P0-OBS: TargetHealth, for a wrong password and for a secret that holds none."""
    for content in ('{"username": "app", "password": "wrong"}', "no JSON"):
        proxied.secrets.put_secret_value(SecretId=proxied.secret, SecretString=content)
        eventually(lambda: proxied.health() == ("UNAVAILABLE", "AUTH_FAILURE"), f"{content} is told")
        proxied.keep("app", PASSWORD)
        eventually(lambda: proxied.health() == ("AVAILABLE", ""), "the target is available again")
    with proxied.connect() as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_it_comes_back_and_is_taken_over(proxied: Proxied, eventually: Wait, paths: Paths, plan: Plan) -> None:
    """P0-REPLICA: after kill -9 of the pooler, and with the same process after kill -9 of the endpoint."""

    def enters() -> bool:
        try:
            proxied.connect(connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    killed = proxied.process()
    os.kill(killed, signal.SIGKILL)
    eventually(enters, "the proxy serves again")
    again = proxied.process()
    assert again != killed
    with proxied.connect() as client:
        endpoint = Processes(Layout.of(paths).endpoint_records).running(lifecycle.ENDPOINT)
        assert endpoint is not None
        os.kill(endpoint.pid, signal.SIGKILL)
        eventually(lambda: lifecycle.who_answers(plan) == str(Layout.of(paths).root), "the endpoint answers again")
        eventually(lambda: proxied.health() == ("AVAILABLE", ""), "the target is asked again")
        assert client.execute("SELECT 1").fetchone() == (1,)
    assert proxied.process() == again and proxied.described()["Status"] == "available"
