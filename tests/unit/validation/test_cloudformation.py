"""Every AWS resource of every stack against the CloudFormation resource schemas, by cfn-lint.

Those schemas are AWS's own, and know what the service models do not: which properties go together, which instance
classes and versions a region has, which periods a log may be kept, what a policy document has to look like.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components import aws
from tests.unit.validation.cloudformation import NoPlace, findings, templates
from tests.unit.validation.counterparts import COUNTERPARTS, UNMAPPED
from tests.unit.validation.stacks import EVERY_KNOB, STACKS, aws_resources, changed, one_of, source

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing_in_the_stack(stack: str) -> None:
    """P0-REDIS, P0-S3, P0-REPLICA, P0-CDN, P0-SECRETS, P0-OBS, P0-EDGE: the inputs hold the resource schemas."""
    resources = aws_resources(stack)
    made = templates(resources, str(source(stack).region))
    assert sum(len(template.origins) for template in made.values()) > len(resources) / 2
    assert [finding for region, template in made.items() for finding in findings(template, region)] == []


def test_every_type_of_ours_has_a_counterpart_or_a_reason() -> None:
    """A new type has to be mapped, or be listed with the reason why it cannot be; an entry for no type is stale."""
    ours = {getattr(aws, name).pulumi_type for name in aws.__all__}
    assert set(COUNTERPARTS) | set(UNMAPPED) == ours
    assert not set(COUNTERPARTS) & set(UNMAPPED)


def test_a_type_that_the_table_lacks_is_refused() -> None:
    resource = replace(one_of(EVERY_KNOB, "Vpc"), type="aws:sqs/queue:Queue")
    with pytest.raises(NoPlace, match="aws:sqs/queue:Queue has neither a counterpart"):
        templates([resource], "eu-west-1")


def test_a_property_that_the_schema_lacks_is_refused() -> None:
    resource = one_of(EVERY_KNOB, "Vpc")
    with pytest.raises(NoPlace, match="cidrBlok has no place in AWS::EC2::VPC"):
        templates([replace(resource, inputs={"cidrBlok": "10.0.0.0/16"})], "eu-west-1")


REDIS = "replicationGroup:ReplicationGroup"
WRITER = "rds/instance:Instance"

SEEDS: list[tuple[str, str, Any, str]] = [
    ("vpc:Vpc", "enableDnsSupport", "perhaps", "E3012"),
    ("subnet:Subnet", "vpcId", "vpc", "E1151"),
    ("VpcEndpoint", "vpcEndpointType", "Gate", "E3030"),
    (REDIS, "transitEncryptionMode", "always", "E3030"),
    (REDIS, "replicasPerNodeGroup", "two", "E3012"),
    (WRITER, "instanceClass", "db.r9.enormous", "E3025"),
    (WRITER, "backupRetentionPeriod", 99, "E3719"),
    (WRITER, "performanceInsightsRetentionPeriod", 8, "E3030"),
    ("LogGroup", "retentionInDays", 31, "E3030"),
    ("s3/bucket:Bucket", "bucket", "Not-A-Bucket", "E3031"),
    ("Distribution", "priceClass", "PriceClass_300", "E3030"),
    ("Distribution", "defaultCacheBehavior.viewerProtocolPolicy", "http", "E3030"),
    ("WebAcl", "rules.0.priority", "first", "E3012"),
    ("WebAcl", "scope", "GLOBAL", "E3030"),
    ("MetricAlarm", "comparisonOperator", "Above", "E3030"),
    ("key:Key", "deletionWindowInDays", 3, "E3034"),
    ("role:Role", "assumeRolePolicy", '{"Statement": [{"Effect": "Alow"}]}', "E3530"),
]
"""One wrong value each, in what otherwise passes, and the rule that has to find it."""


@pytest.fixture(scope="module")
def seeded() -> list[str]:
    """What cfn-lint says of all the mistakes at once; each resource is called by its place in the list."""
    wrong = [
        replace(
            (resource := one_of("prod" if type_end == WRITER else EVERY_KNOB, type_end)),
            name=f"seed-{number:02}-",
            inputs=changed({**resource.inputs, "region": "eu-west-1"}, path, value),
        )
        for number, (type_end, path, value, _) in enumerate(SEEDS)
    ]
    return findings(templates(wrong, "eu-west-1")["eu-west-1"], "eu-west-1")


@pytest.mark.parametrize("number", range(len(SEEDS)), ids=[f"{seed[0]} {seed[1]}" for seed in SEEDS])
def test_a_mistake_is_found(seeded: list[str], number: int) -> None:
    """The judge can fail."""
    rules = [finding.split()[0] for finding in seeded if f" seed-{number:02}- " in finding]
    assert SEEDS[number][3] in rules, seeded


def test_a_mistake_in_a_buckets_setting_is_found() -> None:
    """SR-STORE: the settings are resources of their own with us, and properties of the bucket there."""
    resources = [item for item in aws_resources(EVERY_KNOB) if item.type in ("aws:s3/bucket:Bucket",)]
    setting = one_of(EVERY_KNOB, "BucketPublicAccessBlock", region=None)
    wrong = replace(setting, inputs=changed(setting.inputs, "blockPublicAcls", "perhaps"))
    made = templates([*resources, wrong], "eu-west-1")
    found = [finding for region, template in made.items() for finding in findings(template, region)]
    assert [finding for finding in found if "perhaps" in finding], found
