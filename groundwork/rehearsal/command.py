"""`groundwork rehearse STACK`: the edge that puts settings, engine, checks and inventory together."""

from __future__ import annotations

import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import local.aws
import local.cluster
from components import yaml_file
from groundwork.console import ERR, OUT, progress
from groundwork.errors import UserError
from groundwork.project import StackFile, read_stack
from groundwork.rehearsal.judging import judged
from groundwork.rehearsal.report import Report
from groundwork.rehearsal.run import Run, folder
from groundwork.rehearsal.sequence import Broken, perform
from groundwork.rehearsal.settings import Adapted, Platform, adapted
from local.paths import Paths


def rehearse(stack: str, paths: Paths, *, as_json: bool = False, report: Path | None = None) -> int:
    """Rehearse a stack and print what came of it.

    Args:
        stack: The stack's name.
        paths: The local platform, which has to run.
        as_json: Print the report as JSON.
        report: Also write it to this file.

    Returns:
        The exit code: 0 when every promise was kept, 1 when one was broken, 130 when somebody interrupted.

    Raises:
        UserError: the platform does not run, the stack's settings will not do, or another rehearsal of it is under way.
    """
    stack_file = read_stack(stack)
    _refuse_bad_settings(stack_file)
    plan = adapted(stack_file, Platform.of(read_stack("local")))
    _refuse_unfit(stack, plan)
    refuse_without_platform(paths)
    with _alone(stack, paths), _sigterm_as_interruption():
        _announce(stack, plan)
        done = _rehearsed(stack, paths, plan)
    if as_json:
        print(done.as_json())
    else:
        OUT.print(done.table())
    for line in done.closing():
        ERR.print(line, markup=False, highlight=False, soft_wrap=True)
    if report is not None:
        report.write_text(done.as_json() + "\n")
    return done.code


def clean(stack: str, paths: Paths) -> None:
    """Remove what an interrupted rehearsal left.

    Raises:
        UserError: the platform does not run, another rehearsal is under way, or the engine cannot remove it.
    """
    refuse_without_platform(paths)
    with _alone(stack, paths), _sigterm_as_interruption(), progress(f"cleaning up {stack}") as tell:
        run = Run(stack, paths, tell)
        try:
            run.clear_leftovers()
        except Broken as broken:
            raise UserError(f"the rehearsal of {stack} cannot be removed: {broken}") from None


def _refuse_bad_settings(stack_file: StackFile) -> None:
    own = yaml_file.load(stack_file.path.read_text())["config"]
    if lines := judged(stack_file.stack, own, stack_file.path.parent):
        raise UserError("\n".join(lines))


def _refuse_unfit(stack: str, plan: Adapted) -> None:
    """The rehearsal's settings are judged as any stack's are, before anything is made."""
    if lines := judged(stack, plan.config, Path()):
        raise UserError("\n".join([f"{stack} cannot be rehearsed; with the changes that a rehearsal needs:", *lines]))


def refuse_without_platform(paths: Paths) -> None:
    """Nothing can be rehearsed, nor measured, without the local platform.

    Raises:
        UserError: it does not run.
    """
    if local.aws.who_answers() is None or local.cluster.status(paths) is None:
        raise UserError("the local platform does not run: bring it up with `groundwork local up`.")


def _announce(stack: str, plan: Adapted) -> None:
    ERR.print(f"{stack} as in its file, on the local platform, but for:", markup=False, highlight=False)
    for change in plan.changes:
        ERR.print(f"  {change.line()}", markup=False, highlight=False, soft_wrap=True)
    for key in plan.secrets:
        ERR.print(f"  {key}: [secret] -> made up", markup=False, highlight=False, soft_wrap=True)


def _rehearsed(stack: str, paths: Paths, plan: Adapted) -> Report:
    began = datetime.now(UTC).isoformat(timespec="seconds")
    with progress(f"rehearsing {stack}") as tell:
        run = Run(stack, paths, tell)
        run.log.write_text("")
        done = perform(run.steps(plan), run.begin)
    left = ""
    if run.project.folder.exists():
        left = (
            f"Something is left: `groundwork rehearse {stack} --clean` tries again to remove it, "
            "`groundwork local down` removes the whole platform."
        )
    return Report(stack, began, plan.changes, done, left, str(run.log))


@contextmanager
def _alone(stack: str, paths: Paths) -> Iterator[None]:
    """Nobody else rehearses this stack meanwhile; the lock ends with the process, however it ends."""
    folder(paths).mkdir(parents=True, exist_ok=True)
    with (folder(paths) / f"{stack}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another rehearsal of {stack} is under way: wait for it, or interrupt it.") from None
        yield


@contextmanager
def _sigterm_as_interruption() -> Iterator[None]:
    """Whoever ends the process with SIGTERM gets the same cleaning up as with Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
