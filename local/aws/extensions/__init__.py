"""What moto does not answer, or answers without anything behind it: added by subclassing its backends and responses."""

from __future__ import annotations


def install() -> None:
    """Make moto use the extended backends; call before its first request. Calling it again changes nothing."""
    from moto.cloudfront.models import cloudfront_backends
    from moto.elasticache.models import elasticache_backends
    from moto.rds.models import rds_backends
    from moto.s3.models import FakeBucket

    from local.aws.extensions.cloudfront import CloudFront
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.rds import RDS
    from local.aws.extensions.s3 import permission

    # BackendDict makes an account's backend from this class when it is first asked for.
    elasticache_backends.backend = ElastiCache
    cloudfront_backends.backend = CloudFront
    rds_backends.backend = RDS
    # Buckets are made deep inside moto's backend; its one method that judges policies is exchanged instead.
    FakeBucket.get_permission = permission  # type: ignore[assignment]
