"""Every fixture, judged by the rules as plain functions. Proves SR-VOLUME, SR-AFFINITY and SR-PDB."""

from __future__ import annotations

import pytest

from policies.judge import judge
from policies.model import Status
from policies.rules.resilience_table import RESILIENCE
from policies.rules.table import STATELESS
from tests.fixtures.policies.cases import Case, cases

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.rule}: {case.name}")
def test_the_messages_are_exactly_those_expected(case: Case) -> None:
    """SR-VOLUME, SR-AFFINITY, SR-PDB: verdict and message of each fixture."""
    rules = [rule for rule in (*STATELESS, *RESILIENCE) if rule.id == case.rule]
    assert rules
    found = list(judge(rules, case.resources, case.today))
    for status in Status:
        messages = [finding.message for finding in found if finding.status is status]
        assert sorted(messages) == sorted(case.expected[status]), status
