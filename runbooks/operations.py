"""Plan, apply, resume, abort: the runbooks of one stack, from its outputs to the evidence."""

from __future__ import annotations

import asyncio
import getpass
import platform
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import checks
from checks.aws import SecretError
from checks.errors import describe
from runbooks import plan as plans
from runbooks.approval import Approval
from runbooks.chain import Head, Record
from runbooks.clock import Clock, SystemClock
from runbooks.cloud import BotoCloud, Cloud
from runbooks.errors import LockRefused, NotYet, RunbookError, StepFailed
from runbooks.history import Event, History, fold
from runbooks.journal import Journal
from runbooks.lease import Lease
from runbooks.lock import LEASE_SECONDS, Claim
from runbooks.lock_store import S3LockStore, lock_bucket
from runbooks.measuring.session import measuring
from runbooks.model import Probe, Runbook, Targets
from runbooks.objectives import declared
from runbooks.plan import Plan
from runbooks.runner import Runner
from runbooks.runs import Runs
from runbooks.scene import Scene

COMPLETED = "completed"
ABORTED = "aborted"

Listener = Callable[[Record], None]
Confirm = Callable[[Plan], Approval]


@dataclass(frozen=True)
class Desk:
    """What is needed to run the runbooks of one stack.

    Attributes:
        stack: Its name.
        outputs: Its outputs.
        settings: How to reach what they name.
        runs: Where plans and runs are kept.
        runbooks: All there are, by name.
        bucket: Bucket of the lock; `None`: one of the stack's own.
        clock: Time.
        lease_seconds: How long the lock holds after its last renewal.
        listener: Told of every record of a journal.
    """

    stack: str
    outputs: checks.StackOutputs
    settings: checks.Settings
    runs: Runs
    runbooks: Mapping[str, Runbook]
    bucket: str | None = None
    clock: Clock = field(default_factory=SystemClock)
    lease_seconds: float = LEASE_SECONDS
    listener: Listener = lambda _record: None

    def runbook(self, name: str) -> Runbook:
        """The runbook of a name.

        Raises:
            RunbookError: there is none.
        """
        if name not in self.runbooks:
            raise RunbookError(f"there is no runbook {name!r}; there are {', '.join(sorted(self.runbooks))}")
        return self.runbooks[name]


@dataclass(frozen=True)
class Result:
    """How a run ended.

    Attributes:
        run: Its ID.
        outcome: `completed` or `aborted`.
        measured: What was measured; `None` if nothing was.
        warnings: Advisory steps that failed.
    """

    run: str
    outcome: str
    measured: Mapping[str, Any] | None
    warnings: Sequence[str]

    @property
    def breaches(self) -> Sequence[str]:
        """Promises that were not kept."""
        found: Sequence[str] = self.measured["breaches"] if self.measured else ()
        return found


@dataclass(frozen=True)
class _Stage:
    """A scene, and AWS as a whole for what is none of the runbook's: the lock, whose credentials these are."""

    scene: Scene
    cloud: Cloud
    identity: str


async def make_plan(desk: Desk, name: str, parameters: Mapping[str, str]) -> Plan:
    """Make a plan and keep it on this machine, so that it can be applied; see `resolve`."""
    made = await resolve(desk, name, parameters)
    plans.save(made, desk.runs.plans, desk.clock.now())
    return made


async def resolve(desk: Desk, name: str, parameters: Mapping[str, str]) -> Plan:
    """Resolve a runbook's targets; nothing is changed.

    Raises:
        RunbookError: there is no such runbook, a parameter is wrong, or the targets are not fit for it.
    """
    runbook = desk.runbook(name)
    chosen = _parameters(runbook, parameters)
    lock_bucket(desk.outputs, desk.bucket)
    async with _stage(desk, "") as stage:
        return await _resolved(desk, stage, runbook, chosen)


async def apply(desk: Desk, plan_hash: str, confirm: Confirm, abandon: str | None = None) -> Result:
    """Carry out a plan.

    Args:
        confirm: Asks the user; raises `RunbookError` if the answer is no.
        abandon: ID of an unfinished run that is given up.

    Raises:
        RunbookError: the plan is stale, its targets have changed, nobody approved it, the stack is locked, or a step
            failed.
    """
    planned = plans.load(desk.runs.plans, plan_hash, desk.clock.now())
    runbook = desk.runbook(planned.content["runbook"])
    run = f"{desk.clock.now():%Y%m%dT%H%M%S}-{runbook.name}-{secrets.token_hex(2)}"
    async with _stage(desk, run) as stage:
        live = await _resolved(desk, stage, runbook, planned.content["parameters"])
        plans.refuse_changed(planned, live)
        approval = confirm(planned)
        with Journal.begin(desk.runs.journal(run), desk.clock, stage.scene.redactor) as journal:
            journal.append(Event.OPENED.value, **_opening(run, planned, approval, stage))
            claim = _claim(run, runbook.name, abandons=abandon)
            try:
                lease = await _locked(desk, stage, claim, journal.head)
            except LockRefused:
                # Nothing was done: there is nothing to keep.
                shutil.rmtree(desk.runs.of(run))
                raise
            journal.listen(desk.listener)
            return await _held(desk, stage, journal, lease, _forward)


