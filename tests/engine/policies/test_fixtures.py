"""Every fixture, judged by the real engine over a state file: the same verdicts as the plain functions give."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.model import Status
from policies.packs import PACKS, Pack
from tests.fixtures.policies import states
from tests.fixtures.policies.cases import Case, cases

pytestmark = pytest.mark.engine

JUDGEABLE = [case for case in cases() if case.fully_known and case.any_day]

Told = Counter[tuple[str, bool, str]]
"""By case: whether it is only noted, and the message."""


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_the_engine_reports_exactly_the_expected_messages(project: Any, tmp_path: Path, pack: Pack) -> None:
    """SR-*: `pulumi policy analyze` over all fixtures of a pack, as many at once as do not meet."""
    ids = {rule.id for rule in pack.rules}
    chosen = [case for case in JUDGEABLE if case.rule in ids]
    assert {case.rule for case in chosen} == ids
    found: Told = Counter()
    for group in states.batches(chosen):
        found += _found(project, tmp_path / "state.json", pack, group)
    assert found == _expected(chosen)


def _found(project: Any, file: Path, pack: Pack, group: list[Case]) -> Told:
    entries = [entry for number, case in enumerate(group) for entry in states.apart(case, number)]
    file.write_text(json.dumps(states.state(entries)))
    # Not through `project.run`: a state file is judged without a stack.
    command = [project.pulumi, "policy", "analyze", "--policy-pack", pack.folder, "--file", file, "--json"]
    outcome = subprocess.run(command, env=project.environment, cwd=project.folder, capture_output=True, text=True)
    found: Told = Counter()
    for event in _policy_events(outcome.stdout):
        case = group[states.number_of(event["resourceUrn"])]
        message = event["message"].split("\n", 1)[1]
        if message.startswith(f"[{case.rule}]"):  # a case says nothing of what other rules find in it
            found[_named(case), event["policyName"].startswith("SR-NOTES"), message] += 1
    assert found or not any(case.expected[status] for case in group for status in Status), outcome.stderr
    return found


def _expected(chosen: list[Case]) -> Told:
    return Counter(
        (_named(case), status is not Status.VIOLATION, message)
        for case in chosen
        for status, messages in case.expected.items()
        for message in messages
    )


def _named(case: Case) -> str:
    return f"{case.rule}: {case.name}"


def _policy_events(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        if line.startswith("{"):
            event = json.loads(line)
            if "policyEvent" in event:
                yield event["policyEvent"]
