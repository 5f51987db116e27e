"""Parameters of the RDS family that the local platform runs: PostgreSQL tells us itself which it knows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")
MAJOR = "15"
FAMILY = f"postgres{MAJOR}"
MAX_CONNECTIONS = 100
"""Of a server whose parameter group says nothing of it, or a formula."""

# RDS's own parameters. Those with an effect here are named in docs/local-aws.md.
_RDS_OWN = {
    "rds.force_ssl": "sighup",
    "rds.logical_replication": "postmaster",
    "rds.log_retention_period": "sighup",
    "rds.force_admin_logging_level": "sighup",
    "rds.force_autovacuum_logging_level": "sighup",
}
_NOT_MODIFIABLE = frozenset(
    {
        "archive_command",
        "archive_library",
        "archive_mode",
        "config_file",
        "data_directory",
        "external_pid_file",
        "fsync",
        "full_page_writes",
        "hba_file",
        "hot_standby",
        "ident_file",
        "listen_addresses",
        "port",
        "primary_conninfo",
        "primary_slot_name",
        "restore_command",
        "ssl_ca_file",
        "ssl_cert_file",
        "ssl_key_file",
        "synchronous_standby_names",
        "unix_socket_directories",
        "wal_level",
    }
)


@dataclass(frozen=True)
class Setting:
    """A server setting as PostgreSQL describes it.

    Attributes:
        static: Takes effect only when the server starts.
        kind: BOOL, INTEGER, REAL, STRING or ENUM.
    """

    name: str
    static: bool
    kind: str
    least: str
    most: str

    @property
    def modifiable(self) -> bool:
        return self.name not in _NOT_MODIFIABLE

    def accepts(self, value: str) -> bool:
        """Whether the value has the right form and range (formulas are left to RDS)."""
        if "\n" in value or "\x00" in value:
            return False
        if "{" in value:
            return True
        if self.kind == "BOOL":
            return value.lower() in ("0", "1", "on", "off", "true", "false")
        if self.kind == "INTEGER":
            return re.fullmatch(r"-?\d+", value) is not None and self._in_range(float(value))
        if self.kind == "REAL":
            return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None and self._in_range(float(value))
        return True

    def _in_range(self, value: float) -> bool:
        return float(self.least or "-inf") <= value <= float(self.most or "inf")


@lru_cache(maxsize=1)
def server_version() -> str:
    """The installed server's version, such as `15.20`."""
    answer = subprocess.run([BINARIES / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+", answer)
    if found is None:
        raise RuntimeError(f"{BINARIES}/postgres --version answered {answer!r}")
    return found[0]


@lru_cache(maxsize=1)
def settings() -> dict[str, Setting]:
    """Every setting that the installed server knows, and RDS's own."""
    listing = subprocess.run(
        [BINARIES / "postgres", "--describe-config"], capture_output=True, text=True, check=True
    ).stdout
    known = [line.split("\t") for line in listing.splitlines()]
    found = {row[0]: Setting(row[0], row[1] == "postmaster", row[3], row[5], row[6]) for row in known if len(row) > 6}
    for name, context in _RDS_OWN.items():
        found[name] = Setting(name, context == "postmaster", "STRING", "", "")
    return found


def is_installed(library: str) -> bool:
    """Whether the server can load this library."""
    return re.fullmatch(r"\w+", library) is not None and (BINARIES.parent / "lib" / f"{library}.so").exists()


def connections(parameters: Mapping[str, str]) -> int:
    """How many connections a server takes.

    Args:
        parameters: Its parameter group's own values.
    """
    declared = parameters.get("max_connections", "")
    return int(declared) if declared.isdigit() else MAX_CONNECTIONS
