"""From a stack's outputs to results in one call."""

from __future__ import annotations

from collections.abc import Sequence

from checks.catalogue import catalogue
from checks.context import Settings, open_context
from checks.engine import OnProgress, run, select
from checks.outputs import StackOutputs
from checks.result import Result


async def run_all(
    outputs: StackOutputs,
    settings: Settings,
    patterns: Sequence[str] = (),
    on_progress: OnProgress | None = None,
) -> list[Result]:
    """Run the checks of a stack, all or those whose name or requirement matches one of the patterns."""
    async with open_context(outputs, settings) as context:
        return await run(
            context,
            select(catalogue(outputs), patterns),
            deadline=settings.deadline,
            concurrency=settings.concurrency,
            on_progress=on_progress,
        )
