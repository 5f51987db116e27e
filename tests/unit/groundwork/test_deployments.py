"""What a failed gate advises, from the deployments that the engine remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from groundwork.deployments import Deployment, Mark, advice, read

pytestmark = pytest.mark.unit


def entry(ended: str, result: str = "succeeded", kind: str = "update", **more: Any) -> dict[str, Any]:
    environment = {"git.head": "abc", "git.dirty": "false"}
    return {"kind": kind, "endTime": ended, "result": result, "environment": environment} | more


def deployment(ended: str, *, succeeded: bool = True, changes: Mapping[str, int] | None = None) -> Deployment:
    return Deployment(ended, succeeded, "abc", changes or {})


def test_only_updates_count_and_the_newest_comes_first() -> None:
    history = [
        entry("2026-01-01T00:00:00Z"),
        entry("2026-01-03T00:00:00Z", "failed", resourceChanges={"create": 2}),
        entry("2026-01-04T00:00:00Z", kind="refresh"),
        {"kind": "update", "endTime": "2026-01-02T00:00:00Z", "result": "succeeded"},
        entry("2025-12-31T00:00:00Z", environment={"git.head": "abc", "git.dirty": "true"}),
    ]
    assert read(history) == [
        Deployment("2026-01-03T00:00:00Z", False, "abc", {"create": 2}),
        Deployment("2026-01-02T00:00:00Z", True, "", {}),
        Deployment("2026-01-01T00:00:00Z", True, "abc", {}),
        Deployment("2025-12-31T00:00:00Z", True, "", {}),
    ]


def test_a_mark_survives_its_tag_and_foreign_tags_are_no_marks() -> None:
    mark = Mark("2026-01-01T00:00:00Z", "abc")
    assert Mark.parse(mark.as_text()) == mark
    for text in ("", "7", "yes", "[]", '{"ended": 1}'):
        assert Mark.parse(text) is None


def test_a_stack_that_never_passed_has_nothing_to_go_back_to() -> None:
    assert list(advice("prod", [deployment("2026-01-01")], None)) == [
        "No deployment of prod has passed its checks yet, so there is nothing to go back to: mend forward."
    ]


def test_when_nothing_was_deployed_since_going_back_mends_nothing() -> None:
    [line] = advice("prod", [deployment("2026-01-01")], Mark("2026-01-01", "abc"))
    assert "Nothing was deployed since 2026-01-01" in line
    assert "git" not in line


def test_it_names_the_commit_and_the_commands() -> None:
    """The post-deploy gate says what to go back to and how."""
    lines = list(advice("prod", [deployment("2026-01-02"), deployment("2026-01-01")], Mark("2026-01-01", "abc")))
    assert lines == [
        "The last deployment of prod that passed its checks ended at 2026-01-01; 1 deployment since.",
        "Go back: git checkout abc && groundwork up prod && groundwork gate prod",
        "On the main branch instead: git revert abc..HEAD, and deploy that.",
    ]


def test_it_warns_of_what_going_back_does_not_bring_back() -> None:
    since = [
        deployment("2026-01-03", succeeded=False, changes={"replace": 1, "create": 5}),
        deployment("2026-01-02", changes={"delete": 2, "replace": 1}),
    ]
    lines = list(advice("prod", since, Mark("2026-01-01", "")))
    assert "2 deployments since" in lines[0]
    assert lines[1].startswith("It was not made from a commit")
    assert "2 resources were replaced and 2 deleted" in lines[2]
    assert "did not come to its end" in lines[3]
    assert len(lines) == 4
