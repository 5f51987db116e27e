"""Bad input: one message with file, key and cure; exit code not zero; nothing changed; no traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from groundwork.rehearsal import Rehearsal
from groundwork.rehearsal.inventory import world
from tests.e2e.system.conftest import small_settings

pytestmark = pytest.mark.e2e


def _unknown_key(config: dict[str, Any]) -> None:
    config["groundwork:database"]["replica"] = 2


def _wrong_type(config: dict[str, Any]) -> None:
    config["groundwork:database"]["replicas"] = "two"


def _missing_value(config: dict[str, Any]) -> None:
    del config["groundwork:workload"]["image"]


def _unsafe_combination(config: dict[str, Any]) -> None:
    config["groundwork:environment"] = "production"
    config["groundwork:database"]["deletionProtection"] = False


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        (_unknown_key, "groundwork:database.replica"),
        (_wrong_type, "groundwork:database.replicas"),
        (_missing_value, "groundwork:workload.image"),
        (_unsafe_combination, "groundwork:database.deletionProtection"),
    ],
)
def test_a_bad_stack_file_is_refused(fresh: Rehearsal, spoil: Callable[[dict[str, Any]], None], key: str) -> None:
    before = world(fresh.paths)
    content = small_settings(fresh.stack)
    spoil(content["config"])
    fresh.write(content)
    code, output = fresh.run("up", "--yes", "--skip-preview")
    assert code != 0
    assert "stacks/Pulumi.fresh.yaml" in output
    assert key in output
    assert "Traceback" not in output
    assert world(fresh.paths) == before
