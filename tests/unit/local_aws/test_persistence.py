"""What the endpoint knows survives its end: every service that the stacks use, and S3's objects (P0-S3, P0-SECRETS)."""

from __future__ import annotations

import contextlib
import os
import pickletools
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.core.base_backend import BackendDict
from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends

from local.aws.application import Application
from local.aws.control_plane_only import settle
from local.aws.dataplane.desired import desired
from local.aws.memory import keeper as keepers
from local.aws.memory import version as versions
from local.aws.memory.keeper import Keeper
from local.aws.memory.store import Entry, Row, StateUnreadable, Store
from local.aws.state import ADDRESSES, LOCK
from tests.fixtures.aws import on_loopback
from tests.unit.local_aws.declared import DECLARATIONS

pytestmark = pytest.mark.unit


ALLOWED: set[str] = set()
"""Models that several services use, each its own."""


@contextlib.contextmanager
def another_process() -> Iterator[None]:
    """What this process's moto knows is put aside, as if the process were new; put back afterwards."""
    services = {each: (dict(each), dict(vars(each))) for each in BackendDict._instances}
    instances, taken = list(BackendDict._instances), dict(ADDRESSES.taken)
    forget()
    try:
        yield
    finally:
        forget()
        for service, (accounts, members) in services.items():
            vars(service).update(members)
            for account, regions in accounts.items():
                dict.__setitem__(service, account, regions)
        BackendDict._instances[:] = instances
        ADDRESSES.taken.update(taken)


def forget() -> None:
    """Begin with nothing, as a new process does."""
    for service in BackendDict._instances:
        dict.clear(service)
        if hasattr(service, "bucket_accounts"):
            service.bucket_accounts = {}
    BackendDict._instances.clear()
    ADDRESSES.taken.clear()


