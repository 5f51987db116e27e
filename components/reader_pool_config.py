"""What PgBouncer is told: its configuration, its users, and how it is started and asked. Pure functions of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

READERS = "database-readers"
"""Name of a stack's pool."""
PORT = 6432
CONFIG_FOLDER = "/etc/pgbouncer/config"
SECRET_FOLDER = "/etc/pgbouncer/secret"
TLS_FOLDER = "/etc/pgbouncer/tls"
CONFIG_FILE = "pgbouncer.ini"
USERS_FILE = "userlist.txt"
PASSWORD_KEY = "PGPASSWORD"
"""Key of the Secret, and the variable that psql takes it from."""

WATCH_SECONDS = 10
PROBE_SECONDS = 2
_SERVER_CONNECT_SECONDS = 5
_SERVER_LIFETIME_SECONDS = 1800
_DNS_SECONDS = 15
_PREPARED_STATEMENTS = 200


@dataclass(frozen=True, kw_only=True)
class PoolConfig:
    """One PgBouncer.

    Attributes:
        hosts: The read replicas.
        server_port: Where they listen.
        database: Name of the database on each of them.
        pool_size: Connections to each replica, at most.
        max_clients: Connections of clients, at most.
        wait_seconds: How long a client may wait for a connection to a replica before it is told to go elsewhere.
        certificates: File with the authorities that the replicas' certificates are signed by.
        client_tls: Whether clients have to come with TLS, with the certificate in `TLS_FOLDER`.
    """

    hosts: Sequence[str]
    server_port: int
    database: str
    pool_size: int
    max_clients: int
    wait_seconds: int
    certificates: str
    client_tls: bool


def database_names(database: str, replicas: int) -> list[str]:
    """A database for each replica: whoever connects to one knows which replica answers, measures its lag, and goes
    elsewhere when it is away. One name for all of them would hand out the one that is away as well."""
    return [f"{database}-replica-{number}" for number in range(1, replicas + 1)]


def pgbouncer_ini(config: PoolConfig) -> str:
    """The configuration file (pgbouncer.org, config)."""
    names = database_names(config.database, len(config.hosts))
    databases = [
        f"{name} = host={host} port={config.server_port} dbname={config.database}"
        for name, host in zip(names, config.hosts, strict=True)
    ]
    settings = {
        "listen_addr": "*",
        "listen_port": str(PORT),
        # Nothing but TCP: the root file system is read only.
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": f"{SECRET_FOLDER}/{USERS_FILE}",
        "pool_mode": "transaction",
        "max_prepared_statements": str(_PREPARED_STATEMENTS),
        "default_pool_size": str(config.pool_size),
        "max_db_connections": str(config.pool_size),
        "max_client_conn": str(config.max_clients),
        "query_wait_timeout": str(config.wait_seconds),
        "server_connect_timeout": str(_SERVER_CONNECT_SECONDS),
        "server_login_retry": "1",
        "server_lifetime": str(_SERVER_LIFETIME_SECONDS),
        # A replica that is replaced keeps its name and changes its address.
        "dns_max_ttl": str(_DNS_SECONDS),
        "server_tls_sslmode": "verify-full",
        "server_tls_ca_file": config.certificates,
        # Sent by JDBC drivers, and of no meaning to later clients of the same connection.
        "ignore_startup_parameters": "extra_float_digits",
        "log_connections": "0",
        "log_disconnections": "0",
    }
    if config.client_tls:
        settings |= {
            "client_tls_sslmode": "require",
            "client_tls_cert_file": f"{TLS_FOLDER}/tls.crt",
            "client_tls_key_file": f"{TLS_FOLDER}/tls.key",
        }
    lines = ["[databases]", *databases, "", "[pgbouncer]", *(f"{key} = {value}" for key, value in settings.items())]
    return "\n".join(lines) + "\n"


def users(username: str, password: str) -> str:
    """The users' file. The password itself: a verifier would let clients in, and not PgBouncer into the replicas."""
    return f"{_quoted(username)} {_quoted(password)}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def start_script(folders: Sequence[str]) -> str:
    """How the container starts: PgBouncer, told of new files (a renewed certificate) and asked to stop in order.

    PgBouncer takes SIGTERM for "now", before 1.23, or for "when all clients have left", since; SIGINT ends it when the
    transactions under way have.

    Args:
        folders: Where its files are.
    """
    files = " ".join(f"{folder}/*" for folder in folders)
    return f"""\
seen() {{ cat {files} | cksum; }}
old=$(seen)
pgbouncer {CONFIG_FOLDER}/{CONFIG_FILE} & child=$!
trap 'kill -INT $child' TERM INT
(while sleep {WATCH_SECONDS}; do
  new=$(seen); [ "$new" = "$old" ] || {{ old=$new; kill -HUP $child; }}
done) &
until wait $child; code=$?; ! kill -0 $child 2>/dev/null; do :; done
exit $code
"""


def ready_script(databases: Sequence[str]) -> str:
    """Whether any replica answers through the pool. All are asked at a time, and all are waited for: nobody else
    would."""
    names = " ".join(databases)
    return f"""\
asked=; found=1
for name in {names}; do
  timeout {PROBE_SECONDS} psql -XAtqc 'select 1' "$name" >/dev/null & asked="$asked $!"
done
for one in $asked; do wait "$one" && found=0; done
exit $found
"""
