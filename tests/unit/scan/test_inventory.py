"""PV-SOURCE: what the scan finds in programs whose comments say what it must find, and in nothing else."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from scan.inventory import scan
from scan.model import Finding, Inventory, readiness
from tests.fixtures.labels import SOURCE, labels

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 23)
ROOT = Path(__file__).parents[3]


def _scan(*paths: Path) -> Inventory:
    return scan(list(paths), today=TODAY, workers=1)


def _places(findings: tuple[Finding, ...]) -> list[tuple[str, int, str, str]]:
    return sorted(
        (str(one.sighting.path), one.sighting.line, one.grade.rule, one.grade.severity.name) for one in findings
    )


@pytest.mark.parametrize("language", ["javascript", "python", "elixir", "aiponge"])
def test_inventory_is_exactly_what_the_labels_say(language: str) -> None:
    """PV-SOURCE, S001: each labelled line is found with its rule and grade, and no other line is."""
    expected = [(path, line, said[0], said[1]) for (path, line), said in labels(SOURCE / language).items()]

    assert _places(_scan(SOURCE / language).findings) == sorted(expected)
    assert len(expected) >= 15


def test_services_of_s001_are_graded_as_s001_grades_them() -> None:
    """S001: two of its rows are graded lower here, on purpose: gauges for Prometheus and what fills them."""
    said = labels(SOURCE / "aiponge")
    graded = {place: words[2].removeprefix("S001:") if len(words) > 2 else words[1] for place, words in said.items()}
    found = {(path, line): grade for path, line, _, grade in _places(_scan(SOURCE / "aiponge").findings)}

    differing = sorted(Path(place[0]).name for place in graded if graded[place] != found[place])
    assert differing == ["AdvancedMonitoring.ts", "AdvancedMonitoring.ts"]


def test_services_of_s001_are_as_ready_as_s001_says() -> None:
    """S000, S001: stateful where a CRITICAL finding is, ready where all is LOW."""
    inventory = _scan(SOURCE / "aiponge")

    assert {service.name: readiness(inventory.of(service.name)) for service in inventory.services} == {
        "ai-analytics-service": "needs work",
        "ai-config-service": "needs work",
        "ai-content-service": "needs work",
        "api-gateway": "stateful",
        "music-service": "stateful",
        "storage-service": "stateful",
        "system-service": "stateful",
        "user-service": "ready",
    }


def test_own_workload_keeps_only_what_is_acceptable() -> None:
    """PV-SOURCE: the conformance workload, which nobody wrote for the scan: every line it names is so, and all LOW."""
    inventory = _scan(ROOT / "workloads")

    assert [(path, rule, grade) for path, _, rule, grade in _places(inventory.findings)] == [
        ("conformance/src/http/streams.js", "connection-registry", "LOW"),
        ("conformance/src/http/streams.js", "timer", "LOW"),
        ("conformance/src/postgres/replicas.js", "metrics", "LOW"),
        ("conformance/src/queues/leases.js", "timer", "LOW"),
        ("conformance/src/redis/breaker.js", "breaker-state", "LOW"),
        ("conformance/src/settings.js", "timer", "LOW"),
    ]
    assert [service.name for service in inventory.services] == ["conformance-workload"]
    assert inventory.notes == ()


def test_recall_and_precision_on_the_corpus_are_those_in_the_docs() -> None:
    """PV-SOURCE: every labelled line of the corpus is found, nothing else is, and the docs give these figures."""
    expected = {place: said[0] for place, said in labels(SOURCE / "corpus").items()}
    found = {(path, line): grade for path, line, _, grade in _places(_scan(SOURCE / "corpus").findings)}
    right = expected.keys() & found.keys()
    same = sum(expected[place] == found[place] for place in right)

    figures = f"recall {len(right)}/{len(expected)}, precision {len(right)}/{len(found)}, grade {same}/{len(right)}"
    assert figures in re.sub(r"\s+", " ", (ROOT / "docs/scan-source.md").read_text())
    assert (len(right), same) == (len(expected), len(right))


def test_exemptions_hold_until_their_day_and_need_a_reason() -> None:
    """PV-SOURCE: as for policies, an exemption without a reason, past its day or without use is told."""
    inventory = _scan(SOURCE / "javascript/src/exempted.js")

    assert [(one.sighting.holder, one.exempt, one.exemption) for one in inventory.findings] == [
        ("sessions", False, "The exemption does not hold: it expired on 2026-01-31."),
        ("lastSeen", False, "The exemption does not hold: it names no reason and no expires."),
        (
            "priceCache",
            True,
            "Exempt until 2027-03-31, owner web team: read-through for five seconds.",
        ),
    ]
    assert [(note.line, note.text) for note in inventory.notes] == [
        (6, "the exemption of memory-queue exempts nothing")
    ]


def test_fingerprints_survive_moved_lines_and_another_start(tmp_path: Path) -> None:
    """PV-SOURCE: the same finding has the same fingerprint after lines above it, and from the folder or its parent."""
    service = tmp_path / "services/shop"
    service.mkdir(parents=True)
    (service / "package.json").write_text('{"name": "@acme/shop"}')
    code = "const carts = new Map();\nexport const put = (id) => carts.set(id, []);\n"
    (service / "carts.js").write_text(code)
    (before,) = _scan(service).findings
    (service / "carts.js").write_text("// one more line\n\n" + code)
    (after,) = _scan(tmp_path).findings

    assert (before.sighting.line, after.sighting.line) == (1, 3)
    assert before.fingerprint == after.fingerprint
    assert before.service == "shop"


def test_two_of_the_same_name_have_fingerprints_of_their_own(tmp_path: Path) -> None:
    """PV-SOURCE: two timers of one function are two findings in a baseline."""
    (tmp_path / "a.js").write_text("setInterval(() => work(), 1000);\nsetInterval(() => work(), 2000);\n")

    assert len({one.fingerprint for one in _scan(tmp_path).findings}) == 2
