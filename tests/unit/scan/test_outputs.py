"""PV-SOURCE: the inventory as tables, JSON, SARIF and Markdown, its baseline, and the command's exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from groundwork.cli import app
from groundwork.errors import UserError

pytestmark = pytest.mark.unit

CARTS = "const carts = new Map();\nexport const put = (id) => carts.set(id, []);\n"
CACHE = """const pages = new Map(); // only read
export const pageCache = new Map();
export const put = (id) => pageCache.set(id, pages.get(id));
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "shop"}')
    (folder / "carts.js").write_text(CARTS)
    (folder / "cache.js").write_text(CACHE)
    return folder


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["scan", "source", *arguments])


def _json(*arguments: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_run(*arguments, "--json", "--fail-on", "never").stdout)
    return data


def test_new_critical_findings_fail_and_lower_ones_do_not(shop: Path) -> None:
    """PV-SOURCE: --fail-on is critical by default, and never turns it off."""
    assert _run("shop").exit_code == 1
    assert _run("shop/carts.js", "--fail-on", "never").exit_code == 0
    assert _run("shop/cache.js").exit_code == 0
    assert _run("shop/cache.js", "--fail-on", "medium").exit_code == 1


def test_tables_name_service_component_risk_and_action(shop: Path) -> None:
    """S001: a table for each service, then how many of each grade."""
    shown = _run("shop").stdout

    assert "shop: stateful (2 files)" in shown
    assert "shop/carts.js:1" in shown
    assert "1 CRITICAL, 0 HIGH, 1 MEDIUM, 0 LOW; 0 exempt; 2 new, 0 fixed, 0 unchanged" in shown


def test_baseline_tells_new_fixed_and_unchanged(shop: Path) -> None:
    """PV-SOURCE: what was known does not fail, though lines moved; what is new does; what is gone is fixed."""
    assert _run("shop", "--write-baseline", "known.json").exit_code == 1
    (shop / "carts.js").write_text("\n\n" + CARTS)
    assert _run("shop", "--baseline", "known.json", "--fail-on", "low").exit_code == 0

    (shop / "cache.js").write_text("export const jobQueue = [];\nexport const add = (job) => jobQueue.push(job);\n")
    data = _json("shop", "--baseline", "known.json")
    assert [(row["holder"], row["new"]) for row in data["services"][0]["findings"]] == [
        ("jobQueue", True),
        ("carts", False),
    ]
    assert [row["holder"] for row in data["baseline"]["fixed"]] == ["pageCache"]
    assert _run("shop", "--baseline", "known.json").exit_code == 1


def test_a_worse_grade_is_new(shop: Path) -> None:
    """PV-SOURCE: a baseline excuses a finding at its grade, not at a worse one."""
    _run("shop", "--write-baseline", "known.json")
    known = json.loads(Path("known.json").read_text())
    for row in known["findings"].values():
        row["severity"] = "low"
    Path("known.json").write_text(json.dumps(known))

    assert _run("shop", "--baseline", "known.json").exit_code == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "known.json: No such file or directory; make one with --write-baseline known.json"),
        (
            "{",
            "known.json: no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); "
            "make it anew with --write-baseline known.json",
        ),
        (
            "[]",
            'known.json: "version" is None, this program reads 1 with "findings" as an object; '
            "make it anew with --write-baseline known.json",
        ),
        (
            '{"version": 1, "findings": {"ab": {}}}',
            "known.json: findings.ab lacks or misspells 'severity'; make it anew with --write-baseline known.json",
        ),
    ],
)
def test_a_baseline_that_is_none_is_told(shop: Path, content: str | None, message: str) -> None:
    """PV-SOURCE: one message with file, key and cure."""
    if content is not None:
        Path("known.json").write_text(content)
    result = _run("shop", "--baseline", "known.json")

    assert isinstance(result.exception, UserError)
    assert str(result.exception) == message


def test_a_path_that_is_not_there_is_told(shop: Path) -> None:
    """PV-SOURCE: nothing is scanned when a name is wrong."""
    result = _run("shopp")

    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith("shopp: there is no such file or folder")


def test_sarif_has_rules_places_fingerprints_and_suppressions(shop: Path) -> None:
    """PV-SOURCE: what code scanning needs of SARIF 2.1.0."""
    (shop / "cache.js").write_text(
        "// groundwork/exempt.cache: reason: small; owner: web; expires: 2999-12-31\n" + CACHE.partition("\n")[2]
    )
    _run("shop", "--sarif", "out.sarif")
    (run,) = json.loads(Path("out.sarif").read_text())["runs"]

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["cache", "session-state"]
    critical, exempt = run["results"]
    assert critical["level"] == "error"
    assert critical["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "shop/carts.js"},
        "region": {"startLine": 1},
    }
    assert len(critical["partialFingerprints"]["groundworkState/v1"]) == 20
    assert exempt["suppressions"] == [
        {"kind": "inSource", "justification": "Exempt until 2999-12-31, owner web: small."}
    ]


def test_markdown_has_a_table_for_each_service(shop: Path) -> None:
    """S001: the document that the scan replaces."""
    _run("shop", "--markdown", "out.md")
    text = Path("out.md").read_text()

    assert "## shop: ❌ Stateful" in text
    assert (
        "| `shop/carts.js:1` `carts` | sessions: map, module level | in memory | no | **CRITICAL** | "
        "Keep sessions in Redis, or use signed tokens: the next request reaches another instance. |"
    ) in text


def test_all_of_it_may_be_taken_as_one_service(shop: Path) -> None:
    """PV-SOURCE: --service names it."""
    assert [service["name"] for service in _json("shop", "--service", "everything")["services"]] == ["everything"]
