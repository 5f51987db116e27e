"""The evidence of a run, drawn from its journal and nothing else: as data, and as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runbooks.chain import Record
from runbooks.history import Event, History, fold
from runbooks.measuring.prober import Turn

_STEP_EVENTS = {
    Event.ACTING: "changeBegan",
    Event.ACTED: "changeDone",
    Event.VERIFIED: "verified",
    Event.REVERIFIED: "verifiedAgain",
    Event.UNDOING: "undoBegan",
    Event.UNDONE: "undone",
}


def bundle(records: Sequence[Record]) -> dict[str, Any]:
    """The evidence as data."""
    history = fold(records)
    opened = history.opened
    plan = opened["plan"]
    measured = [record.data for record in records if record.event == Event.MEASURED]
    return {
        "run": opened["run"],
        "runbook": plan["runbook"],
        "requirement": plan["requirement"],
        "stack": plan["stack"],
        "environment": plan["environment"],
        "region": plan["region"],
        "account": plan["account"],
        "target": plan["target"],
        "targets": plan["targets"],
        "parameters": plan["parameters"],
        "planHash": opened["planHash"],
        "approval": opened["approval"],
        "operator": opened["operator"],
        "identity": opened["identity"],
        "host": opened["host"],
        "versions": {**opened["versions"], "runbook": plan["revision"]},
        "began": records[0].at,
        "ended": records[-1].at,
        "outcome": outcome(history, records),
        "fencingTokens": [record.data["token"] for record in records if record.event == Event.LOCKED],
        "interruptions": history.interruptions,
        "steps": [_step(step, records, history) for step in plan["steps"]],
        "outages": [
            {"event": record.event, **record.data}
            for record in records
            if record.event in {turn.value for turn in Turn}
        ],
        "measured": measured[-1] if measured else None,
        "journal": {"lines": len(records), "head": records[-1].head.hash},
    }


def outcome(history: History, records: Sequence[Record]) -> str:
    """`completed`, `aborted`, or why the run is not finished."""
    if history.closed is not None:
        return history.closed
    stopped = [record.data["error"] for record in records if record.event == Event.STOPPED]
    return f"unfinished: {stopped[-1]}" if stopped else "unfinished"


def markdown(evidence: Mapping[str, Any]) -> str:
    """The evidence as a page."""
    return "\n".join([*_about(evidence), *_steps(evidence), *_measured(evidence), *_journal(evidence)]) + "\n"


def _step(step: Mapping[str, Any], records: Sequence[Record], history: History) -> dict[str, Any]:
    mine = [record for record in records if record.data.get("step") == step["name"]]
    verified = [record for record in mine if record.event == Event.VERIFIED]
    return {
        "name": step["name"],
        "title": step["title"],
        "criticality": step["criticality"],
        **{name: record.at for record in mine if (name := _STEP_EVENTS.get(Event(record.event))) is not None},
        "attempts": sum(record.event == Event.STARTED for record in mine),
        "changesMade": sum(record.event == Event.ACTED for record in mine),
        "foundDone": any(record.event == Event.FOUND for record in mine),
        "seconds": verified[-1].data["seconds"] if verified else None,
        "evidence": verified[-1].data["evidence"] if verified else None,
        "failure": history.step(step["name"]).failed,
    }


def _about(evidence: Mapping[str, Any]) -> Iterator[str]:
    approval = evidence["approval"]
    yield f"# {evidence['runbook']} on {evidence['target']}: {evidence['outcome']}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    rows = {
        "run": evidence["run"],
        "demand": evidence["requirement"],
        "stack": f"{evidence['stack']} ({evidence['environment']})",
        "where": f"{evidence['region']}, account {evidence['account']}",
        "began, ended": f"{evidence['began']}, {evidence['ended']}",
        "plan": evidence["planHash"],
        "approved": f"by {approval['by']} ({approval['how']}), {approval['at']}",
        "operator": f"{evidence['operator']} on {evidence['host']}, as {evidence['identity']}",
        "versions": ", ".join(f"{name} {version}" for name, version in evidence["versions"].items()),
        "interruptions": evidence["interruptions"],
        "fencing tokens": ", ".join(map(str, evidence["fencingTokens"])),
    }
    for name, value in rows.items():
        yield f"| {name} | {_cell(value)} |"


def _steps(evidence: Mapping[str, Any]) -> Iterator[str]:
    yield from (
        "",
        "## Steps",
        "",
        "| step | attempts | changed | verified | seconds | found |",
        "|---|---|---|---|---|---|",
    )
    for step in evidence["steps"]:
        found = step["failure"] or ", ".join(f"{name}: {value}" for name, value in (step["evidence"] or {}).items())
        cells = [
            step["name"],
            step["attempts"],
            step.get("changeDone", "found done" if step["foundDone"] else ""),
            step.get("verifiedAgain") or step.get("verified", ""),
            "" if step["seconds"] is None else step["seconds"],
            found,
        ]
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _measured(evidence: Mapping[str, Any]) -> Iterator[str]:
    measured = evidence["measured"]
    if measured is None:
        return
    promised = measured["objective"] or {}
    yield from ("", "## Measured", "", "| | measured | promised |", "|---|---|---|")
    upper = " at most: the run was interrupted" if measured["interrupted"] else ""
    yield f"| RTO | {_seconds(measured['rtoSeconds'])}{upper} | {_seconds(promised.get('rtoSeconds'))} |"
    yield f"| of which detection | {_seconds(measured['detectionSeconds'])} | |"
    yield f"| of which decision | {_seconds(measured['decisionSeconds'])} | |"
    yield f"| of which repair | {_seconds(measured['repairSeconds'])} | |"
    yield f"| RPO | {_seconds(measured['rpoSeconds'])} | {_seconds(promised.get('rpoSeconds'))} |"
    yield f"| writes confirmed, lost | {measured['acknowledgedWrites']}, {measured['lostWrites']} | |"
    yield f"| requests, failed | {measured['requests']}, {measured['failures']} | |"
    for breach in measured["breaches"]:
        yield from ("", f"**Not kept**: {breach}.")


def _journal(evidence: Mapping[str, Any]) -> Iterator[str]:
    journal = evidence["journal"]
    yield from ("", "## Journal", "", f"{journal['lines']} lines; the hash of the last one is `{journal['head']}`.")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:g} s"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
