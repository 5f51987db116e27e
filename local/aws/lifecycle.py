"""Start, stop and look at the endpoint, from outside its process."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from local.aws.layout import HEALTH_PATH, Layout
from local.aws.memory.store import StateUnreadable, Store
from local.aws.memory.version import version
from local.network.plan import PLAN, Node, Plan
from local.paths import Paths
from local.processes import Processes, ProcessSpec

ENDPOINT, WATCHER = "aws-endpoint", "aws-endpoint-watcher"
STORE = "postgres-etcd"
"""Name of the process in which databases agree on who writes; the cluster's store is `etcd`."""
_OWN_LOOK = ("endpoint", "postgres-store")
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_WATCH_SECONDS = 0.25
"""Between looks at whether the endpoint runs."""
_FIRST_PATIENCE, _LAST_PATIENCE = 0.1, 30.0
"""Seconds before an endpoint that ended is started again: doubling from the first to the last while it ends at once."""


class EndpointError(RuntimeError):
    """The endpoint did not start; the message says where its log is."""


@dataclass(frozen=True)
class ServerStatus:
    """One line of the status.

    Attributes:
        kind: endpoint, redis, redis-endpoint, redis-sentinel, redis-snapshot, postgres (an instance), postgres-server
            (one of its servers), postgres-store, rds-proxy or cdn.
        state: ready, starting, leaving or down.
        problem: Why it is not ready, if that is known.
        since: Seconds since the epoch.
        log: Where it writes.
        region: `global` for what belongs to none.
        zone: As AWS names it; empty for what a region has as a whole.
        role: Of a Redis primary or replica, of a database writer, standby or replica; empty for all else.
        addresses: All that lead to it, `address` included.
        process: Name of its process; empty if it has none.
    """

    name: str
    kind: str
    address: str
    state: str
    problem: str
    since: float
    log: str
    region: str = "global"
    zone: str = ""
    role: str = ""
    addresses: tuple[str, ...] = ()
    process: str = ""


def start(paths: Paths, plan: Plan = PLAN) -> None:
    """Start the endpoint and return when it answers; nothing happens if it does already.

    What an earlier endpoint knew, and its servers, are taken over. From then on the endpoint is started again whenever
    it ends.

    Raises:
        EndpointError: it ended, or did not answer within a minute, or what is kept of an earlier one cannot be used.
    """
    layout = Layout.of(paths)
    processes = Processes(layout.endpoint_records)
    if who_answers(plan) not in (None, str(layout.root)):
        raise EndpointError(f"another platform's endpoint answers on {plan.aws_url}; stop that one first")
    spec = _endpoint(paths, plan)
    if processes.running(ENDPOINT) is None:
        try:
            Store(layout.memory, version()).check()
        except StateUnreadable as error:
            raise EndpointError(str(error)) from error
        # A watcher is about to do so itself.
        if processes.running(WATCHER) is None:
            processes.start(spec)
    deadline = time.monotonic() + _START_SECONDS
    while who_answers(plan) != str(layout.root):
        if processes.running(ENDPOINT) is None and processes.running(WATCHER) is None:
            raise EndpointError(f"the AWS endpoint ended while starting; see {spec.log}")
        if time.monotonic() > deadline:
            raise EndpointError(f"the AWS endpoint does not answer on {plan.aws_url}; see {spec.log}")
        time.sleep(0.1)
    processes.start(ProcessSpec(WATCHER, _command("watch", plan), spec.log, env=spec.env, cwd=spec.cwd))


