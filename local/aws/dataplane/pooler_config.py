"""What PgBouncer is told: pure functions of what is declared (man pgbouncer.5)."""

from __future__ import annotations

from pathlib import Path

from local.aws.dataplane.pooler_desired import ADMINISTRATOR, Pooler

PORT = 5432
"""Where a proxy for PostgreSQL listens, whatever its database's port is."""

CONFIGURATION, ACCESS, USERS = "pgbouncer.ini", "hba.conf", "users.txt"
"""Files in a pooler's folder, which is its working directory."""

_CLIENTS = 2000
# What clients say of a session as a whole when they begin it: every session is shared here. The first is sent by all
# JDBC clients and changes nothing; the others are limits of time.
_NOT_KEPT = ("extra_float_digits", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
# What DISCARD ALL does, in commands that may be followed by others (PostgreSQL documentation, DISCARD).
_FORGET = (
    "CLOSE ALL",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET ALL",
    "DEALLOCATE ALL",
    "UNLISTEN *",
    "SELECT pg_advisory_unlock_all()",
    "DISCARD PLANS",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
)
_IDLE_SECONDS = 300


def share(connections: int, percent: int, users: int) -> int:
    """How many connections to the database each user's clients may have together.

    PgBouncer limits them for a user or for a database, not for both together; so each user has an equal part.
    """
    return max(1, connections * percent // 100 // max(1, users))


def idle_seconds(pooler: Pooler) -> int:
    """After which an unused connection to the database is closed; 0 for never.

    PgBouncer counts no unused connections: at the ends this is exact, in between they all go after five minutes.
    """
    if pooler.idle_percent >= pooler.connections_percent:
        return 0
    return _IDLE_SECONDS if pooler.idle_percent else 1


def render(pooler: Pooler, socket: Path, certificate: Path, key: Path, authority: Path) -> str:
    """pgbouncer.ini: transactions are pooled, and nothing of a session is left to the next client.

    Args:
        socket: Folder of the socket that the platform itself uses.
        certificate: Shown to clients.
        authority: Root that the database's certificate has to come from.
    """
    target = pooler.target
    lines = ["[databases]"]
    most = 1
    if target is not None:
        query = f" connect_query={quoted(pooler.init_query)}" if pooler.init_query else ""
        lines.append(f"* = host={target.host} port={target.port}{query}")
        most = share(target.connections, pooler.connections_percent, len(pooler.credentials))
    wait = max(1, pooler.wait_seconds)
    settings = {
        "listen_addr": pooler.address,
        "listen_port": PORT,
        "unix_socket_dir": socket,
        "auth_type": "hba",
        "auth_hba_file": ACCESS,
        "auth_file": USERS,
        "admin_users": ADMINISTRATOR,
        "pool_mode": "transaction",
        "max_client_conn": _CLIENTS,
        "default_pool_size": most,
        "max_user_connections": most,
        "query_wait_timeout": wait,
        "client_idle_timeout": pooler.idle_seconds,
        "server_idle_timeout": idle_seconds(pooler),
        "server_login_retry": 1,
        # Whoever waits for a writer is not to be cut off before the client gives up.
        "server_connect_timeout": wait + 15,
        "server_reset_query": "; ".join([*_FORGET, pooler.init_query]) if pooler.init_query else "DISCARD ALL",
        "server_reset_query_always": 1,
        "ignore_startup_parameters": ",".join(_NOT_KEPT),
        "client_tls_sslmode": "require" if pooler.requires_tls else "allow",
        "client_tls_cert_file": certificate,
        "client_tls_key_file": key,
        "server_tls_sslmode": "verify-full",
        "server_tls_ca_file": authority,
        "log_connections": int(pooler.is_verbose),
        "log_disconnections": int(pooler.is_verbose),
        "log_stats": 0,
    }
    lines += ["[pgbouncer]", *(f"{name} = {value}" for name, value in settings.items())]
    return "".join(f"{line}\n" for line in lines)


def access() -> str:
    """hba.conf: everybody by password, the administrator by the socket only."""
    return (
        "local all all scram-sha-256\n"
        f"host all {ADMINISTRATOR} 0.0.0.0/0 reject\n"
        "host all all 0.0.0.0/0 scram-sha-256\n"
    )


def users(pooler: Pooler, control_password: str) -> str:
    """users.txt: passwords in the clear, since PgBouncer logs in to the database with them."""
    pairs = [(ADMINISTRATOR, control_password), *((each.username, each.password) for each in pooler.credentials)]
    return "".join(f"{_doubled(name)} {_doubled(password)}\n" for name, password in pairs)


def quoted(text: str) -> str:
    """A value in a line of `[databases]`."""
    return "'" + text.replace("'", "''") + "'"


def _doubled(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
