"""Every resource type that the aws stand-in supports, by token."""

from __future__ import annotations

from collections.abc import Mapping

from local.plugins.aws.declaration import ResourceType
from local.plugins.aws.types import (
    acm,
    backup,
    cloudfront_distribution,
    cloudfront_policies,
    cloudwatch_alarms,
    cloudwatch_logs,
    ec2_gateways,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    iam,
    iam_policy,
    kms,
    log_delivery,
    rds,
    rds_groups,
    route53,
    s3_bucket,
    s3_delivery,
    s3_object,
    s3_settings,
    secretsmanager,
    sns,
    wafv2,
)

_MODULES = (
    acm,
    backup,
    cloudfront_distribution,
    cloudfront_policies,
    cloudwatch_alarms,
    cloudwatch_logs,
    ec2_gateways,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    iam,
    iam_policy,
    kms,
    log_delivery,
    rds,
    rds_groups,
    route53,
    s3_bucket,
    s3_delivery,
    s3_object,
    s3_settings,
    secretsmanager,
    sns,
    wafv2,
)

TYPES: Mapping[str, ResourceType] = {declared.token: declared for module in _MODULES for declared in module.TYPES}
