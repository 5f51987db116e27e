"""Start, stop and look at the endpoint, from outside its process."""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from local.aws.layout import HEALTH_PATH, Layout
from local.network.plan import PLAN, Node, Plan
from local.paths import Paths
from local.processes import Processes, ProcessSpec

ENDPOINT = "aws-endpoint"
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0


class EndpointError(RuntimeError):
    """The endpoint did not start; the message says where its log is."""


@dataclass(frozen=True)
class ServerStatus:
    """One line of the status.

    Attributes:
        kind: endpoint, redis, redis-endpoint, redis-sentinel, redis-snapshot, postgres or cdn.
        state: ready, starting, leaving or down.
        problem: Why it is not ready, if that is known.
        since: Seconds since the epoch.
        log: Where it writes.
    """

    name: str
    kind: str
    address: str
    state: str
    problem: str
    since: float
    log: str


def start(paths: Paths, plan: Plan = PLAN) -> None:
    """Start the endpoint and return when it answers; nothing happens if it does already.

    Raises:
        EndpointError: it ended, or did not answer within a minute.
    """
    layout = Layout.of(paths)
    processes = Processes(layout.endpoint_records)
    log = layout.logs / f"{ENDPOINT}.log"
    spec = ProcessSpec(
        ENDPOINT,
        [sys.executable, "-m", "local.aws", "serve", plan_to_json(plan)],
        log,
        env={"GROUNDWORK_STATE": str(paths.state), "GROUNDWORK_CACHE": str(paths.cache)},
        cwd=Path("/"),
        namespace=plan.hub,
    )
    if who_answers(plan) not in (None, str(layout.root)):
        raise EndpointError(f"another platform's endpoint answers on {plan.aws_url}; stop that one first")
    processes.start(spec)
    deadline = time.monotonic() + _START_SECONDS
    while who_answers(plan) != str(layout.root):
        if processes.running(ENDPOINT) is None:
            raise EndpointError(f"the AWS endpoint ended while starting; see {log}")
        if time.monotonic() > deadline:
            raise EndpointError(f"the AWS endpoint does not answer on {plan.aws_url}; see {log}")
        time.sleep(0.1)


def stop(paths: Paths, plan: Plan = PLAN) -> None:
    """End the endpoint and every server, remove their addresses and all files; nothing happens if there are none."""
    from local.aws.dataplane.clean import clean

    layout = Layout.of(paths)
    Processes(layout.endpoint_records).stop(ENDPOINT, timeout=_STOP_SECONDS)
    # The endpoint cleans up itself; one that was killed could not.
    clean(layout, plan)
    shutil.rmtree(layout.servers, ignore_errors=True)
    shutil.rmtree(layout.root, ignore_errors=True)


def status(paths: Paths, plan: Plan = PLAN) -> list[ServerStatus]:
    """The endpoint and every server behind it; empty when it was never started."""
    layout = Layout.of(paths)
    running = Processes(layout.endpoint_records).running(ENDPOINT)
    if running is None:
        return []
    state = "ready" if who_answers(plan) == str(layout.root) else "starting"
    address = f"{plan.hub_address}:{plan.aws_port}"
    lines = [ServerStatus(ENDPOINT, "endpoint", address, state, "", running.since, running.log)]
    try:
        servers = json.loads(layout.status.read_text())
    except FileNotFoundError:
        servers = []
    for each in servers:
        log = layout.logs / f"{'cdn' if each['kind'] == 'cdn' else each['name']}.log"
        lines.append(ServerStatus(**each, log=str(log)))
    return lines


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
