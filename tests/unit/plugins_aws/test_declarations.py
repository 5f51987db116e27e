"""Each declaration against the two things it is a bridge between: the official SDK and botocore's models."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from local.plugins.aws import schema
from local.plugins.aws.api import descend, input_shape
from local.plugins.aws.declaration import ABSENT, Create, Delete, Describe, Modify, ResourceType
from local.plugins.aws.invokes import INVOKES
from local.plugins.aws.models import service_model
from local.plugins.aws.provider import _judged_by
from local.plugins.aws.query import search
from local.plugins.aws.requests import _member
from local.plugins.aws.types import TYPES

pytestmark = pytest.mark.unit


def each(which: Iterable[ResourceType]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("declared", list(which), ids=lambda declared: declared.token)


EVERY = each(TYPES.values())
# The others are made or changed by a function, which the engine tests put to work.
MADE_BY_OPERATION = each(declared for declared in TYPES.values() if isinstance(declared.create, Create))
CHANGED_BY_OPERATION = each(declared for declared in TYPES.values() if isinstance(declared.modify, Modify))


@cache
def known(token: str) -> schema.ResourceSchema:
    return schema.from_sdk(token)


def test_the_components_types_are_all_declared() -> None:
    """The types and functions that the components rest on (P0-REDIS, P0-S3, P0-REPLICA, P0-CDN, P0-SECRETS,
    P0-BACKUP)."""
    names = {
        "ec2": "vpc subnet internetGateway routeTable route routeTableAssociation vpcEndpoint securityGroup "
        "defaultSecurityGroup eip natGateway flowLog",
        "vpc": "securityGroupIngressRule securityGroupEgressRule",
        "elasticache": "subnetGroup parameterGroup replicationGroup globalReplicationGroup user userGroup",
        "rds": "subnetGroup parameterGroup instance proxy proxyDefaultTargetGroup proxyTarget",
        "s3": "bucket bucketVersioning bucketServerSideEncryptionConfiguration bucketPublicAccessBlock "
        "bucketOwnershipControls bucketPolicy bucketLifecycleConfiguration bucketCorsConfiguration bucketObjectv2 "
        "bucketObjectLockConfiguration bucketLogging bucketReplicationConfig inventory bucketNotification",
        "cloudfront": "originAccessControl cachePolicy originRequestPolicy responseHeadersPolicy distribution",
        "kms": "key alias",
        "cloudwatch": "logGroup logMetricFilter metricAlarm compositeAlarm dashboard logDeliverySource "
        "logDeliveryDestination logDelivery",
        "sns": "topic topicSubscription topicPolicy",
        "backup": "vault vaultLockConfiguration vaultPolicy vaultNotifications plan selection",
        "secretsmanager": "secret secretVersion",
        "iam": "role rolePolicy policy openIdConnectProvider",
        "acm": "certificate certificateValidation",
        "route53": "record",
        "wafv2": "ipSet webAcl",
        "sfn": "stateMachine",
        "scheduler": "schedule",
    }
    wanted = {
        f"aws:{module}/{name}:{name[0].upper()}{name[1:]}" for module, text in names.items() for name in text.split()
    }
    assert wanted == set(TYPES)
    assert {token.rpartition(":")[2] for token in INVOKES} == {
        "getCallerIdentity", "getRegion", "getAvailabilityZones", "getPartition", "getInstance", "getInstances"
    }  # fmt: skip


@EVERY
def test_properties_and_outputs_are_official_ones(declared: ResourceType) -> None:
    found = known(declared.token)
    assert set(declared.properties) <= set(found.inputs)
    assert set(declared.outputs) <= set(found.outputs)
    required = {name for name, field in found.inputs.items() if field.required}
    assert required <= set(declared.properties), "a required property has to be supported"
    assert declared.taggable == ("tags" in found.inputs)
    assert declared.global_service == ("region" not in found.inputs)


@EVERY
def test_operations_exist_in_the_service_model(declared: ResourceType) -> None:
    model = service_model(declared.service)
    for how in (declared.create, declared.describe, declared.modify, declared.delete):
        if isinstance(how, Create | Describe | Modify | Delete):
            assert how.operation in model.operation_names
    for how in (declared.describe, declared.modify, declared.delete):
        if isinstance(how, Describe | Modify | Delete):
            assert set(how.key) <= set(input_shape(model, how.operation).members)


@MADE_BY_OPERATION
def test_every_property_has_a_member_in_the_create_request(declared: ResourceType) -> None:
    """A property that were neither sent, nor local, nor seen to afterwards would be dropped in silence."""
    assert isinstance(declared.create, Create)
    shape = descend(input_shape(service_model(declared.service), declared.create.operation), declared.create.wrap)
    for name, prop in declared.properties.items():
        if not prop.local and name not in declared.later:
            descend(shape, prop.member or _member(declared, shape, name))


@CHANGED_BY_OPERATION
def test_every_modifiable_property_has_a_member_in_the_modify_request(declared: ResourceType) -> None:
    assert isinstance(declared.modify, Modify)
    shape = input_shape(service_model(declared.service), declared.modify.operation)
    for name, prop in declared.properties.items():
        if not prop.local and not prop.replace:
            path = declared.modify.members.get(name) or prop.member or _member(declared, shape, name)
            descend(shape, path)


@EVERY
def test_a_property_that_cannot_be_changed_says_why(declared: ResourceType) -> None:
    """Without a way to change a property in place, it has to force a replacement."""
    for name, prop in declared.properties.items():
        if declared.modify is None:
            assert prop.replace or prop.local, name
        assert len(prop.replace) != 1


@EVERY
def test_an_interrupted_create_can_be_found_again(declared: ResourceType) -> None:
    assert declared.natural or declared.find or declared.overwrites


@EVERY
def test_defaults_are_acceptable_values(declared: ResourceType) -> None:
    for name, prop in declared.properties.items():
        if prop.default is not ABSENT and prop.values:
            assert prop.default in prop.values, name


@EVERY
def test_paths_are_valid_queries(declared: ResourceType) -> None:
    for path in [*declared.outputs.values(), *(prop.read for prop in declared.properties.values() if prop.read)]:
        search(path, {})
    if declared.status:
        search(declared.status.path, {})


@EVERY
def test_shapes_to_judge_by_exist(declared: ResourceType) -> None:
    shape: Any = _judged_by(declared)
    assert shape is None or shape.type_name == "structure"
