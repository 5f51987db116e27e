"""The local platform at this moment: what failed on purpose, what is declared, what runs, where, since when."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table

import local.aws
import local.cluster
from groundwork.console import OUT
from groundwork.failing import active_table
from local.aws.lifecycle import ServerStatus
from local.cluster import ClusterStatus
from local.failures.active import Active, Store
from local.failures.control import clock
from local.failures.effects import struck
from local.failures.inventory import inventory
from local.network.plan import PLAN
from local.paths import Paths

_SECONDS = 1.0


@dataclass(frozen=True)
class Row:
    """One line of the status.

    Attributes:
        kind: What it is: endpoint, redis, postgres, node, ….
        zone: As AWS names it; the region for what belongs to no single zone, `global` for what belongs to no region.
        address: Where it answers; empty where nothing is to be reached.
        role: primary, replica, writer or standby; empty for all else.
        state: `ready`, or what it is instead.
        problem: Why it is not ready, if that is known.
        since: When it was started, seconds since the epoch; None when it does not run.
        failures: Names of the failures on purpose that concern it.
    """

    name: str
    kind: str
    zone: str
    address: str
    role: str
    state: str
    problem: str
    since: float | None
    log: str
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Status:
    """The platform as a whole."""

    failures: tuple[Active, ...]
    rows: tuple[Row, ...]

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {"failures": [asdict(each) for each in self.failures], "rows": [asdict(each) for each in self.rows]}


def read(paths: Paths) -> Status:
    """The status of now; no rows when there is no platform."""
    servers, cluster = local.aws.status(paths), local.cluster.status(paths)
    active = Store(paths.state).read()
    running = [] if cluster is None else [each.name for each in cluster.components if each.pid]
    rows = [*server_rows(servers), *cluster_rows(cluster)]
    return Status(tuple(active), tuple(with_failures(rows, struck(active, inventory(PLAN, servers, running)))))


def with_failures(rows: Sequence[Row], failures: Mapping[str, Sequence[str]]) -> list[Row]:
    """The rows with the failures that concern them.

    Args:
        failures: Names of failures, by the name of what they concern.
    """
    return [replace(row, failures=tuple(failures.get(row.name, ()))) for row in rows]


def server_rows(servers: Sequence[ServerStatus]) -> list[Row]:
    """A row for the endpoint and each server behind it."""
    return [
        Row(
            each.name,
            each.kind,
            each.zone or each.region,
            each.address,
            each.role,
            each.state,
            each.problem,
            None if each.state == "down" else each.since,
            each.log,
        )
        for each in servers
    ]


def cluster_rows(cluster: ClusterStatus | None) -> list[Row]:
    """A row for each node and each component of the cluster; none where there is no cluster."""
    if cluster is None:
        return []
    nodes = [
        Row(node.name, "node", node.zone, "", "", "ready" if node.ready else "not ready", "", None, "")
        for node in cluster.nodes
    ]
    zones = {node.name: node.zone for node in cluster.nodes}
    components = [
        Row(
            each.name,
            "cluster",
            next((zone for node, zone in zones.items() if each.name.startswith(f"{node}-")), ""),
            cluster.server if each.name == "kube-apiserver" else "",
            "",
            "ready" if each.pid else "down",
            "",
            each.since,
            str(each.log),
        )
        for each in cluster.components
    ]
    return [*nodes, *components]


def drawn(status: Status) -> RenderableType:
    """The status for a person."""
    if not status.rows and not status.failures:
        return "there is no local platform: `groundwork local up` starts one"
    table = Table("name", "kind", "zone", "address", "role", "state", "since", "log", title="local platform")
    for row in status.rows:
        colour = "green" if row.state == "ready" else "red"
        state = f"[{colour}]{row.state}[/]" + (f": {row.problem}" if row.problem else "")
        if row.failures:
            state += f" [bold red]({', '.join(row.failures)})[/]"
        since = "" if row.since is None else clock(row.since)
        table.add_row(row.name, row.kind, row.zone, row.address, row.role, state, since, row.log)
    return Group(active_table(status.failures), table) if status.failures else table


def watch(paths: Paths) -> None:
    """Show it anew each second, until interrupted."""
    with Live(drawn(read(paths)), console=OUT, screen=OUT.is_terminal, auto_refresh=False) as live:
        while True:
            time.sleep(_SECONDS)
            live.update(drawn(read(paths)), refresh=True)
