"""What Patroni is told of an instance and of each of its servers: pure functions of what is declared.

One part is the same for all of an instance's servers and stands in the store (Patroni's dynamic configuration); the
other is each server's own and stands in a file.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.aws.dataplane import etcd, patroni
from local.aws.dataplane.desired import PostgresServer
from local.aws.extensions.rds_parameters import BINARIES, MAX_CONNECTIONS, settings

ADMINISTRATOR = "rdsadmin"
REPLICATOR = "rdsrepladmin"
NAMESPACE = "/postgres"
"""Under which the store keeps what Patroni knows."""

PORT = 5432
"""Where the servers listen, each at an address of its own; the instance's endpoint has the declared port."""

GENERATION, OWN_GENERATION = "groundwork.generation", "groundwork.own_generation"
"""Settings of a server that tell which configuration it has taken: the instance's, and its own."""

# Small on purpose: several of these run on one machine. A parameter group's own value goes before.
_SMALL = {
    "shared_buffers": "32MB",
    "max_connections": str(MAX_CONNECTIONS),
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
    "wal_keep_size": "32MB",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "maintenance_work_mem": "32MB",
    "password_encryption": "scram-sha-256",
    # RDS measures the latency of its disks always; here only the server itself can.
    "track_io_timing": "on",
    "track_wal_io_timing": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# A replica that stays away must not fill the disk with the log kept for it.
_KEPT_LOG = "1GB"
# Patroni gives these to the server on its command line, so the server itself does not say that they wait.
COMMAND_LINE = (
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "wal_level",
)


@dataclass(frozen=True)
class Files:
    """An instance's files that all of its servers use."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True)
class Member:
    """One server of an instance.

    Attributes:
        letter: Which one of the instance's: `a`, or `b`.
        name: What Patroni and PostgreSQL know it by; no other server on the platform has it.
        process: Name of its process.
        folder: Its own folder: data and configuration.
        socket: Folder of its socket.
    """

    letter: str
    name: str
    process: str
    address: str
    folder: Path
    socket: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"


@dataclass(frozen=True)
class Credentials:
    """With which the platform's own parts log in."""

    control_password: str = field(repr=False)


def slot_name(server: str) -> str:
    """Replication slot of a replica: its name in the letters that a slot may have, kept unique by a hash."""
    digest = hashlib.sha256(server.encode()).hexdigest()[:8]
    return "".join(c if c.isalnum() else "_" for c in server.lower())[-50:] + f"_{digest}"


def member_name(server: str, letter: str) -> str:
    """What the instance's server is known by.

    A standby is acknowledged by this name, and a replica logs in with its own: the two must never be the same.
    """
    return f"{slot_name(server)}_{letter}"


def letter_of(member: str) -> str:
    """Which of its instance's servers a member is."""
    return member[-1]


def effective(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameter group's values that this server can take: PostgreSQL's own ones that are no RDS formula."""
    known = settings()
    return {
        name: value
        for name, value in parameters.items()
        if name in known and known[name].modifiable and not name.startswith("rds.") and "{" not in value
    }


def force_ssl(parameters: Mapping[str, str]) -> bool:
    """Whether connections without TLS are refused; they are unless switched off, as RDS has it from PostgreSQL 15."""
    return parameters.get("rds.force_ssl", "1") == "1"


def archive_command(folder: Path) -> str:
    """How a server archives a piece of its log: compressed, whole or not at all, and once.

    Writer and standby both archive, so that nothing is missing when one of them is gone: whoever comes second finds
    the same piece there.
    """
    file = f"{shlex.quote(str(folder)).replace('%', '%%')}/%f.gz"
    return f"test -f {file} || {{ gzip -1 -c %p > {file}.$$ && mv {file}.$$ {file}; }} || {{ rm -f {file}.$$; false; }}"


def parameters(server: PostgresServer, archive: Path | None) -> dict[str, str]:
    """postgresql.conf: small defaults, then the parameter group, then what the platform needs."""
    logical = server.parameters.get("rds.logical_replication", "0") == "1"
    fixed = {
        "ssl": "on",
        "ssl_ca_file": "",
        "wal_level": "logical" if logical else "replica",
        "wal_log_hints": "on",
        "max_slot_wal_keep_size": _KEPT_LOG,
        "logging_collector": "off",
        # Always on, since only a restart could switch it on; without an archive every piece counts as archived.
        "archive_mode": "always",
        "archive_command": "true" if archive is None else archive_command(archive),
        # As on RDS, where the log is never more than five minutes behind.
        "archive_timeout": "0" if archive is None else "300",
    }
    return {**_SMALL, **effective(server.parameters), **fixed}


def access(server: PostgresServer, network: str) -> list[str]:
    """pg_hba.conf: the platform by its socket, everybody else by password from the platform's network."""
    plain = "reject" if force_ssl(server.parameters) else "scram-sha-256"
    return [
        f"local all {ADMINISTRATOR} trust",
        f"host all {ADMINISTRATOR} all reject",
        f"hostssl replication {REPLICATOR} {network} scram-sha-256",
        # A server that was the writer reads from the new one what it has to take back (pg_rewind).
        f"hostssl postgres {REPLICATOR} {network} scram-sha-256",
        f"host all {REPLICATOR} all reject",
        f"hostssl all all {network} scram-sha-256",
        f"hostnossl all all {network} {plain}",
    ]


def common(server: PostgresServer, network: str, archive: Path | None) -> dict[str, Any]:
    """Patroni's dynamic configuration: what holds for every server of the instance.

    With two servers the second is a synchronous standby: a commit is acknowledged when both have it, and only a
    server that has every acknowledged commit can take over. While there is no standby the writer goes on alone, as on
    AWS.

    Args:
        network: From where clients come.
        archive: Where its log is kept, if it is.
    """
    several = len(server.members) > 1
    config: dict[str, Any] = {
        # The least that Patroni takes. A writer that is known to be dead is not waited for: see the driver.
        "ttl": 20,
        "loop_wait": 2,
        "retry_timeout": 6,
        "failsafe_mode": True,
        # With somebody to take over, a writer that crashed is not started again first.
        "primary_start_timeout": 0 if several else 300,
        "synchronous_mode": several and server.primary is None,
        # In seconds: Patroni works out anything with a unit anew in every round.
        "member_slots_ttl": 300,
        # Logical ones are the users' own.
        "ignore_slots": [{"type": "logical"}],
        "slots": {slot_name(replica): {"type": "physical"} for replica in server.replicas},
        "postgresql": {
            "use_slots": True,
            "use_pg_rewind": True,
            "remove_data_directory_on_rewind_failure": True,
            "remove_data_directory_on_diverged_timelines": True,
            "parameters": parameters(server, archive),
            "pg_hba": access(server, network),
        },
    }
    if server.primary is not None:
        config["standby_cluster"] = {
            "host": server.primary.address,
            "port": server.primary.port,
            "primary_slot_name": slot_name(server.name),
            "create_replica_methods": ["basebackup"],
        }
    config["postgresql"]["parameters"][GENERATION] = generation(config)
    return config


def generation(config: Mapping[str, Any]) -> str:
    """What tells this configuration from others."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:12]


def own(
    server: PostgresServer, member: Member, files: Files, program: Path, credentials: Credentials
) -> dict[str, Any]:
    """Patroni's configuration file of one server. It holds passwords.

    Args:
        program: What to start as `postgres`.
    """
    replication = {
        "username": REPLICATOR,
        "password": credentials.control_password,
        "sslmode": "verify-ca",
        "sslrootcert": str(files.authority),
    }
    # Without it a server that finds no data waits for another one's. A replica's first copies them from its source.
    beginning: dict[str, Any] = {} if server.primary is None else {"bootstrap": {}}
    config: dict[str, Any] = {
        **beginning,
        "scope": server.name,
        "name": member.name,
        "namespace": NAMESPACE,
        "log": {"format": f"%(asctime)s patroni {member.letter} %(levelname)s: %(message)s"},
        "restapi": {
            "listen": f"{member.address}:{patroni.PORT}",
            "connect_address": f"{member.address}:{patroni.PORT}",
            "authentication": {"username": patroni.USER, "password": credentials.control_password},
        },
        "etcd3": {"host": etcd.ADDRESS},
        "postgresql": {
            "listen": f"{member.address}:{PORT}",
            "connect_address": f"{member.address}:{PORT}",
            "data_dir": str(member.data),
            "bin_dir": str(BINARIES),
            "bin_name": {"postgres": str(program)},
            "pgpass": str(member.folder / "pgpass"),
            "use_unix_socket": True,
            "basebackup": [{"checkpoint": "fast"}, "no-sync"],
            "authentication": {
                "superuser": {"username": ADMINISTRATOR},
                "replication": replication,
                "rewind": replication,
            },
            "parameters": {
                "unix_socket_directories": str(member.socket),
                "ssl_cert_file": str(files.certificate),
                "ssl_key_file": str(files.key),
            },
        },
    }
    config["postgresql"]["parameters"][OWN_GENERATION] = generation(config)
    return config


def waits_for_restart(wanted: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Settings that Patroni gives on the command line and that the server runs without.

    Args:
        wanted: The configuration's settings.
        current: What the server says of those in `COMMAND_LINE`.
    """
    return [name for name in COMMAND_LINE if name in wanted and name in current and wanted[name] != current[name]]
