"""Every resource type that the aws stand-in supports, by token."""

from __future__ import annotations

from collections.abc import Mapping

from local.plugins.aws.declaration import ResourceType
from local.plugins.aws.types import (
    cloudfront_distribution,
    cloudfront_policies,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    iam,
    kms,
    rds,
    rds_groups,
    s3_bucket,
    s3_delivery,
    s3_object,
    s3_settings,
    secretsmanager,
)

_MODULES = (
    cloudfront_distribution,
    cloudfront_policies,
    ec2_network,
    ec2_routes,
    ec2_security,
    elasticache,
    iam,
    kms,
    rds,
    rds_groups,
    s3_bucket,
    s3_delivery,
    s3_object,
    s3_settings,
    secretsmanager,
)

TYPES: Mapping[str, ResourceType] = {declared.token: declared for module in _MODULES for declared in module.TYPES}
