"""What should run: read from the API's models, plain data from here on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.aws import resources
from local.aws.dataplane.redis_desired import (
    RedisEndpoint,
    RedisSentinel,
    RedisServer,
    RedisSnapshot,
    redis_endpoint,
    redis_import,
    redis_sentinels,
    redis_servers,
    redis_snapshot,
)
from local.aws.extensions.cloudfront import CloudFront, Distribution, edge_name
from local.aws.extensions.cloudfront_policies import CACHE, ORIGIN_REQUEST, RESPONSE_HEADERS
from local.aws.extensions.rds import Instance
from local.aws.extensions.rds_proxy import address_owner
from local.aws.extensions.rds_snapshots import Snapshot
from local.aws.state import ADDRESSES, LOCK
from local.aws.web_acl import WebAcl, web_acl


@dataclass(frozen=True)
class Upstream:
    """Where a replica replicates from."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Recovery:
    """How a new instance gets another one's data of some moment.

    Attributes:
        source: The other one, which runs and goes on.
        archive: Name of what keeps its log.
        until: The moment, ISO 8601; None for now.
    """

    source: Upstream
    archive: str
    until: str | None


@dataclass(frozen=True)
class PostgresServer:
    """One database instance: a PostgreSQL server, and a standby of it if it is Multi-AZ.

    Attributes:
        address: Its endpoint, which leads to whichever of its servers is the writer.
        port: Of the endpoint.
        parameters: The parameter group's values by name.
        primary: What it replicates, None for a writer.
        replicas: Names of the instances that replicate this one.
        members: Addresses of its servers by their letters.
        boots: A higher number than last time asks for a restart.
        failovers: A higher number than last time asks for the standby to take over.
        proxies: Addresses of the proxies that lead to it, by the names that they are taken under.
        seed: Name of the snapshot that it begins with; None for an empty database.
        recovery: To which moment that is brought before it begins; None: it begins with the snapshot as it is.
        archive: Name of what keeps its log; None if it has no backups.
    """

    name: str
    address: str
    port: int
    username: str
    password: str = field(repr=False)
    database: str | None
    parameters: Mapping[str, str]
    primary: Upstream | None
    replicas: tuple[str, ...]
    members: Mapping[str, str]
    boots: int
    failovers: int = 0
    proxies: Mapping[str, str] = field(default_factory=dict)
    seed: str | None = None
    recovery: Recovery | None = None
    archive: str | None = None


@dataclass(frozen=True)
class PostgresSnapshot:
    """A copy of an instance's data.

    Attributes:
        source: The instance.
        copied: Name of the snapshot that is copied instead.
    """

    name: str
    source: Upstream
    copied: str | None


@dataclass(frozen=True)
class Behaviour:
    """One cache behaviour with its policies looked up; `pattern` is None for the default one."""

    pattern: str | None
    declared: Mapping[str, Any]
    cache: Mapping[str, Any]
    origin_request: Mapping[str, Any] | None
    response_headers: Mapping[str, Any] | None


@dataclass(frozen=True)
class EdgeSite:
    """One distribution.

    Attributes:
        signing: Origin ids whose requests the edge signs for (origin access control).
        purges: Paths to drop from the cache, by the identifier of the invalidation that is still open.
        acl: What judges requests first.
    """

    name: str
    id: str
    arn: str
    address: str
    generation: int
    config: Mapping[str, Any]
    behaviours: tuple[Behaviour, ...]
    signing: frozenset[str]
    purges: Mapping[str, tuple[str, ...]]
    acl: WebAcl | None = None


Server = RedisServer | RedisEndpoint | RedisSentinel | RedisSnapshot | PostgresServer | PostgresSnapshot | EdgeSite


def postgres_name(identifier: str, region: str) -> str:
    """Name of a database instance's server."""
    return f"postgres-{region}-{identifier}"


def member_owner(name: str, letter: str) -> str:
    """Name of one of a database instance's servers, under which its address is taken."""
    # No identifier has a dot.
    return f"{name}.{letter}"


def address_owners(server: Server) -> set[str]:
    """Under which names the server's addresses are taken."""
    if not isinstance(server, PostgresServer):
        return {server.name}
    return {server.name, *server.proxies, *(member_owner(server.name, letter) for letter in server.members)}