async def resume(desk: Desk, run: str) -> Result:
    """Go on with a run whose process ended or whose step failed.

    Raises:
        RunbookError: its journal is broken, it was aborted or given up, the stack is locked, or a step failed.
    """
    return await _again(desk, run, _forward)


async def abort(desk: Desk, run: str) -> Result:
    """End an unfinished run: take back what it did, the last step first.

    Raises:
        RunbookError: its journal is broken, it is finished, the stack is locked, or a step could not be taken back.
    """
    return await _again(desk, run, _backward)


async def _again(desk: Desk, run: str, way: Way) -> Result:
    async with _stage(desk, run) as stage:
        with Journal.resume(desk.runs.journal(run), desk.clock, stage.scene.redactor) as journal:
            history = fold(journal.records)
            _refuse_way(run, history, way)
            _refuse_revision(desk, run, history)
            claim = _claim(run, history.opened["plan"]["runbook"], resumes=True, last_token=history.token)
            if history.closed is not None:
                # Killed between the last line and the release of the lock, unless another run has had it since.
                with suppress(LockRefused):
                    lease = await _locked(desk, stage, claim, journal.head)
                    await lease.release(journal.head, unfinished=False)
                return _result(run, journal)
            lease = await _locked(desk, stage, claim, journal.head)
            journal.listen(desk.listener)
            journal.append(Event.RESUMED.value, operator=_operator(), identity=stage.identity)
            return await _held(desk, stage, journal, lease, way)


def _refuse_way(run: str, history: History, way: Way) -> None:
    if way is _forward and history.aborting:
        raise RunbookError(f"run {run} is being taken back: `groundwork runbook abort` goes on with that")
    if way is _backward and history.closed is not None:
        raise RunbookError(f"run {run} is {history.closed}: there is nothing to abort")


def _refuse_revision(desk: Desk, run: str, history: History) -> None:
    plan = history.opened["plan"]
    revision = desk.runbook(plan["runbook"]).revision
    if revision != plan["revision"]:
        raise RunbookError(
            f"run {run} was begun with revision {plan['revision']} of {plan['runbook']}, and this is {revision}: go on "
            "with the version that began it"
        )


async def _held(desk: Desk, stage: _Stage, journal: Journal, lease: Lease, way: Way) -> Result:
    """Go one way while the lock is held, and give it back."""
    run = stage.scene.run
    journal.append(Event.LOCKED.value, token=lease.token)
    plan = journal.records[0].data["plan"]
    runbook = desk.runbook(plan["runbook"])
    targets = Targets(plan["target"], plan["targets"], (plan["objective"] or {}).get("store"))
    scene = stage.scene.limited(runbook.calls(targets))
    work = _Work(runbook, targets, scene, journal, lease, desk.clock)
    try:
        async with lease.kept(lambda: journal.head):
            outcome = await way(work)
            journal.append(Event.CLOSED.value, outcome=outcome)
            await lease.release(journal.head, unfinished=False)
    except asyncio.CancelledError:
        journal.append(Event.STOPPED.value, error="interrupted by the operator")
        await lease.release(journal.head, unfinished=True)
        raise
    except StepFailed as error:
        journal.append(Event.STOPPED.value, error=str(error))
        await lease.release(journal.head, unfinished=True)
        raise RunbookError(
            f"{error}\nRun {run} stays open: `groundwork runbook resume` tries again, `abort` takes back what was done"
        ) from None
    finally:
        desk.runs.write_evidence(run, journal.records)
    return _result(run, journal)


@dataclass(frozen=True)
class _Work:
    runbook: Runbook
    targets: Targets
    scene: Scene
    journal: Journal
    lease: Lease
    clock: Clock

    @property
    def runner(self) -> Runner:
        return Runner(self.scene, self.journal, _LeaseFence(self.lease, self.journal), self.clock)


Way = Callable[[_Work], Any]


