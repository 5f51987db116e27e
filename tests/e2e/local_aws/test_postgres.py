"""A database instance is real PostgreSQL with streaming replicas (P0-REPLICA, SR-DB, RB-DB)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from local.aws.dataplane.clean import addresses
from local.network.plan import Plan
from tests.fixtures.databases import PASSWORD, Database, Wait, available, gone

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def database(client: Callable[[str], Any], unique: str, authority: str, eventually: Wait) -> Iterator[Database]:
    api = client("rds")
    database = Database(unique, api, authority)
    api.create_db_parameter_group(DBParameterGroupName=unique, DBParameterGroupFamily="postgres15", Description="tests")
    database.create(unique, DBParameterGroupName=unique)
    available(database, unique, eventually)
    for number in (1, 2):
        api.create_db_instance_read_replica(
            DBInstanceIdentifier=f"{unique}-{number}", SourceDBInstanceIdentifier=unique
        )
    for number in (1, 2):
        available(database, f"{unique}-{number}", eventually)
    yield database
    database.remove_all(eventually)
    api.delete_db_parameter_group(DBParameterGroupName=unique)


def test_a_row_written_on_the_writer_appears_on_both_replicas(database: Database, eventually: Wait) -> None:
    """P0-REPLICA, PV-REPLICA: replicas stream, and say that they are replicas."""
    with database.connect(database.name) as writer:
        writer.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
        writer.execute("INSERT INTO notes VALUES ('written')")
    assert database.ask(database.name, "SELECT pg_is_in_recovery()") is False
    for number in (1, 2):
        _has_the_row(database, f"{database.name}-{number}", eventually)


def _has_the_row(database: Database, replica: str, eventually: Wait) -> None:
    assert database.ask(replica, "SELECT pg_is_in_recovery()") is True
    table = "SELECT count(*) > 0 FROM pg_tables WHERE tablename = 'notes'"
    row = "SELECT count(*) > 0 FROM notes WHERE note = 'written'"
    eventually(lambda: database.ask(replica, table) and database.ask(replica, row), f"{replica} has the row")
    with database.connect(replica) as reader, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("INSERT INTO notes VALUES ('refused')")


def test_the_writer_knows_its_replicas(database: Database) -> None:
    """P0-REPLICA: lag can be measured with the master user's rights."""
    streaming = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL"
    assert database.ask(database.name, streaming) == 2


def test_neither_plain_text_nor_strangers_get_in(database: Database) -> None:
    """SR-DB: TLS is enforced, the certificate is the authority's, passwords count."""
    for wrong in ({"sslmode": "disable"}, {"password": "wrong"}, {"user": "rdsadmin"}):
        with pytest.raises(psycopg.OperationalError):
            database.connect(database.name, **wrong)


def test_the_master_user_is_no_superuser(database: Database) -> None:
    assert database.ask(database.name, "SELECT rolsuper FROM pg_roles WHERE rolname = 'app'") is False


def test_no_password_is_in_the_log(database: Database, paths: Any) -> None:
    """SR-SECRET: nor in any file of the server's that PostgreSQL itself writes."""
    from local.aws.layout import Layout

    logs = Layout.of(paths).logs.glob(f"*{database.name}*.log")
    texts = [log.read_text() for log in logs]
    assert texts
    assert not [text for text in texts if PASSWORD in text]


def test_parameters_apply_at_once_or_with_the_next_reboot(database: Database, eventually: Wait) -> None:
    def change(name: str, value: str, method: str) -> None:
        database.api.modify_db_parameter_group(
            DBParameterGroupName=database.name,
            Parameters=[{"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}],
        )

    def group_status() -> str:
        return str(database.described(database.name)["DBParameterGroups"][0]["ParameterApplyStatus"])

    change("log_min_duration_statement", "1234", "immediate")
    changed = "SELECT setting FROM pg_settings WHERE name = 'log_min_duration_statement'"
    eventually(lambda: database.ask(database.name, changed) == "1234", "the dynamic parameter is applied")
    change("max_connections", "70", "pending-reboot")
    eventually(lambda: group_status() == "pending-reboot", "the static parameter waits")
    available(database, database.name, eventually)
    assert database.ask(database.name, "SHOW max_connections") == "100"
    # The writer first: a replica with fewer connections than its source would refuse to start.
    for name in (database.name, f"{database.name}-1", f"{database.name}-2"):
        available(database, name, eventually)
        database.api.reboot_db_instance(DBInstanceIdentifier=name)
        available(database, name, eventually)
    assert database.ask(database.name, "SHOW max_connections") == "70"
    assert group_status() == "in-sync"


def test_a_new_password_takes_the_place_of_the_old(database: Database, eventually: Wait) -> None:
    """P0-SECRETS: the password can be changed while the server runs."""
    other = "second-password-of-the-tests"
    for old, new in ((PASSWORD, other), (other, PASSWORD)):
        available(database, database.name, eventually)
        database.api.modify_db_instance(
            DBInstanceIdentifier=database.name, MasterUserPassword=new, ApplyImmediately=True
        )
        available(database, database.name, eventually)
        database.connect(database.name, new).close()
        with pytest.raises(psycopg.OperationalError):
            database.connect(database.name, old)


def test_a_promoted_replica_takes_writes_and_a_deleted_one_leaves_nothing(
    database: Database,
    plan: Plan,
    eventually: Wait,
    server_names: Callable[[], set[str]],
    server_files: Callable[[str], list[Any]],
) -> None:
    """RB-DB: promotion; and no process, file, address or replication slot stays behind."""
    # As long as RDS lets it be: paths and slots are made from it.
    name = f"{database.name}-9".ljust(63, "9")
    available(database, database.name, eventually)
    database.api.create_db_instance_read_replica(DBInstanceIdentifier=name, SourceDBInstanceIdentifier=database.name)
    available(database, name, eventually)
    database.api.promote_read_replica(DBInstanceIdentifier=name)
    available(database, name, eventually)
    assert database.ask(name, "SELECT pg_is_in_recovery()") is False
    with database.connect(name) as promoted:
        promoted.execute("CREATE TABLE mine (n int)")
    address = database.described(name)["Endpoint"]["Address"]
    database.api.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    gone(database, name, eventually)
    server = f"postgres-{plan.region}-{name}"
    assert server not in server_names()
    assert server_files(server) == []
    assert address not in addresses(plan)
    slots = "SELECT count(*) FROM pg_replication_slots"
    eventually(lambda: database.ask(database.name, slots) == 2, "the slot of the promoted replica is dropped")
