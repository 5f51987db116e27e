"""The rules' pages say what the tables and the fixtures say, and what they show is true."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from catalog import rules
from policies import Resource, Status, all_rules, judge, resource_from_manifest

pytestmark = pytest.mark.unit

IDS = sorted({rule.id for rule in all_rules()})


def _judged(rule_id: str, text: str) -> list[str]:
    resources = [
        Resource(one["type"], one["name"], f"{one['type']}::{one['name']}", one["properties"])
        if "properties" in one
        else resource_from_manifest(one)
        for one in yaml.safe_load_all(text)
    ]
    chosen = [rule for rule in all_rules() if rule.id == rule_id]
    found = judge(chosen, resources, date(2026, 11, 22))
    return sorted(finding.message for finding in found if finding.status is Status.VIOLATION)


@pytest.mark.parametrize("rule_id", IDS)
def test_the_examples_of_a_page_get_the_messages_that_it_shows(rule_id: str) -> None:
    """SR-*: the failing one fails with just these messages, the passing one passes."""
    failing, passing = rules.examples(rule_id)
    assert failing is not None and passing is not None
    assert _judged(rule_id, failing.resources) == sorted(failing.messages)
    assert _judged(rule_id, passing.resources) == []
    page = rules.pages()[f"{rules.FOLDER}/{rule_id}.md"]
    assert all(message in page for message in failing.messages)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.policy)
def test_every_rule_says_how_it_is_cured_found_and_set(rule: object) -> None:
    """SR-*: remediation, tags, and a meaning for every setting."""
    [one] = [each for each in all_rules() if each is rule]
    assert one.title and one.remediation.endswith(".")
    assert one.tags, "say under which words it is found"
    assert [key for key, row in one.schema.items() if not row.get("description") or "type" not in row] == []
    page = rules.pages()[f"{rules.FOLDER}/{one.id}.md"]
    assert f"`{one.policy}`" in page
    assert all(f"`{key}`" in page for key in one.schema)
