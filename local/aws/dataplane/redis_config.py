"""redis.conf of one server: a pure function of what is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.aws.dataplane.desired import RedisServer, fingerprint

CONTROL_USER = "groundwork"

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
)


@dataclass(frozen=True)
class Credentials:
    """How the platform itself reaches the server, and where its certificate is."""

    control_password: str = field(repr=False)
    certificate: Path | None
    key: Path | None
    authority: Path


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
    control = ["reset", "on", f"#{fingerprint(credentials.control_password)}", "~*", "&*", "+@all"]
    lines: list[tuple[str, ...]] = [
        ("bind", server.address),
        ("protected-mode", "no"),
        ("daemonize", "no"),
        ("dir", str(folder)),
        ("logfile", '""'),
        ("save", '""'),
        ("replica-announce-ip", server.address),
        *(("user", name, *rules) for name, rules in clients(server).items()),
        ("user", CONTROL_USER, *control),
        ("masteruser", CONTROL_USER),
        ("masterauth", credentials.control_password),
    ]
    if server.tls:
        lines += [
            ("port", "0"),
            ("tls-port", str(server.port)),
            ("tls-cert-file", str(credentials.certificate)),
            ("tls-key-file", str(credentials.key)),
            ("tls-ca-cert-file", str(credentials.authority)),
            ("tls-auth-clients", "no"),
            ("tls-replication", "yes"),
            ("tls-protocols", '"TLSv1.2 TLSv1.3"'),
        ]
    else:
        lines.append(("port", str(server.port)))
    if server.primary is not None:
        lines.append(("replicaof", server.primary, str(server.port)))
    lines += sorted(_directives(server.settings))
    return "".join(" ".join(line) + "\n" for line in lines)


def _directives(settings: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [(name, value if name == "client-output-buffer-limit" else f'"{value}"') for name, value in settings.items()]
