"""A plan: what a run would do to which targets, with a hash by which the very same is applied, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from runbooks.clock import read, written
from runbooks.errors import RunbookError
from runbooks.model import Runbook, Targets
from runbooks.objectives import Objective

FRESH: Final = timedelta(minutes=30)
"""How long a plan may be applied. Its targets are resolved again in any case."""


@dataclass(frozen=True)
class Plan:
    """What was resolved, as plain data.

    Attributes:
        content: Runbook, stack, targets, parameters, steps and declared objectives: all that the hash is of.
    """

    content: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 of the content, in hexadecimal. The same targets make the same hash, whenever."""
        return hashlib.sha256(_canonical(self.content).encode()).hexdigest()

    @property
    def seconds(self) -> float:
        """How long the steps usually take."""
        return float(sum(step["expectedSeconds"] for step in self.content["steps"]))

    @property
    def target(self) -> str:
        """The name that has to be typed."""
        return str(self.content["target"])

    @property
    def is_production(self) -> bool:
        """Whether the stack says that it is."""
        return bool(self.content["environment"] == "production")


def make(
    runbook: Runbook,
    targets: Targets,
    *,
    stack: str,
    environment: str,
    region: str,
    account: str,
    parameters: Mapping[str, str],
    objective: Objective | None,
) -> Plan:
    """The plan of a runbook for targets that were resolved."""
    content = {
        "runbook": runbook.name,
        "requirement": runbook.requirement,
        "revision": runbook.revision,
        "stack": stack,
        "environment": environment,
        "region": region,
        "account": account,
        "parameters": dict(parameters),
        "target": targets.name,
        "targets": dict(targets.values),
        "objective": objective.as_data() if objective else None,
        "steps": [
            {
                "name": step.name,
                "title": step.title,
                "changes": step.act.changes,
                "commands": list(step.act.commands),
                "undo": list(step.undo.commands) if step.undo else None,
                "criticality": step.criticality.value,
                "expectedSeconds": step.expected_seconds,
                "timeoutSeconds": step.timeout_seconds,
            }
            for step in runbook.steps(targets)
        ],
    }
    # As it will be read again: tuples become lists.
    return Plan(json.loads(_canonical(content)))


def save(plan: Plan, folder: Path, now: datetime) -> Path:
    """Keep a plan under its hash."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{plan.hash}.json"
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"made": written(now), "plan": plan.content}, indent=2) + "\n")
    draft.replace(file)
    return file


def load(folder: Path, prefix: str, now: datetime) -> Plan:
    """The plan of a hash, or of its first eight letters or more.

    Raises:
        RunbookError: there is none, it was changed, or it is too old.
    """
    found = sorted(folder.glob(f"{prefix}*.json")) if len(prefix) >= 8 and prefix.isalnum() else []
    if len(found) != 1:
        raise RunbookError(
            f"there is no plan {prefix!r} of this stack on this machine: run `groundwork runbook plan`, read what it "
            "says, and apply the hash that it prints"
        )
    try:
        document = json.loads(found[0].read_text())
        plan, made = Plan(document["plan"]), read(document["made"])
        intact = plan.hash == found[0].stem
    except (ValueError, KeyError, TypeError):
        intact = False
    if not intact:
        raise RunbookError(f"{found[0]} was changed after it was written: plan again")
    if now - made > FRESH:
        minutes = (now - made).total_seconds() / 60
        raise RunbookError(
            f"plan {prefix} is {minutes:.0f} minutes old, and may be {FRESH.total_seconds() / 60:.0f}: plan again"
        )
    return plan


def refuse_changed(planned: Plan, live: Plan) -> None:
    """Hold a plan against one that was made just now.

    Raises:
        RunbookError: they differ; the message names each difference.
    """
    if planned.hash == live.hash:
        return
    changed = [
        f"  {where}: planned {json.dumps(before)}, now {json.dumps(after)}"
        for where, before, after in differences(planned.content, live.content)
    ]
    raise RunbookError("\n".join(["what was planned is no longer what is there: plan again", *changed]))


def differences(before: Any, after: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place where two documents differ, with both values."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key), after.get(key), f"{where}.{key}" if where else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif before != after:
        yield where, before, after


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