def watch(paths: Paths, plan: Plan) -> None:
    """Start the endpoint again whenever it ends, until SIGTERM or SIGINT, or until its state folder is gone."""
    layout = Layout.of(paths)
    processes = Processes(layout.endpoint_records)
    spec = _endpoint(paths, plan)
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    patience, started = _FIRST_PATIENCE, time.monotonic()
    while not stopping.wait(_WATCH_SECONDS):
        if processes.running(ENDPOINT) is not None:
            continue
        if not layout.root.exists():
            break
        if time.monotonic() - started > _LAST_PATIENCE:
            patience = _FIRST_PATIENCE
        print(f"the AWS endpoint ended; it is started again in {patience:.1f} s", file=sys.stderr, flush=True)
        if stopping.wait(patience):
            break
        patience, started = min(_LAST_PATIENCE, 2 * patience), time.monotonic()
        processes.start(spec)


def stop(paths: Paths, plan: Plan = PLAN) -> None:
    """End the endpoint and every server, remove their addresses and all files; nothing happens if there are none."""
    from local.aws.dataplane.clean import clean

    layout = Layout.of(paths)
    processes = Processes(layout.endpoint_records)
    # The watcher first: it would start the endpoint again.
    for name in (WATCHER, ENDPOINT):
        processes.stop(name, timeout=_STOP_SECONDS)
    clean(layout, plan)
    shutil.rmtree(layout.servers, ignore_errors=True)
    shutil.rmtree(layout.root, ignore_errors=True)


def status(paths: Paths, plan: Plan = PLAN) -> list[ServerStatus]:
    """The endpoint and every server behind it; empty when it was never started."""
    layout = Layout.of(paths)
    processes = Processes(layout.endpoint_records)
    running, watcher = processes.running(ENDPOINT), processes.running(WATCHER)
    process = running or watcher
    if process is None:
        return []
    state = "down" if running is None else "ready" if who_answers(plan) == str(layout.root) else "starting"
    address = f"{plan.hub_address}:{plan.aws_port}"
    lines = [ServerStatus(ENDPOINT, "endpoint", address, state, "", process.since, process.log, process=ENDPOINT)]
    try:
        servers = json.loads(layout.status.read_text())
    except FileNotFoundError:
        servers = []
    for each in servers:
        log = str(layout.logs / f"{each['log']}.log")
        lines.append(ServerStatus(**{**each, "log": log, "addresses": tuple(each["addresses"])}))
    records = Processes(layout.server_records)
    store = records.running(STORE)
    if store is not None:
        lines.append(ServerStatus(STORE, "postgres-store", "", "ready", "", store.since, store.log, process=STORE))
    # What the endpoint last knew may be a moment old, or older if it is down itself.
    return [_as_it_runs(line, records) if line.kind not in _OWN_LOOK else line for line in lines]


def _as_it_runs(line: ServerStatus, records: Processes) -> ServerStatus:
    if not line.process:
        return line
    running = records.running(line.process)
    if running is None:
        return replace(line, state="down" if line.state == "ready" else line.state)
    return replace(line, since=running.since)


def _endpoint(paths: Paths, plan: Plan) -> ProcessSpec:
    return ProcessSpec(
        ENDPOINT,
        _command("serve", plan),
        Layout.of(paths).logs / f"{ENDPOINT}.log",
        env={"GROUNDWORK_STATE": str(paths.state), "GROUNDWORK_CACHE": str(paths.cache)},
        cwd=Path("/"),
        namespace=plan.hub,
    )


def _command(verb: str, plan: Plan) -> list[str]:
    return [sys.executable, "-m", "local.aws", verb, plan_to_json(plan)]


def who_answers(plan: Plan = PLAN, seconds: float = 2.0) -> str | None:
    """The state folder of the endpoint that answers at our address, None if none does."""
    try:
        with urllib.request.urlopen(plan.aws_url + HEALTH_PATH, timeout=seconds) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return None


def plan_to_json(plan: Plan) -> str:
    """The plan as one argument of the endpoint's command line."""
    return json.dumps(asdict(plan))


def plan_from_json(text: str) -> Plan:
    """The plan that `plan_to_json` wrote."""
    fields = json.loads(text)
    return Plan(**{**fields, "nodes": tuple(Node(**node) for node in fields["nodes"])})
