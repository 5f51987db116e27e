"""RDS Proxy in front of a writer: connections are shared, and outlive a failover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import pulumi

from components import aws
from components.database_parts import PORT
from components.errors import Refusal
from components.iam import policy_document, trusts
from components.network import StoreAccess, store_security_group
from components.options import child

TARGET_GROUP = "default"
"""The only target group that a proxy has (RDS API Reference, `ModifyDBProxyTargetGroup`)."""
MOST_PERCENT = 90
MOST_BORROW_SECONDS = 300
MOST_IDLE_SECONDS = 28_800
"""RDS API Reference, `ConnectionBorrowTimeout` and `IdleClientTimeout`."""


class ProxyKnobs(Protocol):
    """What decides about a proxy's safety."""

    @property
    def connections_percent(self) -> int: ...
    @property
    def wait_seconds(self) -> int: ...
    @property
    def idle_seconds(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class WriterProxyArgs:
    """A proxy for the writer. Clients need TLS and the owner's password; the proxy reads that secret and no other.

    Attributes:
        connections_percent: Share of the writer's connections that the proxy may take, 1 to 90: the rest is for
            replication, and for whoever has to look at a writer that is busy.
        wait_seconds: Seconds that a client waits for a connection before it is refused, 1 to 300.
        idle_seconds: Seconds after which a client that says nothing is disconnected, 1 to 28800.
    """

    connections_percent: int = 80
    wait_seconds: int = 30
    idle_seconds: int = 1800


def refusals(knobs: ProxyKnobs) -> Iterator[Refusal]:
    """Rules of a proxy."""
    for name, value, most in (
        ("connections_percent", knobs.connections_percent, MOST_PERCENT),
        ("wait_seconds", knobs.wait_seconds, MOST_BORROW_SECONDS),
        ("idle_seconds", knobs.idle_seconds, MOST_IDLE_SECONDS),
    ):
        if not 1 <= value <= most:
            yield Refusal(f"proxy.{name}", value, f"write 1 to {most}")


@dataclass(frozen=True, kw_only=True)
class ProxiedWriter:
    """What the proxy is in front of.

    Attributes:
        identifier: Name of the writer; the proxy's is `<identifier>-proxy`.
        writer: Its name, known when it is made.
        secret_arn: Its owner's credentials.
        access: Where it lives and who may connect.
        group: Its security group.
        tags: On everything.
    """

    identifier: str
    writer: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    access: StoreAccess
    group: aws.SecurityGroup
    tags: Mapping[str, str]


class WriterProxy(pulumi.ComponentResource):
    """RDS Proxy with one target.

    Attributes:
        endpoint: Its host, told when the writer is its target.
    """

    endpoint: pulumi.Output[str]

    def __init__(
        self, name: str, args: WriterProxyArgs, behind: ProxiedWriter, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundwork:index:WriterProxy", name, None, opts)
        identifier = f"{behind.identifier}-proxy"
        group = store_security_group(self, name, identifier, PORT, behind.access, behind.tags)
        _let_through(self, name, group, behind)
        proxy = aws.DatabaseProxy(
            f"{name}-proxy",
            name=identifier,
            engine_family="POSTGRESQL",
            role_arn=_role(self, name, identifier, behind),
            vpc_subnet_ids=list(behind.access.subnet_ids),
            vpc_security_group_ids=[group.id],
            require_tls=True,
            idle_client_timeout=args.idle_seconds,
            # It would write statements, with the users' data in them, to a log.
            debug_logging=False,
            auths=[
                {
                    "auth_scheme": "SECRETS",
                    "secret_arn": behind.secret_arn,
                    "iam_auth": "DISABLED",
                    "client_password_auth_type": "POSTGRES_SCRAM_SHA_256",
                }
            ],
            tags=dict(behind.tags),
            opts=child(self),
        )
        pool = aws.DatabaseProxyTargetGroup(
            f"{name}-pool",
            db_proxy_name=proxy.name,
            connection_pool_config={
                "max_connections_percent": args.connections_percent,
                "max_idle_connections_percent": args.connections_percent // 2,
                "connection_borrow_timeout": args.wait_seconds,
            },
            opts=child(self),
        )
        target = aws.DatabaseProxyTarget(
            f"{name}-target",
            db_proxy_name=proxy.name,
            target_group_name=TARGET_GROUP,
            db_instance_identifier=behind.writer,
            opts=child(self, depends_on=[pool]),
        )
        self.endpoint = pulumi.Output.all(proxy.endpoint, target.id).apply(lambda made: str(made[0]))
        self.register_outputs({"endpoint": self.endpoint})


def _role(parent: pulumi.Resource, name: str, identifier: str, behind: ProxiedWriter) -> pulumi.Output[str]:
    """The role that the proxy fetches the password with: this one secret, and nothing else (RDS User Guide, Setting
    up IAM policies for RDS Proxy). The secret has AWS's own key, which needs no right of its own."""
    role = aws.Role(
        f"{name}-role",
        name=identifier,
        description=f"Reads the credentials of {behind.identifier}",
        assume_role_policy=policy_document(trusts("rds.amazonaws.com")),
        tags=dict(behind.tags),
        opts=child(parent),
    )
    policy = aws.RolePolicy(
        f"{name}-role-policy",
        name="read-credentials",
        role=role.name,
        policy=behind.secret_arn.apply(
            lambda arn: policy_document({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn})
        ),
        opts=child(parent),
    )
    # The proxy tries it as soon as it is made.
    return pulumi.Output.all(role.arn, policy.id).apply(lambda made: str(made[0]))


def _let_through(parent: pulumi.Resource, name: str, group: aws.SecurityGroup, behind: ProxiedWriter) -> None:
    """From the proxy to the writer: out of the one group, into the other."""
    aws.SecurityGroupEgressRule(
        f"{name}-to-writer",
        security_group_id=group.id,
        referenced_security_group_id=behind.group.id,
        description=f"The writer {behind.identifier}",
        tags=dict(behind.tags),
        from_port=PORT,
        to_port=PORT,
        ip_protocol="tcp",
        opts=child(parent),
    )
    aws.SecurityGroupIngressRule(
        f"{name}-from-proxy",
        security_group_id=behind.group.id,
        referenced_security_group_id=group.id,
        description=f"The proxy of {behind.identifier}",
        tags=dict(behind.tags),
        from_port=PORT,
        to_port=PORT,
        ip_protocol="tcp",
        opts=child(parent),
    )
