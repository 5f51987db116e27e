"""postgresql.conf and pg_hba.conf of one server: pure functions of what is declared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.aws.dataplane.desired import PostgresServer
from local.aws.extensions.rds_parameters import settings

ADMINISTRATOR = "rdsadmin"
REPLICATOR = "rdsrepladmin"

# Small on purpose: several of these run on one machine. A parameter group's own value goes before.
_SMALL = {
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
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
# Two settings have other names in the control data.
_CONTROL_NAMES = {
    "max_prepared_xacts": "max_prepared_transactions",
    "max_locks_per_xact": "max_locks_per_transaction",
}
# A replica that stays away must not fill the disk with the log kept for it.
_KEPT_LOG = "1GB"


@dataclass(frozen=True)
class Files:
    """The server's files outside its data folder."""

    socket: Path
    certificate: Path
    key: Path
    authority: Path
    password_file: Path


def slot_name(server: str) -> str:
    """Replication slot of a replica: its name in the letters that a slot may have, kept unique by a hash."""
    digest = hashlib.sha256(server.encode()).hexdigest()[:8]
    return "".join(c if c.isalnum() else "_" for c in server.lower())[-50:] + f"_{digest}"


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


def floors(control_data: str) -> dict[str, str]:
    """Settings that a replica must not have lower than its source had, from what `pg_controldata` says.

    PostgreSQL refuses to start such a replica, even if the source's value has fallen since: the replica has yet to
    read of it. (PostgreSQL documentation, "Hot Standby", administrator's overview.)
    """
    found = re.findall(r"^(max_\w+) setting: +(\d+)$", control_data, re.MULTILINE)
    return {_CONTROL_NAMES.get(name, name): value for name, value in found}


def render(server: PostgresServer, files: Files, least: Mapping[str, str] | None = None) -> str:
    """The configuration: small defaults, then the parameter group, then what the platform needs.

    Args:
        least: Numbers that the settings of these names must reach, from `floors`.
    """
    logical = server.parameters.get("rds.logical_replication", "0") == "1"
    fixed = {
        "listen_addresses": ",".join([server.address, *server.proxies.values()]),
        "port": str(server.port),
        "unix_socket_directories": str(files.socket),
        "ssl": "on",
        "ssl_cert_file": str(files.certificate),
        "ssl_key_file": str(files.key),
        "ssl_ca_file": "",
        "wal_level": "logical" if logical else "replica",
        "hot_standby": "on",
        "max_slot_wal_keep_size": _KEPT_LOG,
        "logging_collector": "off",
        "cluster_name": server.name[-60:],
    }
    if server.primary is not None:
        fixed["primary_conninfo"] = " ".join(
            (
                f"host={server.primary.address}",
                f"port={server.primary.port}",
                f"user={REPLICATOR}",
                f"passfile={files.password_file}",
                f"application_name={server.name}",
                "sslmode=verify-ca",
                f"sslrootcert={files.authority}",
            )
        )
        fixed["primary_slot_name"] = slot_name(server.name)
    merged = {**_SMALL, **effective(server.parameters), **fixed}
    for name, value in (least or {}).items():
        merged[name] = str(max(int(value), int(merged.get(name, "0"))))
    return "".join(f"{name} = '{_quoted(value)}'\n" for name, value in merged.items())


def render_access(server: PostgresServer, network: str) -> str:
    """pg_hba.conf: the platform by its socket, everybody else by password from the platform's network."""
    plain = "reject" if force_ssl(server.parameters) else "scram-sha-256"
    return "".join(
        f"{line}\n"
        for line in (
            f"local all {ADMINISTRATOR} trust",
            f"host all {ADMINISTRATOR} all reject",
            f"hostssl replication {REPLICATOR} {network} scram-sha-256",
            f"host all {REPLICATOR} all reject",
            f"hostssl all all {network} scram-sha-256",
            f"hostnossl all all {network} {plain}",
        )
    )


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
