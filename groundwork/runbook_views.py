"""What `groundwork runbook` shows: lists, plans, progress, and how a run ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from groundwork.errors import UserError
from runbooks import journal, pages
from runbooks.catalogue import RUNBOOKS
from runbooks.chain import Record
from runbooks.errors import RunbookError
from runbooks.history import Event, fold
from runbooks.lock_store import lock_bucket, lock_calls
from runbooks.measuring.prober import Turn
from runbooks.model import Runbook, Targets
from runbooks.operations import Desk, Result
from runbooks.pages import duration
from runbooks.plan import Plan
from runbooks.policy import policy

_QUIET = frozenset({Event.CANARY, Event.LOCKED})
_STYLES = {"verified": "green", "failed": "bold red", "running": "yellow", "taken back": "yellow"}
_STATES = {
    Event.STARTED: "running",
    Event.ACTING: "changing",
    Event.ACTED: "changed, verifying",
    Event.FOUND: "found, verifying",
    Event.VERIFIED: "verified",
    Event.REVERIFIED: "verified",
    Event.FAILED: "failed",
    Event.UNDOING: "taking back",
    Event.UNDONE: "taken back",
    Event.NOT_UNDONE: "stays",
    Event.UNDO_FAILED: "failed",
}


def runbook(name: str) -> Runbook:
    """The runbook of a name.

    Raises:
        UserError: there is none.
    """
    if name not in RUNBOOKS:
        raise UserError(f"there is no runbook {name!r}; there are {', '.join(sorted(RUNBOOKS))}")
    return RUNBOOKS[name]


def listed() -> list[dict[str, Any]]:
    """Every runbook as data."""
    return [
        {
            "name": each.name,
            "requirement": each.requirement,
            "title": each.title,
            "expectedSeconds": sum(step.expected_seconds for step in each.steps(each.example)),
            "parameters": {parameter.name: parameter.description for parameter in each.parameters},
        }
        for each in RUNBOOKS.values()
    ]


def table() -> Table:
    """Every runbook, a row each."""
    made = Table(box=None, pad_edge=False)
    for heading in ("runbook", "demand", "what it does", "takes about", "parameters"):
        made.add_column(heading)
    for row in listed():
        made.add_row(
            row["name"],
            row["requirement"],
            row["title"],
            duration(row["expectedSeconds"]),
            ", ".join(row["parameters"]),
        )
    return made


def page(name: str) -> str:
    """A runbook's page."""
    return pages.page(runbook(name))


