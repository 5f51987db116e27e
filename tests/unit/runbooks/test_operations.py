"""From a plan to the evidence, with a lock in S3 as the local endpoint has it (RB-REDIS, RB-DB, RB-BACKUP)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

import checks
from local.aws.application import Application
from runbooks import journal, operations
from runbooks.approval import Approval
from runbooks.errors import NotYet, RunbookError
from runbooks.model import Parameter, Probe, Runbook, Step, Targets
from runbooks.operations import Desk, Result
from runbooks.plan import Plan
from runbooks.runs import Runs
from tests.fixtures.aws import on_loopback
from tests.unit.runbooks.outputs import outputs
from tests.unit.runbooks.world import FakeClock, Fuse, World

pytestmark = pytest.mark.unit

SECRET = "secret-of-the-tests"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with on_loopback(Application(lambda: None, "secret")) as address:
        yield address


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")


@dataclass
class Store:
    """What a probe writes to: it refuses so many writes, and forgets numbers."""

    numbers: set[int] = field(default_factory=set)
    refuses: int = 0
    forgets: int = 0
    cleared: bool = False

    async def write(self, number: int) -> None:
        if self.refuses:
            self.refuses -= 1
            raise ConnectionError(f"refused, password={SECRET}")
        self.numbers.add(number)

    async def survivors(self) -> set[int]:
        return set(sorted(self.numbers)[self.forgets :])

    async def clear(self) -> None:
        self.cleared = True


@dataclass
class Stand:
    """A stack with one runbook of two steps."""

    desk: Desk
    world: World
    store: Store
    said: list[str]
    s3: Any

    def plan(self) -> Plan:
        return asyncio.run(operations.make_plan(self.desk, "book", {}))

    def apply(self, plan: Plan | None = None, abandon: str | None = None) -> Result:
        def confirm(planned: Plan) -> Approval:
            self.said.append(planned.target)
            return Approval("somebody", "typed", "2026-01-01T00:00:00.000Z")

        return asyncio.run(operations.apply(self.desk, (plan or self.plan()).hash, confirm, abandon))

    def run(self) -> str:
        return self.desk.runs.chosen(None)

    def lock(self) -> dict[str, Any]:
        key = f"groundwork/runbooks/{self.desk.stack}/lock.json"
        found: dict[str, Any] = json.loads(self.s3.get_object(Bucket=self.desk.bucket, Key=key)["Body"].read())
        return found


@pytest.fixture
def stand(s3: Any, endpoint: str, tmp_path: Path) -> Callable[..., Stand]:
    def made(*, measured: bool = False, **more: Any) -> Stand:
        world, store = World(FakeClock(), Fuse(), work=0.0), Store()
        bucket = f"b{abs(hash(tmp_path)) % 10**9}"
        s3.create_bucket(Bucket=bucket)

        async def resolve(scene: Any, _parameters: Mapping[str, str]) -> Targets:
            scene.redactor.remember(SECRET)
            return Targets("the-target", {"made": sorted(world.made) if world.order == ["changed"] else []}, "database")

        @asynccontextmanager
        async def probe(_scene: Any, _targets: Targets) -> AsyncIterator[Probe]:
            yield store

        def steps(_targets: Targets) -> list[Step]:
            return [world.step("a"), world.step("b")]

        book = Runbook(
            name="book",
            requirement="RB-DB",
            revision=1,
            title="t",
            purpose="p",
            preconditions=(),
            blast_radius="",
            not_when=(),
            resolve=resolve,
            reads=lambda _targets: (),
            steps=steps,
            example=Targets("T", {}),
            parameters=(Parameter("size", "how big", "1", "2"),),
            probe=probe if measured else None,
        )
        desk = Desk(
            stack="s",
            outputs=outputs(**more),
            settings=checks.Settings(region="us-east-1", endpoint=endpoint),
            runs=Runs(tmp_path / "runs"),
            runbooks={"book": book},
            bucket=bucket,
        )
        return Stand(desk, world, store, [], s3)

    return made


def test_a_plan_is_applied_and_leaves_evidence(stand: Callable[..., Stand]) -> None:
    """The lock keeps the journal's last hash, so that the end of the journal can be held against it."""
    one = stand()
    result = one.apply()
    assert (result.outcome, one.world.order, one.said) == ("completed", ["a", "b"], ["the-target"])
    records = journal.verify(one.desk.runs.journal(result.run))
    lock = one.lock()
    assert (lock["held"], lock["open"], lock["token"]) == (False, False, 1)
    assert lock["head"] == records[-1].head.as_data()
    found = json.loads((one.desk.runs.of(result.run) / "evidence.json").read_text())
    assert (found["outcome"], found["approval"]["by"]) == ("completed", "somebody")
    assert [(step["name"], step["changesMade"]) for step in found["steps"]] == [("a", 1), ("b", 1)]
    assert found["journal"]["head"] == lock["head"]["hash"]
    assert {"groundwork", "python", "boto3", "runbook"} == set(found["versions"])
    assert "| a | 1 |" in (one.desk.runs.of(result.run) / "evidence.md").read_text()