def desired() -> dict[str, Server]:
    """Every server that should run now, by name."""
    with LOCK:
        servers: list[Server] = []
        groups = []
        for elasticache in resources.elasticache():
            for group in elasticache.groups.values():
                if not group.leaves:
                    servers += [*redis_servers(group, elasticache.users_of(group)), redis_endpoint(group)]
                    groups.append(group)
                    brought = redis_import(group)
                    servers += [] if brought is None else [brought]
            kept = elasticache.snapshots_kept.values()
            servers += [redis_snapshot(snapshot) for snapshot in kept if snapshot.status != "deleting"]
        servers += redis_sentinels(groups)
        for rds in resources.rds():
            servers += [postgres_server(each) for each in rds.instances if not each.is_leaving]
            servers += [postgres_snapshot(each) for each in rds.snapshots]
        for cloudfront in resources.cloudfront():
            servers += [edge_site(cloudfront, each) for each in cloudfront.served.values()]
        return {server.name: server for server in servers}


def postgres_server(instance: Instance) -> PostgresServer:
    """The instance's server."""
    name = postgres_name(instance.db_instance_identifier, instance.region)
    return PostgresServer(
        name=name,
        address=ADDRESSES.allocate(name),
        port=int(instance.port or 5432),
        username=str(instance.master_username),
        password=str(instance.password),
        database=instance.db_name,
        parameters=instance.parameter_values,
        primary=_upstream(instance),
        replicas=tuple(postgres_name(each, instance.region) for each in instance.replicas),
        members={letter: ADDRESSES.allocate(member_owner(name, letter)) for letter in instance.members},
        boots=instance.boots,
        failovers=instance.failovers,
        proxies={
            address_owner(proxy.db_proxy_name, instance.region): str(proxy.endpoint)
            for proxy in instance.backend.proxies_of(instance.db_instance_identifier)
        },
        seed=instance.seed,
        recovery=_recovery(instance),
        archive=archive_name(instance) if instance.is_archived else None,
    )


def archive_name(instance: Instance) -> str:
    """Name of what keeps an instance's log: a later instance of the same name has another one."""
    return f"archive-{instance.dbi_resource_id.lower()}"


def _recovery(instance: Instance) -> Recovery | None:
    source, moment = instance.restored_from, instance.restored_to
    if source is None:
        return None
    name = postgres_name(source.db_instance_identifier, source.region)
    # The source may be gone by now: that counts only until the new instance has its data.
    address = source.server_address or ""
    return Recovery(
        Upstream(name, address, int(source.port or 5432)),
        archive_name(source),
        None if moment is None else moment.isoformat(),
    )


def postgres_snapshot(snapshot: Snapshot) -> PostgresSnapshot:
    """The snapshot's data."""
    taken_from = snapshot.taken_from
    name = postgres_name(taken_from.db_instance_identifier, taken_from.region)
    # The instance may be gone, and its address another's: that counts only until the data are there.
    source = Upstream(name, taken_from.server_address or "", int(taken_from.port or 5432))
    return PostgresSnapshot(snapshot.server, source, snapshot.copied)


def _upstream(instance: Instance) -> Upstream | None:
    if not instance.is_replica or instance.source_db_instance_identifier is None:
        return None
    source = instance.backend.instance(instance.source_db_instance_identifier)
    name = postgres_name(source.db_instance_identifier, source.region)
    return Upstream(name, ADDRESSES.allocate(name), int(source.port or 5432))


def edge_site(cloudfront: CloudFront, distribution: Distribution) -> EdgeSite:
    """The distribution with every policy that it names."""

    def config(kind: Any, identifier: str | None) -> Mapping[str, Any] | None:
        return cloudfront.policy(kind, identifier).config if identifier else None

    behaviours = tuple(
        Behaviour(
            pattern=declared.get("PathPattern"),
            declared=declared,
            cache=config(CACHE, declared["CachePolicyId"]) or {},
            origin_request=config(ORIGIN_REQUEST, declared.get("OriginRequestPolicyId")),
            response_headers=config(RESPONSE_HEADERS, declared.get("ResponseHeadersPolicyId")),
        )
        for declared in distribution.behaviours
    )
    controls = cloudfront.origin_access_controls
    signing = frozenset(
        origin["Id"]
        for origin in distribution.config["Origins"]["Items"]
        if origin.get("OriginAccessControlId") and controls[origin["OriginAccessControlId"]].signing_behavior != "never"
    )
    return EdgeSite(
        name=edge_name(distribution.id),
        id=distribution.id,
        arn=distribution.arn,
        address=distribution.address,
        generation=distribution.generation,
        config=distribution.config,
        behaviours=behaviours,
        signing=signing,
        purges={
            purge.id: tuple(purge.paths)
            for purge in cloudfront.purges.get(distribution.id, [])
            if purge.status == "InProgress"
        },
        acl=web_acl(distribution.config["WebACLId"]),
    )


def fingerprint(secret: str) -> str:
    """What may be kept of a secret to see whether it changed."""
    return hashlib.sha256(secret.encode()).hexdigest()