def planned(plan: Plan) -> RenderableType:
    """A plan: targets, steps with their commands, how long, what is promised, the hash."""
    content = plan.content
    head = Table(box=None, pad_edge=False, show_header=False)
    head.add_column(style="dim")
    head.add_column(overflow="fold")
    head.add_row("runbook", f"{content['runbook']} (revision {content['revision']}, {content['requirement']})")
    head.add_row("stack", f"{content['stack']} ({content['environment']}), {content['region']}, {content['account']}")
    head.add_row("target", Text(plan.target, "bold"))
    for name, value in content["targets"].items():
        head.add_row(f"  {name}", Text(", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    head.add_row("takes about", duration(plan.seconds))
    head.add_row("promised", _promised(content["objective"]))
    head.add_row("hash", plan.hash)
    steps = Table(box=None, pad_edge=False)
    for heading in ("", "step", "what", "by hand", "about"):
        steps.add_column(heading, overflow="fold")
    for number, step in enumerate(content["steps"], start=1):
        commands = Text("\n".join(step["commands"]))
        mark = "changes" if step["changes"] else "looks"
        steps.add_row(
            str(number), f"{step['name']}\n({mark})", step["title"], commands, duration(step["expectedSeconds"])
        )
    return Group(head, Text(), steps, Text())


def line(record: Record) -> str:
    """A record in one line; empty for one that says nothing to a person."""
    if record.event in _QUIET:
        return ""
    step = record.data.get("step")
    more = record.data.get("error") or record.data.get("reason") or ""
    return " ".join(str(word) for word in (record.at, record.event, step or "", more) if word)


class Board:
    """The steps of a run as they go, drawn anew with every refresh."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._states: dict[str, tuple[str, float]] = {}
        self._store = ""

    def observe(self, record: Record) -> None:
        """Take note of a record."""
        step = record.data.get("step")
        if isinstance(step, str) and record.event in _STATES:
            self._states[step] = (_STATES[Event(record.event)], time.monotonic())
        elif record.event in {turn.value for turn in Turn}:
            self._store = f"{record.event.replace('-', ' ')} at {record.data['moment']}"

    def __rich__(self) -> RenderableType:
        made = Table(box=None, pad_edge=False, title=f"{time.monotonic() - self._began:.0f} s", title_justify="left")
        for heading in ("step", "state", "for"):
            made.add_column(heading)
        for step, (state, since) in self._states.items():
            lasting = "" if state in ("verified", "stays") else f"{time.monotonic() - since:.0f} s"
            made.add_row(step, Text(state, _STYLES.get(state, "")), lasting)
        return Group(made, Text(self._store, "yellow"))


def ended(result: Result, folder: Path) -> RenderableType:
    """How a run ended."""
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="dim")
    made.add_column(overflow="fold")
    made.add_row("run", f"{result.run}: {result.outcome}")
    if result.measured is not None:
        for name, key in (
            ("RTO", "rtoSeconds"),
            ("  detection", "detectionSeconds"),
            ("  decision", "decisionSeconds"),
            ("  repair", "repairSeconds"),
            ("RPO", "rpoSeconds"),
        ):
            value = result.measured[key]
            made.add_row(name, "" if value is None else f"{value:.2f} s")
        made.add_row("writes lost", f"{result.measured['lostWrites']} of {result.measured['acknowledgedWrites']}")
        made.add_row("promised", _promised(result.measured["objective"]))
    for breach in result.breaches:
        made.add_row("not kept", Text(breach, "bold red"))
    for warning in result.warnings:
        made.add_row("warning", Text(warning, "yellow"))
    made.add_row("evidence", str(folder / "evidence.md"))
    return made


def verified(file: Path, head: str | None) -> str:
    """What a journal that is as it was written says of itself.

    Raises:
        UserError: it is not as it was written.
    """
    try:
        records = journal.verify(file)
        if head is not None and head not in {record.head.hash for record in records}:
            raise UserError(f"{file} is not as it was written: no line has the hash {head}")
        closed = fold(records).closed or "unfinished"
    except RunbookError as error:
        raise UserError(f"{file} is not as it was written: {error}") from None
    return f"{file}: {len(records)} lines as they were written, {closed}; head {records[-1].head.hash}"


def example_policy(name: str) -> dict[str, Any]:
    """The policy of a runbook with names to be replaced."""
    chosen = runbook(name)
    return policy((*chosen.calls(chosen.example), *lock_calls("LOCK-BUCKET", "STACK")))


def policy_of(desk: Desk, plan: Plan) -> dict[str, Any]:
    """The policy of a runbook for a plan's targets, and for the lock."""
    content = plan.content
    targets = Targets(plan.target, content["targets"], (content["objective"] or {}).get("store"))
    calls = desk.runbook(content["runbook"]).calls(targets)
    return policy((*calls, *lock_calls(lock_bucket(desk.outputs, desk.bucket), desk.stack)))


def _promised(objective: Mapping[str, Any] | None) -> str:
    if objective is None:
        return "nothing: the stack declares no objective for it"
    words = [
        f"{name} {objective[key]:g} s"
        for name, key in (("RTO", "rtoSeconds"), ("RPO", "rpoSeconds"))
        if objective[key] is not None
    ]
    return f"{objective['store']}: {', '.join(words)}"
