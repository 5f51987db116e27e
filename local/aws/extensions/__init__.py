"""What moto does not answer, or answers without anything behind it: added by subclassing its backends and responses."""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Make moto use the extended backends; call before its first request. Calling it again changes nothing."""
    from moto import settings as moto_settings
    from moto.backup.models import backup_backends
    from moto.cloudfront.models import cloudfront_backends
    from moto.cloudwatch.models import cloudwatch_backends
    from moto.ec2.models import ec2_backends
    from moto.elasticache.models import elasticache_backends
    from moto.iam.models import iam_backends
    from moto.logs.models import logs_backends
    from moto.rds.models import rds_backends
    from moto.s3 import models as s3_models
    from moto.s3.models import FakeBucket, FakeKey, S3Backend
    from moto.secretsmanager.models import secretsmanager_backends
    from moto.sns.models import Subscription, sns_backends
    from moto.sts.models import sts_backends
    from moto.wafv2.models import wafv2_backends

    from local.aws.extensions.backup import Backup
    from local.aws.extensions.cloudfront import CloudFront
    from local.aws.extensions.cloudwatch import CloudWatch
    from local.aws.extensions.ec2 import EC2
    from local.aws.extensions.elasticache import ElastiCache
    from local.aws.extensions.iam import IAM
    from local.aws.extensions.logs import Logs
    from local.aws.extensions.rds import RDS
    from local.aws.extensions.s3 import (
        default_retention,
        described,
        keeps_versions,
        lets_logs_in,
        lock,
        permission,
        version,
    )
    from local.aws.extensions.s3_keys import TrackedKeys
    from local.aws.extensions.secretsmanager import SecretsManager
    from local.aws.extensions.sns import SNS, deliver, signing_key
    from local.aws.extensions.sts import STS
    from local.aws.extensions.wafv2 import WAFv2

    # Nobody looks a proof up here: a certificate is issued as soon as it is asked about again.
    moto_settings.ACM_VALIDATION_WAIT = 0
    # Amazon's machine images would be nearly all of EC2's state, and no machine runs here.
    moto_settings.ec2_load_default_amis = lambda: False
    extended: list[tuple[Any, type]] = [
        (backup_backends, Backup),
        (cloudfront_backends, CloudFront),
        (cloudwatch_backends, CloudWatch),
        (ec2_backends, EC2),
        (elasticache_backends, ElastiCache),
        (iam_backends, IAM),
        (logs_backends, Logs),
        (rds_backends, RDS),
        (secretsmanager_backends, SecretsManager),
        (sns_backends, SNS),
        (sts_backends, STS),
        (wafv2_backends, WAFv2),
    ]
    for backends, extension in extended:
        # BackendDict makes an account's backend from this class when it is first asked for.
        backends.backend = extension
    # Buckets are made deep inside moto's backend; its methods that judge policies are exchanged instead.
    FakeBucket.get_permission = permission  # type: ignore[assignment]
    S3Backend.put_object_lock_configuration = lock  # type: ignore[assignment]
    FakeBucket.is_versioned = property(keeps_versions)  # type: ignore[assignment]
    S3Backend.put_bucket_versioning = version  # type: ignore[assignment]
    FakeBucket.default_retention = default_retention  # type: ignore[assignment]
    FakeKey.response_dict = property(described)  # type: ignore[assignment]
    s3_models._VersionedKeyStore = TrackedKeys  # type: ignore[attr-defined, assignment]
    FakeBucket._log_permissions_enabled_policy = staticmethod(lets_logs_in)  # type: ignore[method-assign]
    # Nothing leaves this machine.
    Subscription.publish = deliver  # type: ignore[method-assign]
    Subscription.private_key = signing_key  # type: ignore[assignment,method-assign]
