"""Every resource type that the aws stand-in supports, by token."""

from __future__ import annotations

from collections.abc import Mapping

from local.plugins.aws.declaration import ResourceType
from local.plugins.aws.types import (
    cloudfront_distribution,
    cloudfront_policies,
    cloudwatch_alarms,
    cloudwatch_logs,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    iam,
    kms,
    rds,
    rds_groups,
    s3_bucket,
    s3_object,
    s3_settings,
    secretsmanager,
    sns,
)

_MODULES = (
    cloudfront_distribution,
    cloudfront_policies,
    cloudwatch_alarms,
    cloudwatch_logs,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    iam,
    kms,
    rds,
    rds_groups,
    s3_bucket,
    s3_object,
    s3_settings,
    secretsmanager,
    sns,
)

TYPES: Mapping[str, ResourceType] = {declared.token: declared for module in _MODULES for declared in module.TYPES}