def test_a_run_that_failed_keeps_the_stack_until_it_is_resumed(stand: Callable[..., Stand]) -> None:
    one = stand()
    one.world.fails = {"b": "after"}
    with pytest.raises(RunbookError, match="step b failed: ConnectionError: the answer to b was lost"):
        one.apply()
    run = one.run()
    assert (one.lock()["held"], one.lock()["open"]) == (False, True)
    with pytest.raises(RunbookError, match=f"resume or abort it there, or give it up with --abandon {run}"):
        one.apply()
    assert list(one.desk.runs.names()) == [run], "a run that was refused leaves nothing"
    result = asyncio.run(operations.resume(one.desk, run))
    assert (result.outcome, one.world.made, one.lock()["token"]) == ("completed", {"a": 1, "b": 1}, 2)
    again = asyncio.run(operations.resume(one.desk, run))
    assert (again.outcome, one.world.made) == ("completed", {"a": 1, "b": 1})
    with pytest.raises(RunbookError, match="nothing to abort"):
        asyncio.run(operations.abort(one.desk, run))


def test_a_run_that_failed_is_taken_back(stand: Callable[..., Stand]) -> None:
    one = stand()
    one.world.fails = {"b": "after"}
    with pytest.raises(RunbookError):
        one.apply()
    result = asyncio.run(operations.abort(one.desk, one.run()))
    assert (result.outcome, one.world.order) == ("aborted", ["a", "b", "-b", "-a"])
    assert one.lock()["open"] is False
    journal.verify(one.desk.runs.journal(result.run))


def test_a_run_that_was_given_up_stays_so(stand: Callable[..., Stand]) -> None:
    one = stand()
    one.world.fails = {"a": "before"}
    with pytest.raises(RunbookError):
        one.apply()
    first = one.run()
    assert one.apply(abandon=first).outcome == "completed"
    with pytest.raises(RunbookError, match="does not have the stack"):
        asyncio.run(operations.resume(one.desk, first))


def test_a_target_that_changed_is_refused_and_nobody_is_asked(stand: Callable[..., Stand]) -> None:
    one = stand()
    plan = one.plan()
    one.world.order, one.world.made = ["changed"], {"x": 1}
    with pytest.raises(RunbookError, match=r"targets\.made"):
        one.apply(plan)
    assert (one.said, list(one.desk.runs.names())) == ([], [])


def test_what_nobody_approves_is_not_begun(stand: Callable[..., Stand]) -> None:
    one = stand()

    def refuse(_plan: Plan) -> Approval:
        raise RunbookError("no")

    with pytest.raises(RunbookError, match="no"):
        asyncio.run(operations.apply(one.desk, one.plan().hash, refuse))
    assert (one.world.order, list(one.desk.runs.names())) == ([], [])


def test_a_journal_that_was_changed_is_not_resumed(stand: Callable[..., Stand]) -> None:
    one = stand()
    one.world.fails = {"a": "before"}
    with pytest.raises(RunbookError):
        one.apply()
    file = one.desk.runs.journal(one.run())
    file.write_bytes(file.read_bytes().replace(b"somebody", b"somebodx"))
    with pytest.raises(RunbookError, match="line 1"):
        asyncio.run(operations.resume(one.desk, one.run()))


def test_a_broken_promise_is_told_and_no_secret_is(stand: Callable[..., Stand]) -> None:
    """RB-BACKUP, SR-SECRET: measured by the probe, held against the stack's own objectives."""
    one = stand(measured=True, backup={"objectives": {"database": {"rtoSeconds": 0.05, "rpoSeconds": 0}}})
    made = one.world.step("a").act.run
    assert made is not None
    plan = one.plan()

    def steps(_targets: Targets) -> list[Step]:
        step = one.world.step("a")

        async def fail(scene: Any) -> None:
            await made(scene)
            one.store.refuses, one.store.forgets = 3, 2

        async def until_refused(scene: Any) -> Mapping[str, Any]:
            if one.store.refuses:
                raise NotYet("still refusing")
            return await step.act.verify(scene)

        return [replace(step, act=replace(step.act, run=fail, verify=until_refused)), one.world.step("b")]

    book = replace(one.desk.runbooks["book"], steps=steps)
    one.desk = replace(one.desk, runbooks={"book": book})
    result = one.apply(plan)
    assert result.outcome == "completed" and result.measured is not None
    assert 0.2 <= result.measured["rtoSeconds"] < 5
    assert result.measured["lostWrites"] == 2 and result.measured["rpoSeconds"] > 0
    assert len(result.breaches) == 2
    assert one.store.cleared
    files = [file.read_text() for file in one.desk.runs.of(result.run).iterdir()]
    assert not any(SECRET in text for text in files) and any("password=[secret]" in text for text in files)


def test_parameters_are_those_that_the_runbook_has(stand: Callable[..., Stand]) -> None:
    one = stand()
    with pytest.raises(RunbookError, match="no parameter 'colour'; it has size"):
        asyncio.run(operations.make_plan(one.desk, "book", {"colour": "red"}))
    assert one.plan().content["parameters"] == {"size": "1"}