async def _forward(work: _Work) -> str:
    steps = work.runbook.steps(work.targets)
    if work.runbook.probe is None:
        await work.runner.forward(steps, fold(work.journal.records))
        return COMPLETED
    async with work.runbook.probe(work.scene, work.targets) as probe:
        async with measuring(probe, work.journal, work.clock) as session:
            await work.runner.forward(steps, fold(work.journal.records))
            await session.result(work.journal.records[0].data["plan"]["objective"])
        await _cleared(work, probe)
    return COMPLETED


async def _backward(work: _Work) -> str:
    work.journal.append(Event.ABORTING.value)
    await work.runner.backward(work.runbook.steps(work.targets), fold(work.journal.records))
    if work.runbook.probe is not None:
        async with work.runbook.probe(work.scene, work.targets) as probe:
            await _cleared(work, probe)
    return ABORTED


async def _cleared(work: _Work, probe: Probe) -> None:
    """Remove the canaries; what cannot be removed expires or is named."""
    try:
        await probe.clear()
    except Exception as error:  # noqa: BLE001 - the run's work is done; what is left behind is written down
        work.journal.append("canaries-left", error=describe(error))


class _LeaseFence:
    """The lock as the runner sees it; each proof leaves the journal's head in the lock."""

    def __init__(self, lease: Lease, journal: Journal) -> None:
        self._lease, self._journal = lease, journal

    def check(self) -> None:
        self._lease.check()

    async def prove(self) -> None:
        await self._lease.renew(self._journal.head)


async def _resolved(desk: Desk, stage: _Stage, runbook: Runbook, parameters: Mapping[str, str]) -> Plan:
    scene = stage.scene.limited(runbook.reads(runbook.example))
    try:
        targets = await runbook.resolve(scene, parameters)
    except (NotYet, ClientError, BotoCoreError, SecretError) as error:
        raise RunbookError(f"{runbook.name} finds no targets: {describe(error)}") from None
    return plans.make(
        runbook,
        targets,
        stack=desk.stack,
        environment=desk.outputs.environment,
        region=stage.scene.region,
        account=stage.scene.account,
        parameters=parameters,
        objective=declared(desk.outputs, targets.objective),
    )


async def _locked(desk: Desk, stage: _Stage, claim: Claim, head: Head) -> Lease:
    store = S3LockStore(stage.cloud, lock_bucket(desk.outputs, desk.bucket), desk.stack)
    return await Lease.take(store, claim, desk.clock, head, desk.lease_seconds)


@asynccontextmanager
async def _stage(desk: Desk, run: str) -> AsyncIterator[_Stage]:
    async with checks.open_context(desk.outputs, desk.settings) as context:
        cloud = BotoCloud(desk.settings.region, desk.settings.endpoint)
        identity = await cloud.ask("sts", "GetCallerIdentity")
        _, partition, *_ = str(identity["Arn"]).split(":")
        scene = Scene(
            stack=desk.stack,
            run=run,
            context=context,
            cloud=cloud,
            clock=desk.clock,
            region=cloud.region,
            account=str(identity["Account"]),
            partition=partition,
        )
        yield _Stage(scene, cloud, str(identity["Arn"]))


def _parameters(runbook: Runbook, given: Mapping[str, str]) -> dict[str, str]:
    known = {parameter.name: parameter for parameter in runbook.parameters}
    for name in given:
        if name not in known:
            raise RunbookError(f"{runbook.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
    values = {name: given.get(name, parameter.default) for name, parameter in known.items()}
    for name, value in values.items():
        if value is None:
            raise RunbookError(f"{runbook.name} needs --set {name}=…: {known[name].description}")
    return {name: value for name, value in values.items() if value is not None}


def _opening(run: str, plan: Plan, approval: Approval, stage: _Stage) -> dict[str, Any]:
    return {
        "run": run,
        "plan": dict(plan.content),
        "planHash": plan.hash,
        "approval": approval.as_data(),
        "operator": _operator(),
        "identity": stage.identity,
        "host": socket.gethostname(),
        "versions": {
            "groundwork": version("groundwork"),
            "python": platform.python_version(),
            "boto3": version("boto3"),
        },
    }


def _claim(run: str, runbook: str, **more: Any) -> Claim:
    # The journal is open here and nowhere else: whoever held the lock on this machine is dead.
    return Claim(run=run, runbook=runbook, host=socket.gethostname(), operator=_operator(), sole=True, **more)


def _operator() -> str:
    return getpass.getuser()


def _result(run: str, journal: Journal) -> Result:
    history = fold(journal.records)
    measured = [record.data for record in journal.records if record.event == Event.MEASURED]
    return Result(
        run=run,
        outcome=str(history.closed),
        measured=measured[-1] if measured else None,
        warnings=[f"{name}: {past.failed}" for name, past in history.steps.items() if past.failed],
    )
