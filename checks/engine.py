"""Runs checks: at once, each under its own deadline, telling as they end; whatever goes wrong becomes a result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from checks.context import Context
from checks.errors import describe
from checks.result import Finding, Outcome, Result


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: Path-like name: what, which, aspect.
        requirement: ID of what it proves.
        run: The check function.
        deadline: Seconds it may take; `None` for the settings' deadline.
    """

    name: str
    requirement: str
    run: Callable[[Context], Awaitable[Finding]]
    deadline: float | None = None


@dataclass(frozen=True)
class Progress:
    """Told at the start and at the end of each check.

    Attributes:
        check: Name of the check.
        result: Its result; `None` at its start.
        finished: How many checks have ended.
        total: How many there are.
    """

    check: str
    result: Result | None
    finished: int
    total: int


OnProgress = Callable[[Progress], None]


def select(checks: Sequence[Check], patterns: Sequence[str]) -> list[Check]:
    """The checks whose name or requirement matches one of the patterns (`redis/*`, `PV-HEALTH`); all without any."""
    if not patterns:
        return list(checks)
    return [
        check
        for check in checks
        if any(fnmatchcase(check.name, pattern) or check.requirement == pattern for pattern in patterns)
    ]


async def run(
    context: Context,
    checks: Sequence[Check],
    *,
    deadline: float = 20.0,
    concurrency: int = 12,
    on_progress: OnProgress | None = None,
) -> list[Result]:
    """Run checks at once and return their results in the order given."""
    gate = asyncio.Semaphore(concurrency)
    finished = 0

    def tell(check: Check, result: Result | None) -> None:
        if on_progress is not None:
            on_progress(Progress(check.name, result, finished, len(checks)))

    async def one(check: Check) -> Result:
        nonlocal finished
        async with gate:
            tell(check, None)
            result = await _run_one(context, check, check.deadline or deadline)
            finished += 1
            tell(check, result)
            return result

    return list(await asyncio.gather(*(one(check) for check in checks)))


async def _run_one(context: Context, check: Check, deadline: float) -> Result:
    start = time.monotonic()
    try:
        finding = await asyncio.wait_for(check.run(context), deadline)
    except TimeoutError:
        finding = Finding(Outcome.FAIL, f"no result within {deadline:g} s")
    except Exception as error:  # noqa: BLE001 - a check is about systems that may fail in any way; each is a result
        finding = Finding(Outcome.FAIL, describe(error))
    clean = context.redactor.clean
    seconds = time.monotonic() - start
    return Result(
        check.name, check.requirement, finding.outcome, clean(finding.summary), clean(finding.evidence), seconds
    )
