"""What is the same for every redis-server, alone or of a cluster: how it dies, what it begins with, what it is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from local.aws.dataplane.context import Context, NotReady
from local.aws.dataplane.files import write_private
from local.aws.dataplane.redis_access import USER
from local.aws.dataplane.redis_config import PLATFORM_USERS, clients
from local.aws.dataplane.redis_desired import RedisServer
from local.aws.dataplane.redis_snapshot_driver import FILE, snapshot_file
from local.aws.extensions.elasticache_parameters import restart_settings

_SEEDED = "seeded"


def die(context: Context, server: RedisServer, folder: Path) -> bool:
    """Kill the server if that is asked for once more than it was done: what TestFailover is for.

    Returns:
        Whether it has never run.
    """
    record = folder / "deaths"
    before = int(record.read_text()) if record.exists() else None
    if before is not None and before < server.deaths:
        context.processes.stop(server.name, timeout=0)
    if before != server.deaths:
        write_private(record, str(server.deaths), USER)
    return before is None


def end(context: Context, server: RedisServer) -> None:
    """End the server and remove its data and address."""
    context.processes.stop(server.name)
    shutil.rmtree(context.folder(server.name), ignore_errors=True)
    context.remove_address(server.address)


def has_begun(server: RedisServer, folder: Path) -> bool:
    """Whether the server has loaded its snapshot, if there is one that it begins with."""
    return server.seed is None or (folder / _SEEDED).exists()


def lay_out(context: Context, server: RedisServer, folder: Path, loads: bool) -> None:
    """Leave what the server loads when it starts: a snapshot the first time, nothing afterwards."""
    data = folder / FILE
    data.unlink(missing_ok=True)
    if loads and server.seed is not None:
        try:
            shutil.copyfile(snapshot_file(context, server.seed), data)
        except FileNotFoundError as error:
            raise NotReady(f"{server.name}: its data are still to be fetched") from error
        shutil.chown(data, USER, USER)


def note_begun(server: RedisServer, folder: Path) -> None:
    """Once it has loaded its snapshot it does not so again: that would bring old data back."""
    if server.seed is not None and write_private(folder / _SEEDED, server.seed, USER):
        (folder / FILE).unlink(missing_ok=True)


def tune(client: Any, server: RedisServer) -> None:
    """Bring a running server's settings and users to what is declared.

    Args:
        client: A Redis client, logged in as the platform itself.
        server: What is declared.
    """
    live = {name: value for name, value in server.settings.items() if name not in restart_settings()}
    client.execute_command("CONFIG", "SET", *(part for pair in live.items() for part in pair))
    let_in(client, server)


def let_in(client: Any, server: RedisServer) -> None:
    """Bring a running server's users to what is declared; connections of those that go are closed.

    Args:
        client: A Redis client, logged in as the platform itself.
        server: What is declared.
    """
    wanted = clients(server)
    for name, rules in wanted.items():
        client.execute_command("ACL", "SETUSER", name, *rules)
    if gone := sorted(set(client.acl_users()) - set(wanted) - PLATFORM_USERS - {"default"}):
        client.acl_deluser(*gone)