class Machine:
    """A folder with a state, and an endpoint that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "memory"
        self.keeper = Keeper(self.folder)
        self.address = ""
        self._application: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self._application(environ, start_response)

    def start(self) -> None:
        self.keeper = Keeper(self.folder)
        self.keeper.open()
        self._application = Application(settle, self.keeper.secrets.edge_secret, keeper=self.keeper)

    def kill(self) -> None:
        """The end without a word: nothing is written any more, and the next process knows nothing."""
        self.keeper._store.close()
        forget()

    def restart(self) -> None:
        self.kill()
        self.start()

    def client(self, service: str, **more: Any) -> Any:
        known = {"region_name": "eu-west-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(retries={"max_attempts": 1})
        return boto3.client(service, endpoint_url=self.address, config=config, **{**known, **more})


@contextlib.contextmanager
def running(machine: Machine) -> Iterator[Machine]:
    """The machine with its endpoint up."""
    with another_process(), on_loopback(machine) as machine.address:
        machine.start()
        yield machine
        machine.kill()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with running(Machine(tmp_path)) as one:
        yield one


@pytest.mark.parametrize("service", DECLARATIONS)
def test_what_was_acknowledged_is_there_after_a_kill(machine: Machine, service: str) -> None:
    """Each answer is the same before and after, identifiers and times too."""
    declaration = DECLARATIONS[service]
    declaration.declare(machine.client)
    before = list(declaration.ask(machine.client))
    assert before
    # Twice: what was restored must be kept again as it is.
    for _ in range(2):
        machine.restart()
        assert list(declaration.ask(machine.client)) == before


def test_everything_together_survives_and_can_be_changed_afterwards(machine: Machine) -> None:
    for declaration in DECLARATIONS.values():
        declaration.declare(machine.client)
    before = {name: list(each.ask(machine.client)) for name, each in DECLARATIONS.items()}
    machine.restart()
    assert {name: list(each.ask(machine.client)) for name, each in DECLARATIONS.items()} == before
    machine.client("secretsmanager").put_secret_value(SecretId="app/redis", SecretString="third")
    machine.client("elasticache").modify_replication_group(
        ReplicationGroupId="app", ReplicationGroupDescription="changed", ApplyImmediately=True
    )
    machine.client("s3").delete_object(Bucket="assets", Key="a/b.txt")
    machine.restart()
    got = machine.client("secretsmanager").get_secret_value(SecretId="app/redis")
    assert got["SecretString"] == "third"
    [group] = machine.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert group["Description"] == "changed"
    with pytest.raises(ClientError, match="NoSuchKey"):
        machine.client("s3").get_object(Bucket="assets", Key="a/b.txt")


def test_only_versioned_modules_are_kept(machine: Machine) -> None:
    """A pickle names classes: those of ours must be among the sources whose change makes an older state refused."""
    for declaration in DECLARATIONS.values():
        declaration.declare(machine.client)
    servers = desired()
    assert {type(each).__name__ for each in servers.values()} >= {"RedisServer", "PostgresServer", "EdgeSite"}
    with LOCK:
        machine.keeper.keep_servers({name: (each, each, 0.0) for name, each in servers.items()})
    kept = {".".join(path.relative_to(Path.cwd()).with_suffix("").parts) for path in relative(versions.kept_sources())}
    with sqlite3.connect(machine.folder / "state.db") as connection:
        states = [state for (state,) in connection.execute("SELECT state FROM rows")]
    named = {text for state in states for _, text, _ in pickletools.genops(state) if isinstance(text, str)}
    ours = {text for text in named if text.startswith("local.aws.")}
    assert ours
    assert ours <= kept


def relative(paths: list[Path]) -> list[Path]:
    root = Path(versions.__file__).parents[3]
    return [Path.cwd() / path.relative_to(root) for path in paths]


def test_services_refer_to_each_other_s_resources_and_copy_none(machine: Machine) -> None:
    """A subnet in RDS's group is EC2's own, also after a restart."""
    for declaration in DECLARATIONS.values():
        declaration.declare(machine.client)
    with sqlite3.connect(machine.folder / "state.db") as connection:
        states = connection.execute("SELECT name, state FROM rows WHERE kind = 'service'").fetchall()
    for name, state in states:
        named = {text for _, text, _ in pickletools.genops(state) if isinstance(text, str)}
        foreign = {text for text in named if re.fullmatch(r"moto\.\w+\.models(\.\w+)?", text)}
        assert {text for text in foreign if not name.startswith(".".join(text.split(".")[:3]))} <= ALLOWED, name
    machine.restart()
    [group] = rds_backends["123456789012"]["eu-west-1"].subnet_groups.values()  # type: ignore[attr-defined]
    for subnet in group._subnets:
        assert ec2_backends["123456789012"]["eu-west-1"].get_subnet(subnet.id) is subnet


def test_secrets_of_the_platform_stay_and_nobody_else_can_read_the_state(machine: Machine) -> None:
    """P0-SECRETS: keys and passwords are in it."""
    DECLARATIONS["s3"].declare(machine.client)
    before = machine.keeper.secrets
    machine.restart()
    assert machine.keeper.secrets == before
    assert before.control_password not in repr(before)
    for path in machine.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(machine.folder.stat().st_mode) == 0o700


def test_a_change_that_cannot_be_kept_is_not_acknowledged(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(machine.keeper._store, "write", full)
    with pytest.raises(ClientError, match="could not keep this change on disk"):
        machine.client("secretsmanager").create_secret(Name="one", SecretString="value")
    monkeypatch.undo()
    machine.restart()
    assert machine.client("secretsmanager").list_secrets()["SecretList"] == []


def test_the_content_of_what_is_overwritten_goes(machine: Machine) -> None:
    s3 = machine.client("s3")
    s3.create_bucket(Bucket="one", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket="one", Key="a", Body=body)
    s3.put_object(Bucket="one", Key="b", Body=b"second")
    machine.keeper._bodies.sweep(grace=0)
    contents = sorted(path.read_bytes() for path in (machine.folder / "bodies").glob("??/*"))
    assert contents == [b"second"]
    s3.delete_objects(Bucket="one", Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    machine.keeper._bodies.sweep(grace=0)
    assert list((machine.folder / "bodies").glob("??/*")) == []
    s3.delete_bucket(Bucket="one")
    machine.restart()
    assert machine.client("s3").list_buckets()["Buckets"] == []


def test_what_moves_on_when_it_is_looked_at_is_kept_soon(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate is issued when it is asked about again, which no request that changes anything says."""
    monkeypatch.setattr(keepers, "SWEEP", 0.01)
    acm = machine.client("acm")
    arn = acm.request_certificate(DomainName="example.org", ValidationMethod="DNS")["CertificateArn"]
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
    machine.keeper.start()
    machine.keeper.close()
    forget()
    machine.start()
    [described] = machine.client("acm").list_certificates()["CertificateSummaryList"]
    assert described["Status"] == "ISSUED"


# -- What is refused --------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(machine: Machine) -> Path:
    """The file of a platform that has ended."""
    DECLARATIONS["s3"].declare(machine.client)
    machine.kill()
    yield machine.folder / "state.db"  # type: ignore[misc]
    machine.folder = machine.folder.with_name("another")
    machine.start()


