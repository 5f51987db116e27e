"""What a user configures is held against the rules: one message with key, value and what would be right."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policies import ConfigurationError, Enforcement, all_rules, configuration, read_configuration

pytestmark = pytest.mark.unit

EXEMPTION = {"resource": "web", "reason": "moves out", "owner": "shop team", "expires": "2999-12-31"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "has to be a mapping of policy names, not []"),
        ({"SR-VOLUMES": {}}, "SR-VOLUMES: there is no such policy. Did you mean SR-VOLUME?"),
        ({"SR-VOLUME": 3}, "SR-VOLUME: has to be a level or a mapping of settings, not 3"),
        (
            {"SR-VOLUME": "forbidden"},
            "SR-VOLUME.enforcementLevel = 'forbidden': has to be one of mandatory, advisory, disabled",
        ),
        (
            {"SR-VOLUME": {"maxScrath": "1Gi"}},
            "SR-VOLUME.maxScrath: there is no such setting. Did you mean maxScratch?",
        ),
        ({"SR-VOLUME": {"maxScratch": 5}}, "SR-VOLUME.maxScratch = 5: has to be of type string"),
        ({"SR-VOLUME": {"scratchPaths": ["/a", 5]}}, "SR-VOLUME.scratchPaths[1] = 5: has to be of type string"),
        (
            {"SR-AFFINITY": {"exemptions": [{"resource": "web", "owner": "a", "expires": "2027-01-01"}]}},
            "SR-AFFINITY.exemptions[0] = {'resource': 'web', 'owner': 'a', 'expires': '2027-01-01'}: needs reason",
        ),
        ({"all": {"maxScratch": "1Gi"}}, "all: takes enforcementLevel only, not maxScratch"),
    ],
)
def test_what_does_not_fit_the_rules_is_refused(content: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        configuration(content, all_rules())
    assert str(caught.value) == message


def test_levels_and_settings_are_those_of_the_engine() -> None:
    """SR-VOLUME, SR-AFFINITY: a level by itself, among settings, and for all."""
    read = configuration(
        {"all": "advisory", "SR-VOLUME": {"enforcementLevel": "mandatory", "maxScratch": "1Gi"}, "SR-PDB": "disabled"},
        all_rules(),
    )
    rules = {rule.policy: rule for rule in all_rules()}
    assert read.level(rules["SR-VOLUME"]) is Enforcement.MANDATORY
    assert read.level(rules["SR-PDB"]) is Enforcement.DISABLED
    assert read.level(rules["SR-AFFINITY"]) is Enforcement.ADVISORY
    assert read.of(rules["SR-VOLUME"]) == {"maxScratch": "1Gi"}
    assert read.of(rules["SR-AFFINITY"]) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [b", "is neither JSON nor YAML: while parsing a flow sequence"),
        ("SR-X: advisory", "SR-X: there is no such policy."),
    ],
)
def test_a_file_is_named_with_what_is_wrong_in_it(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(file, all_rules())
    assert str(caught.value).startswith(f"{file}: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.json: No such file or directory"):
        read_configuration(tmp_path / "none.json", all_rules())


def test_every_default_fits_the_schema_that_it_is_in() -> None:
    """What the reference says would be refused otherwise."""
    for rule in all_rules():
        given = {key: row["default"] for key, row in rule.schema.items() if "default" in row}
        configuration({rule.policy: {**given, "exemptions": [EXEMPTION]}}, all_rules())
    assert date.fromisoformat(EXEMPTION["expires"])
