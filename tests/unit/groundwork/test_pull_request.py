"""What a pull request is told of a preview, from the engine's events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundwork.pull_request import comment, events, sarif
from groundwork.pull_request.events import Operation, Preview
from groundwork.pull_request.paths import ABSENT, LATER, SECRET, value_at

pytestmark = pytest.mark.unit

SEALED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def step(operation: str, name: str, type_: str = "kubernetes:core/v1:Service", **more: Any) -> str:
    metadata = {"op": operation, "urn": f"urn:pulumi:prod::groundwork::{type_}::{name}", "type": type_, **more}
    return json.dumps({"resourcePreEvent": {"metadata": metadata, "planning": True}})


def policy(message: str, level: str = "mandatory", name: str = "SR-PDB") -> str:
    event = {"policyName": name, "message": message, "enforcementLevel": level, "severity": "high"}
    return json.dumps({"policyEvent": event})


def summary(result: str = "succeeded") -> str:
    return json.dumps({"summaryEvent": {"result": result}})


def changed(**more: Any) -> str:
    """An update whose old inputs have 80 and whose new ones have 81."""
    old, new = {"spec": {"ports": [{"port": 80}]}}, {"spec": {"ports": [{"port": 81}]}}
    kinds = {"spec.ports[0].port": {"diffKind": "update", "inputDiff": True}}
    return step("update", "web", old={"inputs": old}, new={"inputs": new}, detailedDiff=kinds | more)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.ports[0].port", 80),
        ('data["app.yaml"]', "a: b"),
        ("spec.ports[1].port", ABSENT),
        ("spec.nothing", ABSENT),
        ("spec.ports.name", ABSENT),
        ("password", SECRET),
        ("password.ciphertext", SECRET),
        ("later.host", LATER),
        ("mixed", {"a": [SECRET, LATER]}),
    ],
)
def test_a_path_leads_to_its_value_and_never_into_a_secret(path: str, expected: Any) -> None:
    properties = {
        "spec": {"ports": [{"port": 80}]},
        "data": {"app.yaml": "a: b"},
        "password": SEALED,
        "later": UNKNOWN,
        "mixed": {"a": [SEALED, UNKNOWN]},
    }
    assert value_at(properties, path) == expected


def test_what_changes_is_told_once_and_in_the_order_of_its_danger() -> None:
    """A replacement has three steps; what stays, and what belongs to the engine, is no change."""
    lines = [
        step("same", "stack", "pulumi:pulumi:Stack"),
        step("same", "default", "pulumi:providers:aws"),
        step("same", "kept"),
        step("create", "new"),
        changed(),
        step("create-replacement", "db"),
        step("replace", "db"),
        step("delete-replaced", "db"),
        step("delete", "old"),
        step("read", "looked-up"),
        summary(),
    ]
    preview = events.read(lines)
    assert [(change.operation, change.name) for change in preview.changes] == [
        (Operation.REPLACE, "db"),
        (Operation.DELETE, "old"),
        (Operation.UPDATE, "web"),
        (Operation.CREATE, "new"),
    ]
    assert preview.unchanged == 1
    assert preview.finished


def test_a_difference_to_what_is_really_there_shows_what_is_really_there() -> None:
    line = step(
        "replace",
        "web",
        old={"inputs": {"replicas": 3}, "outputs": {"replicas": 7}},
        new={"inputs": {"replicas": 3}},
        detailedDiff={"replicas": {"diffKind": "update-replace"}},
    )
    [change] = events.read([line]).changes
    [row] = change.properties
    assert (row.old, row.new, row.forces_replacement) == (7, 3, True)


def test_policies_and_errors_are_told_once_without_the_engines_closing_words() -> None:
    error = json.dumps({"diagnosticEvent": {"severity": "error", "message": "preview failed\n"}})
    other = json.dumps({"diagnosticEvent": {"severity": "error", "message": "no credentials\n"}})
    warning = json.dumps({"diagnosticEvent": {"severity": "warning", "message": "old plugin\n"}})
    twice = policy("The title\n[SR-PDB] no budget. Cure: add one.\n")
    preview = events.read([twice, twice, warning, other, error, summary("failed")])
    assert [result.message for result in preview.policies] == ["[SR-PDB] no budget. Cure: add one."]
    assert preview.errors == ("no credentials",)
    assert not preview.finished


def test_a_log_that_breaks_off_is_no_success() -> None:
    """The engine was killed while it wrote."""
    preview = events.read([step("create", "new"), summary()[:-5]])
    assert len(preview.changes) == 1
    assert not preview.finished


def test_the_comment_says_first_what_stops_the_deployment() -> None:
    """SR-*: policy results as a comment; the whole text."""
    lines = [
        changed(),
        step(
            "replace",
            "db",
            detailedDiff={"engine": {"diffKind": "add-replace", "inputDiff": True}},
            new={"inputs": {"engine": "pg"}},
        ),
        policy("Title\n[SR-PDB] `api` *has* no budget of @team. Cure: add one."),
        policy("Title\n[SR-AFFINITY] cannot be judged", "advisory"),
        summary("failed"),
    ]
    assert comment.render("prod", events.read(lines)) == (
        "<!-- groundwork preview prod -->\n\n"
        "### Preview of `prod`: ❌ refused by the policies\n\n"
        "**1** to replace, **1** to update, 0 unchanged\n\n"
        "**1 violation that must be mended**\n\n"
        "- \\[SR-PDB\\] \\`api\\` \\*has\\* no budget of @\u200bteam. Cure: add one. *(mandatory, high)*\n\n"
        "<details><summary>1 note of the policies</summary>\n\n"
        "- \\[SR-AFFINITY\\] cannot be judged *(advisory, high)*\n\n"
        "</details>\n\n"
        "<details><summary>2 resources that change</summary>\n\n"
        "- `±` replace `kubernetes:core/v1:Service` **db**\n"
        "  - `engine`: nothing → `pg` **forces the replacement**\n"
        "- `~` update `kubernetes:core/v1:Service` **web**\n"
        "  - `spec.ports[0].port`: `80` → `81`\n\n"
        "</details>\n"
    )


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([summary()], "✅ no changes"),
        ([step("create", "a"), summary()], "✅ ready"),
        ([step("delete", "a"), summary()], "⚠️ replaces or deletes"),
        ([step("create", "a"), summary("failed")], "❌ failed"),
        ([policy("t\nm", "advisory"), summary()], "✅ no changes"),
        ([policy("t\nm"), summary("failed")], "❌ refused by the policies"),
    ],
)
def test_the_verdict_is_in_the_heading(lines: list[str], verdict: str) -> None:
    assert f"### Preview of `prod`: {verdict}\n" in comment.render("prod", events.read(lines))


def test_a_comment_has_room_in_a_pull_request_however_much_changes() -> None:
    """GitHub takes 65,536 characters: what does not fit is counted."""
    many = events.read([*(step("create", f"resource-{number:05}") for number in range(3000)), summary()])
    text = comment.render("prod", many)
    assert len(text) <= comment.LONGEST
    shown = text.count("- `+` create")
    assert 500 < shown < 3000
    assert f"… and {3000 - shown} more" in text
    assert text.endswith("</details>\n")
    loud = events.read([*(policy(f"t\n{number} {'x' * 500}") for number in range(300)), summary("failed")])
    assert len(comment.render("prod", loud)) <= comment.LONGEST


def test_code_that_holds_backticks_stays_code() -> None:
    line = step(
        "update",
        "web",
        old={"inputs": {"a": "x"}},
        new={"inputs": {"a": "``"}},
        detailedDiff={"a": {"inputDiff": True}},
    )
    assert "`a`: `x` → ``` `` ```" in comment.render("prod", events.read([line, summary()]))


def test_violations_become_alerts_at_the_stack_file() -> None:
    """SR-PDB: rules are described, notes of the pack are no alerts, the same finding keeps its fingerprint."""
    lines = [
        policy("t\n[SR-PDB] no budget"),
        policy("t\n[SR-PDB] cannot be judged", "advisory", "SR-NOTES"),
        summary("failed"),
    ]
    [run] = json.loads(sarif.render(events.read(lines), "stacks/Pulumi.prod.yaml"))["runs"]
    [result] = run["results"]
    assert (result["ruleId"], result["level"], result["message"]["text"]) == ("SR-PDB", "error", "[SR-PDB] no budget")
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "stacks/Pulumi.prod.yaml"}, "region": {"startLine": 1}}
    assert "SR-PDB" in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["invocations"] == [{"executionSuccessful": True}]
    again = json.loads(sarif.render(events.read(lines), "stacks/Pulumi.prod.yaml"))["runs"][0]["results"]
    assert again == [result]


def test_an_error_is_shown_as_it_is() -> None:
    preview = Preview((), 0, (), ("line one\n```\nline two",), finished=False)
    assert "````text\nline one\n```\nline two\n````" in comment.render("prod", preview)
