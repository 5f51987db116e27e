"""What a replication group asks for: servers, an endpoint in front of them, and Sentinels that watch over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local.aws.extensions.elasticache_groups import Group
from local.aws.extensions.elasticache_node_groups import Node
from local.aws.extensions.elasticache_snapshots import ExportedFile, Part, Snapshot
from local.aws.extensions.elasticache_users import User
from local.aws.state import ADDRESSES

SENTINELS = (1, 2, 3)
"""Numbers of the Sentinels of one kind of transport: the fewest that can agree while one of them is gone."""


@dataclass(frozen=True)
class RedisUser:
    """Somebody who may log in to a Redis.

    Attributes:
        access: What it may do: an access string as ElastiCache takes it.
        passwords: Any of them lets it in; none: none is needed.
    """

    name: str
    access: str
    passwords: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class RedisServer:
    """One redis-server.

    Attributes:
        tokens: Passwords that the default user may come with; an empty one means none is needed.
        users: Who may log in instead, the default user among them; empty where tokens decide.
        settings: redis.conf directives.
        primary: Address of the primary, None for the primary itself.
        group: Names its replication group, also apart from others that had the same ID.
        endpoints: Addresses other than its own that lead to it; its certificate is valid for them too.
        peers: Addresses of the group's other servers by name.
        watched: The Sentinels decide who the primary is; `primary` is what they decided last.
        deaths: A higher number than last time asks for it to be killed.
        seed: Name of the snapshot whose data it has at its first start, if it is the primary then.
    """

    name: str
    address: str
    port: int
    tls: bool
    tokens: tuple[str, ...] = field(repr=False)
    settings: Mapping[str, str]
    primary: str | None
    users: tuple[RedisUser, ...] = ()
    group: str = ""
    endpoints: tuple[str, ...] = ()
    peers: Mapping[str, str] = field(default_factory=dict)
    watched: bool = False
    deaths: int = 0
    seed: str | None = None


@dataclass(frozen=True)
class RedisEndpoint:
    """The group's primary endpoint and reader endpoint.

    Attributes:
        address: The primary endpoint's.
        reader: The reader endpoint's.
        servers: Addresses by name.
        primaries: Names of those that may take writes, should they say that they are the primary.
        replicates: They are a secondary of a global datastore: what is behind the primary endpoint is a replica.
    """

    name: str
    address: str
    reader: str
    port: int
    tls: bool
    group: str
    servers: Mapping[str, str]
    primaries: tuple[str, ...]
    replicates: bool


@dataclass(frozen=True)
class Watch:
    """What a Sentinel has to know of a group.

    Attributes:
        group: The name that it is watched under.
        primary: Address of the primary as last known: where a Sentinel that knows nothing of the group begins.
        servers: Addresses that may replicate the primary.
    """

    group: str
    primary: str
    port: int
    servers: frozenset[str]


@dataclass(frozen=True)
class RedisSentinel:
    """One of the three Sentinels that watch all groups of one kind of transport.

    Sentinel speaks TLS with all servers or with none, so groups with and without TLS need Sentinels of their own; more
    than that they do not. Three processes that watch one group take 11 MB and 1.1 % of a core, mostly for being there
    (they wake up ten times a second each): shared, that is so once, and a group more costs them a few pings a second.
    """

    name: str
    address: str
    tls: bool
    watches: tuple[Watch, ...]


@dataclass(frozen=True)
class RedisSnapshot:
    """A snapshot's file.

    Attributes:
        address: Of the server that it is taken from; what is left out once the file is there.
        server: That server's name.
        copy_of: Name of the snapshot that it is copied from instead.
        exported: The file in S3 that it is copied from instead.
    """

    name: str
    address: str = ""
    port: int = 0
    tls: bool = False
    server: str = ""
    copy_of: str | None = None
    exported: ExportedFile | None = None


def redis_name(cluster_id: str, region: str) -> str:
    """Name of a replication group member's server."""
    return f"redis-{region}-{cluster_id}"


def endpoint_name(group: Group) -> str:
    """Name of what serves the group's endpoints; its primary endpoint's address is taken under it."""
    return f"redis-{group.region}-{group.identifier}-primary"


def reader_owner(group: Group) -> str:
    """Under which name the reader endpoint's address is taken."""
    return f"redis-{group.region}-{group.identifier}-reader"


def sentinel_name(tls: bool, number: int) -> str:
    """Name of a Sentinel."""
    return f"redis-sentinel-{'tls' if tls else 'plain'}-{number}"


def snapshot_name(snapshot: Snapshot, part: Part) -> str:
    """Name of a snapshot's file of one node group."""
    name = f"redis-snapshot-{snapshot.region}-{snapshot.name}"
    return name if len(snapshot.parts) == 1 else f"{name}.{part.node_group}"


def seed_name(group: Group, number: int = 0) -> str | None:
    """Name of the file that a node group begins with; None: with none, or its group has begun.

    Args:
        number: The node group's place among the group's, from 0.
    """
    if group.seed is None or group.formed:
        return None
    if isinstance(group.seed, Snapshot):
        parts = group.seed.parts
        return snapshot_name(group.seed, parts[number]) if number < len(parts) else None
    return _import_name(group, number) if number < len(group.seed) else None


