"""RDS Proxy in front of the writer: what it may do, who reaches it, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.database import PostgresCluster
from components.database_proxy import WriterProxyArgs
from components.errors import Refused
from tests.unit.components.test_database import ARGS

pytestmark = pytest.mark.unit

PROXIED = replace(ARGS, proxy=WriterProxyArgs())


def test_there_is_none_unless_asked_for(record: Callable[..., Any]) -> None:
    async def build() -> Any:
        cluster = PostgresCluster("database", ARGS)
        return await cluster.writer_url.future(), cluster.proxy_endpoint

    recording = record(build)
    url, endpoint = recording.result
    assert "@database-writer.test:5432/" in url
    assert endpoint is None
    assert not recording.of("rds/proxy:Proxy")


def test_the_writers_clients_are_led_through_it(record: Callable[..., Any]) -> None:
    """P0-REPLICA: checks and runbooks keep the writer's own address."""

    async def build() -> Any:
        cluster = PostgresCluster("database", PROXIED)
        assert cluster.proxy_endpoint is not None
        outputs = {name: await cluster.outputs[name].future() for name in ("proxyEndpoint", "writerEndpoint")}  # type: ignore[union-attr]
        return await cluster.writer_url.future(), await cluster.reader_urls.future(), outputs

    writer, readers, outputs = record(build).result
    assert "@database-proxy-proxy.test:5432/app?sslmode=verify-full" in writer
    assert "proxy" not in readers, "RDS Proxy serves the writer"
    assert outputs == {"proxyEndpoint": "database-proxy-proxy.test", "writerEndpoint": "database-writer.test"}


def test_it_demands_tls_and_the_owners_password(record: Callable[..., Any]) -> None:
    """SR-DB."""
    proxy = record(lambda: PostgresCluster("database", PROXIED)).one("rds/proxy:Proxy").inputs
    assert proxy["name"] == "shop-prod-database-proxy"
    assert proxy["requireTls"] is True
    assert proxy["debugLogging"] is False, "statements hold the users' data"
    [auth] = proxy["auths"]
    assert auth["secretArn"] == "arn:aws:test:::database-credentials-secret"
    assert auth["clientPasswordAuthType"] == "POSTGRES_SCRAM_SHA_256"
    assert proxy["vpcSubnetIds"] == ["subnet-a", "subnet-b"]


def test_its_role_reads_one_secret_and_nothing_else(record: Callable[..., Any]) -> None:
    recording = record(lambda: PostgresCluster("database", PROXIED))
    trust = json.loads(recording.one("iam/role:Role", "database-proxy-role").inputs["assumeRolePolicy"])
    assert [item["Principal"] for item in trust["Statement"]] == [{"Service": "rds.amazonaws.com"}]
    policy = json.loads(recording.one("RolePolicy", "database-proxy-role-policy").inputs["policy"])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "arn:aws:test:::database-credentials-secret",
        }
    ]


def test_clients_reach_the_proxy_and_the_proxy_the_writer(record: Callable[..., Any]) -> None:
    recording = record(lambda: PostgresCluster("database", PROXIED))
    proxy, writer = "database-proxy-access-id", "database-access-id"
    rules = {
        (item.type.rpartition(":")[2], item.inputs["securityGroupId"]): (
            item.inputs.get("cidrIpv4") or item.inputs.get("referencedSecurityGroupId")
        )
        for item in recording.resources
        if "SecurityGroup" in item.type and item.type.endswith("Rule") and item.name.startswith("database-proxy")
    }
    assert rules == {
        ("SecurityGroupIngressRule", proxy): "10.0.0.0/20",
        ("SecurityGroupEgressRule", proxy): writer,
        ("SecurityGroupIngressRule", writer): proxy,
    }
    assert recording.one("rds/proxy:Proxy").inputs["vpcSecurityGroupIds"] == [proxy]


def test_its_pool_leaves_connections_to_others(record: Callable[..., Any]) -> None:
    args = replace(ARGS, proxy=WriterProxyArgs(connections_percent=60, wait_seconds=5, idle_seconds=600))
    recording = record(lambda: PostgresCluster("database", args))
    pool = recording.one("ProxyDefaultTargetGroup").inputs
    assert pool["connectionPoolConfig"] == {
        "maxConnectionsPercent": 60,
        "maxIdleConnectionsPercent": 30,
        "connectionBorrowTimeout": 5,
    }
    assert recording.one("rds/proxy:Proxy").inputs["idleClientTimeout"] == 600
    target = recording.one("ProxyTarget").inputs
    assert (target["targetGroupName"], target["dbInstanceIdentifier"]) == ("default", "shop-prod-database")


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"connections_percent": 0}, "proxy.connections_percent"),
        ({"connections_percent": 100}, "proxy.connections_percent"),
        ({"wait_seconds": 301}, "proxy.wait_seconds"),
        ({"idle_seconds": 0}, "proxy.idle_seconds"),
    ],
)
def test_what_rds_would_refuse_is_refused_at_once(
    record: Callable[..., Any], change: dict[str, int], setting: str
) -> None:
    def build() -> Refused:
        with pytest.raises(Refused) as caught:
            PostgresCluster("database", replace(ARGS, proxy=WriterProxyArgs(**change)))
        return caught.value

    recording = record(build)
    assert [item.setting for item in recording.result.refusals] == [setting]
    assert [item.type for item in recording.resources] == ["groundwork:index:PostgresCluster"]
