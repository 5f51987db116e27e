"""How long a Multi-AZ database takes no writes when its writer is killed: `python -m benchmarks.postgres_failover`.

An endpoint of its own with one instance. A client writes one row after the other through the instance's endpoint; in
the middle of it the writer gets kill -9, every other time together with its Patroni. What is measured is from the kill
to the first commit that is confirmed after it, through the same address; every commit that was confirmed before has
to be there. Takes root, like the local platform itself.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg

from local.aws import lifecycle
from local.aws.dataplane import patroni, postmaster
from local.aws.dataplane.context import NotReady
from local.aws.layout import Layout
from local.network import namespaces
from local.network.plan import plan_of
from local.paths import Paths
from local.processes import Processes

RESULTS = Path(__file__).parent / "results"
RUNS = 10
MOST_SECONDS = 10.0
PASSWORD = "password-of-the-benchmark"
NAME = "bench"
PLAN = plan_of(231, "gf")


@dataclass(frozen=True)
class Failover:
    """One of them.

    Attributes:
        killed: What got the signal.
        seconds: From the signal to the first confirmed commit.
        confirmed: Commits confirmed so far, all runs together.
        lost: How many of them are not there.
        standby_seconds: From the signal until the killed server is a synchronous standby.
    """

    killed: str
    seconds: float
    confirmed: int
    lost: int
    standby_seconds: float


class Bench:
    """The instance, its client and its processes."""

    def __init__(self, paths: Paths) -> None:
        self._layout = Layout.of(paths)
        self._server = f"postgres-{PLAN.region}-{NAME}"
        self._authority = str(paths.aws / "ca" / "ca.pem")
        self._api = boto3.client(
            "rds",
            endpoint_url=PLAN.aws_url,
            region_name=PLAN.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self._address = ""
        self._number = 0
        self._confirmed: set[int] = set()

    def create(self) -> None:
        """Declare the instance and wait for it."""
        self._api.create_db_instance(
            DBInstanceIdentifier=NAME,
            Engine="postgres",
            DBInstanceClass="db.t4g.micro",
            AllocatedStorage=20,
            MasterUsername="app",
            MasterUserPassword=PASSWORD,
            DBName="app",
            MultiAZ=True,
        )
        _wait(lambda: self._described()["DBInstanceStatus"] == "available")
        self._address = self._described()["Endpoint"]["Address"]
        with self._connect() as connection:
            connection.execute("CREATE TABLE ledger (number bigint PRIMARY KEY)")

    def fail_over(self, *, whole: bool) -> Failover:
        """Kill the writer while a client writes, and see when it can write again."""
        with self._connect() as connection:
            for _ in range(100):
                self._write(connection)
            killed = self._kill(whole=whole)
        again = self._write_again()
        _wait(self._has_standby)
        return Failover(
            "PostgreSQL and Patroni" if whole else "PostgreSQL",
            again - killed,
            len(self._confirmed),
            len(self._confirmed - self._there()),
            time.monotonic() - killed,
        )

    def _write(self, connection: psycopg.Connection[Any]) -> None:
        self._number += 1
        connection.execute("INSERT INTO ledger VALUES (%s)", (self._number,))
        self._confirmed.add(self._number)

    def _write_again(self) -> float:
        while True:
            try:
                with self._connect() as connection:
                    self._write(connection)
                    return time.monotonic()
            except psycopg.Error:
                time.sleep(0.02)

    def _kill(self, *, whole: bool) -> float:
        data = {letter: self._layout.servers / self._server / letter / "data" for letter in "ab"}
        [writer] = [letter for letter, folder in data.items() if not (folder / "standby.signal").exists()]
        pids = [postmaster.find(data[writer])]
        if whole:
            running = Processes(self._layout.server_records).running(f"{self._server}.{writer}")
            pids.insert(0, running.pid if running else None)
        for pid in pids:
            if pid is None:
                raise RuntimeError("the writer does not run")
            os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    def _there(self) -> set[int]:
        with self._connect() as connection:
            return {int(row[0]) for row in connection.execute("SELECT number FROM ledger").fetchall()}

    def _has_standby(self) -> bool:
        """Whether there is one that may take over."""
        try:
            with self._connect() as connection:
                row = connection.execute("SELECT host(inet_server_addr())").fetchone()
            assert row is not None
            return any(each.role == "sync_standby" and each.follows for each in patroni.states(row[0]))
        except (psycopg.Error, NotReady):
            return False

    def _described(self) -> dict[str, Any]:
        return dict(self._api.describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0])

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self._address,
            user="app",
            password=PASSWORD,
            dbname="app",
            sslmode="verify-full",
            sslrootcert=self._authority,
            autocommit=True,
            connect_timeout=2,
        )


def _wait(question: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.1)


def measure(paths: Paths) -> list[Failover]:
    """Every run, on one instance: a server that was killed is the standby of the next."""
    bench = Bench(paths)
    bench.create()
    found = []
    for run in range(RUNS):
        found.append(bench.fail_over(whole=run % 2 == 0))
        print(f"{found[-1].killed:24s} {found[-1].seconds:5.2f} s   lost {found[-1].lost}", flush=True)
        # The instance goes on for a while between two failures.
        time.sleep(5)
    return found


def main() -> int:
    """Measure, print, write down; exit code 1 when one took longer than the goal or lost a commit."""
    cache = Paths.from_environment().cache
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as folder:
        Path(folder).chmod(0o755)
        paths = Paths(cache=cache, state=Path(folder))
        namespaces.up(PLAN)
        try:
            lifecycle.start(paths, PLAN)
            found = measure(paths)
        finally:
            lifecycle.stop(paths, PLAN)
            namespaces.down(PLAN)
    seconds = [each.seconds for each in found]
    print(f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s, goal {MOST_SECONDS:.0f} s")
    document = {"goal": MOST_SECONDS, "median": statistics.median(seconds), "runs": [asdict(each) for each in found]}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "postgres_failover.json").write_text(json.dumps(document, indent=2) + "\n")
    return 0 if max(seconds) <= MOST_SECONDS and not any(each.lost for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
