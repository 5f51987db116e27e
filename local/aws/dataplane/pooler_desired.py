"""What runs behind RDS proxies: read from the API's models, plain data from here on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from local.aws.extensions.rds_parameters import connections
from local.aws.extensions.rds_proxy import Proxy
from local.aws.state import ACCOUNT

if TYPE_CHECKING:
    from local.aws.extensions.rds import Instance

ADMINISTRATOR = "rdsproxyadmin"
"""With which the platform itself logs in to a pooler; RDS reserves the name for itself too."""


class Unusable(Exception):
    """A secret is of no use to a proxy; the message says why, without anything of its content."""


@dataclass(frozen=True)
class Credential:
    """A database user's name and password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class PoolTarget:
    """The database behind a proxy.

    Attributes:
        address: The instance's endpoint.
        host: Where poolers connect to: the same, but who comes while nobody writes is kept waiting.
        database: One that it has.
        connections: How many it takes (`max_connections`).
    """

    address: str
    host: str
    port: int
    database: str
    connections: int


@dataclass(frozen=True)
class Pooler:
    """One RDS proxy.

    Attributes:
        requires_tls: Clients without TLS are refused.
        credentials: Of those who may log in, and with which it logs in to the database.
        unusable: Why the others have none.
        target: None: it has none, or its instance is gone.
        idle_seconds: After which a client that says nothing is disconnected.
        connections_percent: Share of the database's connections that it may have.
        idle_percent: Share of them that it may have open without use.
        wait_seconds: How long a client waits for one of them.
        init_query: What each of them begins with.
        is_verbose: It logs clients that come and go.
    """

    name: str
    address: str
    requires_tls: bool
    credentials: tuple[Credential, ...]
    unusable: tuple[str, ...]
    target: PoolTarget | None
    idle_seconds: int
    connections_percent: int
    idle_percent: int
    wait_seconds: int
    init_query: str
    is_verbose: bool


def waiting_address(address: str) -> str:
    """Where an instance's HAProxy has clients wait for a writer: on the loopback, told apart by the endpoint's address.

    Nobody outside the platform's own processes reaches it.
    """
    return ".".join(["127", *address.split(".")[1:]])


def pooler(proxy: Proxy, target: PoolTarget | None) -> Pooler:
    """The proxy's server."""
    usable: dict[str, Credential] = {}
    unusable = []
    for item in proxy.auth:
        try:
            credential = _credential(item["SecretArn"])
        except Unusable as error:
            unusable.append(str(error))
        else:
            usable[credential.username] = credential
    return Pooler(
        name=proxy.server,
        address=proxy.endpoint,
        requires_tls=bool(proxy.require_tls),
        credentials=tuple(usable.values()),
        unusable=tuple(unusable),
        target=target,
        idle_seconds=int(proxy.idle_client_timeout or 1800),
        connections_percent=proxy.pool.max_connections,
        idle_percent=proxy.pool.max_idle_connections,
        wait_seconds=proxy.pool.borrow_timeout,
        init_query=proxy.pool.init_query,
        is_verbose=bool(proxy.debug_logging),
    )


def pool_target(instance: Instance, address: str) -> PoolTarget:
    """The instance as a pooler sees it.

    Args:
        address: Its endpoint.
    """
    return PoolTarget(
        address=address,
        host=waiting_address(address),
        port=int(instance.port or 5432),
        database=instance.db_name or "postgres",
        connections=connections(instance.parameter_values),
    )


def _credential(arn: str) -> Credential:
    """What the secret's current version says."""
    region = arn.split(":")[3] if arn.count(":") >= 6 else ""
    backends = secretsmanager_backends[ACCOUNT]
    secret = backends[region].secrets.get(arn) if region in backends else None
    if not isinstance(secret, FakeSecret) or secret.is_deleted():
        raise Unusable(f"there is no secret {arn}")
    version: Mapping[str, Any] = secret.versions.get(secret.default_version_id or "", {})
    return read_credential(arn, version.get("secret_string"))


def read_credential(arn: str, text: str | None) -> Credential:
    """Name and password from a secret's text: JSON with `username` and `password` (RDS User Guide, RDS Proxy).

    Raises:
        Unusable: it has no such thing.
    """
    try:
        found = json.loads(text or "")
    except ValueError:
        found = None
    values: Sequence[Any] = [found.get(name) for name in ("username", "password")] if isinstance(found, dict) else []
    if len(values) != 2 or not all(isinstance(value, str) and value for value in values):
        raise Unusable(f"the secret {arn} is no JSON with username and password")
    username, password = values
    if username == ADMINISTRATOR or not (username.isprintable() and password.isprintable()):
        raise Unusable(f"the secret {arn} has a username or password that a proxy cannot use")
    return Credential(username, password)
