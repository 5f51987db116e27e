"""Running runbooks from the command line: the stack's outputs, the question, the live table, the exit code."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from rich.live import Live

import checks
from groundwork import runbook_views
from groundwork.console import ERR, OUT
from groundwork.engine import open_engine
from groundwork.errors import UserError
from groundwork.project import read_stack
from runbooks import operations
from runbooks.approval import Approval, refuse_other, refuse_unasked
from runbooks.catalogue import RUNBOOKS
from runbooks.chain import Record
from runbooks.clock import written
from runbooks.errors import RunbookError
from runbooks.operations import Desk, Result
from runbooks.plan import Plan
from runbooks.runs import Runs

BREACHED = 3
"""Exit code of a run that did its work and did not keep what is promised."""

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """How a plan is approved.

    Attributes:
        yes: Without asking.
        non_production: The user says that the stack is no production.
        approved_by: Who approved it; `None`: who runs this.
    """

    yes: bool
    non_production: bool
    approved_by: str | None


def desk(stack: str, outputs: Path | None, folder: Path | None, bucket: str | None) -> Desk:
    """What the runbooks of a stack need.

    Args:
        outputs: File with the stack's outputs; `None`: Pulumi is asked.
        folder: Where plans and runs of all stacks are kept; `None`: the user's own place.
        bucket: Bucket of the lock; `None`: one of the stack's.

    Raises:
        UserError: there is no such stack, or its outputs are not those of this program.
    """
    stack_file = read_stack(stack)
    try:
        if outputs is None:
            engine = open_engine(stack_file)
            # The AWS and Kubernetes libraries read their credentials from the environment, as the engine's plugins do.
            os.environ.update(engine.environment)
            known = checks.read_outputs(engine.outputs())
        else:
            known = checks.read_outputs(_read(outputs))
    except checks.OutputsError as error:
        raise UserError(str(error)) from None
    return Desk(
        stack=stack,
        outputs=known,
        settings=checks.Settings(region=stack_file.region, endpoint=stack_file.endpoint),
        runs=Runs((folder or default_folder(os.environ)) / stack),
        runbooks=RUNBOOKS,
        bucket=bucket,
    )


def default_folder(environment: Mapping[str, str]) -> Path:
    """Where runs are kept: among the user's data, since they are evidence, unlike the local platform's state."""
    data = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".local/share")
    return Path(data) / "groundwork" / "runbooks"


def plan(desk: Desk, name: str, settings: Sequence[str]) -> Plan:
    """Make a plan.

    Raises:
        UserError: see `runbooks.operations.make_plan`.
    """
    return _done(operations.make_plan(desk, name, parameters(settings)))


def policy(desk: Desk, name: str, settings: Sequence[str]) -> dict[str, Any]:
    """The IAM policy of a runbook for a stack, the lock's part included."""
    return runbook_views.policy_of(desk, _done(operations.resolve(desk, name, parameters(settings))))


def apply(desk: Desk, plan_hash: str, question: Question, abandon: str | None) -> int:
    """Carry out a plan; gives the exit code."""

    def confirm(planned: Plan) -> Approval:
        by = question.approved_by or getpass.getuser()
        refuse_unasked(planned, yes=question.yes, non_production=question.non_production)
        if question.yes:
            return Approval(by, "--yes --non-production", written(desk.clock.now()))
        OUT.print(runbook_views.planned(planned))
        if not sys.stdin.isatty():
            raise RunbookError("nobody is there to type the target's name; for tests, --yes --non-production")
        refuse_other(planned, OUT.input(f"Type {planned.target} to go on: ", markup=False))
        return Approval(by, "typed", written(desk.clock.now()))

    with _shown(desk) as watched:
        return _told(watched, _done(operations.apply(watched, plan_hash, confirm, abandon)))


def resume(desk: Desk, run: str | None) -> int:
    """Go on with a run; gives the exit code."""
    with _shown(desk) as watched:
        return _told(watched, _done(operations.resume(watched, _chosen(desk, run))))


def abort(desk: Desk, run: str | None) -> int:
    """End a run; gives the exit code."""
    with _shown(desk) as watched:
        return _told(watched, _done(operations.abort(watched, _chosen(desk, run))))


def parameters(settings: Sequence[str]) -> dict[str, str]:
    """What `--set` said.

    Raises:
        UserError: one of them is no name=value.
    """
    found = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise UserError(f"--set {setting}: write name=value")
        found[name] = value
    return found


def _chosen(desk: Desk, run: str | None) -> str:
    try:
        return desk.runs.chosen(run)
    except RunbookError as error:
        raise UserError(str(error)) from None


def _told(desk: Desk, result: Result) -> int:
    """Say how a run ended."""
    OUT.print(runbook_views.ended(result, desk.runs.of(result.run)))
    return BREACHED if result.breaches else 0


def _done(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except (RunbookError, checks.ContextError) as error:
        raise UserError(str(error)) from None
    except (ClientError, BotoCoreError) as error:
        raise UserError(f"AWS does not do what the run needs beside its steps: {error}") from None


@contextmanager
def _shown(desk: Desk) -> Iterator[Desk]:
    """The same desk, whose runs are shown as they go: a table on a terminal, a line an event elsewhere."""
    if not ERR.is_terminal:

        def say(record: Record) -> None:
            line = runbook_views.line(record)
            if line:
                ERR.print(line, markup=False, highlight=False, soft_wrap=True)

        yield replace(desk, listener=say)
        return
    board = runbook_views.Board()
    with _live(board) as listener:
        yield replace(desk, listener=listener)


@contextmanager
def _live(board: runbook_views.Board) -> Iterator[Callable[[Record], None]]:
    live = Live(board, console=ERR, refresh_per_second=4, transient=False)

    def show(record: Record) -> None:
        board.observe(record)
        # Not before the first record: until then the user may still be typing.
        if not live.is_started:
            live.start()

    try:
        yield show
    finally:
        live.stop()


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UserError(f"{file} has no stack outputs: write them with `pulumi stack output --json`")
    return found
