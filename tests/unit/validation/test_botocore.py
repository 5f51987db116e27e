"""Every AWS resource of every stack against botocore's service models, without a call to anybody.

A resource's inputs go through the declarations of the local plugin, which turn them into the requests that would make
it. Each request is judged by botocore's own validator (types, required members, lengths) and by the enumerations,
patterns and ranges of its shapes, which botocore leaves to AWS.
"""

from __future__ import annotations

from typing import Any

import pytest

from local.plugins.aws.provider import AwsProvider
from tests.unit.validation.aws_requests import judged
from tests.unit.validation.stacks import EVERY_KNOB, STACKS, aws_resources, changed, one_of, region_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("stack", STACKS)
def test_aws_would_take_what_the_stack_sends(provider: AwsProvider, stack: str) -> None:
    """P0-REDIS, P0-S3, P0-REPLICA, P0-CDN, P0-SECRETS, P0-OBS, P0-EDGE: the inputs hold the service models."""
    faults = []
    for resource in aws_resources(stack):
        sent, found = judged(provider, resource, resource.inputs, region_of(stack, resource))
        faults += [f"{resource.type} {resource.name}: {fault}" for fault in found]
        assert sent or found or resource.type.endswith("CertificateValidation"), resource.name
    assert faults == []


REDIS = "replicationGroup:ReplicationGroup"


@pytest.mark.parametrize(
    ("type_end", "path", "value", "words"),
    [
        (REDIS, "transitEncryptionMode", "always", "allowed: preferred, required"),
        (REDIS, "logDeliveryConfigurations.0.logFormat", "xml", "allowed: text, json"),
        (REDIS, "numNodeGroups", "three", "a whole number"),
        ("s3/bucket:Bucket", "bucket", "Not-A-Bucket", "lower-case"),
        ("BucketVersioning", "versioningConfiguration.status", "On", "allowed: Enabled, Suspended"),
        (
            "BucketServerSideEncryptionConfiguration",
            "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm",
            "AES128",
            "allowed: AES256",
        ),
        ("BucketLifecycleConfiguration", "rules.0.status", "enabled", "allowed: Enabled, Disabled"),
        ("BucketObjectLockConfiguration", "rule.defaultRetention.mode", "STRICT", "allowed: GOVERNANCE, COMPLIANCE"),
        ("Distribution", "httpVersion", "http4", "allowed: http1.1"),
        ("Distribution", "defaultCacheBehavior.viewerProtocolPolicy", "http", "allowed: allow-all"),
        ("WebAcl", "rules.0.visibilityConfig.metricName", "a b", "AWS takes only what matches"),
        ("WebAcl", "scope", "GLOBAL", "allowed: CLOUDFRONT, REGIONAL"),
        ("role:Role", "name", "two words", "AWS takes only what matches"),
        ("role:Role", "maxSessionDuration", 60, "the least allowed is 3600"),
        ("key:Key", "deletionWindowInDays", 3, "the least allowed is 7"),
        ("MetricAlarm", "comparisonOperator", "Above", "allowed: GreaterThanOrEqualToThreshold"),
        ("MetricAlarm", "evaluationPeriods", 0, "the least allowed is 1"),
        ("LogGroup", "name", "no blanks", "AWS takes only what matches"),
        ("subnet:Subnet", "cidrBlok", "10.0.0.0/24", "did you mean 'cidrBlock'?"),
        ("VpcEndpoint", "vpcEndpointType", "Gate", "allowed: Interface, Gateway"),
        ("record:Record", "type", "CNAM", "allowed: SOA"),
        ("rds/instance:Instance", "multiAz", "perhaps", "true or false"),
    ],
)
def test_a_mistake_is_found(provider: AwsProvider, type_end: str, path: str, value: Any, words: str) -> None:
    """The judge can fail: one wrong value each, in what otherwise passes."""
    resource = one_of(EVERY_KNOB, type_end)
    _, found = judged(provider, resource, changed(resource.inputs, path, value), "eu-west-1")
    assert any(words in fault for fault in found), found
