"""`groundwork check`: the checks of a stack, run from its outputs and shown."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import checks
from checks import report
from groundwork.console import ERR, OUT
from groundwork.engine import Engine
from groundwork.errors import UserError


def run(engine: Engine, *, patterns: Sequence[str] = (), as_json: bool = False, junit: Path | None = None) -> int:
    """Run the checks of the engine's stack and print the results.

    Returns:
        The exit code: 0 when no check failed, 1 otherwise.

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
        results = asyncio.run(_with_progress(outputs, settings, patterns))
    except checks.ContextError as error:
        raise UserError(str(error)) from None
    if not results:
        raise UserError(f"no check is called {', '.join(patterns)}.")
    if junit is not None:
        junit.write_text(report.as_junit(results, engine.stack.stack))
    if as_json:
        print(report.as_json(results), end="")
    else:
        OUT.print(report.table(results))
    return report.exit_code(results)


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
