"""Every resource type that the aws stand-in supports, by token."""

from __future__ import annotations

from collections.abc import Mapping

from local.plugins.aws.declaration import ResourceType
from local.plugins.aws.types import (
    acm,
    cloudfront_distribution,
    cloudfront_policies,
    cloudwatch_alarms,
    cloudwatch_composite,
    cloudwatch_logs,
    cloudwatch_metric_filters,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    elasticache_global,
    elasticache_groups,
    elasticache_users,
    iam,
    iam_policy,
    kms,
    log_delivery,
    rds,
    rds_groups,
    rds_proxy,
    route53,
    s3_bucket,
    s3_delivery,
    s3_object,
    s3_settings,
    schedules,
    secretsmanager,
    sns,
    wafv2,
)

_MODULES = (
    acm,
    cloudfront_distribution,
    cloudfront_policies,
    cloudwatch_alarms,
    cloudwatch_composite,
    cloudwatch_logs,
    cloudwatch_metric_filters,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    elasticache_global,
    elasticache_groups,
    elasticache_users,
    iam,
    iam_policy,
    kms,
    log_delivery,
    rds,
    rds_groups,
    rds_proxy,
    route53,
    s3_bucket,
    s3_delivery,
    s3_object,
    s3_settings,
    schedules,
    secretsmanager,
    sns,
    wafv2,
)

TYPES: Mapping[str, ResourceType] = {declared.token: declared for module in _MODULES for declared in module.TYPES}
