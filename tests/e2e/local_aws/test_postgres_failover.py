"""A Multi-AZ instance survives its writer, its data survive in snapshots (PV-DBFAIL, SR-DB, RB-DB, P0-BACKUP)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.aws.dataplane import patroni, postgres_lag, postmaster
from local.aws.dataplane.context import NotReady
from local.aws.layout import Layout
from local.network.plan import Plan
from local.paths import Paths
from local.processes import Processes
from tests.fixtures.databases import Database, Ledger, Wait, available, gone

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def database(client: Callable[[str], Any], unique: str, authority: str, eventually: Wait) -> Iterator[Database]:
    """A writer with a standby, and a read replica."""
    database = Database(unique, client("rds"), authority)
    database.create(unique, MultiAZ=True)
    available(database, unique, eventually)
    database.api.create_db_instance_read_replica(DBInstanceIdentifier=f"{unique}-r", SourceDBInstanceIdentifier=unique)
    for name in (f"{unique}-r", unique):
        available(database, name, eventually)
    yield database
    database.remove_all(eventually)


class Server:
    """The processes of the writer and its standby."""

    def __init__(self, layout: Layout, name: str) -> None:
        self._layout = layout
        self._name = name

    def data(self, letter: str) -> Path:
        return self._layout.servers / self._name / letter / "data"

    @property
    def letters(self) -> list[str]:
        """Those that run."""
        return [letter for letter in "ab" if postmaster.find(self.data(letter)) is not None]

    @property
    def writer(self) -> str:
        """Which of them writes: the other one has a mark in its data that says that it follows."""
        [letter] = [each for each in self.letters if not (self.data(each) / "standby.signal").exists()]
        return letter

    def kill(self, letter: str, *, whole: bool) -> None:
        """kill -9, before anything of it can notice."""
        pids = [postmaster.find(self.data(letter))]
        if whole:
            running = Processes(self._layout.server_records).running(f"{self._name}.{letter}")
            assert running is not None
            pids.insert(0, running.pid)
        for pid in pids:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def server(paths: Paths, plan: Plan, database: Database) -> Server:
    return Server(Layout.of(paths), f"postgres-{plan.region}-{database.name}")


def standby_follows(database: Database) -> bool:
    """Whether the standby acknowledges every commit, so that it may take over."""
    try:
        writer = database.ask(database.name, "SELECT host(inet_server_addr())")
        return [each.state for each in patroni.states(writer) if each.role == "sync_standby"] == ["streaming"]
    except (psycopg.OperationalError, NotReady):
        return False


def replica_has(database: Database, number: int) -> bool:
    try:
        return bool(database.ask(f"{database.name}-r", f"SELECT count(*) FROM ledger WHERE number = {number}") == 1)
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize("whole", [True, False], ids=["with its Patroni", "alone"])
def test_a_killed_writer_is_followed_by_its_standby(
    database: Database, server: Server, eventually: Wait, whole: bool
) -> None:
    """PV-DBFAIL: same endpoint, no acknowledged write lost, the old writer follows, and so does the replica."""
    eventually(lambda: standby_follows(database), "the standby follows")
    before, old = database.described(database.name), server.writer
    with Ledger(database) as ledger:
        eventually(lambda: len(ledger.acknowledged) > 20, "the client writes")
        server.kill(old, whole=whole)
        killed = time.monotonic()
        # Nothing that was on its way may count: a second later at the earliest.
        eventually(lambda: ledger.first_after(killed + 1) is not None, "the client writes again")
    assert ledger.lost() == set()
    eventually(lambda: standby_follows(database), "the old writer follows")
    assert server.letters == ["a", "b"] and server.writer != old
    eventually(lambda: replica_has(database, max(ledger.acknowledged)), "the replica follows the new writer")
    with database.connect(f"{database.name}-r") as connection:
        eventually(lambda: postgres_lag.measure(connection) == 0, "the replica is not behind")

    def zones() -> tuple[str, str]:
        now = database.described(database.name)
        return now["AvailabilityZone"], now["SecondaryAvailabilityZone"]

    eventually(
        lambda: zones() == (before["SecondaryAvailabilityZone"], before["AvailabilityZone"]), "the zones have changed"
    )
    assert database.described(database.name)["Endpoint"] == before["Endpoint"]
    available(database, database.name, eventually)


def test_a_reboot_with_failover_changes_the_writer(database: Database, server: Server, eventually: Wait) -> None:
    """RB-DB: the standby takes over, and nothing that was acknowledged is lost."""
    available(database, database.name, eventually)
    before, old = database.described(database.name), server.writer
    with Ledger(database) as ledger:
        eventually(lambda: len(ledger.acknowledged) > 20, "the client writes")
        database.api.reboot_db_instance(DBInstanceIdentifier=database.name, ForceFailover=True)
        assert database.described(database.name)["DBInstanceStatus"] == "rebooting"
        available(database, database.name, eventually)
        ready = time.monotonic()
        eventually(lambda: ledger.first_after(ready) is not None, "the client writes again")
    assert ledger.lost() == set()
    assert server.writer != old
    after = database.described(database.name)
    assert after["AvailabilityZone"] == before["SecondaryAvailabilityZone"]
    assert standby_follows(database)
    eventually(lambda: replica_has(database, max(ledger.acknowledged)), "the replica follows the new writer")


def test_the_standby_comes_and_goes(database: Database, server: Server, eventually: Wait) -> None:
    """SR-DB: Multi-AZ off leaves the writer, on again brings a standby."""
    available(database, database.name, eventually)
    writer = server.writer
    database.api.modify_db_instance(DBInstanceIdentifier=database.name, MultiAZ=False, ApplyImmediately=True)
    available(database, database.name, eventually)
    assert server.letters == [writer]
    with database.connect(database.name) as connection:
        connection.execute("CREATE TABLE written_alone (n int)")
    database.api.modify_db_instance(DBInstanceIdentifier=database.name, MultiAZ=True, ApplyImmediately=True)
    available(database, database.name, eventually)
    assert server.letters == ["a", "b"] and server.writer == writer and standby_follows(database)


def test_a_snapshot_is_restored_as_it_was(database: Database, eventually: Wait, paths: Paths) -> None:
    """P0-BACKUP, RB-DB: what was written later is not in it, and a deleted snapshot leaves nothing."""
    snapshot, restored = f"{database.name}-s", f"{database.name}-restored"
    available(database, database.name, eventually)
    with database.connect(database.name) as connection:
        connection.execute("CREATE TABLE events (note text)")
        connection.execute("INSERT INTO events VALUES ('before')")
        database.api.create_db_snapshot(DBInstanceIdentifier=database.name, DBSnapshotIdentifier=snapshot)
        eventually(lambda: snapshot_status(database, snapshot) == "available", "the snapshot is there")
        connection.execute("INSERT INTO events VALUES ('after')")
    database.api.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier=restored, DBSnapshotIdentifier=snapshot, DBInstanceClass="db.t4g.micro"
    )
    available(database, restored, eventually)
    assert database.ask(restored, "SELECT string_agg(note, ',') FROM events") == "before"
    assert database.ask(database.name, "SELECT count(*) FROM events") == 2
    database.api.delete_db_instance(DBInstanceIdentifier=restored, FinalDBSnapshotIdentifier=f"{snapshot}-final")
    gone(database, restored, eventually)
    assert snapshot_status(database, f"{snapshot}-final") == "available"
    kept = Layout.of(paths).servers
    for name in (snapshot, f"{snapshot}-final"):
        database.api.delete_db_snapshot(DBSnapshotIdentifier=name)

    def listed() -> int:
        return len(database.api.describe_db_snapshots()["DBSnapshots"])

    eventually(lambda: len(list(kept.glob("snapshot-*"))) == listed(), "the snapshots' data are gone")


def test_a_moment_is_restored_across_a_failover(database: Database, eventually: Wait, paths: Paths) -> None:
    """P0-BACKUP, RB-DB: to the second, and to the latest; the log goes on with whoever writes."""
    moment, latest = f"{database.name}-moment", f"{database.name}-latest"
    available(database, database.name, eventually)
    with database.connect(database.name) as connection:
        connection.execute("CREATE TABLE history (note text)")
        connection.execute("INSERT INTO history VALUES ('first')")
    database.api.reboot_db_instance(DBInstanceIdentifier=database.name, ForceFailover=True)
    available(database, database.name, eventually)
    with database.connect(database.name) as connection:
        connection.execute("INSERT INTO history VALUES ('second')")
        # RDS's moments are whole seconds.
        between = connection.execute("SELECT date_trunc('second', now()) + interval '2 seconds'").fetchone()
        assert between is not None
        connection.execute("SELECT pg_sleep_until(%s + interval '1 second')", between)
        connection.execute("INSERT INTO history VALUES ('third')")
    source = {"SourceDBInstanceIdentifier": database.name, "DBInstanceClass": "db.t4g.micro"}
    database.api.restore_db_instance_to_point_in_time(
        TargetDBInstanceIdentifier=moment, RestoreTime=between[0], **source
    )
    database.api.restore_db_instance_to_point_in_time(
        TargetDBInstanceIdentifier=latest, UseLatestRestorableTime=True, **source
    )
    for name, expected in ((moment, "first,second"), (latest, "first,second,third")):
        available(database, name, eventually)
        assert database.ask(name, "SELECT string_agg(note, ',') FROM history") == expected
    for name in (moment, latest):
        database.api.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        gone(database, name, eventually)
    # The archives of the writer and nobody else.
    assert len(list(Layout.of(paths).servers.glob("archive-*"))) == 1


def snapshot_status(database: Database, name: str) -> str:
    return str(database.api.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]["Status"])
