"""The reference says what the code says, and the code says what every input is for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catalog import files, model, refusals, settings_page, units
from components import database_rules, redis_rules
from components.database import PostgresClusterArgs
from components.errors import Refusal
from components.network import StoreAccess
from components.redis import RedisCluster, RedisClusterArgs

pytestmark = pytest.mark.unit

COMPONENTS = {each.name: each for each in model.find()}
RECORDS = {cls.__name__: cls for component in COMPONENTS.values() for cls in component.records}
ACCESS = StoreAccess(vpc_id="vpc-1", subnet_ids=["subnet-a"], client_cidrs=["10.0.0.0/16"])


def test_the_checked_in_files_are_what_the_code_says() -> None:
    assert files.stale() == [], "make docs"


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_every_input_has_a_meaning_and_every_number_a_unit(name: str) -> None:
    fields = model.fields(RECORDS[name])
    assert [each.name for each in fields if not each.meaning] == [], f"name them under Attributes in {name}"
    bare = [each.name for each in fields if units.is_number(each.typed) and not each.unit]
    assert bare == [], "end the name with the unit, or say what it counts in catalog/units.py"


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_every_output_has_a_meaning(name: str) -> None:
    assert [each.name for each in COMPONENTS[name].outputs if not each.meaning] == []


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_every_component_has_an_example(name: str) -> None:
    assert name in files.examples(), f"no program under examples/ uses {name}"


def test_every_key_of_a_stack_file_has_a_meaning() -> None:
    assert [key.path for key in settings_page.all_keys() if not key.meaning] == []


def test_keys_are_found_in_lists_and_maps() -> None:
    found = {key.path: key for key in settings_page.all_keys()}
    assert found["buckets.<name>.notifications[].to"].default == "required"
    assert found["redis.queue.snapshotRetentionDays"].type == "integer, 0 to 35"
    assert found["redis.queue.snapshotRetentionDays"].default == "`7`"


def test_a_file_that_nothing_generates_is_stale(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    for name, content in files.generated().items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    assert files.stale(root) == []
    (root / files.REFERENCE / "Gone.md").write_text("")
    (root / files.REFERENCE / "settings.md").write_text("")
    assert files.stale(root) == [f"{files.REFERENCE}/Gone.md", f"{files.REFERENCE}/settings.md"]


def _says(rules: tuple[refusals.Rule, ...], refusal: Refusal) -> bool:
    """Whether a rule that was read from the source is the one that refused."""
    return any(_pattern(rule.setting, refusal.setting) and _pattern(rule.cure or "{…}", refusal.cure) for rule in rules)


def _pattern(text: str, said: str) -> bool:
    return re.fullmatch(re.sub(r"\\{[^{}]*\\}", ".*", re.escape(text)), said) is not None


def test_what_redis_refuses_is_read_from_its_rules() -> None:
    rules = refusals.of_component(RedisCluster)
    wrong = RedisClusterArgs(
        identifier="a", secret_identifier="a", profile="queue", access=ACCESS, eviction="allkeys-lru", shards=2,
        replicas=9, engine_version="5.0", own_kms_key=True, kms_key_arn="arn", snapshot_window="02:00-02:30",
        node_type="cache.t1.micro",
    )  # fmt: skip
    found = list(redis_rules.refusals(wrong))
    assert len(found) == 7
    assert [each for each in found if not _says(rules, each)] == []
    assert len(rules) > len(found)


def test_what_postgres_refuses_is_read_from_its_rules() -> None:
    rules = refusals.of_component(COMPONENTS["PostgresCluster"].cls)
    wrong = PostgresClusterArgs(
        identifier="a", secret_identifier="a", access=ACCESS, zones=["a"], replicas=20, backup_retention_days=0,
        blue_green_updates=True, parameters={"rds.force_ssl": "0"}, max_storage_gb=51, maintenance_window="never",
    )  # fmt: skip
    found = list(database_rules.refusals(wrong))
    assert len(found) >= 6
    assert [each for each in found if not _says(rules, each)] == []


def test_refused_updates_are_read_from_their_guards() -> None:
    assert any("ROTATE" in reason for reason in refusals.of_updates(RedisCluster))
    postgres = refusals.of_updates(COMPONENTS["PostgresCluster"].cls)
    assert any("replicateSourceDb" in reason for reason in postgres)
    assert any("minor upgrade" in reason for reason in postgres)
