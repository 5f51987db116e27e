"""How long writes are away when a Redis primary is killed: `python -m benchmarks.redis_failover` (as root, Debian).

A platform of its own runs one replication group with TLS, a token and two replicas. Each run kills the primary's
process (SIGKILL) while a client writes through the primary endpoint, with a new connection after each error, and takes
the time from the kill to the first write that is accepted. The next run begins when the API says that the group is
available again, with the killed server back as a replica.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
import matplotlib
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.aws import lifecycle
from local.aws.layout import Layout
from local.network import namespaces
from local.network.plan import plan_of
from local.paths import Paths
from local.processes import Processes

matplotlib.use("Agg")
from matplotlib import pyplot as plt

RUNS = 10
MOST_SECONDS = 5.0
RESULTS = Path(__file__).parent / "results"
GROUP, TOKEN = "failover", "a-token-of-the-benchmark"
PLAN = plan_of(217, "gf")


def told(api: Any) -> dict[str, Any]:
    """What the API says of the group."""
    found: dict[str, Any] = api.describe_replication_groups(ReplicationGroupId=GROUP)["ReplicationGroups"][0]
    return found


def settled(api: Any) -> dict[str, Any]:
    """The group, once it is available.

    Raises:
        TimeoutError: it is not within two minutes.
    """
    deadline = time.monotonic() + 120
    while (group := told(api))["Status"] != "available":
        if time.monotonic() > deadline:
            raise TimeoutError(f"the group is {group['Status']}")
        time.sleep(0.2)
    return group


def failover(api: Any, processes: Processes, authority: str) -> float:
    """Seconds from the kill of the primary to a write that is accepted through the same endpoint."""
    group = settled(api)["NodeGroups"][0]
    [primary] = [each["CacheClusterId"] for each in group["NodeGroupMembers"] if each["CurrentRole"] == "primary"]
    running = processes.running(f"redis-{PLAN.region}-{primary}")
    assert running is not None
    with redis.Redis(
        host=group["PrimaryEndpoint"]["Address"],
        password=TOKEN,
        ssl=True,
        ssl_ca_certs=authority,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        client.set("written", "before")
        os.kill(running.pid, signal.SIGKILL)
        began = time.monotonic()
        while True:
            try:
                client.set("written", "after")
            except redis.RedisError:
                time.sleep(0.02)
            else:
                return time.monotonic() - began


def measure(state: Path) -> list[float]:
    """Seconds of each run."""
    paths = Paths(cache=state / "cache", state=state / "state")
    namespaces.up(PLAN)
    try:
        lifecycle.start(paths, PLAN)
        api = boto3.client(
            "elasticache",
            endpoint_url=PLAN.aws_url,
            region_name=PLAN.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        api.create_replication_group(
            ReplicationGroupId=GROUP,
            ReplicationGroupDescription="benchmark",
            NumCacheClusters=3,
            AutomaticFailoverEnabled=True,
            TransitEncryptionEnabled=True,
            AuthToken=TOKEN,
        )
        processes = Processes(Layout.of(paths).server_records)
        authority = str(paths.aws / "ca" / "ca.pem")
        return [failover(api, processes, authority) for _ in range(RUNS)]
    finally:
        lifecycle.stop(paths, PLAN)
        namespaces.down(PLAN)


def plot(seconds: list[float], file: Path) -> None:
    """A bar a run, and the goal."""
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.bar(range(1, len(seconds) + 1), seconds, color="tab:blue")
    axes.axhline(MOST_SECONDS, linestyle="--", color="tab:red", label=f"goal: {MOST_SECONDS:.0f} s")
    axes.axhline(statistics.median(seconds), linestyle=":", color="black", label="median")
    axes.set(
        xlabel="run", ylabel="seconds without writes", title="Redis: kill -9 of the primary", xticks=range(1, RUNS + 1)
    )
    axes.set_ylim(0, MOST_SECONDS * 1.15)
    axes.legend(loc="upper left")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> int:
    """Measure, print, plot; exit code 1 when a failover took longer than the goal."""
    with tempfile.TemporaryDirectory() as state:
        seconds = measure(Path(state))
    for number, taken in enumerate(seconds, 1):
        print(f"run {number:2d}: {taken:.2f} s")
    print(f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s")
    document = {"unit": "seconds from kill -9 of the primary to a write accepted", "runs": seconds}
    (RESULTS / "redis_failover.json").write_text(json.dumps(document, indent=2) + "\n")
    plot(seconds, RESULTS / "redis_failover.png")
    return 0 if max(seconds) <= MOST_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
