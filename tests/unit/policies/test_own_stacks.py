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
from tests.unit.components.conftest import Recording, Registered, record

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


_OWN_DOMAIN = (
    '[SR-CDN] aws:cloudfront/distribution:Distribution "cdn-distribution": '
    "viewerCertificate.cloudfrontDefaultCertificate = true: lets viewers in with TLS 1.0, as CloudFront's own domain "
    "does. Cure: give it a name of its own in aliases, and its certificate in acmCertificateArn."
)
ADVICE = {"prod": [_OWN_DOMAIN], "resilient-api": [_OWN_DOMAIN]}
"""What is left to whoever takes a stack over: a delivered stack owns no domain. The policy is advisory."""


def _as_made(one: Registered) -> dict[str, Any]:
    """Inputs with the ID and the ARN by which others name the resource once it is made."""
    return {"id": f"{one.name}-id", "arn": f"arn:aws:test:::{one.name}", **one.inputs}


@pytest.mark.parametrize("stack", stacks.NAMES)
def test_a_stack_of_ours_breaks_no_rule_and_its_outputs_can_be_checked(stack: str) -> None:
    """Every rule over all that the stack registers and exports; the outputs hold the checks' contract."""
    recording = _recorded(stack)
    resources = [
        Resource(
            one.type, one.name, f"{one.parent}${one.type}::{one.name}", _as_made(one), secrets=separate(one.raw)[1]
        )
        for one in recording.resources
    ]
    resources.append(Resource("pulumi:pulumi:Stack", stack, stack, recording.result))
    assert [one for one in resources if one.type == "kubernetes:apps/v1:Deployment"]
    found = [finding.message for finding in judge(all_rules(), resources, date(2026, 11, 22))]
    assert found == ADVICE.get(stack, [])
    outputs = read_outputs(recording.result)
    names = {check.name for check in catalogue(outputs)}
    assert {f"service/{name}/pods" for name in outputs.services} <= names
