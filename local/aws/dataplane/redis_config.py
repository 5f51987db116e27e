"""Configuration of Redis servers and Sentinels: pure functions of what is declared."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.aws.dataplane.desired import fingerprint
from local.aws.dataplane.redis_cluster_desired import ClusterNode
from local.aws.dataplane.redis_desired import RedisSentinel, RedisServer

CONTROL_USER = "groundwork"
CHECK_USER = "groundwork-check"
"""HAProxy's, which asks servers for their role, and nodes of a cluster for its state."""
SENTINEL_USER = "groundwork-sentinel"
"""The Sentinels', who watch and reconfigure servers."""
SENTINEL_PORT = 26379
NODES_FILE = "nodes.conf"
"""In which a cluster's node keeps what it knows of the others."""
NODE_TIMEOUT = 1500
"""Milliseconds without an answer after which a cluster's node takes another for dead.

As long as a Sentinel waits, for the same reasons; agreement and election take another one or two seconds.
"""

_RULES = {
    CONTROL_USER: "~* &* +@all",
    CHECK_USER: "+info +cluster|info",
    # Redis documentation, High availability with Redis Sentinel: Access Control List authentication.
    SENTINEL_USER: "allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info "
    "+client|setname +client|kill +script|kill",
}
PLATFORM_USERS = frozenset(_RULES)

# ElastiCache user guide, "Restricted commands": what an ElastiCache node does not let its clients do.
_RESTRICTED = (
    "bgrewriteaof",
    "bgsave",
    "config",
    "debug",
    "failover",
    "migrate",
    "module",
    "psync",
    "replicaof",
    "save",
    "shutdown",
    "slaveof",
    "sync",
    "acl|deluser",
    "acl|load",
    "acl|save",
    "acl|setuser",
    *(
        f"cluster|{word}"
        for word in (
            "addslots",
            "addslotsrange",
            "bumpepoch",
            "delslots",
            "delslotsrange",
            "failover",
            "flushslots",
            "forget",
            "meet",
            "replicate",
            "reset",
            "saveconfig",
            "set-config-epoch",
            "setslot",
        )
    ),
)


@dataclass(frozen=True)
class Credentials:
    """How the platform itself reaches the server, and where its certificate is."""

    control_password: str = field(repr=False)
    certificate: Path | None
    key: Path | None
    authority: Path


def own_password(control_password: str, user: str, group: str) -> str:
    """A platform user's password on the servers of one group.

    Another group's is another one: whoever still asks at an address that has passed to another group is not let in.
    """
    if user == CONTROL_USER:
        return control_password
    return hmac.digest(control_password.encode(), f"{user} {group}".encode(), "sha256").hex()


def clients(server: RedisServer) -> dict[str, list[str]]:
    """ACL rules by user, for all that clients can be: with tokens the default user, else those of the user group.

    Passwords stand in them by hash, and nobody gets a command that ElastiCache withholds.
    """
    if not server.users:
        return {"default": _rules("on ~* &* +@all", [] if "" in server.tokens else server.tokens)}
    return {user.name: _rules(user.access, user.passwords) for user in server.users}


def _rules(access: str, passwords: Sequence[str]) -> list[str]:
    hashes = [f"#{fingerprint(password)}" for password in passwords] or ["nopass"]
    words = access.split()
    # ElastiCache's parameter acl-pubsub-default is allchannels: who is told of no channels has all.
    silent = not any(word.startswith("&") or word.endswith("channels") for word in words)
    return ["reset", *hashes, *(["&*"] if silent else []), *words, *(f"-{command}" for command in _RESTRICTED)]


def render(server: RedisServer, folder: Path, credentials: Credentials) -> str:
    """The configuration file.

    It holds no client token in the clear: Redis takes their SHA-256 hashes. Only the platform's own password stands
    in it, for a replica to log in to its primary.
    """
    control = credentials.control_password
    lines: list[tuple[str, ...]] = [
        ("bind", server.address),
        ("bind-source-addr", server.address),
        ("protected-mode", "no"),
        ("daemonize", "no"),
        ("dir", str(folder)),
        ("logfile", '""'),
        ("save", '""'),
        ("replica-announce-ip", server.address),
        # A replica that comes need not wait for others that might come too.
        ("repl-diskless-sync-delay", "0"),
        # What a replica got from its primary it must not load when it starts anew.
        ("rdb-del-sync-files", "yes"),
        *(("user", name, *rules) for name, rules in clients(server).items()),
        *(("user", user, *_own_rules(user, own_password(control, user, server.group))) for user in sorted(_RULES)),
        ("masteruser", CONTROL_USER),
        ("masterauth", control),
        *_transport(server.tls, server.port, credentials),
    ]
    if server.primary is not None:
        lines.append(("replicaof", server.primary, str(server.port)))
    lines += sorted(_directives(server.settings))
    return _text(lines)


def render_node(node: ClusterNode, folder: Path, credentials: Credentials) -> str:
    """The configuration file of a cluster's node. What it knows of the cluster it keeps in a file of its own."""
    return render(node.server, folder, credentials) + _text(
        [
            ("cluster-enabled", "yes"),
            ("cluster-config-file", NODES_FILE),
            ("cluster-port", str(node.bus)),
            ("cluster-announce-ip", node.address),
            ("cluster-node-timeout", str(NODE_TIMEOUT)),
            # A replica belongs to its node group, and a primary that has given its slots away stays one.
            ("cluster-allow-replica-migration", "no"),
            # However old a replica's data are, no younger ones are left when its primary is gone.
            ("cluster-replica-validity-factor", "0"),
            # Clients are told of a replica once it has been sent something, be it a ping.
            ("repl-ping-replica-period", "1"),
            ("tls-cluster", "yes" if node.server.tls else "no"),
        ]
    )


def render_sentinel(sentinel: RedisSentinel, folder: Path, credentials: Credentials) -> str:
    """The configuration file that a Sentinel begins with; from then on it keeps its state in there itself."""
    password = credentials.control_password
    return _text(
        [
            ("bind", sentinel.address),
            ("bind-source-addr", sentinel.address),
            ("protected-mode", "no"),
            ("daemonize", "no"),
            ("dir", str(folder)),
            ("logfile", '""'),
            ("user", "default", "off"),
            ("user", CONTROL_USER, *_own_rules(CONTROL_USER, password)),
            *_transport(sentinel.tls, SENTINEL_PORT, credentials),
            ("sentinel", "announce-ip", sentinel.address),
            ("sentinel", "sentinel-user", CONTROL_USER),
            ("sentinel", "sentinel-pass", password),
        ]
    )


def _own_rules(user: str, password: str) -> list[str]:
    return ["reset", "on", f"#{fingerprint(password)}", *_RULES[user].split()]


def _transport(tls: bool, port: int, credentials: Credentials) -> list[tuple[str, ...]]:
    if not tls:
        return [("port", str(port))]
    return [
        ("port", "0"),
        ("tls-port", str(port)),
        ("tls-cert-file", str(credentials.certificate)),
        ("tls-key-file", str(credentials.key)),
        ("tls-ca-cert-file", str(credentials.authority)),
        ("tls-auth-clients", "no"),
        ("tls-replication", "yes"),
        ("tls-protocols", '"TLSv1.2 TLSv1.3"'),
    ]


def _text(lines: Sequence[tuple[str, ...]]) -> str:
    return "".join(" ".join(line) + "\n" for line in lines)


def _directives(settings: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [(name, value if name == "client-output-buffer-limit" else f'"{value}"') for name, value in settings.items()]
