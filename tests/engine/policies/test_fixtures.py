"""Every fixture, judged by the real engine over a state file: the same verdicts as the plain functions give."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from policies.model import Resource, Status
from tests.fixtures.policies.cases import Case, cases

pytestmark = pytest.mark.engine

PACK = Path(__file__).parents[3] / "policies" / "stateless"
JUDGEABLE = [case for case in cases() if case.fully_known and case.any_day]


@pytest.mark.parametrize("rule", ["SR-VOLUME", "SR-AFFINITY", "SR-PDB"])
def test_the_engine_reports_exactly_the_expected_messages(project: Any, tmp_path: Path, rule: str) -> None:
    """SR-VOLUME, SR-AFFINITY, SR-PDB: `pulumi policy analyze` over all fixtures of the rule at once."""
    chosen = [case for case in JUDGEABLE if case.rule == rule]
    state = tmp_path / "state.json"
    state.write_text(json.dumps(_state(chosen)))
    # Not through `project.run`: a state file is judged without a stack.
    command = [project.pulumi, "policy", "analyze", "--policy-pack", PACK, "--file", state, "--json"]
    outcome = subprocess.run(command, env=project.environment, cwd=project.folder, capture_output=True, text=True)
    assert outcome.returncode != 0, outcome.stderr
    found = Counter(
        (event["policyName"].startswith("SR-NOTES"), event["message"].split("\n", 1)[1])
        for event in _policy_events(outcome.stdout)
        if f"[{rule}]" in event["message"]
    )
    assert found == _expected(chosen)


def _expected(chosen: list[Case]) -> Counter[tuple[bool, str]]:
    expected: Counter[tuple[bool, str]] = Counter()
    for case in chosen:
        for status, messages in case.expected.items():
            expected.update((status is not Status.VIOLATION, message) for message in messages)
    return expected


def _policy_events(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        if line.startswith("{"):
            event = json.loads(line)
            if "policyEvent" in event:
                yield event["policyEvent"]


def _state(chosen: list[Case]) -> dict[str, Any]:
    resources = [_entry(resource, number) for number, case in enumerate(chosen) for resource in case.resources]
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}


def _entry(resource: Resource, number: int) -> dict[str, Any]:
    # A parent type and a namespace of its own keep each case apart from the others.
    urn = f"urn:pulumi:test::small::case:index:Case{number}${resource.type}::{resource.name}"
    if resource.type.startswith("kubernetes:"):
        namespace = str(resource.properties.get("metadata", {}).get("namespace", ""))
        properties = _in_namespace(resource.properties, f"case-{number}-{namespace}")
    else:
        properties = dict(resource.properties)
    return {"urn": urn, "custom": False, "type": resource.type, "inputs": properties, "outputs": properties}


def _in_namespace(properties: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    return {**properties, "metadata": {**properties.get("metadata", {}), "namespace": namespace}}
