"""Our own stacks keep the rules that we hold others to, and no rule is left undetermined over them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from checks.catalogue import catalogue
from checks.outputs import read_outputs
from components.platform import Platform, PlatformArgs
from policies.judge import judge
from policies.marks import separate
from policies.model import Resource
from policies.packs import all_rules
from tests.fixtures import stacks
from tests.unit.components.conftest import Recording, record

pytestmark = pytest.mark.unit


def _recorded(stack: str) -> Recording:
    settings = stacks.settings(stack)

    async def build() -> Mapping[str, Any]:
        args = PlatformArgs(
            settings=settings, stack=stack, account="123456789012", region="eu-west-1", trusted_certificates="PEM"
        )
        platform = await Platform.create(settings.system, args)
        return dict(platform.outputs)

    return record(build)


@pytest.mark.parametrize("stack", stacks.NAMES)
def test_a_stack_of_ours_breaks_no_rule_and_its_outputs_can_be_checked(stack: str) -> None:
    """Every rule over all that the stack registers and exports; the outputs hold the checks' contract."""
    recording = _recorded(stack)
    resources = [
        Resource(one.type, one.name, f"{one.parent}${one.type}::{one.name}", one.inputs, secrets=separate(one.raw)[1])
        for one in recording.resources
    ]
    resources.append(Resource("pulumi:pulumi:Stack", stack, stack, recording.result))
    assert [one for one in resources if one.type == "kubernetes:apps/v1:Deployment"]
    assert [finding.message for finding in judge(all_rules(), resources, date(2026, 11, 22))] == []
    outputs = read_outputs(recording.result)
    names = {check.name for check in catalogue(outputs)}
    assert {f"service/{name}/pods" for name in outputs.services} <= names