def watch_name(group: Group) -> str:
    """Name of a group among all that there are and were, whatever their region."""
    return f"{group.identifier}.{group.region}.{group.incarnation}"


def is_watched(group: Group) -> bool:
    """Whether the Sentinels decide who is the group's primary.

    They begin when its servers have been ready once. A secondary of a global datastore has no primary of its own:
    Sentinel would take it for one that lost its role.
    """
    if group.clustered:
        # Its nodes see to it themselves.
        return False
    return group.automatic_failover and group.formed and group.source is None and len(group.nodes) > 1


def redis_servers(group: Group, users: Sequence[User] = ()) -> list[RedisServer]:
    """The group's servers, in the order of its nodes.

    Args:
        group: The replication group.
        users: Those of its user group, if it has one.
    """
    allowed = redis_users(users)
    endpoints = (ADDRESSES.allocate(endpoint_name(group)), ADDRESSES.allocate(reader_owner(group)))
    names = [_name(node, group) for node in group.nodes]
    # By way of its primary endpoint a secondary follows whichever node of the primary group takes the writes.
    upstream = None if group.source is None else ADDRESSES.allocate(endpoint_name(group.source))
    primary = _name(group.primary, group)
    return [
        RedisServer(
            name=name,
            address=ADDRESSES.allocate(name),
            port=group.port,
            tls=group.tls,
            tokens=tuple(group.tokens or [""]),
            settings=group.settings,
            primary=upstream if name == primary else ADDRESSES.allocate(primary),
            users=allowed,
            group=watch_name(group),
            endpoints=endpoints,
            peers={other: ADDRESSES.allocate(other) for other in names if other != name},
            watched=is_watched(group),
            deaths=node.deaths,
            seed=seed_name(group),
        )
        for name, node in zip(names, group.nodes, strict=True)
    ]


def redis_users(users: Sequence[User]) -> tuple[RedisUser, ...]:
    """Users as servers know them."""
    return tuple(RedisUser(user.name, user.access, tuple(user.passwords)) for user in users)


def redis_endpoint(group: Group) -> RedisEndpoint:
    """The group's endpoints."""
    # Where nothing fails over only one node is ever to be written to; a stale primary never is.
    may_lead = [node for node in group.nodes if not node.deposed] if is_watched(group) else [group.primary]
    return RedisEndpoint(
        name=endpoint_name(group),
        address=ADDRESSES.allocate(endpoint_name(group)),
        reader=ADDRESSES.allocate(reader_owner(group)),
        port=group.port,
        tls=group.tls,
        group=watch_name(group),
        servers={_name(node, group): ADDRESSES.allocate(_name(node, group)) for node in group.nodes},
        primaries=tuple(_name(node, group) for node in may_lead),
        replicates=group.source is not None,
    )


def redis_sentinels(groups: Iterable[Group]) -> list[RedisSentinel]:
    """The Sentinels that these groups need: none, three, or six."""
    watched = sorted((group for group in groups if is_watched(group)), key=watch_name)
    return [
        RedisSentinel(
            name=sentinel_name(tls, number),
            address=ADDRESSES.allocate(sentinel_name(tls, number)),
            tls=tls,
            watches=tuple(_watch(group) for group in watched if group.tls == tls),
        )
        for tls in sorted({group.tls for group in watched})
        for number in SENTINELS
    ]


def redis_snapshots(snapshot: Snapshot) -> list[RedisSnapshot]:
    """The snapshot's files, one a node group, in the order of its parts."""
    return [_snapshot(snapshot, number) for number in range(len(snapshot.parts))]


def redis_imports(group: Group) -> list[RedisSnapshot]:
    """The files from S3 that a group begins with, as long as it has not."""
    if group.formed or not isinstance(group.seed, tuple):
        return []
    return [RedisSnapshot(_import_name(group, number), exported=file) for number, file in enumerate(group.seed)]


def _import_name(group: Group, number: int) -> str:
    name = f"redis-import-{group.region}-{group.identifier}"
    return f"{name}.{group.node_groups[number].identifier}" if group.clustered else name


def _snapshot(snapshot: Snapshot, number: int) -> RedisSnapshot:
    part = snapshot.parts[number]
    name = snapshot_name(snapshot, part)
    if snapshot.status == "available":
        return RedisSnapshot(name)
    if snapshot.source is not None:
        return RedisSnapshot(name, copy_of=snapshot_name(snapshot.source, snapshot.source.parts[number]))
    assert snapshot.origin is not None
    group, server = snapshot.origin, redis_name(part.node_id, snapshot.region)
    return RedisSnapshot(name, ADDRESSES.allocate(server), group.port, group.tls, server)


def _watch(group: Group) -> Watch:
    # The primary's secondaries in other regions are replicas too, as far as a Sentinel sees.
    families = [group, *(group.datastore.secondaries if group.datastore else ())]
    nodes = [_name(node, family) for family in families for node in family.nodes]
    return Watch(
        group=watch_name(group),
        primary=ADDRESSES.allocate(_name(group.primary, group)),
        port=group.port,
        servers=frozenset(ADDRESSES.allocate(name) for name in nodes),
    )


def _name(node: Node, group: Group) -> str:
    return redis_name(node.cluster_id, group.region)
