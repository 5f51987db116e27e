"""A scan's report in each form, and the command around it."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from groundwork import cli
from policies import all_rules, configuration
from policies.scan import Report, scan
from policies.scan.reports import as_json, as_junit, as_markdown, as_sarif
from policies.scan.reports.markdown import LENGTH

pytestmark = pytest.mark.unit

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: %s%s}\nspec: {sessionAffinity: ClientIP}\n---\n"
_REASON = "reason: moves out; owner: shop team; expires: "
MANIFESTS = (
    "# Source: shop/templates/web.yaml\n"
    + SERVICE % ("web", "")
    + SERVICE % ("old", f', annotations: {{groundwork/exempt.SR-AFFINITY: "{_REASON}2026-12-31"}}')
    + SERVICE % ("late", f', annotations: {{groundwork/exempt.SR-AFFINITY: "{_REASON}2026-01-01"}}')
    + "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, strange: {}}]}\n---\n"
    + "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: b}\nspec: {maxUnavailable: 0, selector: {}}\n"
    + "---\nfoo: bar\n---\n{{ x\n"
)

CONTROL = '---\napiVersion: v1\nkind: Pod\nmetadata: {name: "\\e[1m"}\n'
RULES = tuple(rule for rule in all_rules() if rule.id in {"SR-VOLUME", "SR-AFFINITY", "SR-PDB"})


def _scan(text: str = MANIFESTS, **levels: Any) -> Report:
    configured = configuration(levels or {"SR-PDB": "advisory"}, all_rules())
    stdin = io.BufferedReader(io.BytesIO(text.encode()))
    return scan(["-"], stdin=stdin, rules=RULES, configuration=configured, today=date(2026, 11, 22))


def test_json_has_everything() -> None:
    """SR-AFFINITY, SR-VOLUME, SR-PDB: violations by level, undetermined, exempt with its note, and the input."""
    report = json.loads(as_json(_scan()))
    assert report["exitCode"] == 1
    assert report["totals"] == {"mandatory": 2, "advisory": 1, "undetermined": 1, "exempt": 1}
    rows = {row["name"]: row for row in report["results"]}
    assert rows["web"]["line"] == 5
    assert rows["web"]["source"] == "shop/templates/web.yaml"
    assert rows["old"]["status"] == "exempt"
    assert rows["old"]["note"] == "Exempt until 2026-12-31, owner shop team: moves out."
    assert rows["late"]["status"] == "violation"
    assert rows["late"]["note"] == "The exemption does not hold: it expired on 2026-01-01."
    assert rows["p"]["status"] == "undetermined"
    assert (rows["b"]["enforcement"], rows["b"]["status"]) == ("advisory", "violation")
    assert [one["fatal"] for one in report["problems"]] == [False, True]


def test_a_disabled_rule_is_not_asked() -> None:
    report = _scan(**{"SR-AFFINITY": "disabled"})
    assert "SR-AFFINITY" not in {rule.policy for rule in report.rules}
    assert [one for one in report.results if one.rule.policy == "SR-AFFINITY"] == []


def test_exit_codes() -> None:
    """0 when nothing mandatory is violated, 1 when something is, 2 when something could not be read."""
    good = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
    sticky = SERVICE % ("web", "")
    assert _scan(good).exit_code == 0
    assert _scan(sticky + good, **{"SR-AFFINITY": "advisory"}).exit_code == 0
    assert _scan(sticky + good).exit_code == 1
    assert _scan(good + "---\na: [").exit_code == 2
    assert _scan(sticky + "a: [").exit_code == 1
    assert _scan(good + "---\nfoo: bar\n").exit_code == 0


def test_sarif_is_what_code_hosts_take() -> None:
    """The required shape of SARIF 2.1.0, with what GitHub asks for besides."""
    document = json.loads(as_sarif(_scan(), "https://example.com/docs/policies/"))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "groundwork"
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == len(RULES)
    for rule in rules:
        assert rule["shortDescription"]["text"] and rule["help"]["text"] and rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note", "none"}
        assert rule["helpUri"].startswith("https://example.com/docs/policies/SR-")
        assert all(isinstance(tag, str) for tag in rule["properties"]["tags"])
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note", "none"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        assert place["artifactLocation"]["uri"] in {"shop/templates/web.yaml", "stdin"}
    names = {one["locations"][0]["logicalLocations"][0]["name"]: one for one in run["results"]}
    assert names["web"]["level"] == "error"
    assert names["b"]["level"] == "warning"
    assert names["p"]["level"] == "note"
    assert "suppressions" not in names["late"]
    assert names["old"]["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "Exempt until 2026-12-31, owner shop team: moves out.",
        }
    ]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [one["level"] for one in invocation["toolExecutionNotifications"]] == ["note", "error"]
    assert "helpUri" not in json.loads(as_sarif(_scan()))["runs"][0]["tool"]["driver"]["rules"][0]


def test_fingerprints_stay_when_lines_move_and_differ_between_findings() -> None:
    def prints(text: str) -> list[str]:
        results = json.loads(as_sarif(_scan(text)))["runs"][0]["results"]
        return [one["partialFingerprints"]["groundworkFinding/v1"] for one in results]

    assert prints(MANIFESTS) == prints("# a\n# b\n" + MANIFESTS)
    assert len(set(prints(MANIFESTS))) == len(prints(MANIFESTS))


def test_junit_counts_what_it_lists() -> None:
    root = ElementTree.fromstring(
        as_junit(_scan(MANIFESTS + '---\napiVersion: v1\nkind: Pod\nmetadata: {name: "\\e[1m"}\n'))
    )
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {rule.policy for rule in RULES} | {"input"}
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase")) > 0
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
        assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
    assert (root.get("failures"), root.get("skipped"), root.get("errors")) == ("2", "2", "1")
    assert suites["SR-PDB"].find("testcase/system-out") is not None


def test_markdown_folds_what_does_not_fail_and_takes_nothing_for_markup() -> None:
    evil = SERVICE % ('"@all `<img src=x>` | [a](b)"', "")
    text = as_markdown(_scan(evil + MANIFESTS))
    assert text.startswith("### Policies failed\n")
    assert "| SR-AFFINITY | 3 |  |  | 1 |" in text
    assert "<details open><summary>Mandatory violations (3)</summary>" in text
    assert "<details><summary>Exemptions (1)</summary>" in text
    assert "<details><summary>Not determined (1)</summary>" in text
    assert '``[SR-AFFINITY] kubernetes:core/v1:Service "@all `<img src=x>` | [a](b)"' in text


@pytest.mark.parametrize("length", [2_000, LENGTH])
def test_markdown_is_never_longer_than_a_comment(length: int) -> None:
    text = as_markdown(_scan("".join(SERVICE % (f"s{n}", "") for n in range(2_000))), length)
    assert len(text) <= length
    assert " more\n" in text
    assert text.count("<details") == text.count("</details>") == 1


def _run(*arguments: str, stdin: str = "") -> tuple[int, str]:
    outcome = CliRunner().invoke(cli.app, ["policy", "scan", *arguments], input=stdin)
    return outcome.exit_code, outcome.output


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "markdown", "table"])
def test_the_command_writes_each_form(tmp_path: Path, form: str) -> None:
    file, output = tmp_path / "web.yaml", tmp_path / "report"
    file.write_text(SERVICE % ("web", ""))
    code, shown = _run(str(file), "--format", form, "--output", str(output))
    assert (code, shown) == (1, "")
    assert 'kubernetes:core/v1:Service "web": spec.sessionAffinity' in output.read_text().replace('\\"', '"')


def test_the_table_names_everything_and_no_control_character_reaches_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(SERVICE % ('"\\e[31m[bold]x"', "") + MANIFESTS)
    code, shown = _run(str(file))
    assert code == 1
    assert "\x1b" not in shown
    for part in ("[bold]x", "exempt (1)", "undetermined (", "is no Kubernetes object", "mandatory violations"):
        assert part in shown


def test_the_command_reads_a_configuration_and_only_the_packs_that_it_is_told(tmp_path: Path) -> None:
    file, config = tmp_path / "web.yaml", tmp_path / "policies.json"
    file.write_text(SERVICE % ("web", ""))
    config.write_text('{"SR-AFFINITY": "advisory"}')
    assert _run(str(file), "--config", str(config), "--pack", "stateless")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.yaml"], "none.yaml: there is no such file or folder."),
        (["-", "--pack", "none"], "--pack none: there is no such pack; there are stateless"),
        (["-", "--config", "none.json"], "none.json: No such file or directory."),
        (["-", "--format", "sarif", "--output", "/none/report"], "--output /none/report: No such file or directory."),
    ],
)
def test_bad_usage_is_one_message_and_exit_code_2(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["groundwork", "policy", "scan", *arguments])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(SERVICE.encode() % (b"a", b"")))))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
