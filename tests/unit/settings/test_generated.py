"""Settings that nobody thought of, composed to the end: a program that builds, or messages; never a traceback."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings

from components.platform import Platform, PlatformArgs
from components.settings import Settings, Source, judge
from tests.unit.components.conftest import ACCOUNT, Recording, record
from tests.unit.settings.conftest import VALID, flat
from tests.unit.settings.generated import PLACES, configurations

pytestmark = pytest.mark.unit

SECRET = ("groundwork:services",)


def _built(found: Settings, region: str) -> Recording:
    args = PlatformArgs(settings=found, stack="prod", account=ACCOUNT, region=region, trusted_certificates=None)

    async def build() -> None:
        await Platform.create(found.system, args)

    return record(build, stack="prod")


def _judged(configuration: dict[str, Any]) -> Settings | None:
    source = Source.parse("prod", flat(configuration), SECRET)
    found, problems = judge(source)
    assert (found is None) == bool(problems)
    lines = [problem.line(source.file) for problem in problems]
    assert len(lines) == len(set(lines)), "each problem is told once"
    assert all(line.startswith("stacks/Pulumi.prod.yaml: ") and "\n" not in line for line in lines)
    assert all(problem.key and problem.cure for problem in problems)
    return found


def test_every_setting_is_among_the_places() -> None:
    paths = {place.path for place in PLACES}
    assert ("database", "restoreTo", "time") in paths
    assert ("buckets", "uploads", "replica", "region") in paths
    assert ("services", "api", "probes", "livePath") in paths
    assert {path[0] for path in paths} == {field.alias or name for name, field in Settings.model_fields.items()}


def test_the_configuration_that_is_changed_builds() -> None:
    found = _judged(VALID)
    assert found is not None
    assert len(_built(found, "eu-west-1").resources) > 100


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(configuration=configurations())
def test_what_is_accepted_builds_and_what_is_not_is_told(configuration: dict[str, Any]) -> None:
    found = _judged(configuration)
    event("accepted" if found else "refused")
    if found:
        made = _built(found, "eu-west-1").resources
        assert len({(item.type, item.name) for item in made}) == len(made), "no two resources have one name"
