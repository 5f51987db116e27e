"""Every fixture through the scan of manifests and of state files: the messages that the plain functions give.

The third way in, the engine, is tests/engine/policies/test_fixtures.py; the plain functions are test_rules.py.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from policies import PACKS, Status, all_rules
from policies.scan import Report, scan
from tests.fixtures.policies import states
from tests.fixtures.policies.cases import Case, cases

pytestmark = pytest.mark.unit

CASES = list(cases())
SCANNABLE = [case for case in CASES if not any(getattr(one, "secrets", ()) for one in case.resources)]
MANIFESTS = [
    case
    for case in SCANNABLE
    if case.fully_known
    and all("apiVersion" in one.properties and not one.property_dependencies for one in case.resources)
    # The items of a List are judged by their own names there, which test_scan_reading.py shows.
    and not any(one.properties["kind"] == "List" for one in case.resources)
]


def _named(case: Case) -> str:
    return f"{case.rule}: {case.name}"


def _scanned(case: Case, text: str) -> Report:
    rules = [rule for rule in all_rules() if rule.id == case.rule]
    return scan(["-"], rules=rules, today=case.today, stdin=io.BufferedReader(io.BytesIO(text.encode())), processes=1)


def _messages(report: Report) -> Mapping[Status, Counter[str]]:
    return {status: Counter(one.finding.message for one in report.of(status)) for status in Status}


def _expected(case: Case) -> Mapping[Status, Counter[str]]:
    return {status: Counter(case.expected[status]) for status in Status}


@pytest.mark.parametrize("case", MANIFESTS, ids=_named)
def test_manifests_get_the_same_messages(case: Case) -> None:
    """SR-*: as YAML documents with their lines."""
    # Without references: each document stands for itself.
    documents: list[Any] = [json.loads(json.dumps(one.properties)) for one in case.resources]
    report = _scanned(case, yaml.dump_all(documents, Dumper=yaml.CSafeDumper, explicit_start=True))
    assert report.problems == ()
    assert report.resources == len(case.resources)
    assert _messages(report) == _expected(case)
    assert all(result.line > 0 for result in report.results)


@pytest.mark.parametrize("case", SCANNABLE, ids=_named)
def test_state_files_get_the_same_messages(case: Case) -> None:
    """SR-*: with links between resources, and with secrets in the place of what is unknown."""
    report = _scanned(case, json.dumps(states.state(states.plain_entries(case))))
    assert report.problems == ()
    assert _messages(report) == _expected(case)


def test_most_fixtures_go_through_each_way() -> None:
    """Fixtures that only one way could judge would prove little."""
    assert len(MANIFESTS) > 50
    assert len(SCANNABLE) > 0.9 * len(CASES)


def test_every_rule_of_every_pack_has_fixtures() -> None:
    """SR-*: and each fixture belongs to a rule."""
    ids = {rule.id for pack in PACKS for rule in pack.rules}
    assert {case.rule for case in CASES} == ids
