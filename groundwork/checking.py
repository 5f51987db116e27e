"""`groundwork check`: the checks of a stack, run from its outputs and shown."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import checks
from checks import report
from groundwork.console import ERR, OUT
from groundwork.engine import Engine
from groundwork.errors import UserError

_PAUSE = 2.0
"""Seconds between two attempts at what failed."""


def run(
    engine: Engine,
    *,
    patterns: Sequence[str] = (),
    within: float = 0.0,
    as_json: bool = False,
    junit: Path | None = None,
) -> int:
    """Run the checks of the engine's stack and print the results.

    Args:
        patterns: Names or requirement IDs; none for all checks.
        within: Seconds in which what fails is tried again: right after a deployment, autoscalers are still starting
            the instances beyond the first.
        as_json: Print JSON instead of a table.
        junit: Also write the results to this file.

    Returns:
        The exit code: 0 when no check failed, 1 otherwise.

    Raises:
        UserError: the stack was never brought up, or its outputs are not those of this program.
    """
    results = collect(engine, patterns=patterns, within=within)
    if not results:
        raise UserError(f"no check is called {', '.join(patterns)}.")
    if junit is not None:
        junit.write_text(report.as_junit(results, engine.stack.stack))
    if as_json:
        print(report.as_json(results), end="")
    else:
        OUT.print(report.table(results))
    return report.exit_code(results)


def collect(engine: Engine, *, patterns: Sequence[str] = (), within: float = 0.0) -> list[checks.Result]:
    """Run the checks of the engine's stack; see `run`.

    Raises:
        UserError: the stack was never brought up, or its outputs are not those of this program.
    """
    try:
        outputs = checks.read_outputs(engine.outputs())
    except checks.OutputsError as error:
        raise UserError(str(error)) from None
    # The AWS and Kubernetes libraries read their credentials from the environment, as the engine's plugins do.
    os.environ.update(engine.environment)
    settings = checks.Settings(region=engine.stack.region, endpoint=engine.stack.endpoint)
    try:
        return asyncio.run(_until_settled(outputs, settings, patterns, within))
    except checks.ContextError as error:
        raise UserError(str(error)) from None


async def _until_settled(
    outputs: checks.StackOutputs, settings: checks.Settings, patterns: Sequence[str], within: float
) -> list[checks.Result]:
    """The results, those of failed checks replaced by later attempts until none fails or the time is up."""
    deadline = time.monotonic() + within
    results = {result.check: result for result in await _with_progress(outputs, settings, patterns)}
    while failing := [name for name, result in results.items() if result.outcome is checks.Outcome.FAIL]:
        if time.monotonic() + _PAUSE > deadline:
            break
        await asyncio.sleep(_PAUSE)
        results |= {result.check: result for result in await _with_progress(outputs, settings, failing)}
    return list(results.values())


async def _with_progress(
    outputs: checks.StackOutputs, settings: checks.Settings, patterns: Sequence[str]
) -> list[checks.Result]:
    columns = (
        TextColumn("checks"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as display:
        task = display.add_task("checks", total=None, last="")

        def show(step: checks.Progress) -> None:
            display.update(task, completed=step.finished, total=step.total, last=step.check)

        return await checks.run_all(outputs, settings, patterns, show)
