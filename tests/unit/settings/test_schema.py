"""The JSON schema that editors read: as generated, right about the delivered files, never stricter than the program."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from components import yaml_file
from components.settings import Settings, Source, judge, schema
from components.settings.base import Model
from components.settings.shape import choices
from tests.fixtures.stacks import STACKS
from tests.unit.settings.conftest import VALID, changed, flat
from tests.unit.settings.generated import configurations
from tests.unit.settings.test_fuzz import FULL, PATHS, VALUES

pytestmark = pytest.mark.unit

FILE = STACKS / "schema.json"
FILES = sorted([*STACKS.glob("Pulumi.*.yaml"), *(STACKS / "base").glob("*.yaml")])
MODELINE = "# yaml-language-server: $schema="
VALIDATOR = Draft7Validator(schema.document())


def _faults(config: Any) -> list[str]:
    return [f"{list(fault.absolute_path)}: {fault.message}" for fault in VALIDATOR.iter_errors({"config": config})]


def test_the_checked_in_schema_is_the_generated_one() -> None:
    """`make schema` writes it."""
    assert FILE.read_text() == schema.text()


def test_the_command_prints_it() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "components.settings.schema"],
        cwd=STACKS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == FILE.read_text()


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(schema.document())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(STACKS)))
def test_a_delivered_file_names_the_schema_and_keeps_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first.startswith(MODELINE)
    assert (path.parent / first.removeprefix(MODELINE)).resolve() == FILE
    assert [fault.message for fault in VALIDATOR.iter_errors(yaml_file.load(path.read_text()))] == []


def _settings(name: str, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, each in node.get("properties", {}).items():
        yield f"{name}.{key}", each


def test_every_setting_has_its_meaning_and_its_default() -> None:
    document = schema.document()
    config = document["properties"]["config"]
    seen = dict(_settings("config", config))
    for name, node in document["definitions"].items():
        seen |= dict(_settings(name, node))
    seen.pop("Encrypted.secure")
    assert all(node.get("description", "").endswith(".") for node in seen.values()), seen
    assert seen["Database.storageGb"]["description"] == "Storage to start with, in GiB. Default: 50."
    assert seen["Database.storageGb"]["default"] == 50
    assert seen["Bucket.purpose"]["description"].endswith("Required, here or in the base.")
    for model in _models(Settings):
        for name, field in model.model_fields.items():
            if isinstance(field.default, bool | int | str):
                assert seen[f"{model.__name__}.{field.alias or name}"]["default"] == field.default


def _models(annotation: object) -> set[type[Model]]:
    found: set[type[Model]] = set()
    for choice in choices(annotation):
        if isinstance(choice, type) and issubclass(choice, Model):
            found |= {choice} if choice is not Settings else set()
            for field in choice.model_fields.values():
                found |= _models(field.annotation)
        else:
            for part in getattr(choice, "__args__", ()):
                found |= _models(part)
    return found


@pytest.mark.parametrize(
    "path",
    [
        "groundwork:databse",
        "groundwork:database/replica",
        "groundwork:services/api/replica",
        "groundwork:services/api/replicas/least",
        "groundwork:services/Api",
        "groundwork:buckets/assets/purpos",
        "region",
    ],
)
def test_unknown_keys_are_refused(path: str) -> None:
    assert _faults(VALID) == []
    assert len(_faults(changed(path, {}))) >= 1


def test_keys_of_providers_are_none_of_its_business() -> None:
    others = {"aws:endpoints": [{"s3": "http://s3.test"}], "kubernetes:context": "shop", "my-provider:key": 1}
    assert _faults({**VALID, **others}) == []


def test_secrets_are_accepted_encrypted_only() -> None:
    """SR-SECRET: an editor shows one in the clear before it is ever committed."""
    encrypted = changed("groundwork:services/api/secrets", {"STRIPE_KEY": {"secure": "v1:abc"}})
    assert _faults(encrypted) == []
    assert _faults(changed("groundwork:services/api/secrets", {"STRIPE_KEY": "hunter2"}))


def test_null_may_take_away_anything_a_base_says() -> None:
    for key in ("services/api", "services", "database/replicas", "cdn/bucket", "queues/mails/kind", "redis/cache"):
        assert _faults(changed(f"groundwork:{key}", None)) == [], key


@settings(max_examples=1500)
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_whatever_the_program_accepts_the_schema_accepts(path: tuple[str, ...], value: Any) -> None:
    configuration = copy.deepcopy(FULL)
    place: Any = configuration
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    # The engine hands single values over as text, whatever they were: only an editor can tell.
    if len(path) > 1 or isinstance(value, str | dict | list):
        _agrees(configuration)


@settings(max_examples=150)
@given(configuration=configurations())
def test_the_schema_accepts_every_accepted_combination(configuration: dict[str, Any]) -> None:
    _agrees(configuration)


def _agrees(configuration: dict[str, Any]) -> None:
    found, _ = judge(Source.parse("prod", flat(configuration)))
    event("accepted" if found else "refused")
    if found:
        assert _faults(json.loads(json.dumps(configuration))) == []
