"""The table of what the local platform does with each property is complete, proven and current."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from local.aws.fidelity import TYPES
from local.aws.fidelity.kubernetes import WITHOUT_EFFECT
from local.aws.fidelity.model import Property, Type
from local.plugins.aws.provider import AwsProvider
from tests.unit.validation import fidelity

pytestmark = pytest.mark.unit


def test_every_type_of_every_stack_is_listed_once() -> None:
    """P0-OBS: no more types than the stacks use, and no fewer."""
    assert [each.token for each in TYPES] == list(fidelity.declared())


@pytest.mark.parametrize("listed", TYPES, ids=lambda each: each.token)
def test_every_property_is_listed_once_and_no_other(listed: Type) -> None:
    """P0-OBS: nothing is only recorded without being listed."""
    rows = list(listed.rows())
    assert [path for path, count in Counter(row.path for row in rows).items() if count > 1] == []
    used = {path: listed.row_of(path) for path in fidelity.declared()[listed.token]}
    outermost = {path.partition(".")[0] for path in used}
    assert outermost <= {row.path.partition(".")[0] for row in rows}
    assert [path for path, row in used.items() if row is None] == []
    assert {row.path for row in rows} - {row.path for row in used.values() if row is not None} == set()


@pytest.mark.parametrize("test", sorted({row.test for each in TYPES for row in each.rows() if row.acts}))
def test_what_proves_an_effect_exists(test: str) -> None:
    """P0-OBS: each test by its node id; whether it passes is what running it says."""
    path, *names = test.split("::")
    assert tuple(names) in _tests(Path(path)), test


@cache
def _tests(path: Path) -> frozenset[tuple[str, ...]]:
    """Node ids of a file's tests, without its path and parameters."""
    found = set()
    for node in ast.parse((fidelity.ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add((node.name,))
        elif isinstance(node, ast.ClassDef):
            found |= {(node.name, inner.name) for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return frozenset(names for names in found if names[-1].startswith("test_"))


def test_reasons_are_one_line() -> None:
    for row in (row for each in TYPES for row in each.rows()):
        assert row.acts != bool(row.reason) and "\n" not in row.reason, row


def test_the_kubernetes_kinds_without_effect_are_used() -> None:
    assert set(WITHOUT_EFFECT) <= set(fidelity.kinds())


def test_a_property_counts_as_the_nearest_row_around_it() -> None:
    listed = Type("a", acts={"t::test_a": "rules"}, recorded={"no effect": "rules.role"})
    assert listed.row_of("rules.role.name") == Property("rules.role", reason="no effect")
    assert listed.row_of("rules.status") == Property("rules", test="t::test_a")
    assert listed.row_of("other.status") is None


def test_the_page_is_current(provider: AwsProvider) -> None:
    """P0-OBS: `make docs` writes it."""
    assert fidelity.PAGE.read_text(encoding="utf-8") == fidelity.page(provider)