def refused(path: Path) -> str:
    with pytest.raises(StateUnreadable) as raised:
        Keeper(path.parent).open()
    assert BackendDict._instances == [], "nothing was taken over"
    assert "groundwork local down" in str(raised.value)
    assert str(path) in str(raised.value)
    return str(raised.value)


def test_another_version_is_refused(kept: Path) -> None:
    with sqlite3.connect(kept) as connection:
        connection.execute("UPDATE written_by SET version = 'groundwork 0.0.1 with moto 4'")
    message = refused(kept)
    assert "groundwork 0.0.1 with moto 4" in message and versions.version() in message


def test_a_file_that_is_not_ours_is_refused(kept: Path) -> None:
    for file in kept.parent.glob("state.db*"):
        file.unlink()
    with sqlite3.connect(kept) as connection:
        connection.execute("CREATE TABLE t (a)")
    kept.chmod(0o600)
    assert "not the local platform's" in refused(kept)


def test_a_file_that_others_can_write_is_refused(kept: Path) -> None:
    kept.chmod(0o666)
    assert "others than its owner" in refused(kept)


def test_lost_contents_of_objects_are_told(kept: Path) -> None:
    body = next((kept.parent / "bodies").glob("??/*"))
    body.unlink()
    assert "contents of 1 objects are missing" in refused(kept)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_torn_file_is_refused(kept: Path, share: float) -> None:
    settle_into_one_file(kept)
    size = kept.stat().st_size
    os.truncate(kept, int(size * share))
    refused(kept)


def settle_into_one_file(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Wherever it is: either every row reads as it was written, or nothing is read."""
    folder = tmp_path_factory.mktemp("state")
    rows = {Row("service", str(number)): Entry(bytes([number]) * 3000) for number in range(4)}
    store = Store(folder, "one")
    store.open()
    store.write(dict(rows))
    store.close()
    path = folder / "state.db"
    settle_into_one_file(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    again = Store(folder, "one")
    try:
        again.open()
        found = again.read()
    except StateUnreadable:
        return
    finally:
        again.close()
    assert found == {row: entry.state for row, entry in rows.items()}


# -- S3 under any sequence --------------------------------------------------------------------------------------------

_OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("ab"), st.binary(max_size=20)),
        st.tuples(st.just("delete"), st.sampled_from("ab")),
        st.tuples(st.just("forget"), st.sampled_from("ab"), st.integers(0, 3)),
        st.tuples(st.just("tag"), st.sampled_from("ab"), st.sampled_from("xy")),
        st.tuples(st.just("restart")),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=_OPERATIONS)
def test_objects_and_versions_are_the_same_after_any_sequence(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[Any, ...]]
) -> None:
    """P0-S3: writes, deletions, versions taken away and tags, with the endpoint killed in between."""
    with running(Machine(tmp_path_factory.mktemp("machine"))) as machine:
        s3 = machine.client("s3")
        s3.create_bucket(Bucket="one", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Enabled"})
        for name, *arguments in operations:
            if name == "restart":
                machine.restart()
                s3 = machine.client("s3")
            else:
                with contextlib.suppress(ClientError):
                    _OPERATION[name](s3, *arguments)
        before = everything(s3)
        machine.restart()
        assert everything(machine.client("s3")) == before


def put(s3: Any, key: str, body: bytes) -> None:
    s3.put_object(Bucket="one", Key=key, Body=body)


def delete(s3: Any, key: str) -> None:
    s3.delete_object(Bucket="one", Key=key)


def forget_version(s3: Any, key: str, number: int) -> None:
    listed = s3.list_object_versions(Bucket="one", Prefix=key)
    versions = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
    if versions:
        s3.delete_object(Bucket="one", Key=key, VersionId=versions[number % len(versions)]["VersionId"])


def tag(s3: Any, key: str, value: str) -> None:
    s3.put_object_tagging(Bucket="one", Key=key, Tagging={"TagSet": [{"Key": "a", "Value": value}]})


_OPERATION: dict[str, Callable[..., None]] = {"put": put, "delete": delete, "forget": forget_version, "tag": tag}


def everything(s3: Any) -> object:
    listed = s3.list_object_versions(Bucket="one")
    versions = listed.get("Versions", [])
    where = [{"Bucket": "one", "Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
    contents = [s3.get_object(**each)["Body"].read() for each in where]
    return versions, listed.get("DeleteMarkers"), contents, [s3.get_object_tagging(**each)["TagSet"] for each in where]
